/**
 * Virtual networks.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import {
  addressFamilies,
  networkUpdateCommands,
  networkUpdateSections,
} from "../../protocol/words/network.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { readDefinition } from "../definition.ts";
import { updated } from "../network_update.ts";
import type { In, Out } from "../operation_types.ts";
import { listObjects } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { printed } from "./kept_xml.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { isRunning, makes, refuseOutdated, type Wanted } from "./making.ts";
import { asAsked, lookUpNamed, nameFilter, showObject } from "./named_list.ts";
import { asks, does, done, isGone, runs } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { needPersistent, needRunning, refuseRunning } from "./object_state.ts";
import { sameText } from "./same_text.ts";
import { type WireNamed, wireNamed } from "./wire.ts";

type Entry = Out<"network.info">;

/** Only those that start with their host. Source: libvirt, virConnectListAllNetworksFlags. */
const autostarted = 1 << 4;

/** Source: libvirt, virNetworkUpdateFlags. */
const affectLive = 1;
const affectConfig = 2;

/**
 * A server that knows this takes command and section of an update in the order of its own declaration; an older one takes
 * them the other way round. Source: libvirt, VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER.
 */
const updateHasCorrectOrder = 16;

/** A network's definition: the one that its next start uses, or the one in force. */
function xmlOf(
  line: Line,
  { net, kept }: { readonly net: WireNamed; readonly kept: boolean },
): Promise<string> {
  return printed((flags) => line.call("networkGetXmlDesc", { net, flags }), { kept });
}

/** The name of a network's bridge, where it has one. */
async function bridgeOf(line: Line, net: WireNamed): Promise<string | undefined> {
  try {
    return (await line.call("networkGetBridgeName", { net })).name;
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
    throw error;
  }
}

function entryOf(
  job: RemoteJob,
  network: RemoteObject,
  { autostart, bridge }: { readonly autostart: boolean; readonly bridge: string | undefined },
): Entry {
  return {
    network: job.ref(network, "network"),
    active: network.live !== undefined,
    persistent: network.persistent,
    autostart,
    ...(bridge === undefined ? {} : { bridge }),
  };
}

async function list(job: RemoteJob, input: In<"network.list">): Promise<Entry[]> {
  const isNamed = nameFilter(input.name);
  const { objects, rest } = await listObjects(job, { objectClass: "network" }, async (line) => {
    const [sightings, autostart] = await Promise.all([
      classAccess.network.list?.(line) ?? [],
      line.call("connectListAllNetworks", { needResults: 1, flags: autostarted }),
    ]);
    const named = sightings.filter(({ name }) => isNamed(name));
    const bridges = await Promise.all(
      named.map(async (each) => [each.id, await bridgeOf(line, wireNamed(each))] as const),
    );
    return {
      sightings,
      rest: { autostarted: new Set(autostart.nets.map(({ uuid }) => uuid)), bridges: new Map(bridges) },
    };
  });
  return objects.filter(({ id }) => rest.bridges.has(id))
    .map((network) =>
      entryOf(job, network, {
        autostart: rest.autostarted.has(network.id),
        bridge: rest.bridges.get(network.id),
      })
    )
    .filter(({ active, persistent, autostart }) =>
      asAsked(input.active, active) && asAsked(input.persistent, persistent) &&
      asAsked(input.autostart, autostart)
    );
}

function read(job: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const { name, uuid, xml: whole } = readDefinition(xml, { root: "network", newId: job.newId });
  return { xml: whole, name, id: uuid };
}

function identityOf({ name, uuid }: WireNamed): Identity<"network"> {
  return { objectClass: "network", id: uuid, name };
}

async function autostartOf(line: Line, net: WireNamed): Promise<boolean> {
  try {
    return (await line.call("networkGetAutostart", { net })).autostart === 1;
  } catch (error) {
    // What is not kept cannot start by itself.
    if (isVirtError(error, "wrong-state") || isVirtError(error, "unsupported")) return false;
    throw error;
  }
}

/** Which of a network's definitions a change concerns. */
function scopeOf(
  object: RemoteObject,
  { live, config }: In<"network.update">,
): { live: boolean; config: boolean } {
  if (live === true || config === true) return { live: live === true, config: config === true };
  return { live: object.live !== undefined, config: object.live === undefined };
}

async function update(
  line: Line,
  { object, input }: { readonly object: RemoteObject; readonly input: In<"network.update"> },
): Promise<Out<"network.update">> {
  const command = networkUpdateCommands.indexOf(input.command);
  const section = networkUpdateSections.indexOf(input.section);
  const inOrder = await line.call("connectSupportsFeature", { feature: updateHasCorrectOrder });
  const order = inOrder.supported === 0 ? { command: section, section: command } : { command, section };
  const scope = scopeOf(object, input);
  await line.call("networkUpdate", {
    net: wireNamed(object),
    ...order,
    parentIndex: input.parentIndex,
    xml: input.xml,
    flags: (scope.live ? affectLive : 0) | (scope.config ? affectConfig : 0),
  });
  return {};
}

/** Whether an update shows in every definition that it concerned: making it once more would not be possible. */
async function isUpdated(
  line: Line,
  { object, input }: { readonly object: RemoteObject; readonly input: In<"network.update"> },
): Promise<boolean> {
  const scope = scopeOf(object, input);
  const texts = await Promise.all(
    [...(scope.live ? [false] : []), ...(scope.config ? [true] : [])].map((kept) =>
      xmlOf(line, { net: wireNamed(object), kept })
    ),
  );
  return texts.every((xml) => {
    try {
      const again = updated(object, { ...input, element: input.xml, xml });
      return input.command === "modify" && sameText(again, xml, object.id);
    } catch (error) {
      if (isVirtError(error, "wrong-state")) return input.command !== "modify";
      throw error;
    }
  });
}

export const networks = {
  "network.list": { run: list },
  "network.lookup": {
    run: (job, { name, by }) =>
      lookUpNamed(job, name, {
        objectClass: "network",
        by,
        byName: async (line, wanted) => (await line.call("networkLookupByName", { name: wanted })).net,
      }),
  },
  "network.define": makes({
    objectClass: "network",
    doing: "define",
    read,
    about: (connection, { xml }) => claimDefinition(connection, "network", xml),
    make: async (line, { wanted: { xml, name, id = "" }, input: { basedOn } }) => {
      if (basedOn !== undefined) {
        const present = await xmlOf(line, { net: { name, uuid: id }, kept: true });
        refuseOutdated("network", { name, id, basedOn, present });
      }
      return identityOf((await line.call("networkDefineXml", { xml })).net);
    },
  }),
  "network.create": makes({
    objectClass: "network",
    doing: "create",
    read,
    about: (connection, { xml }) => claimDefinition(connection, "network", xml),
    make: async (line, { wanted: { xml } }) => identityOf((await line.call("networkCreateXml", { xml })).net),
    isSo: isRunning,
  }),
  "network.start": does({
    doing: "start",
    act: (line, { object }) => done(line.call("networkCreate", { net: wireNamed(object) })),
    isSo: (_line, subject) => runs(subject),
    answer: {},
  }),
  "network.destroy": does({
    doing: "stop",
    check: ({ object }) => needRunning(object, "stop"),
    act: (line, { object }) => done(line.call("networkDestroy", { net: wireNamed(object) })),
    isSo: (_line, subject) => !runs(subject),
    answer: {},
  }),
  "network.undefine": does({
    doing: "undefine",
    // libvirt would make it transient, which stops it for good at its next stop.
    check: ({ object }) => refuseRunning(object, "undefine"),
    act: (line, { object }) => done(line.call("networkUndefine", { net: wireNamed(object) })),
    isSo: (_line, subject) => isGone(subject) || !subject.object.persistent,
    answer: {},
  }),
  "network.discard": does({
    doing: "discard",
    act: async (line, { object }) => {
      const net = wireNamed(object);
      if (object.live !== undefined) await line.call("networkDestroy", { net });
      if (object.persistent) await line.call("networkUndefine", { net });
      return {};
    },
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  "network.xml": asks(
    "show",
    (line, { object, input: { inactive } }) => xmlOf(line, { net: wireNamed(object), kept: inactive }),
  ),
  "network.info": {
    run: async (job: RemoteJob) => {
      const { object, rest } = await showObject(job, async (line, network) => {
        const net = wireNamed(network);
        const [autostart, bridge] = await Promise.all([autostartOf(line, net), bridgeOf(line, net)]);
        return { autostart, bridge };
      });
      return entryOf(job, object, rest);
    },
  },
  "network.setAutostart": does({
    doing: "change the autostart of",
    check: ({ object }) => needPersistent(object, "change the autostart of"),
    act: (line, { object, input: { autostart } }) =>
      done(line.call("networkSetAutostart", { net: wireNamed(object), autostart: autostart ? 1 : 0 })),
    isSo: async (line, { object, input: { autostart } }) =>
      await autostartOf(line, wireNamed(object)) === autostart,
    answer: {},
  }),
  "network.update": does({
    doing: "change",
    act: update,
    isSo: isUpdated,
    answer: {},
  }),
  "network.leases": asks("list the leases of", async (line, { object, input: { mac } }) => {
    const { leases } = await line.call("networkGetDhcpLeases", {
      net: wireNamed(object),
      mac,
      needResults: 1,
      flags: 0,
    });
    return leases.map((lease) => ({
      interface: lease.iface,
      mac: lease.mac ?? "",
      family: addressFamilies[lease.type] ?? "ipv4",
      address: lease.ipaddr,
      prefix: lease.prefix,
      ...(lease.hostname === undefined ? {} : { hostname: lease.hostname }),
      expiresAt: Number(lease.expirytime) * 1000,
    }));
  }),
} satisfies DriverMap;
