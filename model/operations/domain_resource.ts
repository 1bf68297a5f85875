/**
 * Operations on domains: memory, processors and how much of the host they may take.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { affect, affectOne, cpuSet, kibibytes, nothing, parameters } from "./shape.ts";

const alsoSave = [{ permission: "domain:save", field: "config" }] as const;

export const domainSetMemory = operation("domain.setMemory", {
  summary: "Change how much memory a domain has, up to its maximum",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["setmem"],
  input: z.object({ memoryKib: kibibytes.describe("Memory in KiB"), ...affect }),
  output: nothing,
});

export const domainSetMaxMemory = operation("domain.setMaxMemory", {
  summary: "Change how much memory a domain can have at most",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["setmaxmem"],
  input: z.object({ memoryKib: kibibytes.describe("Memory in KiB"), ...affect }),
  output: nothing,
});

export const domainSetMemoryStatsPeriod = operation("domain.setMemoryStatsPeriod", {
  summary: "Change how often a domain's balloon reports on the guest's memory",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["dommemstat-period"],
  input: z.object({ periodS: z.int().min(0).max(2 ** 31 - 1).describe("Seconds; 0 for never"), ...affect }),
  output: nothing,
});

export const domainVcpuCount = operation("domain.vcpuCount", {
  summary: "Show how many virtual processors a domain has and can have",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["vcpucount"],
  input: nothing,
  output: z.object({
    maximum: z.int(),
    current: z.int(),
    live: z.object({ maximum: z.int(), current: z.int() }).optional().describe("While it runs"),
  }),
});

export const domainSetVcpus = operation("domain.setVcpus", {
  summary: "Change how many virtual processors a domain has",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["setvcpus"],
  input: z.object({
    vcpus: z.int().min(1).max(16_384).describe("Virtual processors"),
    maximum: z.boolean().default(false).describe("Change how many it can have; needs config"),
    ...affect,
  }),
  output: nothing,
});

export const domainSetVcpu = operation("domain.setVcpu", {
  summary: "Plug in virtual processors of a domain, or unplug them, by their numbers",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["setvcpu"],
  input: z.object({
    vcpus: cpuSet.describe("Virtual processors: 0-3,8"),
    enabled: z.boolean().default(true),
    ...affect,
  }),
  output: nothing,
});

export const domainVcpus = operation("domain.vcpus", {
  summary: "Show a domain's virtual processors: where they run and may run",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["vcpuinfo"],
  input: z.object(affectOne),
  output: z.array(z.object({
    vcpu: z.int(),
    state: z.enum(["offline", "running", "blocked"]),
    cpuTimeNs: z.int(),
    cpu: z.int().optional().describe("The host's processor that it runs on"),
    cpus: z.string().describe("The host's processors that it may run on"),
  })),
});

export const domainPinVcpu = operation("domain.pinVcpu", {
  summary: "Say which of the host's processors a virtual processor may run on",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["vcpupin"],
  input: z.object({ vcpu: z.int().min(0).max(16_383), cpus: cpuSet, ...affect }),
  output: nothing,
});

export const domainEmulatorPin = operation("domain.emulatorPin", {
  summary: "Show which of the host's processors a domain's emulator may run on",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: z.object(affectOne),
  output: z.object({ cpus: z.string() }),
});

export const domainPinEmulator = operation("domain.pinEmulator", {
  summary: "Say which of the host's processors a domain's emulator may run on",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["emulatorpin"],
  input: z.object({ cpus: cpuSet, ...affect }),
  output: nothing,
});

export const domainIothreads = operation("domain.iothreads", {
  summary: "List a domain's I/O threads",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["iothreadinfo"],
  input: z.object(affectOne),
  output: z.array(z.object({
    iothread: z.int(),
    cpus: z.string().describe("The host's processors that it may run on"),
    pollMaxNs: z.int().optional(),
    pollGrow: z.int().optional(),
    pollShrink: z.int().optional(),
  })),
});

export const domainAddIothread = operation("domain.addIothread", {
  summary: "Add an I/O thread to a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["iothreadadd"],
  input: z.object({ iothread: z.int().min(1).max(2 ** 31 - 1), ...affect }),
  output: nothing,
});

export const domainRemoveIothread = operation("domain.removeIothread", {
  summary: "Remove an I/O thread from a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["iothreaddel"],
  input: z.object({ iothread: z.int().min(1).max(2 ** 31 - 1), ...affect }),
  output: nothing,
});

export const domainSetIothread = operation("domain.setIothread", {
  summary: "Change how a running domain's I/O thread polls",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["iothreadset"],
  input: z.object({
    iothread: z.int().min(1).max(2 ** 31 - 1),
    pollMaxNs: z.int().min(0).max(2 ** 31 - 1).optional().describe("The longest polling interval"),
    pollGrow: z.int().min(0).max(2 ** 31 - 1).optional(),
    pollShrink: z.int().min(0).max(2 ** 31 - 1).optional(),
  }),
  output: nothing,
});

export const domainPinIothread = operation("domain.pinIothread", {
  summary: "Say which of the host's processors an I/O thread may run on",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["iothreadpin"],
  input: z.object({ iothread: z.int().min(1).max(2 ** 31 - 1), cpus: cpuSet, ...affect }),
  output: nothing,
});

/** Groups of parameters that a domain is tuned by. */
const parameterGroup = z.enum(["scheduler", "blkio", "memory", "numa"]);

export const domainParameters = operation("domain.parameters", {
  summary: "Show the scheduler, block I/O, memory or NUMA parameters of a domain",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["schedinfo", "blkiotune", "memtune", "numatune"],
  input: z.object({ group: parameterGroup, ...affectOne }),
  output: parameters,
});

export const domainSetParameters = operation("domain.setParameters", {
  summary: "Change scheduler, block I/O, memory or NUMA parameters of a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  input: z.object({ group: parameterGroup, parameters, ...affect }),
  output: nothing,
});

export const domainPerfEvents = operation("domain.perfEvents", {
  summary: "Show which performance events are counted for a domain",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["perf"],
  input: z.object(affectOne),
  output: z.record(z.string(), z.boolean()),
});

export const domainSetPerfEvents = operation("domain.setPerfEvents", {
  summary: "Say which performance events are counted for a domain",
  permission: "domain:write",
  also: alsoSave,
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  input: z.object({ events: z.record(z.string().max(80), z.boolean()), ...affect }),
  output: nothing,
});
