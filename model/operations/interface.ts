/**
 * Operations on a host's network interfaces.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { lookupName, nameGlob, nothing, xmlText } from "./shape.ts";

/** An interface in a list. */
export const interfaceEntry = z.object({
  interface: refSchema("interface"),
  active: z.boolean(),
  mac: z.string().optional(),
});

export const interfaceList = operation("interface.list", {
  summary: "List the host's network interfaces",
  permission: "connect:search_interfaces",
  filter: "interface:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listInterfaces",
  aliases: ["iface-list"],
  input: z.object({ name: nameGlob, active: z.boolean().optional() }),
  output: z.array(interfaceEntry),
});

export const interfaceLookup = operation("interface.lookup", {
  summary: "Find a network interface of the host by name or MAC address",
  permission: "interface:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "interface",
  aliases: ["iface-name", "iface-mac"],
  input: z.object({
    name: lookupName.describe("Name or MAC address"),
    by: z.enum(["name", "mac"]).optional().describe("Which of them it is; the first that fits"),
  }),
  output: refSchema("interface"),
});

export const interfaceDefine = operation("interface.define", {
  summary: "Define a network interface of the host from XML, or change its definition",
  permission: "interface:write",
  also: [{ permission: "interface:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineInterface",
  reaches: { field: "xml", document: "interface" },
  aliases: ["iface-define"],
  undo: "interface.undefine",
  input: z.object({ xml: xmlText.describe("An <interface> document of the host") }),
  output: refSchema("interface"),
});

export const interfaceStart = operation("interface.start", {
  summary: "Bring a network interface of the host up",
  permission: "interface:start",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["iface-start"],
  input: nothing,
  output: nothing,
});

export const interfaceDestroy = operation("interface.destroy", {
  summary: "Take a network interface of the host down",
  permission: "interface:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["iface-destroy"],
  input: nothing,
  output: nothing,
});

export const interfaceUndefine = operation("interface.undefine", {
  summary: "Remove a network interface from the host's configuration",
  permission: "interface:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["iface-undefine"],
  input: nothing,
  output: nothing,
});

export const interfaceXml = operation("interface.xml", {
  summary: "Show a network interface of the host as XML",
  permission: "interface:read",
  job: "none",
  effect: "read",
  aliases: ["iface-dumpxml"],
  input: z.object({ inactive: z.boolean().default(false).describe("As configured, not as it is") }),
  output: z.string().describe("An <interface> document"),
});

export const interfaceGetInfo = operation("interface.info", {
  summary: "Show a network interface of the host at a glance",
  permission: "interface:read",
  job: "none",
  effect: "read",
  input: nothing,
  output: interfaceEntry,
});

export const interfaceBeginChange = operation("interface.beginChange", {
  summary: "Begin a change of the host's network interfaces that can be taken back",
  permission: "connect:interface_transaction",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "beginInterfaceChange",
  aliases: ["iface-begin"],
  input: nothing,
  output: nothing,
});

export const interfaceCommitChange = operation("interface.commitChange", {
  summary: "Keep what was changed on the host's network interfaces",
  permission: "connect:interface_transaction",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "commitInterfaceChange",
  aliases: ["iface-commit"],
  input: nothing,
  output: nothing,
});

export const interfaceRollBackChange = operation("interface.rollBackChange", {
  summary: "Take back what was changed on the host's network interfaces",
  permission: "connect:interface_transaction",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "rollBackInterfaceChange",
  aliases: ["iface-rollback"],
  input: nothing,
  output: nothing,
});
