/**
 * Operations on a connection: the host itself.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { nothing, xmlText } from "./shape.ts";

/** Who and what answers at the other end of a connection. */
export const connectionInfo = z.object({
  hostname: z.string(),
  hostUuid: z.guid(),
  driver: z.string(),
  uri: z.string(),
  hypervisorVersion: z.string().describe("Major, minor and release, with dots"),
  maxVcpus: z.int().describe("The most virtual processors that a domain may have"),
  encrypted: z.boolean().describe("Whether the connection is encrypted"),
  secure: z.boolean().describe("Whether nobody but the two ends can read it"),
});

/** The host's processors and memory. */
export const nodeInfo = z.object({
  model: z.string(),
  memoryKib: z.int().describe("Memory of the host in KiB"),
  cpus: z.int().describe("Active processors"),
  mhz: z.int().describe("Their frequency in MHz"),
  nodes: z.int().describe("NUMA cells; 1 where the host has uniform memory"),
  sockets: z.int().describe("Sockets per NUMA cell"),
  cores: z.int().describe("Cores per socket"),
  threads: z.int().describe("Threads per core"),
});

export const connectionGetInfo = operation("connection.info", {
  summary: "Show what a connection leads to",
  permission: "connect:getattr",
  job: "none",
  effect: "read",
  aliases: ["hostname", "version", "uri", "maxvcpus"],
  input: nothing,
  output: connectionInfo,
});

export const connectionCapabilities = operation("connection.capabilities", {
  summary: "Show what the host and its hypervisor can do, as XML",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["capabilities"],
  input: nothing,
  output: z.string().describe("A <capabilities> document"),
});

export const connectionDomainCapabilities = operation("connection.domainCapabilities", {
  summary: "Show what a domain on this host may consist of, as XML",
  permission: "connect:write",
  job: "none",
  effect: "read",
  aliases: ["domcapabilities"],
  places: { emulator: "emulator" },
  input: z.object({
    emulator: z.string().max(4096).optional().describe("Path of the emulator"),
    arch: z.string().max(64).optional().describe("Architecture: x86_64"),
    machine: z.string().max(128).optional().describe("Machine type: q35"),
    virtType: z.string().max(64).optional().describe("Virtualization type: kvm"),
  }),
  output: z.string().describe("A <domainCapabilities> document"),
});

export const connectionPoolCapabilities = operation("connection.poolCapabilities", {
  summary: "Show which types of storage pools the host can have, as XML",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["pool-capabilities"],
  input: nothing,
  output: z.string().describe("A <storagepoolCapabilities> document"),
});

export const connectionNodeInfo = operation("connection.nodeInfo", {
  summary: "Show the host's processors and memory",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["nodeinfo"],
  input: nothing,
  output: nodeInfo,
});

export const connectionFreeMemory = operation("connection.freeMemory", {
  summary: "Show the host's free memory, in all and by NUMA cell",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["freecell", "nodememstats"],
  input: nothing,
  output: z.object({
    totalKib: z.int(),
    cells: z.array(z.object({ cell: z.int(), freeKib: z.int() })),
  }),
});

export const connectionFreePages = operation("connection.freePages", {
  summary: "Show the host's free memory pages by NUMA cell and page size",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["freepages"],
  input: nothing,
  output: z.array(z.object({ cell: z.int(), pageKib: z.int(), free: z.int() })),
});

export const connectionCpuMap = operation("connection.cpuMap", {
  summary: "Show which of the host's processors are online",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["nodecpumap"],
  input: nothing,
  output: z.object({ present: z.int(), online: z.array(z.boolean()) }),
});

export const connectionCpuStats = operation("connection.cpuStats", {
  summary: "Show how much time the host's processors have spent on what",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["nodecpustats"],
  input: z.object({ cpu: z.int().min(0).optional().describe("One processor; all where not given") }),
  output: z.object({ userNs: z.int(), kernelNs: z.int(), idleNs: z.int(), iowaitNs: z.int() }),
});

export const connectionCpuModels = operation("connection.cpuModels", {
  summary: "List the processor models known for an architecture",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["cpu-models"],
  input: z.object({ arch: z.string().max(64).default("x86_64").describe("Architecture: x86_64, i686") }),
  output: z.array(z.string()),
});

export const connectionCompareCpu = operation("connection.compareCpu", {
  summary: "Compare the host's processor with a description",
  permission: "connect:write",
  job: "none",
  effect: "read",
  aliases: ["cpu-compare"],
  input: z.object({ xml: xmlText.describe("A <cpu> document") }),
  output: z.object({ result: z.enum(["incompatible", "identical", "superset"]) }),
});

export const connectionBaselineCpu = operation("connection.baselineCpu", {
  summary: "Compute the richest processor that all given ones can be",
  permission: "connect:write",
  job: "none",
  effect: "read",
  aliases: ["cpu-baseline"],
  input: z.object({ cpus: z.array(xmlText).min(1).max(1024).describe("<cpu> documents") }),
  output: z.string().describe("A <cpu> document"),
});

export const connectionSysinfo = operation("connection.sysinfo", {
  summary: "Show the host's SMBIOS information, as XML",
  permission: "connect:read",
  job: "none",
  effect: "read",
  aliases: ["sysinfo"],
  input: nothing,
  output: z.string().describe("A <sysinfo> document"),
});
