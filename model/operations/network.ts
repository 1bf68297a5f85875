/**
 * Operations on virtual networks.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import {
  affect,
  lookupName,
  metadataAsked,
  metadataGiven,
  nameGlob,
  nameOrUuid,
  nothing,
  xmlText,
} from "./shape.ts";

/** A network in a list. */
export const networkEntry = z.object({
  network: refSchema("network"),
  active: z.boolean(),
  persistent: z.boolean(),
  autostart: z.boolean(),
  bridge: z.string().optional(),
});

export const networkList = operation("network.list", {
  summary: "List virtual networks",
  permission: "connect:search_networks",
  filter: "network:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listNetworks",
  aliases: ["net-list"],
  input: z.object({
    name: nameGlob,
    active: z.boolean().optional(),
    persistent: z.boolean().optional(),
    autostart: z.boolean().optional(),
  }),
  output: z.array(networkEntry),
});

export const networkLookup = operation("network.lookup", {
  summary: "Find a virtual network by name or UUID",
  permission: "network:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "network",
  aliases: ["net-name", "net-uuid"],
  input: z.object({ name: lookupName.describe("Name or UUID"), by: nameOrUuid }),
  output: refSchema("network"),
});

export const networkDefine = operation("network.define", {
  summary: "Define a virtual network from XML, or change its definition",
  permission: "network:write",
  also: [{ permission: "network:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineNetwork",
  reaches: { field: "xml", document: "network" },
  aliases: ["net-define"],
  undo: "network.discard",
  input: z.object({
    xml: xmlText.describe("A <network> document"),
    basedOn: xmlText.optional().describe(
      "The definition that the change is based on; where it is not the present one any more the call fails",
    ),
  }),
  output: refSchema("network"),
});

export const networkCreate = operation("network.create", {
  summary: "Start a virtual network from XML without keeping its definition",
  permission: "network:write",
  also: [{ permission: "network:start" }],
  job: "async:start",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "createNetwork",
  reaches: { field: "xml", document: "network" },
  aliases: ["net-create"],
  undo: "network.discard",
  input: z.object({ xml: xmlText.describe("A <network> document") }),
  output: refSchema("network"),
});

export const networkStart = operation("network.start", {
  summary: "Start a defined virtual network",
  permission: "network:start",
  job: "async:start",
  effect: "write",
  reconcile: "by-state",
  aliases: ["net-start"],
  input: nothing,
  output: nothing,
});

export const networkDestroy = operation("network.destroy", {
  summary: "Stop a virtual network",
  permission: "network:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["net-destroy"],
  input: nothing,
  output: nothing,
});

export const networkUndefine = operation("network.undefine", {
  summary: "Remove the definition of a virtual network that is stopped",
  permission: "network:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["net-undefine"],
  input: nothing,
  output: nothing,
});

export const networkDiscard = operation("network.discard", {
  summary: "Stop a virtual network where it runs and remove its definition",
  permission: "network:delete",
  also: [{ permission: "network:stop" }],
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  input: nothing,
  output: nothing,
});

export const networkXml = operation("network.xml", {
  summary: "Show a virtual network's definition as XML",
  permission: "network:read",
  job: "none",
  effect: "read",
  aliases: ["net-dumpxml"],
  input: z.object({
    inactive: z.boolean().default(false).describe(
      "The definition that the next start uses, also while it runs",
    ),
  }),
  output: z.string().describe("A <network> document"),
});

export const networkGetInfo = operation("network.info", {
  summary: "Show a virtual network at a glance",
  permission: "network:read",
  job: "none",
  effect: "read",
  aliases: ["net-info"],
  input: nothing,
  output: networkEntry,
});

export const networkSetAutostart = operation("network.setAutostart", {
  summary: "Have a virtual network started with its host, or not",
  permission: "network:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["net-autostart"],
  input: z.object({ autostart: z.boolean().default(true) }),
  output: nothing,
});

export const networkUpdate = operation("network.update", {
  summary: "Change a part of a virtual network, also while it runs",
  permission: "network:write",
  also: [{ permission: "network:save", field: "config" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["net-update"],
  reaches: { field: "xml", document: "network" },
  input: z.object({
    command: z.enum(["add-first", "add-last", "modify", "delete"]),
    section: z.enum([
      "bridge",
      "domain",
      "ip",
      "ip-dhcp-host",
      "ip-dhcp-range",
      "forward",
      "forward-interface",
      "forward-pf",
      "portgroup",
      "dns-host",
      "dns-txt",
      "dns-srv",
    ]),
    xml: xmlText.describe("The element: <host mac='…' ip='…'/>"),
    parentIndex: z.int().min(-1).max(1024).default(-1).describe("Which <ip>, from 0; -1 to find it"),
    ...affect,
  }),
  output: nothing,
});

export const networkMetadata = operation("network.metadata", {
  summary: "Show a virtual network's title, its description, or what a program keeps in it",
  permission: "network:read",
  job: "none",
  effect: "read",
  aliases: ["net-desc"],
  input: metadataAsked,
  output: z.string(),
});

export const networkSetMetadata = operation("network.setMetadata", {
  summary: "Change a virtual network's title, its description, or what a program keeps in it",
  permission: "network:write",
  also: [{ permission: "network:save", field: "config" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["net-metadata"],
  relabels: { namespace: "uri", element: "value" },
  input: metadataGiven,
  output: nothing,
});

export const networkLeases = operation("network.leases", {
  summary: "List a virtual network's DHCP leases",
  permission: "network:read",
  job: "none",
  effect: "read",
  aliases: ["net-dhcp-leases"],
  input: z.object({ mac: z.string().max(32).optional().describe("Only for this MAC address") }),
  output: z.array(z.object({
    interface: z.string(),
    mac: z.string(),
    family: z.enum(["ipv4", "ipv6"]),
    address: z.string(),
    prefix: z.int(),
    hostname: z.string().optional(),
    expiresAt: z.int().describe("Milliseconds since 1970"),
  })),
});
