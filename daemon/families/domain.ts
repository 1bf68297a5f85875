/**
 * Domains: lists, look-ups, definitions, state.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { stateNumbers } from "../../protocol/words/domain_state.ts";
import { remoteDomain } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import type { HostSession } from "../host_session.ts";

/** Bits of the flags of listing. Source: libvirt, virConnectListAllDomainsFlags. */
const listFlag = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  other: 1 << 7,
  managedSave: 1 << 8,
  noManagedSave: 1 << 9,
  autostart: 1 << 10,
  noAutostart: 1 << 11,
  snapshot: 1 << 12,
  noSnapshot: 1 << 13,
  checkpoint: 1 << 14,
  noCheckpoint: 1 << 15,
} as const;

type Entry = OutputOf<Operations["domain.list"]>[number];

/** Of two bits that are each other's opposite: what is asked for; both are the same as none. */
function oneOf(flags: number, yes: number, no: number): boolean | undefined {
  const wanted = flags & (yes | no);
  return wanted === 0 || wanted === (yes | no) ? undefined : wanted === yes;
}

/** Whether a domain is in one of the states that are asked for; all where none is. */
function isInState({ state }: Entry, flags: number): boolean {
  const { running, paused, shutoff, other } = listFlag;
  if ((flags & (running | paused | shutoff | other)) === 0) return true;
  const bit = state === "running"
    ? running
    : state === "paused"
    ? paused
    : state === "shutoff"
    ? shutoff
    : other;
  return (flags & bit) !== 0;
}

/** The input of a list for some bits. */
function filters(flags: number): {
  active?: boolean;
  persistent?: boolean;
  autostart?: boolean;
  managedSave?: boolean;
  snapshots?: boolean;
  checkpoints?: boolean;
} {
  const active = oneOf(flags, listFlag.active, listFlag.inactive);
  const persistent = oneOf(flags, listFlag.persistent, listFlag.transient);
  const autostart = oneOf(flags, listFlag.autostart, listFlag.noAutostart);
  const managedSave = oneOf(flags, listFlag.managedSave, listFlag.noManagedSave);
  const snapshots = oneOf(flags, listFlag.snapshot, listFlag.noSnapshot);
  const checkpoints = oneOf(flags, listFlag.checkpoint, listFlag.noCheckpoint);
  return {
    ...(active === undefined ? {} : { active }),
    ...(persistent === undefined ? {} : { persistent }),
    ...(autostart === undefined ? {} : { autostart }),
    ...(managedSave === undefined ? {} : { managedSave }),
    ...(snapshots === undefined ? {} : { snapshots }),
    ...(checkpoints === undefined ? {} : { checkpoints }),
  };
}

function remote({ id, domain }: Entry): { name: string; uuid: string; id: number } {
  return { name: domain.name, uuid: domain.id, id: id ?? -1 };
}

const listFlags = 0xffff;

/** Of definitions: with passwords; that which the next start uses; with the host's processor put in; for a migration. */
const xmlFlag = { secure: 1, inactive: 2, updateCpu: 4, migratable: 8 } as const;

/** Names of the domains that do not run, as older clients list them. */
async function inactiveNames(session: HostSession): Promise<readonly string[]> {
  return (await session.run("domain.list", { input: { active: false } })).map(({ domain }) => domain.name);
}

/** The rows. */
export const domain = {
  connectListAllDomains: calls("domain.list", {
    flags: listFlags,
    input: ({ flags }) => filters(flags),
    result: (entries, { args: { needResults, flags } }) => {
      const found = entries.filter((entry) => isInState(entry, flags)).map(remote);
      return { domains: needResults === 0 ? [] : found, ret: found.length };
    },
  }),
  connectNumOfDomains: calls("domain.list", {
    input: () => ({ active: true }),
    result: (entries) => ({ num: entries.length }),
  }),
  connectListDomains: calls("domain.list", {
    input: () => ({ active: true }),
    result: (entries, { args: { maxids } }) => ({
      ids: entries.flatMap(({ id }) => id ?? []).slice(0, maxids),
    }),
  }),
  connectNumOfDefinedDomains: answers(async (_args, session) => ({
    num: (await inactiveNames(session)).length,
  })),
  connectListDefinedDomains: answers(async ({ maxnames }, session) => ({
    names: (await inactiveNames(session)).slice(0, maxnames),
  })),
  domainLookupByName: calls("domain.lookup", {
    input: ({ name }) => {
      // No object is called so, and asking is no mistake.
      if (name === "") throw new VirtError("not-found", "no domain with matching name ''");
      return { name, by: "name" };
    },
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainLookupByUuid: calls("domain.lookup", {
    input: ({ uuid }) => ({ name: uuid, by: "uuid" }),
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainLookupById: calls("domain.lookup", {
    input: ({ id }) => ({ name: `${id}`, by: "id" }),
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainDefineXml: calls("domain.define", {
    input: ({ xml }) => ({ xml }),
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainDefineXmlFlags: calls("domain.define", {
    flags: 1,
    input: ({ xml }) => ({ xml }),
    result: (ref, { session }) => ({ dom: remoteDomain(ref, session) }),
  }),
  domainGetXmlDesc: calls("domain.xml", {
    flags: xmlFlag.secure | xmlFlag.inactive | xmlFlag.updateCpu | xmlFlag.migratable,
    input: ({ flags }) => ({
      secure: (flags & xmlFlag.secure) !== 0,
      inactive: (flags & xmlFlag.inactive) !== 0,
    }),
    result: (xml) => ({ xml }),
  }),
  domainGetInfo: calls("domain.info", {
    result: (info) => ({
      state: stateNumbers(info).state,
      maxMem: BigInt(info.maxMemoryKib),
      memory: BigInt(info.memoryKib),
      nrVirtCpu: info.vcpus,
      cpuTime: BigInt(info.cpuTimeNs),
    }),
  }),
  domainGetState: calls("domain.info", { result: stateNumbers }),
  domainGetOsType: calls("domain.info", { result: ({ osType }) => ({ type: osType }) }),
  domainGetAutostart: calls("domain.info", { result: ({ autostart }) => ({ autostart: autostart ? 1 : 0 }) }),
  domainSetAutostart: calls("domain.setAutostart", {
    input: ({ autostart }) => ({ autostart: autostart !== 0 }),
  }),
  domainIsActive: calls("domain.info", { result: ({ id }) => ({ active: id === undefined ? 0 : 1 }) }),
  domainIsPersistent: calls("domain.info", {
    result: ({ persistent }) => ({ persistent: persistent ? 1 : 0 }),
  }),
  domainIsUpdated: answers((_args) => ({ updated: 0 })),
} satisfies Family;
