/**
 * Domains: memory, processors, I/O threads.
 *
 * @module
 */
import { parseCpuSet } from "../../drivers/cpu_set.ts";
import { fromCpuMap, toCpuMap } from "../../drivers/remote/cpu_map.ts";
import { VirtError } from "../../model/error.ts";
import { vcpuStates } from "../../protocol/words/domain.ts";
import { affected, affectFlags, asked, requireRunning } from "../dispatch/affect.ts";
import { refTo } from "../dispatch/objects.ts";
import { givenParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Of the number of processors: the most that there may be; those that the guest uses. */
const vcpuFlag = { maximum: 4, guest: 8, hotPluggable: 16 } as const;

/** Of memory: the most that there may be. */
const memoryMaximum = 4;

/** Processors as text, as operations have them. */
function cpusOf(map: Uint8Array): string {
  const cpus = fromCpuMap(map);
  if (cpus !== "") return cpus;
  throw new VirtError("invalid-argument", "empty cpu list for pinning", {
    remoteCode: "VIR_ERR_INVALID_ARG",
  });
}

/** A set of processors as so many bytes as a client has room for. */
function mapOf(cpus: string, bytes: number): Uint8Array {
  return toCpuMap(cpus, bytes * 8);
}

/** Several sets, one after the other. */
function mapsOf(sets: readonly string[], bytes: number): Uint8Array {
  const maps = new Uint8Array(sets.length * bytes);
  sets.forEach((cpus, index) => maps.set(mapOf(cpus, bytes), index * bytes));
  return maps;
}

/** The bytes that a set of processors takes. */
function bytesFor(cpus: string): number {
  return Math.floor(Math.max(0, ...parseCpuSet(cpus)) / 8) + 1;
}

/** More than this nobody has. */
const mostProcessors = 4096;

function sizeOf(kib: bigint): number {
  return Number(kib);
}

/** The rows. */
export const domainResource = {
  domainGetMaxMemory: calls("domain.info", {
    result: ({ maxMemoryKib }) => ({ memory: BigInt(maxMemoryKib) }),
  }),
  domainSetMaxMemory: calls("domain.setMaxMemory", {
    input: ({ memory }) => ({ memoryKib: sizeOf(memory) }),
  }),
  domainSetMemory: answers(async ({ dom, memory }, session) => {
    requireRunning(dom, session);
    const input = { memoryKib: sizeOf(memory), live: true };
    await session.run("domain.setMemory", { target: refTo("domain", dom), input });
    return undefined;
  }),
  domainSetMemoryFlags: answers(async ({ dom, memory, flags }, session) => {
    const operation = (flags & memoryMaximum) === 0 ? "domain.setMemory" : "domain.setMaxMemory";
    const input = { memoryKib: sizeOf(memory), ...affected(flags) };
    await session.run(operation, { target: refTo("domain", dom), input });
    return undefined;
  }, { flags: affectFlags | memoryMaximum }),
  domainSetMemoryStatsPeriod: calls("domain.setMemoryStatsPeriod", {
    flags: affectFlags,
    input: ({ period, flags }) => ({ periodS: period, ...affected(flags) }),
  }),
  domainGetMaxVcpus: answers(async ({ dom }, session) => {
    requireRunning(dom, session);
    const { maximum, live } = await session.run("domain.vcpuCount", { target: refTo("domain", dom) });
    return { num: live?.maximum ?? maximum };
  }),
  domainGetVcpusFlags: answers(async ({ dom, flags }, session) => {
    const { config } = asked({ dom, flags }, session);
    const { maximum, current, live } = await session.run("domain.vcpuCount", {
      target: refTo("domain", dom),
    });
    const counted = config || live === undefined ? { maximum, current } : live;
    return { num: (flags & vcpuFlag.maximum) === 0 ? counted.current : counted.maximum };
  }, { flags: affectFlags | vcpuFlag.maximum }),
  domainSetVcpus: answers(async ({ dom, nvcpus }, session) => {
    requireRunning(dom, session);
    await session.run("domain.setVcpus", {
      target: refTo("domain", dom),
      input: { vcpus: nvcpus, live: true },
    });
    return undefined;
  }),
  domainSetVcpusFlags: calls("domain.setVcpus", {
    flags: affectFlags | vcpuFlag.maximum,
    input: ({ nvcpus, flags }) => ({
      vcpus: nvcpus,
      maximum: (flags & vcpuFlag.maximum) !== 0,
      ...affected(flags),
    }),
  }),
  domainSetVcpu: calls("domain.setVcpu", {
    flags: affectFlags,
    input: ({ cpumap, state, flags }) => ({ vcpus: cpumap, enabled: state !== 0, ...affected(flags) }),
  }),
  domainGetVcpus: answers(async ({ dom, maxinfo, maplen }, session) => {
    requireRunning(dom, session);
    const vcpus = (await session.run("domain.vcpus", { target: refTo("domain", dom) })).slice(
      0,
      Math.max(0, maxinfo),
    );
    return {
      info: vcpus.map(({ vcpu, state, cpuTimeNs, cpu }) => ({
        number: vcpu,
        state: vcpuStates.indexOf(state),
        cpuTime: BigInt(cpuTimeNs),
        cpu: cpu ?? -1,
      })),
      cpumaps: mapsOf(vcpus.map(({ cpus }) => cpus), Math.max(0, maplen)),
    };
  }),
  domainGetVcpuPinInfo: answers(async ({ dom, ncpumaps, maplen, flags }, session) => {
    const input = asked({ dom, flags }, session);
    const all = await session.run("domain.vcpus", { target: refTo("domain", dom), input });
    const vcpus = all.slice(0, Math.max(0, ncpumaps));
    return { cpumaps: mapsOf(vcpus.map(({ cpus }) => cpus), Math.max(0, maplen)), num: vcpus.length };
  }, { flags: affectFlags }),
  domainPinVcpu: answers(async ({ dom, vcpu, cpumap }, session) => {
    requireRunning(dom, session);
    const input = { vcpu, cpus: cpusOf(cpumap), live: true };
    await session.run("domain.pinVcpu", { target: refTo("domain", dom), input });
    return undefined;
  }),
  domainPinVcpuFlags: calls("domain.pinVcpu", {
    flags: affectFlags,
    input: ({ vcpu, cpumap, flags }) => ({ vcpu, cpus: cpusOf(cpumap), ...affected(flags) }),
  }),
  domainGetEmulatorPinInfo: calls("domain.emulatorPin", {
    flags: affectFlags,
    input: (args, session) => asked(args, session),
    result: ({ cpus }, { args: { maplen } }) => ({ cpumaps: mapOf(cpus, Math.max(0, maplen)), ret: 1 }),
  }),
  domainPinEmulator: calls("domain.pinEmulator", {
    flags: affectFlags,
    input: ({ cpumap, flags }) => ({ cpus: cpusOf(cpumap), ...affected(flags) }),
  }),
  domainGetIothreadInfo: calls("domain.iothreads", {
    flags: affectFlags,
    input: (args, session) => asked(args, session),
    result: (threads) => ({
      info: threads.map(({ iothread, cpus }) => ({
        iothreadId: iothread,
        cpumap: mapOf(cpus, Math.min(bytesFor(cpus), mostProcessors / 8)),
      })),
      ret: threads.length,
    }),
  }),
  domainAddIothread: calls("domain.addIothread", {
    flags: affectFlags,
    input: ({ iothreadId, flags }) => ({ iothread: iothreadId, ...affected(flags) }),
  }),
  domainDelIothread: calls("domain.removeIothread", {
    flags: affectFlags,
    input: ({ iothreadId, flags }) => ({ iothread: iothreadId, ...affected(flags) }),
  }),
  domainPinIothread: calls("domain.pinIothread", {
    flags: affectFlags,
    input: ({ iothreadsId, cpumap, flags }) => ({
      iothread: iothreadsId,
      cpus: cpusOf(cpumap),
      ...affected(flags),
    }),
  }),
  domainSetIothreadParams: calls("domain.setIothread", {
    flags: affectFlags,
    input: ({ iothreadId, params }) => {
      const given = givenParameters(params);
      const number = (name: string): { readonly [N in string]: number } =>
        typeof given[name] === "number" ? { [name]: given[name] } : {};
      const { poll_max_ns: pollMaxNs } = number("poll_max_ns");
      const { poll_grow: pollGrow } = number("poll_grow");
      const { poll_shrink: pollShrink } = number("poll_shrink");
      return {
        iothread: iothreadId,
        ...(pollMaxNs === undefined ? {} : { pollMaxNs }),
        ...(pollGrow === undefined ? {} : { pollGrow }),
        ...(pollShrink === undefined ? {} : { pollShrink }),
      };
    },
  }),
} satisfies Family;
