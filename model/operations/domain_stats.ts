/**
 * Operations on domains: statistics and jobs.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { nameGlob, nothing } from "./shape.ts";

/** Groups of statistics. */
export const statsGroups = [
  "state",
  "cpu",
  "balloon",
  "vcpu",
  "interface",
  "block",
  "perf",
  "iothread",
  "memory",
  "dirtyrate",
  "vm",
] as const;

export const domainStats = operation("domain.stats", {
  summary: "Show statistics of many domains in one call",
  permission: "connect:search_domains",
  filter: "domain:read",
  job: "none",
  effect: "read",
  on: "connection",
  as: "domainStats",
  aliases: ["domstats"],
  input: z.object({
    name: nameGlob,
    domains: z.array(refSchema("domain")).max(16_384).optional().describe("These only"),
    active: z.boolean().optional().describe("Only those that run, or only those that do not"),
    groups: z.array(z.enum(statsGroups)).max(statsGroups.length).optional().describe("All where not given"),
    backing: z.boolean().default(false).describe("Of block: every image of a disk's chain"),
    noWait: z.boolean().default(false).describe(
      "Leave out what a domain that is busy would have to be asked",
    ),
  }),
  output: z.array(z.object({
    domain: refSchema("domain"),
    stats: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).describe(
      "Names are libvirt's: state.state, balloon.current, vcpu.0.time, …",
    ),
  })),
});

export const domainMemoryStats = operation("domain.memoryStats", {
  summary: "Show what a running domain does with its memory",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["dommemstat"],
  input: nothing,
  output: z.record(z.string(), z.number()).describe("Sizes in KiB: actual, available, unused, rss, …"),
});

export const domainBlockStats = operation("domain.blockStats", {
  summary: "Show what a running domain did with a disk",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domblkstat"],
  input: z.object({
    disk: z.string().max(4096).optional().describe("The disk's target or source; all disks where not given"),
  }),
  output: z.object({
    readRequests: z.number(),
    readBytes: z.number(),
    writeRequests: z.number(),
    writeBytes: z.number(),
    errors: z.number(),
  }),
});

export const domainInterfaceStats = operation("domain.interfaceStats", {
  summary: "Show what went through a network interface of a running domain",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domifstat"],
  input: z.object({
    interface: z.string().min(1).max(256).describe("The interface's target or MAC address"),
  }),
  output: z.object({
    receivedBytes: z.number(),
    receivedPackets: z.number(),
    receiveErrors: z.number(),
    receiveDrops: z.number(),
    sentBytes: z.number(),
    sentPackets: z.number(),
    sendErrors: z.number(),
    sendDrops: z.number(),
  }),
});

export const domainCpuStats = operation("domain.cpuStats", {
  summary: "Show how much processor time a running domain took",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["cpu-stats"],
  input: nothing,
  output: z.object({
    cpuTimeNs: z.int(),
    userNs: z.int(),
    systemNs: z.int(),
    byCpu: z.array(z.int()).optional().describe("Of it, on each of the host's processors"),
  }),
});

export const domainBlockErrors = operation("domain.blockErrors", {
  summary: "Show which disks of a running domain have errors",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domblkerror"],
  input: nothing,
  output: z.array(z.object({ disk: z.string(), error: z.enum(["unspecified", "no-space"]) })),
});

export const domainControlInfo = operation("domain.controlInfo", {
  summary: "Show whether a running domain's monitor answers",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["domcontrol"],
  input: nothing,
  output: z.object({ state: z.enum(["ok", "job", "occupied", "error"]), detail: z.string().optional() }),
});

export const domainJobInfo = operation("domain.jobInfo", {
  summary: "Show the job that runs on a domain",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["domjobinfo"],
  input: z.object({
    completed: z.boolean().default(false).describe("Of the last job that has ended, which is then forgotten"),
  }),
  output: z.object({
    type: z.enum(["none", "bounded", "unbounded", "completed", "failed", "cancelled"]),
    operation: z.string().optional().describe("migration-out, save, dump, …"),
    elapsedMs: z.number().optional(),
    fraction: z.number().min(0).max(1).optional(),
    statistics: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional().describe(
      "Names are libvirt's: data_total, memory_processed, downtime, …; numbers beyond 2^53 are text",
    ),
  }),
});

export const domainAbortJob = operation("domain.abortJob", {
  summary: "Abort the job that runs on a domain",
  permission: "domain:write",
  job: "abort",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domjobabort"],
  input: z.object({
    postCopy: z.boolean().default(false).describe(
      "Also a migration that is in its post-copy phase; the domain waits on both hosts to be recovered",
    ),
  }),
  output: nothing,
});
