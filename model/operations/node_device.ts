/**
 * Operations on the host's devices.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { lookupName, nameGlob, nothing, xmlText } from "./shape.ts";

/** A node device in a list. */
export const nodeDeviceEntry = z.object({
  nodeDevice: refSchema("nodeDevice"),
  parent: z.string().optional(),
  capabilities: z.array(z.string()),
  active: z.boolean(),
  persistent: z.boolean().describe("Whether it has a definition"),
  autostart: z.boolean(),
});

export const nodeDeviceList = operation("nodeDevice.list", {
  summary: "List the host's devices",
  permission: "connect:search_node_devices",
  filter: "node_device:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listNodeDevices",
  aliases: ["nodedev-list"],
  input: z.object({
    name: nameGlob,
    capability: z.string().max(64).optional().describe("Only those that can this: pci, scsi_host, …"),
    active: z.boolean().optional(),
  }),
  output: z.array(nodeDeviceEntry),
});

export const nodeDeviceLookup = operation("nodeDevice.lookup", {
  summary: "Find a device of the host by name, or a Fibre Channel adapter by WWNN,WWPN",
  permission: "node_device:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "nodeDevice",
  input: z.object({
    name: lookupName.describe("Name, or WWNN,WWPN"),
    by: z.enum(["name", "wwn"]).optional().describe("Which of them it is; the first that fits"),
  }),
  output: refSchema("nodeDevice"),
});

export const nodeDeviceCreate = operation("nodeDevice.create", {
  summary: "Make a device on the host: a virtual adapter, a mediated device",
  permission: "node_device:write",
  also: [{ permission: "node_device:start" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "createNodeDevice",
  reaches: { field: "xml", document: "nodeDevice" },
  aliases: ["nodedev-create"],
  undo: "nodeDevice.destroy",
  input: z.object({
    xml: xmlText.describe("A <device> document; an adapter's parent is found where it is not said"),
  }),
  output: refSchema("nodeDevice"),
});

export const nodeDeviceDestroy = operation("nodeDevice.destroy", {
  summary: "Remove a device from the host; its definition stays, if it has one",
  permission: "node_device:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["nodedev-destroy"],
  input: nothing,
  output: nothing,
});

export const nodeDeviceDefine = operation("nodeDevice.define", {
  summary: "Define a device of the host without making it",
  permission: "node_device:write",
  also: [{ permission: "node_device:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineNodeDevice",
  reaches: { field: "xml", document: "nodeDevice" },
  aliases: ["nodedev-define"],
  undo: "nodeDevice.undefine",
  input: z.object({ xml: xmlText.describe("A <device> document with its parent") }),
  output: refSchema("nodeDevice"),
});

export const nodeDeviceUndefine = operation("nodeDevice.undefine", {
  summary: "Remove the definition of a device",
  permission: "node_device:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["nodedev-undefine"],
  input: nothing,
  output: nothing,
});

export const nodeDeviceStart = operation("nodeDevice.start", {
  summary: "Make a defined device on the host",
  permission: "node_device:start",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["nodedev-start"],
  input: nothing,
  output: nothing,
});

export const nodeDeviceSetAutostart = operation("nodeDevice.setAutostart", {
  summary: "Have a defined device made with its host, or not",
  permission: "node_device:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["nodedev-autostart"],
  input: z.object({ autostart: z.boolean().default(true) }),
  output: nothing,
});

export const nodeDeviceXml = operation("nodeDevice.xml", {
  summary: "Show a device of the host as XML",
  permission: "node_device:read",
  job: "none",
  effect: "read",
  aliases: ["nodedev-dumpxml"],
  input: nothing,
  output: z.string().describe("A <device> document"),
});

export const nodeDeviceGetInfo = operation("nodeDevice.info", {
  summary: "Show a device of the host at a glance",
  permission: "node_device:read",
  job: "none",
  effect: "read",
  aliases: ["nodedev-info"],
  input: nothing,
  output: nodeDeviceEntry,
});

export const nodeDeviceDetach = operation("nodeDevice.detach", {
  summary: "Take a device away from the host's own driver, so that a guest can have it",
  permission: "node_device:detach",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["nodedev-detach"],
  input: z.object({
    driver: z.string().min(1).max(64).optional().describe("The driver that takes it over, vfio if not given"),
  }),
  output: nothing,
});

export const nodeDeviceReattach = operation("nodeDevice.reattach", {
  summary: "Give a device back to the host's own driver",
  permission: "node_device:detach",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["nodedev-reattach"],
  input: nothing,
  output: nothing,
});

export const nodeDeviceReset = operation("nodeDevice.reset", {
  summary: "Reset a device that no guest uses",
  permission: "node_device:detach",
  job: "modify",
  effect: "write",
  aliases: ["nodedev-reset"],
  input: nothing,
  output: nothing,
});
