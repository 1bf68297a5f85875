/**
 * The host's devices.
 *
 * @module
 */
import type { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { RemoteNodeDevice } from "../../protocol/procedures/mod.ts";
import { lifeNumber, nodeDeviceLife } from "../../protocol/words/event.ts";
import { documentWords, rootIn, validate, validateFlag } from "../dispatch/document.ts";
import { oneOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { hostName } from "../dispatch/objects.ts";
import { register } from "../dispatch/registration.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";

/** What a device can, each at the place of its bit. Source: libvirt, virConnectListAllNodeDeviceFlags. */
const capabilities: readonly string[] = [
  ...["system", "pci", "usb_device", "usb", "net", "scsi_host", "scsi_target", "scsi", "storage", "fc_host"],
  ...["vports", "scsi_generic", "drm", "mdev_types", "mdev", "ccw", "css", "vdpa", "ap_card", "ap_queue"],
  ...["ap_matrix", "vpd", "ccwgroup", "ccwgroup_member"],
];
const capabilityBits = (1 << capabilities.length) - 1;

/** Bits of how devices are. */
const listFlag = { persistent: 1 << 28, transient: 1 << 29, inactive: 1 << 30, active: 1 << 31 } as const;
const listFlags = capabilityBits | listFlag.persistent | listFlag.transient | listFlag.inactive |
  listFlag.active;

type Entry = OutputOf<Operations["nodeDevice.list"]>[number];

/** What a device can in the words of libvirt's lists, which have another one for ports of adapters than documents. */
function capabilitiesOf({ capabilities: types }: Entry): readonly string[] {
  return types.map((type) => type === "vport_ops" ? "vports" : type).filter((type) =>
    capabilities.includes(type)
  );
}

/** Whether a device can one of the things that are asked for; all where none is. */
function isAsked(entry: Entry, flags: number): boolean {
  if ((flags & capabilityBits) === 0) return true;
  return capabilitiesOf(entry).some((type) => (flags & 1 << capabilities.indexOf(type)) !== 0);
}

function listed(entries: readonly Entry[], flags: number): readonly RemoteNodeDevice[] {
  const persistent = oneOf(flags, listFlag.persistent, listFlag.transient);
  return entries.filter((entry) =>
    isAsked(entry, flags) && (persistent === undefined || persistent === entry.persistent)
  ).map(({ nodeDevice: { name } }) => ({ name }));
}

/** The names of the devices that are there and can something. */
async function names(cap: string | undefined, session: HostSession): Promise<readonly string[]> {
  const entries = await session.run("nodeDevice.list", { input: { active: true } });
  return entries.filter((entry) => cap === undefined || capabilitiesOf(entry).includes(cap)).map((
    { nodeDevice: { name } },
  ) => name);
}

/** What calls name by its name alone. */
function target({ name }: { readonly name: string }): ObjectRef {
  return { $ref: "nodeDevice", connection: hostName, id: name, name };
}

/** Errors of finding what clients hold on to. */
const missing = {
  "not-found": ({ name }: { readonly name: string }): string => `no node device with matching name '${name}'`,
};

/** Errors of making a device. The name is what libvirt calls one that has none yet. */
const making = {
  "invalid-document": ({ xmlDesc }: { readonly xmlDesc: string }): Words | undefined =>
    documentWords(xmlDesc, "device"),
  "not-found": (): Words => ({
    text: "Could not find parent device for 'new device'",
    code: "VIR_ERR_INTERNAL_ERROR",
  }),
  "unsupported": (
    { xmlDesc }: { readonly xmlDesc: string },
    _error: VirtError,
    session: HostSession,
  ): Words | undefined => session.supports("nodeDevice.create") ? unmakeable(xmlDesc) : undefined,
};

function unmakeable(xml: string): Words {
  const isAdapter = rootIn(xml)?.children.some(({ children }) =>
    children.some(({ attributes }) => attributes.get("type") === "fc_host")
  );
  const text = isAdapter === true
    ? "no WWNN supplied for 'new device', and auto-generation failed"
    : "Device is not a fibre channel HBA";
  return { text, code: "VIR_ERR_INTERNAL_ERROR" };
}

const part = (_args: unknown, _error: VirtError, session: HostSession): Words | undefined =>
  session.supports("nodeDevice.destroy")
    ? { text: "Unsupported device type", code: "VIR_ERR_OPERATION_UNSUPPORTED" }
    : undefined;

/** Every event of devices at the place of its number. Source: libvirt, virNodeDeviceEventID. */
const events: readonly Telling[] = [
  ({ object, type }, { connection, callback }) => {
    const event = lifeNumber(nodeDeviceLife, type);
    if (object.$ref !== "nodeDevice" || event < 0) return;
    const dev = { name: object.name };
    connection.tell("nodeDeviceEventLifecycle", { callbackID: callback, dev, event, detail: 0 });
  },
  ({ object, type }, { connection, callback }) => {
    if (object.$ref !== "nodeDevice" || type !== "updated") return;
    connection.tell("nodeDeviceEventUpdate", { callbackID: callback, dev: { name: object.name } });
  },
];

/** The rows. */
export const nodeDevice = {
  connectListAllNodeDevices: calls("nodeDevice.list", {
    flags: listFlags,
    input: ({ flags }) => {
      const active = oneOf(flags, listFlag.active, listFlag.inactive);
      return active === undefined ? {} : { active };
    },
    result: (entries, { args: { needResults, flags } }) => {
      const devices = listed(entries, flags);
      return { devices: needResults === 0 ? [] : devices, ret: devices.length };
    },
  }),
  nodeNumOfDevices: answers(async ({ cap }, session) => ({ num: (await names(cap, session)).length })),
  nodeListDevices: answers(async ({ cap, maxnames: room }, session) => ({
    names: fitting(await names(cap, session), { procedure: "nodeListDevices", room }),
  })),
  nodeDeviceLookupByName: worded(
    calls("nodeDevice.lookup", {
      input: ({ name }) => ({ name, by: "name" }),
      result: ({ name }) => ({ dev: { name } }),
    }),
    missing,
  ),
  nodeDeviceLookupScsiHostByWwn: calls("nodeDevice.lookup", {
    input: ({ wwnn, wwpn }) => ({ name: `${wwnn},${wwpn}`, by: "wwn" }),
    result: ({ name }) => ({ dev: { name } }),
  }),
  nodeDeviceGetXmlDesc: worded(calls("nodeDevice.xml", { target, result: (xml) => ({ xml }) }), missing),
  nodeDeviceGetParent: worded(
    calls("nodeDevice.info", { target, result: ({ parent }) => ({ parentName: parent }) }),
    missing,
  ),
  nodeDeviceNumOfCaps: worded(
    calls("nodeDevice.info", { target, result: (info) => ({ num: capabilitiesOf(info).length }) }),
    missing,
  ),
  nodeDeviceListCaps: worded(
    calls("nodeDevice.info", {
      target,
      result: (info, { args: { maxnames: room } }) => ({
        names: fitting(capabilitiesOf(info), { procedure: "nodeDeviceListCaps", room }),
      }),
    }),
    missing,
  ),
  nodeDeviceIsActive: worded(
    calls("nodeDevice.info", { target, result: ({ active }) => ({ active: active ? 1 : 0 }) }),
    missing,
  ),
  nodeDeviceIsPersistent: worded(
    calls("nodeDevice.info", { target, result: ({ persistent }) => ({ persistent: persistent ? 1 : 0 }) }),
    missing,
  ),
  nodeDeviceGetAutostart: worded(
    calls("nodeDevice.info", { target, result: ({ autostart }) => ({ autostart: autostart ? 1 : 0 }) }),
    missing,
  ),
  nodeDeviceSetAutostart: worded(
    calls("nodeDevice.setAutostart", { target, input: ({ autostart }) => ({ autostart: autostart !== 0 }) }),
    missing,
  ),
  nodeDeviceCreateXml: worded(
    answers(async ({ xmlDesc, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xmlDesc, "device");
      const { name } = await session.run("nodeDevice.create", { input: { xml: xmlDesc } });
      return { dev: { name } };
    }, { flags: validateFlag }),
    making,
  ),
  nodeDeviceDefineXml: worded(
    answers(async ({ xmlDesc, flags }, session) => {
      if ((flags & validateFlag) !== 0) await validate(xmlDesc, "device");
      const { name } = await session.run("nodeDevice.define", { input: { xml: xmlDesc } });
      return { dev: { name } };
    }, { flags: validateFlag }),
    making,
  ),
  nodeDeviceDestroy: worded(calls("nodeDevice.destroy", { target }), { ...missing, "unsupported": part }),
  nodeDeviceUndefine: worded(calls("nodeDevice.undefine", { target }), missing),
  nodeDeviceCreate: worded(calls("nodeDevice.start", { target }), missing),
  nodeDeviceDettach: worded(calls("nodeDevice.detach", { target }), missing),
  nodeDeviceDetachFlags: worded(
    calls("nodeDevice.detach", {
      target,
      input: ({ driverName }) => (driverName === undefined ? {} : { driver: driverName }),
    }),
    missing,
  ),
  nodeDeviceReAttach: worded(calls("nodeDevice.reattach", { target }), missing),
  nodeDeviceReset: worded(calls("nodeDevice.reset", { target }), missing),
  connectNodeDeviceEventRegisterAny: answers(({ eventID, dev }, session) =>
    register(session, { what: "node device", events, eventID, id: dev?.name })
  ),
  connectNodeDeviceEventDeregisterAny: answers(({ callbackID }, session) => {
    session.events.remove(callbackID, "node device");
    return undefined;
  }),
} satisfies Family;
