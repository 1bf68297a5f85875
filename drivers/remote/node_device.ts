/**
 * The host's devices.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, SlotClaim } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { canonicalUuid } from "../definition.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf, type XmlElement } from "../xml_span.ts";
import { XmlEditor } from "../xml_edit.ts";
import { askTogether, listObjects, lookUpObject } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { readRoot } from "./document_name.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { isThere, makes, type Wanted } from "./making.ts";
import { asAsked, finding, ifThere, nameFilter, showObject } from "./named_list.ts";
import { asks, does, done, isGone, runs } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";

type Entry = Out<"nodeDevice.info">;

/** The most capabilities that are asked for. Source: libvirt, REMOTE_NODE_DEVICE_CAPS_LIST_MAX. */
const mostCapabilities = 65_536;

/** What is asked about a device. */
interface DeviceFacts {
  readonly parent: string | undefined;
  readonly capabilities: readonly string[];
  readonly persistent: boolean;
  readonly autostart: boolean;
}

async function factsOf(line: Line, name: string): Promise<DeviceFacts> {
  const [parent, capabilities, persistent, autostart] = await Promise.all([
    line.call("nodeDeviceGetParent", { name }),
    line.call("nodeDeviceListCaps", { name, maxnames: mostCapabilities }),
    line.maybe("nodeDeviceIsPersistent", { name }),
    line.maybe("nodeDeviceGetAutostart", { name }),
  ]);
  return {
    parent: parent.parentName,
    capabilities: capabilities.names,
    persistent: persistent?.persistent === 1,
    autostart: autostart?.autostart === 1,
  };
}

function entryOf(job: RemoteJob, device: RemoteObject, facts: DeviceFacts): Entry {
  const { parent, capabilities, persistent, autostart } = facts;
  return {
    nodeDevice: job.ref(device, "nodeDevice"),
    ...(parent === undefined ? {} : { parent }),
    capabilities: [...capabilities],
    active: device.live !== undefined,
    persistent,
    autostart,
  };
}

async function list(job: RemoteJob, input: In<"nodeDevice.list">): Promise<Entry[]> {
  const isNamed = nameFilter(input.name);
  const { objects, rest } = await listObjects(job, { objectClass: "nodeDevice" }, async (line) => {
    const sightings = await classAccess.nodeDevice.list?.(line) ?? [];
    const found = await Promise.all(
      sightings.filter(({ name }) => isNamed(name)).map(async ({ name }) =>
        [name, await ifThere(factsOf(line, name))] as const
      ),
    );
    return { sightings, rest: new Map(found) };
  });
  return objects.flatMap((device) => {
    const facts = rest.get(device.name);
    if (facts === undefined || !asAsked(input.active, device.live !== undefined)) return [];
    if (input.capability !== undefined && !facts.capabilities.includes(input.capability)) return [];
    return [entryOf(job, device, facts)];
  });
}

const wwnPair = /^([0-9a-f]{16}),([0-9a-f]{16})$/i;

function identity({ name }: { readonly name: string }): Identity<"nodeDevice"> {
  return { objectClass: "nodeDevice", id: name, name };
}

/** The two numbers of a Fibre Channel adapter. */
interface AdapterNumbers {
  readonly wwnn: string;
  readonly wwpn: string;
}

/** Finds an adapter by its numbers. Where nothing has them libvirt fails without saying why. */
async function adapterOf(
  line: Line,
  { wwnn, wwpn }: AdapterNumbers,
): Promise<{ readonly name: string } | undefined> {
  try {
    return (await line.call("nodeDeviceLookupScsiHostByWwn", { wwnn, wwpn, flags: 0 })).dev;
  } catch (error) {
    if (!isVirtError(error) || error.remoteCode === undefined) throw error;
    if (error.code === "not-found" || /cause is unknown/.test(error.message)) return undefined;
    throw error;
  }
}

/** Finds a device by its name, or a Fibre Channel adapter by its two numbers. */
async function find(
  job: RemoteJob,
  { name, by }: In<"nodeDevice.lookup">,
): Promise<ObjectRef<"nodeDevice">> {
  const [, wwnn, wwpn] = by === "name" ? [] : wwnPair.exec(name) ?? [];
  if (by === "wwn" && wwnn === undefined) throw notFound("node device", name);
  const found = await lookUpObject(job, `find ${name}`, async (line) => {
    const dev = wwnn === undefined || wwpn === undefined
      ? (await line.call("nodeDeviceLookupByName", { name })).dev
      : await adapterOf(line, { wwnn, wwpn });
    if (dev === undefined) return undefined;
    return await classAccess.nodeDevice.look(line, identity(dev), {});
  }, finding("nodeDevice", name));
  if (found === undefined) throw notFound("node device", name);
  return job.ref(found, "nodeDevice");
}

/** The part of a document that says what the device is. */
function capabilityIn(root: XmlElement): XmlElement | undefined {
  return childOf(root, "capability");
}

/**
 * What a document asks for. The host names what it makes; a mediated device has a UUID besides, which is filled in, so that
 * it can be found again.
 */
function read(job: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const root = readRoot(xml, { root: "device", what: "node device" });
  const parent = textOf(root, "parent") ?? "";
  const editor = new XmlEditor(xml);
  if (isMediated(capabilityIn(root)) && childOf(root, "capability", "uuid") === undefined) {
    editor.put(["capability", "uuid"], { text: job.newId });
  }
  return { xml: editor.text, name: textOf(root, "name") ?? (parent === "" ? "" : `below ${parent}`) };
}

function isMediated(capability: XmlElement | undefined): boolean {
  return capability !== undefined && attributeOf(capability, "type") === "mdev";
}

/** Finds a device by what its document says beside its name. */
async function findMade(job: RemoteJob, { xml }: Wanted): Promise<RemoteObject | undefined> {
  const { table } = connectionOf(job);
  const name = await askTogether(job, "look for the device", (line) => nameOfMade(line, xml));
  if (name === undefined) return undefined;
  await lookUpObject(
    job,
    `find ${name}`,
    (line) => classAccess.nodeDevice.look(line, identity({ name }), {}),
  );
  return table.byId("nodeDevice", name);
}

/** The name that the host gave to what a document asked for. */
async function nameOfMade(line: Line, xml: string): Promise<string | undefined> {
  const capability = capabilityIn(readXml(xml));
  const uuid = canonicalUuid(capability === undefined ? "" : textOf(capability, "uuid") ?? "");
  if (isMediated(capability) && uuid !== undefined) {
    // Source: libvirt formatnode: mdev_ and the UUID with underscores, behind which newer ones put the parent.
    const prefix = `mdev_${uuid.replaceAll("-", "_")}`;
    const { devices } = await line.call("connectListAllNodeDevices", { needResults: 1, flags: 0 });
    return devices.find(({ name }) => name === prefix || name.startsWith(`${prefix}_`))?.name;
  }
  const adapter = childrenOf(capability, "capability").find((each) =>
    attributeOf(each, "type") === "fc_host"
  );
  const [wwnn, wwpn] = ["wwnn", "wwpn"].map((each) =>
    adapter === undefined ? undefined : textOf(adapter, each)
  );
  if (wwnn === undefined || wwpn === undefined) {
    throw new VirtError("outcome-unknown", "nothing tells which device it would be");
  }
  return (await adapterOf(line, { wwnn, wwpn }))?.name;
}

/** Devices are made one after the other: which one it will be only the host knows. */
function claimHost(connection: DriverConnection): readonly SlotClaim[] {
  return [{ object: connection.self }];
}

/** The host's own driver for a device, as its document says. */
async function driverOf(line: Line, name: string): Promise<string> {
  const { xml } = await line.call("nodeDeviceGetXmlDesc", { name, flags: 0 });
  return textOf(readXml(xml), "driver", "name") ?? "";
}

/** Drivers that keep a device for guests. Source: libvirt, virPCIStubDriver. */
const guestDrivers = /^(vfio|pci-stub|pciback|xen-pciback)/;

export const nodeDevices = {
  "nodeDevice.list": { run: list },
  "nodeDevice.lookup": { run: find },
  "nodeDevice.create": makes<"nodeDevice.create">({
    objectClass: "nodeDevice",
    doing: "create",
    read,
    about: claimHost,
    make: async (line, { wanted: { xml } }) =>
      identity((await line.call("nodeDeviceCreateXml", { xmlDesc: xml, flags: 0 })).dev),
    find: findMade,
    isSo: (device) => device.live !== undefined,
  }),
  "nodeDevice.define": makes<"nodeDevice.define">({
    objectClass: "nodeDevice",
    doing: "define",
    read,
    about: claimHost,
    make: async (line, { wanted: { xml } }) =>
      identity((await line.call("nodeDeviceDefineXml", { xmlDesc: xml, flags: 0 })).dev),
    find: findMade,
    isSo: isThere,
  }),
  "nodeDevice.start": does<"nodeDevice.start">({
    doing: "start",
    act: (line, { object: { name } }) => done(line.call("nodeDeviceCreate", { name, flags: 0 })),
    isSo: (_line, subject) => runs(subject),
    answer: {},
  }),
  "nodeDevice.destroy": does<"nodeDevice.destroy">({
    doing: "remove",
    act: (line, { object: { name } }) => done(line.call("nodeDeviceDestroy", { name })),
    isSo: (_line, subject) => isGone(subject) || !runs(subject),
    answer: {},
  }),
  "nodeDevice.undefine": does<"nodeDevice.undefine">({
    doing: "undefine",
    act: (line, { object: { name } }) => done(line.call("nodeDeviceUndefine", { name, flags: 0 })),
    isSo: (_line, subject) => isGone(subject) || !subject.object.persistent,
    answer: {},
  }),
  "nodeDevice.setAutostart": does<"nodeDevice.setAutostart">({
    doing: "change the autostart of",
    act: (line, { object: { name }, input: { autostart } }) =>
      done(line.call("nodeDeviceSetAutostart", { name, autostart: autostart ? 1 : 0 })),
    isSo: async (line, { object: { name }, input }) => {
      const { autostart } = await line.call("nodeDeviceGetAutostart", { name });
      return (autostart === 1) === input.autostart;
    },
    answer: {},
  }),
  "nodeDevice.detach": does<"nodeDevice.detach">({
    doing: "detach",
    act: (line, { object: { name }, input: { driver } }) =>
      done(line.call("nodeDeviceDetachFlags", { name, driverName: driver, flags: 0 })),
    isSo: async (line, { object: { name } }) => guestDrivers.test(await driverOf(line, name)),
    answer: {},
  }),
  "nodeDevice.reattach": does<"nodeDevice.reattach">({
    doing: "reattach",
    act: (line, { object: { name } }) => done(line.call("nodeDeviceReAttach", { name })),
    isSo: async (line, { object: { name } }) => !guestDrivers.test(await driverOf(line, name)),
    answer: {},
  }),
  "nodeDevice.reset": does<"nodeDevice.reset">({
    doing: "reset",
    act: (line, { object: { name } }) => done(line.call("nodeDeviceReset", { name })),
    answer: {},
  }),
  "nodeDevice.xml": asks<"nodeDevice.xml">("show", async (line, { object: { name } }) => {
    return (await line.call("nodeDeviceGetXmlDesc", { name, flags: 0 })).xml;
  }),
  "nodeDevice.info": {
    run: async (job: RemoteJob) => {
      const { object, rest } = await showObject(job, (line, { name }) => factsOf(line, name));
      return entryOf(job, object, rest);
    },
  },
} satisfies DriverMap;
