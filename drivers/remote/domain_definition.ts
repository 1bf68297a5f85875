/**
 * Domains: lists, look-ups and definitions.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { type DomainState, domainStateOf } from "../../protocol/words/domain_state.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { withPasswords } from "../kept_passwords.ts";
import { canonicalUuid, type Definition, readDefinition } from "../definition.ts";
import type { In, Nothing, Out } from "../operation_types.ts";
import { act, actTogether, ask, listObjects, lookUpObject } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { domainNamed, domOf } from "./domain.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject, Sighting } from "./object.ts";
import { byState } from "./reconcile.ts";
import { notFound, wrongState } from "./refusal.ts";
import { sameText } from "./same_text.ts";
import { domainSeen, type WireDomain } from "./wire.ts";

/** Source: libvirt, virConnectListAllDomainsFlags. */
const listFlags = {
  persistent: 1 << 2,
  managedSave: 1 << 8,
  noManagedSave: 1 << 9,
  autostart: 1 << 10,
  hasSnapshot: 1 << 12,
  noSnapshot: 1 << 13,
  hasCheckpoint: 1 << 14,
  noCheckpoint: 1 << 15,
} as const;

/** Source: libvirt, virDomainXMLFlags. */
const xmlFlags = { secure: 1 << 0, inactive: 1 << 1 } as const;

/** Source: libvirt, virDomainUndefineFlagsValues. */
const undefineFlags = {
  managedSave: 1 << 0,
  snapshotsMetadata: 1 << 1,
  nvram: 1 << 2,
  keepNvram: 1 << 3,
  checkpointsMetadata: 1 << 4,
} as const;

/** Source: libvirt, virDomainStatsTypes. */
const statsOfState = 1 << 0;

/** What a list says of one domain beside what all classes have. */
interface DomainFacts {
  readonly state: DomainState;
  readonly persistent: boolean;
  readonly autostart: boolean;
}

/** The domains in a list of the far side that is restricted to some. */
async function listed(line: Line, flags: number): Promise<readonly WireDomain[]> {
  return (await line.call("connectListAllDomains", { needResults: 1, flags })).domains;
}

/**
 * The states of all domains at once; one question each where the hypervisor has no statistics in bulk. A domain that is gone
 * by then has none.
 */
async function states(
  line: Line,
  all: Promise<readonly WireDomain[]>,
): Promise<ReadonlyMap<string, DomainState>> {
  const found = new Map<string, DomainState>();
  const bulk = await line.maybe("connectGetAllDomainStats", { doms: [], stats: statsOfState, flags: 0 });
  for (const { dom, params } of bulk?.retStats ?? []) {
    const number = (field: string): number =>
      Number(params.find((parameter) => parameter.field === field)?.value.value ?? 0);
    const live = dom.id >= 0;
    found.set(
      dom.uuid,
      domainStateOf({ state: number("state.state"), reason: number("state.reason"), live }).state,
    );
  }
  const unknown = (await all).filter(({ uuid }) => !found.has(uuid));
  await Promise.all(unknown.map(async (dom) => {
    try {
      const state = await line.call("domainGetState", { dom, flags: 0 });
      found.set(dom.uuid, domainStateOf({ ...state, live: dom.id >= 0 }).state);
    } catch (error) {
      if (!isVirtError(error, "not-found")) throw error;
    }
  }));
  return found;
}

/** Everything that a list shows, in questions whose number does not depend on how many domains there are. */
async function readList(
  line: Line,
  input: In<"domain.list">,
): Promise<{ readonly sightings: readonly Sighting[]; readonly rest: ReadonlyMap<string, DomainFacts> }> {
  const { managedSave, snapshots, checkpoints } = input;
  const filter =
    (managedSave === undefined ? 0 : managedSave ? listFlags.managedSave : listFlags.noManagedSave) |
    (snapshots === undefined ? 0 : snapshots ? listFlags.hasSnapshot : listFlags.noSnapshot) |
    (checkpoints === undefined ? 0 : checkpoints ? listFlags.hasCheckpoint : listFlags.noCheckpoint);
  const everything = listed(line, 0);
  const [all, kept, started, wanted, stateOf] = await Promise.all([
    everything,
    listed(line, listFlags.persistent),
    listed(line, listFlags.autostart),
    filter === 0 ? everything : listed(line, filter),
    states(line, everything),
  ]);
  const uuids = (domains: readonly WireDomain[]): ReadonlySet<string> =>
    new Set(domains.map(({ uuid }) => uuid));
  const persistent = uuids(kept);
  const autostart = uuids(started);
  const rest = new Map<string, DomainFacts>();
  for (const { uuid } of wanted) {
    const state = stateOf.get(uuid);
    if (state === undefined) continue;
    rest.set(uuid, { state, persistent: persistent.has(uuid), autostart: autostart.has(uuid) });
  }
  return {
    sightings: all.map((dom) => ({ ...domainSeen(dom), persistent: persistent.has(dom.uuid) })),
    rest,
  };
}

async function list(job: RemoteJob, input: In<"domain.list">): Promise<Out<"domain.list">> {
  const glob = input.name === undefined ? undefined : Glob.parse(input.name);
  const { objects, rest } = await listObjects(
    job,
    { objectClass: "domain" },
    (line) => readList(line, input),
    { doing: "list the domains of" },
  );
  return objects.flatMap((domain) => {
    const facts = rest.get(domain.id);
    if (facts === undefined) return [];
    const { live } = domain;
    if (input.state !== undefined && input.state !== facts.state) return [];
    if (input.active !== undefined && input.active !== (live !== undefined)) return [];
    if (input.persistent !== undefined && input.persistent !== facts.persistent) return [];
    if (input.autostart !== undefined && input.autostart !== facts.autostart) return [];
    if (glob !== undefined && !glob.matches(domain.name)) return [];
    return [{
      ...(live?.id === undefined ? {} : { id: live.id }),
      domain: job.ref(domain, "domain"),
      ...facts,
    }];
  });
}

/** A domain by what people call it: its name first, then its UUID, then its number. */
async function lookUp(job: RemoteJob, { name, by }: In<"domain.lookup">): Promise<ObjectRef<"domain">> {
  const means = (way: typeof by): boolean => by === undefined || by === way;
  const uuid = means("uuid") ? canonicalUuid(name) : undefined;
  const id = means("id") && /^\d{1,9}$/.test(name) ? Number(name) : undefined;
  const domain = await lookUpObject(job, "domain.lookup", async (line) => {
    const [byName, byUuid, byId] = await Promise.all([
      means("name") ? present(line.call("domainLookupByName", { name })) : undefined,
      uuid === undefined ? undefined : present(line.call("domainLookupByUuid", { uuid })),
      id === undefined ? undefined : present(line.call("domainLookupById", { id })),
    ]);
    const found = byName ?? byUuid ?? byId;
    if (found === undefined) return undefined;
    const { persistent } = await line.maybe("domainIsPersistent", { dom: found.dom }) ?? {};
    return {
      ...domainSeen(found.dom),
      ...(persistent === undefined ? {} : { persistent: persistent === 1 }),
    };
  }, { doing: "find", target: { label: `domain "${name}"` } });
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

/** `undefined` where there is no such thing. */
async function present<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

/** The definition as it is sent; it has a UUID, so that who resumes defines the same domain. */
function definitionOf(job: RemoteJob, xml: string): Definition {
  return readDefinition(xml, { root: "domain", newId: job.newId });
}

function refTo(
  job: RemoteJob,
  { uuid, name }: { readonly uuid: string; readonly name: string },
): ObjectRef<"domain"> {
  const domain = connectionOf(job).table.byId("domain", uuid);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

async function define(
  job: RemoteJob,
  { xml, basedOn, keepPasswords }: In<"domain.define">,
): Promise<Out<"domain.define">> {
  const definition = definitionOf(job, xml);
  const target = { label: `domain "${definition.name}"` };
  const isNew = job.object.objectClass === "connection";
  await actTogether(job, "domain.define", async (line) => {
    await refuseConflict(line, { definition, basedOn, isNew, newId: job.newId });
    const { xml: asked, uuid } = definition;
    const text = keepPasswords ? withPasswords(asked, await secureDefinition(line, uuid)) : asked;
    return await line.call("domainDefineXml", { xml: text });
  }, { doing: "define", target, also: ({ dom }) => [domainNamed(dom)] });
  return refTo(job, definition);
}

/** Source: libvirt, VIR_DOMAIN_XML_SECURE and VIR_DOMAIN_XML_INACTIVE. */
const secureInactiveXml = 1 | 2;

/** The definition that the next start uses, with its passwords; nothing where there is none. */
async function secureDefinition(line: Line, uuid: string): Promise<string | undefined> {
  const found = await present(line.call("domainLookupByUuid", { uuid }));
  if (found === undefined) return undefined;
  return (await line.call("domainGetXmlDesc", { dom: found.dom, flags: secureInactiveXml })).xml;
}

/** Refuses a definition whose UUID or name is another one's, or that is based on what is not there any more. */
async function refuseConflict(
  line: Line,
  { definition: { name, uuid }, basedOn, isNew, newId }: {
    readonly definition: Definition;
    readonly basedOn: string | undefined;
    /** Nobody here knew of such a domain when the slot was taken, which is that of its name. */
    readonly isNew: boolean;
    readonly newId: string;
  },
): Promise<void> {
  const [byUuid, byName] = await Promise.all([
    present(line.call("domainLookupByUuid", { uuid })),
    present(line.call("domainLookupByName", { name })),
  ]);
  if (byUuid !== undefined && byUuid.dom.name !== name) {
    const other = `domain "${byUuid.dom.name}"`;
    throw new VirtError("already-exists", `Cannot define domain "${name}": ${other} has its UUID`, {
      target: other,
      hint: `Rename it with: drover domain rename ${byUuid.dom.name}`,
    });
  }
  if (byName !== undefined && byName.dom.uuid !== uuid) {
    throw new VirtError(
      "already-exists",
      `Cannot define domain "${name}": there is one with this name, and its UUID is ${byName.dom.uuid}`,
      { target: `domain "${name}"`, hint: "Put that UUID into the definition to change it" },
    );
  }
  if (isNew && byUuid !== undefined) {
    throw new VirtError(
      "changed-outside",
      `Cannot define domain "${name}": somebody else has just defined it`,
      {
        target: `domain "${name}"`,
        hint: "Read its definition, and apply the change to that",
      },
    );
  }
  if (basedOn === undefined) return;
  const found = byUuid === undefined ? undefined : await presentDefinition(line, byUuid.dom);
  if (found !== undefined && found.some((text) => sameText(basedOn, text, newId))) return;
  throw new VirtError(
    "changed-outside",
    `Cannot define domain "${name}": its definition was changed meanwhile`,
    { target: `domain "${name}"`, hint: "Read the definition again, and apply the change to that" },
  );
}

/** The definition that a next start uses, without its passwords and, where that is allowed, with them. */
async function presentDefinition(line: Line, dom: WireDomain): Promise<readonly string[] | undefined> {
  const persistent = await line.call("domainIsPersistent", { dom });
  if (persistent.persistent === 0) return undefined;
  const { inactive, secure } = xmlFlags;
  const [plain, full] = await Promise.all([
    line.call("domainGetXmlDesc", { dom, flags: inactive }),
    line.call("domainGetXmlDesc", { dom, flags: inactive | secure }).catch((error: unknown) => {
      if (isVirtError(error, "permission-denied") || isVirtError(error, "unsupported")) return undefined;
      throw error;
    }),
  ]);
  return [plain.xml, ...(full === undefined ? [] : [full.xml])];
}

async function undefine(job: RemoteJob, input: In<"domain.undefine">): Promise<Nothing> {
  const { object } = job;
  object.refuseWhileStarting("undefine");
  const { managedSave, snapshotsMetadata, checkpointsMetadata, nvram } = input;
  const flags = (managedSave ? undefineFlags.managedSave : 0) |
    (snapshotsMetadata ? undefineFlags.snapshotsMetadata : 0) |
    (checkpointsMetadata ? undefineFlags.checkpointsMetadata : 0) |
    (nvram === undefined ? 0 : nvram ? undefineFlags.nvram : undefineFlags.keepNvram);
  const dom = domOf(job);
  const options = { doing: "undefine", hint: undefineHint };
  // Not every hypervisor knows the call with flags.
  if (flags === 0) await act(job, "domainUndefine", { dom }, options);
  else await act(job, "domainUndefineFlags", { dom, flags }, options);
  return {};
}

/** What libvirt refuses to forget without being told. */
function undefineHint({ message }: VirtError): string | undefined {
  const flag = /managed save/.test(message)
    ? "managedSave"
    : /snapshot/.test(message)
    ? "snapshotsMetadata"
    : /checkpoint/.test(message)
    ? "checkpointsMetadata"
    : /nvram/i.test(message)
    ? "nvram"
    : undefined;
  return flag === undefined ? undefined : `Say what shall become of it: ${flag}`;
}

async function rename(job: RemoteJob, { newName }: In<"domain.rename">): Promise<Out<"domain.rename">> {
  const { object } = job;
  object.refuseWhileStarting("rename");
  await actTogether(job, "domainRename", async (line) => {
    const other = await present(line.call("domainLookupByName", { name: newName }));
    if (other !== undefined) {
      throw new VirtError("already-exists", `Cannot rename ${object.label}: there is a domain "${newName}"`, {
        target: object.label,
      });
    }
    return await line.call("domainRename", { dom: domOf(job), newName, flags: 0 });
  }, { doing: "rename" });
  return job.ref(object, "domain");
}

async function setAutostart(job: RemoteJob, { autostart }: In<"domain.setAutostart">): Promise<Nothing> {
  if (!job.object.persistent) {
    throw wrongState(job.object, { doing: "change the autostart of", found: "it is transient" });
  }
  await act(job, "domainSetAutostart", { dom: domOf(job), autostart: autostart ? 1 : 0 }, {
    doing: "change the autostart of",
  });
  return {};
}

async function xmlOf(job: RemoteJob, { inactive, secure }: In<"domain.xml">): Promise<string> {
  const flags = (inactive ? xmlFlags.inactive : 0) | (secure ? xmlFlags.secure : 0);
  return (await ask(job, "domainGetXmlDesc", { dom: domOf(job), flags }, { doing: "show the definition of" }))
    .xml;
}

/** A text as the journal may keep it. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What the definition is before it is changed; the kernel has looked just now. */
function observeDefinition({ object }: { readonly object: RemoteObject }): Readonly<Record<string, unknown>> {
  const { definition } = object.facts;
  return definition === undefined ? {} : { definition: digest(definition) };
}

export const domainDefinition = {
  "domain.list": { run: list },
  "domain.lookup": { run: lookUp },
  "domain.define": {
    run: define,
    about: (connection, { xml }) => claimDefinition(connection, "domain", xml),
    observe: (job: RemoteJob) => observeDefinition(job),
    reconcile: byState<"domain.define">({
      also: (job, { xml }) => [domainNamed(definitionOf(job, xml))],
      done: (job, { xml }, before) => {
        const { uuid, xml: sent } = definitionOf(job, xml);
        const domain = connectionOf(job).table.byId("domain", uuid);
        const definition = domain?.persistent === true ? domain.facts.definition : undefined;
        if (definition === undefined) return false;
        if (sameText(sent, definition, job.newId)) return true;
        // The far side adds to what it is given: that it is another one than before has to do.
        return before["definition"] !== digest(definition);
      },
      value: (job, { xml }) => refTo(job, definitionOf(job, xml)),
    }),
  },
  "domain.undefine": {
    run: undefine,
    reconcile: byState<"domain.undefine">({
      done: ({ object }) => object.phase === "removed" || !object.persistent,
      value: () => ({}),
    }),
  },
  "domain.rename": {
    run: rename,
    reconcile: byState<"domain.rename">({
      done: ({ object }, { newName }) => object.name === newName,
      value: (job) => job.ref(job.object, "domain"),
    }),
  },
  "domain.setAutostart": {
    run: setAutostart,
    reconcile: byState<"domain.setAutostart">({
      done: async (job, { autostart }) => {
        const found = await ask(job, "domainGetAutostart", { dom: domOf(job) });
        return (found.autostart === 1) === autostart;
      },
      value: () => ({}),
    }),
  },
  "domain.xml": { run: xmlOf },
} satisfies DriverMap;
