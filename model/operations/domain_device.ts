/**
 * Operations on domains: their devices.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { affect, affectOne, bytes, nothing, parameters, xmlText } from "./shape.ts";

const alsoSave = [{ permission: "domain:save", field: "config" }] as const;

/** A disk, by its target or its source. */
const disk = z.string().min(1).max(4096).describe("The disk's target, vda, or the path of its source");

/** A network interface of a domain. */
const nic = z.string().min(1).max(256).describe("The interface's target, vnet0, or its MAC address");

export const domainAttachDevice = operation("domain.attachDevice", {
  summary: "Add a device to a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "device" },
  secretPlaces: ["xml"],
  aliases: ["attach-device"],
  input: z.object({ xml: xmlText.describe("A device document: <disk>, <interface>, …"), ...affect }),
  output: nothing,
});

export const domainDetachDevice = operation("domain.detachDevice", {
  summary: "Remove a device from a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["detach-device"],
  input: z.object({
    xml: xmlText.optional().describe(
      "A device document that says which: a disk's target, an interface's MAC address",
    ),
    alias: z.string().max(256).optional().describe("The device's alias, instead of a document"),
    ...affect,
  }),
  output: nothing,
});

export const domainUpdateDevice = operation("domain.updateDevice", {
  summary: "Change a device of a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "device" },
  secretPlaces: ["xml"],
  aliases: ["update-device"],
  input: z.object({ xml: xmlText.describe("The device's document as it shall be"), ...affect }),
  output: nothing,
});

export const domainBlockDevices = operation("domain.blockDevices", {
  summary: "List a domain's disks",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["domblklist"],
  input: z.object(affectOne),
  output: z.array(z.object({
    target: z.string(),
    type: z.string(),
    device: z.string(),
    bus: z.string().optional(),
    source: z.string().optional(),
  })),
});

export const domainInterfaces = operation("domain.interfaces", {
  summary: "List a domain's network interfaces",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["domiflist"],
  input: z.object(affectOne),
  output: z.array(z.object({
    target: z.string().optional(),
    type: z.string(),
    source: z.string().optional(),
    model: z.string().optional(),
    mac: z.string().optional(),
    link: z.enum(["up", "down"]),
  })),
});

export const domainBlockInfo = operation("domain.blockInfo", {
  summary: "Show the sizes of a disk of a domain",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domblkinfo"],
  input: z.object({ disk }),
  output: z.object({
    capacityBytes: bytes.describe("What the guest sees"),
    allocationBytes: bytes.describe("What is written"),
    physicalBytes: bytes.describe("What its file or device takes"),
  }),
});

export const domainResizeBlock = operation("domain.resizeBlock", {
  summary: "Resize a disk of a running domain",
  permission: "domain:block_write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["blockresize"],
  input: z.object({ disk, sizeBytes: z.int().min(1).describe("The disk's size in bytes") }),
  output: nothing,
});

export const domainBlockIoTune = operation("domain.blockIoTune", {
  summary: "Show a disk's I/O limits",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: z.object({ disk, ...affectOne }),
  output: parameters,
});

export const domainSetBlockIoTune = operation("domain.setBlockIoTune", {
  summary: "Change a disk's I/O limits",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["blkdeviotune"],
  input: z.object({ disk, parameters, ...affect }),
  output: nothing,
});

export const domainInterfaceParameters = operation("domain.interfaceParameters", {
  summary: "Show a network interface's bandwidth",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: z.object({ interface: nic, ...affectOne }),
  output: parameters,
});

export const domainSetInterfaceParameters = operation("domain.setInterfaceParameters", {
  summary: "Change a network interface's bandwidth",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domiftune"],
  input: z.object({ interface: nic, parameters, ...affect }),
  output: nothing,
});

/** A throttle group: disks that share limits. */
const throttleGroup = z.string().min(1).max(256).describe("The group's name");

export const domainSetThrottleGroup = operation("domain.setThrottleGroup", {
  summary: "Make a group of limits that disks of a domain can share, or change its limits",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domthrottlegroupset"],
  input: z.object({ group: throttleGroup, parameters, ...affect }),
  output: nothing,
});

export const domainRemoveThrottleGroup = operation("domain.removeThrottleGroup", {
  summary: "Remove a group of limits that no disk of a domain uses",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domthrottlegroupdel"],
  input: z.object({ group: throttleGroup, ...affect }),
  output: nothing,
});
