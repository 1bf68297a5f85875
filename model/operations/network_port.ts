/**
 * Operations on the ports of virtual networks: what a network gives to one interface of a domain.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { lookupName, nothing, parameters, xmlText } from "./shape.ts";

/** The names of limits. Source: libvirt, VIR_NETWORK_PORT_BANDWIDTH_*. */
export const bandwidthParameters = [
  "inbound.average",
  "inbound.peak",
  "inbound.burst",
  "inbound.floor",
  "outbound.average",
  "outbound.peak",
  "outbound.burst",
] as const;

/** A port in a list. */
export const networkPortEntry = z.object({ port: refSchema("networkPort") });

export const networkPortList = operation("networkPort.list", {
  summary: "List the ports of a virtual network",
  permission: "network:search_ports",
  filter: "network_port:getattr",
  job: "none",
  effect: "read",
  on: "network",
  as: "listPorts",
  aliases: ["net-port-list"],
  input: nothing,
  output: z.array(networkPortEntry),
});

export const networkPortLookup = operation("networkPort.lookup", {
  summary: "Find a port of a virtual network by UUID",
  permission: "network_port:getattr",
  job: "none",
  effect: "read",
  on: "network",
  as: "port",
  input: z.object({ name: lookupName.describe("The port's UUID") }),
  output: refSchema("networkPort"),
});

export const networkPortCreate = operation("networkPort.create", {
  summary: "Make a port on a running virtual network",
  permission: "network_port:create",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "network",
  as: "createPort",
  reaches: { field: "xml", document: "networkPort" },
  aliases: ["net-port-create"],
  undo: "networkPort.delete",
  input: z.object({
    xml: xmlText.describe("A <networkport> document"),
    reclaim: z.boolean().default(false).describe("Take over what an interface uses already"),
  }),
  output: refSchema("networkPort"),
});

export const networkPortDelete = operation("networkPort.delete", {
  summary: "Delete a port of a virtual network; the interface that uses it loses its connection",
  permission: "network_port:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["net-port-delete"],
  input: nothing,
  output: nothing,
});

export const networkPortXml = operation("networkPort.xml", {
  summary: "Show a port of a virtual network as XML",
  permission: "network_port:read",
  job: "none",
  effect: "read",
  aliases: ["net-port-dumpxml"],
  input: nothing,
  output: z.string().describe("A <networkport> document"),
});

export const networkPortGetParameters = operation("networkPort.parameters", {
  summary: "Show the bandwidth that a port of a virtual network may take",
  permission: "network_port:read",
  job: "none",
  effect: "read",
  input: nothing,
  output: parameters.describe(
    "Rates in KiB/s, bursts in KiB: inbound.average, inbound.burst, outbound.peak, …",
  ),
});

export const networkPortSetParameters = operation("networkPort.setParameters", {
  summary: "Limit the bandwidth that a port of a virtual network may take",
  permission: "network_port:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  input: z.object({
    parameters: z.partialRecord(z.enum(bandwidthParameters), z.int().min(0).max(0xffff_ffff)).describe(
      "Rates in KiB/s, bursts in KiB; what is not named is not limited",
    ),
  }),
  output: nothing,
});
