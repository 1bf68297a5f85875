/**
 * Virtual networks.
 *
 * @module
 */
import { identify } from "../../drivers/definition.ts";
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { metadataKinds } from "../../protocol/words/domain.ts";
import { lifeNumber, networkLife } from "../../protocol/words/event.ts";
import { addressFamilies } from "../../protocol/words/network.ts";
import { affected, affectFlags } from "../dispatch/affect.ts";
import { namedDocumentWords, validate, validateFlag } from "../dispatch/document.ts";
import { allBits, oneOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { remoteNetwork } from "../dispatch/objects.ts";
import { register } from "../dispatch/registration.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";
import { commandOf, sectionOf, updateWords } from "./network_words.ts";

/** Bits of the flags of listing. Source: libvirt, virConnectListAllNetworksFlags. */
const listFlag = {
  inactive: 1 << 0,
  active: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  autostart: 1 << 4,
  noAutostart: 1 << 5,
} as const;

/** Of definitions: that which the next start uses. Source: libvirt, virNetworkXMLFlags. */
const inactiveXml = 1;

type Entry = OutputOf<Operations["network.list"]>[number];

/** The input of a list for some bits. */
function filters(flags: number): { active?: boolean; persistent?: boolean; autostart?: boolean } {
  const active = oneOf(flags, listFlag.active, listFlag.inactive);
  const persistent = oneOf(flags, listFlag.persistent, listFlag.transient);
  const autostart = oneOf(flags, listFlag.autostart, listFlag.noAutostart);
  return {
    ...(active === undefined ? {} : { active }),
    ...(persistent === undefined ? {} : { persistent }),
    ...(autostart === undefined ? {} : { autostart }),
  };
}

function nameOf({ network }: Entry): string {
  return network.name;
}

/** What libvirt says where a name or a UUID belongs to another network. */
function takenWords(xml: string, session: HostSession): string | undefined {
  const { name, uuid } = identify(xml);
  for (const other of session.connection.objects()) {
    if (other.objectClass !== "network" || other.phase === "removed") continue;
    if (other.id === uuid?.toLowerCase() && other.name !== name) {
      return `network '${other.name}' is already defined with uuid ${other.id}`;
    }
    if (other.name === name && other.id !== uuid?.toLowerCase()) {
      return `network '${name}' already exists with uuid ${other.id}`;
    }
  }
  return undefined;
}

const documented = ({ xml }: { readonly xml: string }): Words | undefined =>
  namedDocumentWords(xml, "network");

const taken = (
  { xml }: { readonly xml: string },
  _error: VirtError,
  session: HostSession,
): string | undefined => takenWords(xml, session);

/** Errors of what makes a network out of a document. */
const defining = { "invalid-document": documented, "already-exists": taken };

/** Errors of what starts one; where it runs, or another one has its UUID. */
const creating = {
  ...defining,
  "wrong-state": (args: { readonly xml: string }, error: VirtError, session: HostSession): Words => {
    const other = taken(args, error, session);
    if (other !== undefined) return { text: other, code: "VIR_ERR_OPERATION_FAILED" };
    return { text: `network is already active as '${identify(args.xml).name}'` };
  },
};

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ net }: { readonly net: { readonly uuid: string } }): string =>
    `no network with matching uuid '${net.uuid}'`,
};

/** A network's bridge; libvirt has no answer for those without. */
function bridgeOf({ network, bridge }: OutputOf<Operations["network.info"]>): string {
  if (bridge !== undefined) return bridge;
  throw new VirtError("internal", `network '${network.name}' does not have a bridge name.`);
}

/** Every event of networks at the place of its number. Source: libvirt, virNetworkEventID. */
const events: readonly Telling[] = [
  ({ object, type }, { connection, callback }) => {
    const event = lifeNumber(networkLife, type);
    if (object.$ref !== "network" || event < 0) return;
    const net = remoteNetwork(object);
    connection.tell("networkEventLifecycle", { callbackID: callback, net, event, detail: 0 });
  },
  ({ object, type, detail = "" }, { connection, callback }) => {
    const [word, kind = "", nsuri] = detail.split(" ");
    const number = metadataKinds.findIndex((each) => each === kind);
    if (object.$ref !== "network" || type !== "changed" || word !== "metadata" || number < 0) return;
    const net = remoteNetwork(object);
    connection.tell("networkEventCallbackMetadataChange", {
      callbackID: callback,
      net,
      type: number,
      nsuri,
    });
  },
];

/** The rows. */
export const network = {
  connectListAllNetworks: calls("network.list", {
    flags: allBits(listFlag),
    input: ({ flags }) => filters(flags),
    result: (entries, { args: { needResults } }) => ({
      nets: needResults === 0 ? [] : entries.map(({ network }) => remoteNetwork(network)),
      ret: entries.length,
    }),
  }),
  connectNumOfNetworks: calls("network.list", {
    input: () => ({ active: true }),
    result: (entries) => ({ num: entries.length }),
  }),
  connectListNetworks: calls("network.list", {
    input: () => ({ active: true }),
    result: (entries, { args: { maxnames: room } }) => ({
      names: fitting(entries.map(nameOf), { procedure: "connectListNetworks", room }),
    }),
  }),
  connectNumOfDefinedNetworks: calls("network.list", {
    input: () => ({ active: false }),
    result: (entries) => ({ num: entries.length }),
  }),
  connectListDefinedNetworks: calls("network.list", {
    input: () => ({ active: false }),
    result: (entries, { args: { maxnames: room } }) => ({
      names: fitting(entries.map(nameOf), { procedure: "connectListDefinedNetworks", room }),
    }),
  }),
  networkLookupByName: worded(
    calls("network.lookup", {
      input: ({ name }) => ({ name, by: "name" }),
      result: (ref) => ({ net: remoteNetwork(ref) }),
    }),
    { "not-found": ({ name }) => `no network with matching name '${name}'` },
  ),
  networkLookupByUuid: worded(
    calls("network.lookup", {
      input: ({ uuid }) => ({ name: uuid, by: "uuid" }),
      result: (ref) => ({ net: remoteNetwork(ref) }),
    }),
    { "not-found": ({ uuid }) => `no network with matching uuid '${uuid}'` },
  ),
  networkDefineXml: worded(
    calls("network.define", {
      input: ({ xml }) => ({ xml }),
      result: (ref) => ({ net: remoteNetwork(ref) }),
    }),
    defining,
  ),
  networkDefineXmlFlags: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "network");
      return { net: remoteNetwork(await session.run("network.define", { input: { xml } })) };
    }, { flags: validateFlag }),
    defining,
  ),
  networkCreateXml: worded(
    calls("network.create", {
      input: ({ xml }) => ({ xml }),
      result: (ref) => ({ net: remoteNetwork(ref) }),
    }),
    creating,
  ),
  networkCreateXmlFlags: worded(
    answers(async ({ xml, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xml, "network");
      return { net: remoteNetwork(await session.run("network.create", { input: { xml } })) };
    }, { flags: validateFlag }),
    creating,
  ),
  networkCreate: worded(calls("network.start"), {
    ...missing,
    "wrong-state": ({ net }) => `Network '${net.name}' is already running`,
  }),
  networkDestroy: worded(calls("network.destroy"), {
    ...missing,
    "wrong-state": ({ net }) => `network '${net.name}' is not active`,
  }),
  networkUndefine: worded(calls("network.undefine"), {
    ...missing,
    "wrong-state": ({ net }) => `Network '${net.name}' is still running`,
  }),
  networkGetXmlDesc: worded(
    calls("network.xml", {
      flags: inactiveXml,
      input: ({ flags }) => ({ inactive: (flags & inactiveXml) !== 0 }),
      result: (xml) => ({ xml }),
    }),
    missing,
  ),
  networkGetBridgeName: worded(
    calls("network.info", { result: (info) => ({ name: bridgeOf(info) }) }),
    missing,
  ),
  networkGetAutostart: worded(
    calls("network.info", { result: ({ autostart }) => ({ autostart: autostart ? 1 : 0 }) }),
    missing,
  ),
  networkSetAutostart: worded(
    calls("network.setAutostart", { input: ({ autostart }) => ({ autostart: autostart !== 0 }) }),
    { ...missing, "wrong-state": () => "cannot set autostart for transient network" },
  ),
  networkIsActive: worded(
    calls("network.info", { result: ({ active }) => ({ active: active ? 1 : 0 }) }),
    missing,
  ),
  networkIsPersistent: worded(
    calls("network.info", { result: ({ persistent }) => ({ persistent: persistent ? 1 : 0 }) }),
    missing,
  ),
  networkUpdate: worded(
    calls("network.update", {
      flags: affectFlags,
      input: ({ command, section, parentIndex, xml, flags }) => ({
        section: sectionOf(section),
        command: commandOf(command),
        parentIndex,
        xml,
        ...affected(flags),
      }),
    }),
    {
      ...missing,
      "wrong-state": (args, _error, session) => updateWords(args, session),
      "unsupported": ({ net, section }, _error, session) =>
        session.supports("network.update")
          ? {
            text: `can't update '${sectionOf(section)}' section of network '${net.name}'`,
            code: "VIR_ERR_OPERATION_UNSUPPORTED",
          }
          : undefined,
    },
  ),
  networkGetDhcpLeases: worded(
    calls("network.leases", {
      input: ({ mac }) => (mac === undefined ? {} : { mac }),
      result: (leases, { args: { needResults } }) => ({
        leases: needResults === 0 ? [] : leases.map((lease) => ({
          iface: lease.interface,
          // Seconds since 1970.
          expirytime: BigInt(Math.floor(lease.expiresAt / 1000)),
          type: addressFamilies.indexOf(lease.family),
          mac: lease.mac,
          iaid: undefined,
          ipaddr: lease.address,
          prefix: lease.prefix,
          hostname: lease.hostname,
          clientid: undefined,
        })),
        ret: leases.length,
      }),
    }),
    missing,
  ),
  connectNetworkEventRegisterAny: answers(({ eventID, net }, session) =>
    register(session, { what: "network", events, eventID, id: net?.uuid })
  ),
  connectNetworkEventDeregisterAny: answers(({ callbackID }, session) => {
    session.events.remove(callbackID, "network");
    return undefined;
  }),
} satisfies Family;
