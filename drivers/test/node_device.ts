/**
 * The host's devices. Lists and look-ups wait at the connection's gate until the host has been read, so that a list is
 * never partial.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Implementation, Job, SlotClaim } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { refTo } from "./defined_object.ts";
import { notFound, wrongState } from "./domain.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { byState } from "./reconcile.ts";
import { adapterXml } from "./world/default_host.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf, type XmlElement } from "../xml_span.ts";

type DeviceJob = TestJob<"nodeDevice">;
type DeviceObject = TestObject<"nodeDevice">;
type Entry = Out<"nodeDevice.info">;

/** The types of an element's capabilities, and of those within them. */
function capabilitiesOf(element: XmlElement): readonly string[] {
  return childrenOf(element, "capability").flatMap((each) => {
    const type = each.attributes.get("type");
    return [...(type === undefined ? [] : [type]), ...capabilitiesOf(each)];
  });
}

function entryOf(job: Job, device: DeviceObject): Entry {
  const { record } = device.facts;
  return {
    nodeDevice: job.ref(device, "nodeDevice"),
    ...(record.parent === undefined ? {} : { parent: record.parent }),
    capabilities: [...capabilitiesOf(readXml(record.config))],
    active: record.present,
    persistent: record.defined,
    autostart: record.autostart,
  };
}

function list(job: Job, { name, capability, active }: In<"nodeDevice.list">): Entry[] {
  const glob = name === undefined ? undefined : Glob.parse(name);
  return [...connectionOf(job).table.all("nodeDevice")].filter((device) =>
    (glob?.matches(device.name) ?? true) && (active === undefined || active === device.facts.record.present)
  ).map((device) => entryOf(job, device)).filter(({ capabilities }) =>
    capability === undefined || capabilities.includes(capability)
  );
}

/** The names by which the world knows a Fibre Channel adapter. */
interface WorldWideNames {
  readonly wwnn: string;
  readonly wwpn: string;
}

/** What a document says of a Fibre Channel adapter. */
function channelIn(xml: string): XmlElement | undefined {
  return childrenOf(readXml(xml), "capability").flatMap((host) => childrenOf(host, "capability"))
    .find(({ attributes }) => attributes.get("type") === "fc_host");
}

function worldWideNames(xml: string): WorldWideNames | undefined {
  const channel = channelIn(xml);
  const wwnn = channel === undefined ? undefined : textOf(channel, "wwnn");
  const wwpn = channel === undefined ? undefined : textOf(channel, "wwpn");
  return wwnn === undefined || wwpn === undefined ? undefined : { wwnn, wwpn };
}

function adapterWith(job: Job, { wwnn, wwpn }: WorldWideNames): DeviceObject | undefined {
  return [...connectionOf(job).table.all("nodeDevice")].find(({ facts }) => {
    const names = worldWideNames(facts.record.config);
    return names?.wwnn === wwnn && names.wwpn === wwpn;
  });
}

function makesAdapters({ facts }: DeviceObject): boolean {
  return capabilitiesOf(readXml(facts.record.config)).includes("vport_ops");
}

/**
 * The device under which a document's is to be: called by its name, its world-wide names or its fabric's, or, where an
 * adapter's document does not say, the first that makes adapters.
 *
 * @throws {VirtError} `not-found`, `invalid-document`
 */
function parentIn(job: Job, root: XmlElement): DeviceObject {
  const { table } = connectionOf(job);
  const name = textOf(root, "parent") ?? "";
  const named = (key: string): string => attributeOf(root, key, "parent") ?? "";
  const [wwnn, wwpn, fabric] = [named("wwnn"), named("wwpn"), named("fabric_wwn")];
  const says = name !== "" ? name : wwnn !== "" && wwpn !== "" ? `${wwnn},${wwpn}` : fabric;
  const isAdapter = attributeOf(root, "type", "capability") === "scsi_host";
  if (says === "" && !isAdapter) {
    throw new VirtError("invalid-document", "Cannot read the device: it has no <parent>");
  }
  const parent = name !== ""
    ? table.byName("nodeDevice", name)
    : wwnn !== "" && wwpn !== ""
    ? adapterWith(job, { wwnn, wwpn })
    : [...table.all("nodeDevice")].find((device) =>
      makesAdapters(device) &&
      (fabric === "" || fabricOf(device.facts.record.config) === fabric)
    );
  if (parent === undefined) throw notFound("node device", says);
  return parent;
}

function fabricOf(xml: string): string | undefined {
  const channel = channelIn(xml);
  return channel === undefined ? undefined : textOf(channel, "fabric_wwn");
}

function find(job: Job, { name, by }: In<"nodeDevice.lookup">): ObjectRef<"nodeDevice"> {
  const named = by === "wwn" ? undefined : connectionOf(job).table.byName("nodeDevice", name);
  const [wwnn = "", wwpn = "", ...rest] = by === "name" || named !== undefined ? [] : name.split(",");
  const device = named ?? (rest.length > 0 ? undefined : adapterWith(job, { wwnn, wwpn }));
  if (device === undefined) throw notFound("node device", name);
  return job.ref(device, "nodeDevice");
}

/** A device that a document describes, with the names that the host gives it. */
interface Wanted {
  readonly name: string;
  readonly parent: string;
  readonly xml: string;
}

/**
 * Reads a device's document. The host can make virtual Fibre Channel adapters and mediated devices.
 *
 * @throws {VirtError} `invalid-document`, `not-found` for its parent, `unsupported` for what the host cannot make.
 */
function read(job: Job, xml: string): Wanted {
  const root = readXml(xml, "device");
  if (root.name !== "device") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the device: found <${root.name}>, expected <device>`,
    );
  }
  const { table } = connectionOf(job);
  const above = parentIn(job, root);
  const parent = above.name;
  const names = worldWideNames(xml);
  const capability = childOf(root, "capability");
  const type = capability?.attributes.get("type");
  if (type === "mdev" && capability !== undefined) {
    const uuid = textOf(capability, "uuid") ?? job.newId;
    const name = `mdev_${uuid.replaceAll("-", "_")}_${parent}`;
    return { name, parent, xml: withName(xml, { root, name }) };
  }
  if (type !== "scsi_host" || names === undefined) {
    throw new VirtError(
      "unsupported",
      `Cannot make a device of type "${type ?? "none"}" under ${above.label}`,
      {
        hint: "The simulated host makes virtual Fibre Channel adapters (fc_host) and mediated devices (mdev)",
      },
    );
  }
  if (!makesAdapters(above)) {
    throw wrongState(above, { doing: "make a virtual adapter on", found: "it has no ports for that" });
  }
  const known = [...table.all("nodeDevice")].find(({ facts }) => {
    const have = worldWideNames(facts.record.config);
    return facts.record.parent === parent && have?.wwnn === names.wwnn && have.wwpn === names.wwpn;
  });
  const number = connectionOf(job).hostRecord.nextDevice;
  const name = known?.name ?? `scsi_host${number}`;
  return {
    name,
    parent,
    xml: known?.facts.record.config ?? adapterXml({
      name,
      parent,
      host: number,
      uniqueId: number,
      ...names,
      fabricWwn: fabricOf(above.facts.record.config) ?? "",
      ports: false,
    }),
  };
}

function withName(xml: string, { root, name }: { readonly root: XmlElement; readonly name: string }): string {
  const element = childOf(root, "name");
  const text = `<name>${name}</name>`;
  return element === undefined
    ? `${xml.slice(0, root.startEnd)}\n  ${text}${xml.slice(root.startEnd)}`
    : xml.slice(0, element.start) + text + xml.slice(element.end);
}

async function create(job: Job, { xml }: In<"nodeDevice.create">): Promise<ObjectRef<"nodeDevice">> {
  const { name, parent, xml: text } = read(job, xml);
  await act(job, "node-device.create", { input: { id: name, name, parent, xml: text } });
  return refTo(job, "nodeDevice", { id: name, name });
}

async function define(job: Job, { xml }: In<"nodeDevice.define">): Promise<ObjectRef<"nodeDevice">> {
  const { name, parent, xml: text } = read(job, xml);
  await act(job, "node-device.define", { input: { id: name, name, parent, xml: text } });
  return refTo(job, "nodeDevice", { id: name, name });
}

async function destroy(job: DeviceJob): Promise<Nothing> {
  const { object } = job;
  const { present, config } = object.facts.record;
  if (!present) throw wrongState(object, { doing: "remove", found: "it is not there" });
  if (worldWideNames(config) === undefined && !capabilitiesOf(readXml(config)).includes("mdev")) {
    throw new VirtError("unsupported", `Cannot remove ${object.label}: it is a part of the host itself`, {
      target: object.label,
      hint: "Virtual Fibre Channel adapters and mediated devices can be removed",
    });
  }
  await act(job, "node-device.remove", { input: { id: object.id } });
  return {};
}

async function undefine(job: DeviceJob): Promise<Nothing> {
  const { object } = job;
  if (!object.facts.record.defined) {
    throw wrongState(object, { doing: "undefine", found: "it has no definition" });
  }
  await act(job, "node-device.undefine", { input: { id: object.id } });
  return {};
}

async function start(job: DeviceJob): Promise<Nothing> {
  const { object } = job;
  const { id, name, parent, config, present } = object.facts.record;
  if (present) throw wrongState(object, { doing: "start", found: "it is there already" });
  await act(job, "node-device.create", {
    input: { id, name, xml: config, ...(parent === undefined ? {} : { parent }) },
  });
  return {};
}

async function setAutostart(job: DeviceJob, { autostart }: In<"nodeDevice.setAutostart">): Promise<Nothing> {
  const { object } = job;
  if (!object.facts.record.defined) {
    throw wrongState(object, { doing: "change the autostart of", found: "it has no definition" });
  }
  await act(job, "node-device.set-autostart", { input: { id: object.id, autostart } });
  return {};
}

/** The host gives names out one after the other. */
function claimHost(connection: DriverConnection): readonly SlotClaim[] {
  return [{ object: connection.self }];
}

/** The device that a broken call would have made: the one with its world-wide names or its name. */
function madeBy(job: Job, xml: string): DeviceObject | undefined {
  const names = worldWideNames(xml);
  const { table } = connectionOf(job);
  if (names === undefined) return table.byName("nodeDevice", read(job, xml).name);
  return [...table.all("nodeDevice")].find(({ facts }) => {
    const have = worldWideNames(facts.record.config);
    return have?.wwnn === names.wwnn && have.wwpn === names.wwpn &&
      facts.record.parent === parentIn(job, readXml(xml)).name;
  });
}

/** Making a device: which name it got is known only after the whole host has been read again. */
function making<N extends "nodeDevice.create" | "nodeDevice.define">(
  isThere: (device: DeviceObject) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return async (job: Job, { xml }: { readonly xml: string }) => {
    await connectionOf(job).readAgain(job);
    const device = madeBy(job, xml);
    return device !== undefined && isThere(device)
      ? { kind: "done" as const, value: job.ref(device, "nodeDevice") as Out<N> }
      : { kind: "not-done" as const };
  };
}

function settled<
  N extends "nodeDevice.destroy" | "nodeDevice.undefine" | "nodeDevice.start" | "nodeDevice.setAutostart",
>(
  done: (job: DeviceJob, input: In<N>) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState<N, LiveOf<"nodeDevice">, Facts<"nodeDevice">>({ done, value: () => ({}) as Out<N> });
}

export const nodeDevices = {
  "nodeDevice.list": { run: (job, input) => Promise.try(list, job, input) },
  "nodeDevice.lookup": { run: (job, input) => Promise.try(find, job, input) },
  "nodeDevice.create": {
    run: create,
    about: claimHost,
    reconcile: making<"nodeDevice.create">(({ facts }) => facts.record.present),
  },
  "nodeDevice.define": {
    run: define,
    about: claimHost,
    reconcile: making<"nodeDevice.define">(({ facts }) => facts.record.defined),
  },
  "nodeDevice.destroy": {
    run: destroy,
    reconcile: settled<"nodeDevice.destroy">(({ object }) =>
      object.phase === "removed" || object.live === undefined
    ),
  },
  "nodeDevice.undefine": {
    run: undefine,
    reconcile: settled<"nodeDevice.undefine">(({ object }) =>
      object.phase === "removed" || !object.facts.record.defined
    ),
  },
  "nodeDevice.start": {
    run: start,
    reconcile: settled<"nodeDevice.start">(({ object }) => object.live !== undefined),
  },
  "nodeDevice.setAutostart": {
    run: setAutostart,
    reconcile: settled<"nodeDevice.setAutostart">(({ object }, { autostart }) =>
      object.facts.record.autostart === autostart
    ),
  },
  "nodeDevice.xml": { run: ({ object }: DeviceJob) => Promise.resolve(object.facts.record.config) },
  "nodeDevice.info": { run: (job: DeviceJob) => Promise.try(entryOf, job, job.object) },
} satisfies DriverMap;
