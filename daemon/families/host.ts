/**
 * The host: processors, memory, what it and its hypervisor can do.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** A text in so many bytes, the last of which is zero. */
function characters(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(new TextEncoder().encode(text).subarray(0, length - 1));
  return bytes;
}

/** Figures with their names: as many as a client has room for, or, where it has none, how many there are. */
function figures(
  all: Readonly<Record<string, number>>,
  nparams: number,
): {
  readonly params: readonly { readonly field: string; readonly value: bigint }[];
  readonly nparams: number;
} {
  const params = Object.entries(all).map(([field, value]) => ({ field, value: BigInt(value) }));
  return nparams === 0
    ? { params: [], nparams: params.length }
    : { params: params.slice(0, nparams), nparams: Math.min(params.length, nparams) };
}

/** Processors as bits, the lowest first. */
function bits(set: readonly boolean[]): Uint8Array {
  const map = new Uint8Array(Math.ceil(set.length / 8));
  set.forEach((on, cpu) => {
    if (on) map[cpu >> 3] = (map[cpu >> 3] ?? 0) | 1 << (cpu & 7);
  });
  return map;
}

/** Source: libvirt, virCPUCompareResult. */
const comparisons = { incompatible: 0, identical: 1, superset: 2 } as const;

/** Of all processors together. Source: libvirt, VIR_NODE_CPU_STATS_ALL_CPUS. */
const allProcessors = -1;

/** The rows. */
export const host = {
  connectGetCapabilities: calls("connection.capabilities", { result: (capabilities) => ({ capabilities }) }),
  connectGetDomainCapabilities: calls("connection.domainCapabilities", {
    input: ({ emulatorbin, arch, machine, virttype }) => ({
      ...(emulatorbin === undefined ? {} : { emulator: emulatorbin }),
      ...(arch === undefined ? {} : { arch }),
      ...(machine === undefined ? {} : { machine }),
      ...(virttype === undefined ? {} : { virtType: virttype }),
    }),
    result: (capabilities) => ({ capabilities }),
  }),
  connectGetSysinfo: calls("connection.sysinfo", { result: (sysinfo) => ({ sysinfo }) }),
  nodeGetInfo: calls("connection.nodeInfo", {
    result: ({ model, memoryKib, ...numbers }) => ({
      ...numbers,
      model: characters(model, 32),
      memory: BigInt(memoryKib),
    }),
  }),
  nodeGetFreeMemory: calls("connection.freeMemory", {
    result: ({ totalKib }) => ({ freeMem: BigInt(totalKib) * 1024n }),
  }),
  nodeGetCellsFreeMemory: calls("connection.freeMemory", {
    result: ({ cells }, { args: { startCell, maxcells } }) => {
      if (startCell < 0 || startCell >= cells.length) {
        throw new VirtError("invalid-argument", `Range exceeds available cells`, {
          remoteCode: "VIR_ERR_INVALID_ARG",
        });
      }
      const wanted = cells.slice(startCell, startCell + Math.max(0, maxcells));
      return { cells: wanted.map(({ freeKib }) => BigInt(freeKib) * 1024n) };
    },
  }),
  nodeGetFreePages: calls("connection.freePages", {
    result: (free, { args: { pages, startCell, cellCount } }) => {
      const cells = Array.from({ length: Math.min(cellCount, 1024) }, (_, index) => startCell + index);
      return {
        counts: cells.flatMap((cell) =>
          pages.map((pageKib) => {
            const found = free.find((each) => each.cell === cell && each.pageKib === pageKib);
            if (found !== undefined) return BigInt(found.free);
            throw new VirtError("operation-failed", `page size ${pageKib} is not available on node ${cell}`);
          })
        ),
      };
    },
  }),
  nodeGetCpuStats: calls("connection.cpuStats", {
    input: ({ cpuNum }) => cpuNum === allProcessors ? {} : { cpu: cpuNum },
    result: ({ userNs, kernelNs, idleNs, iowaitNs }, { args: { nparams } }) =>
      figures({ kernel: kernelNs, user: userNs, idle: idleNs, iowait: iowaitNs }, nparams),
  }),
  nodeGetCpuMap: calls("connection.cpuMap", {
    result: ({ present, online }, { args: { needMap, needOnline } }) => ({
      cpumap: needMap === 0 ? new Uint8Array() : bits(online),
      online: needOnline === 0 ? 0 : online.filter((on) => on).length,
      ret: present,
    }),
  }),
  connectGetCpuModelNames: calls("connection.cpuModels", {
    input: ({ arch }) => ({ arch }),
    result: (models, { args: { needResults } }) => ({
      models: needResults === 0 ? [] : models,
      ret: models.length,
    }),
  }),
  connectCompareCpu: calls("connection.compareCpu", {
    flags: 1 | 2,
    input: ({ xml }) => ({ xml }),
    result: ({ result }, { args: { flags } }) => {
      if (result === "incompatible" && (flags & 1) !== 0) {
        throw new VirtError("operation-failed", "CPU is incompatible with host CPU", {
          remoteCode: "VIR_ERR_CPU_INCOMPATIBLE",
        });
      }
      return { result: comparisons[result] };
    },
  }),
  connectBaselineCpu: calls("connection.baselineCpu", {
    flags: 1 | 2,
    input: ({ xmlCPUs }) => ({ cpus: [...xmlCPUs] }),
    result: (cpu) => ({ cpu }),
  }),
  nodeGetSecurityModel: answers((_args, { connection: { driver } }) => {
    if (driver !== "test") {
      throw new VirtError("unsupported", "nobody has asked the hypervisor for its security model");
    }
    return { model: securityText("testSecurity"), doi: securityText("") };
  }),
} satisfies Family;

/** Texts about security have a zero at their end that counts. */
function securityText(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
