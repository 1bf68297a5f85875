/**
 * Domains: memory and processors.
 *
 * @module
 */
import { vcpuStates } from "../../protocol/words/domain.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { memoryOf, vcpusOf } from "../definition.ts";
import { formatCpuSet, parseCpuSet } from "../cpu_set.ts";
import type { In, Out } from "../operation_types.ts";
import { attributeOf, childOf, childrenOf, textOf, type XmlElement } from "../xml_span.ts";
import { askTogether } from "./act.ts";
import { cpuMapLength, fromCpuMap, fromCpuMaps, toCpuMap } from "./cpu_map.ts";
import {
  affectConfig,
  affectFlags,
  affectLive,
  askedFlags,
  definitionOf,
  isSoIn,
  showsIn,
} from "./domain_affect.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { byState } from "./reconcile.ts";
import { nearest, wireDomain } from "./wire.ts";

/** Flags for the most that a domain can have. Source: libvirt, VIR_DOMAIN_MEM_MAXIMUM, VIR_DOMAIN_VCPU_MAXIMUM. */
const maximumFlag = 1 << 2;

/** How many processors the host has, of which masks speak. */
export async function hostCpus(line: Line): Promise<number> {
  const map = await line.maybe("nodeGetCpuMap", { needMap: 0, needOnline: 0, flags: 0 });
  if (map !== undefined) return map.ret;
  const { nodes, sockets, cores, threads } = await line.call("nodeGetInfo", undefined);
  return nodes * sockets * cores * threads;
}

/** A text of a set of processors as the far side's mask of the host's processors. */
export async function maskOf(line: Line, cpus: string): Promise<Uint8Array> {
  return toCpuMap(cpus, await hostCpus(line));
}

/** The pins of each processor of a domain; all of the host's where nothing was ever pinned. */
async function vcpuPins(
  line: Line,
  domain: RemoteObject,
  { config }: { readonly config: boolean },
): Promise<readonly string[]> {
  const [cpus, xml] = await Promise.all([hostCpus(line), definitionOf(line, domain, { config })]);
  const maplen = cpuMapLength(cpus);
  const { maximum } = vcpusOf(xml);
  const { cpumaps } = await line.call("domainGetVcpuPinInfo", {
    dom: wireDomain(domain),
    ncpumaps: maximum,
    maplen,
    flags: askedFlags({ config }),
  });
  return fromCpuMaps(cpumaps, maplen);
}

async function vcpus(
  line: Line,
  { object, input: { config } }: Subject<"domain.vcpus">,
): Promise<Out<"domain.vcpus">> {
  if (config || object.live === undefined) {
    const [pins, xml] = await Promise.all([
      vcpuPins(line, object, { config: true }),
      definitionOf(line, object, { config: true }),
    ]);
    return pins.slice(0, vcpusOf(xml).current).map((cpus, vcpu) => ({
      vcpu,
      state: "offline",
      cpuTimeNs: 0,
      cpus,
    }));
  }
  const [cpus, xml] = await Promise.all([hostCpus(line), definitionOf(line, object, { config: false })]);
  const maplen = cpuMapLength(cpus);
  const maxinfo = vcpusOf(xml).maximum;
  const { info, cpumaps } = await line.call("domainGetVcpus", { dom: wireDomain(object), maxinfo, maplen });
  const pins = fromCpuMaps(cpumaps, maplen);
  return info.map(({ number, state, cpuTime, cpu }, index) => ({
    vcpu: number,
    state: vcpuStates[state] ?? "offline",
    cpuTimeNs: nearest(cpuTime),
    ...(cpu < 0 ? {} : { cpu }),
    cpus: pins[index] ?? "",
  }));
}

async function vcpuCount(
  line: Line,
  { object }: Subject<"domain.vcpuCount">,
): Promise<Out<"domain.vcpuCount">> {
  const [kept, live] = await Promise.all([
    definitionOf(line, object, { config: true }),
    object.live === undefined ? undefined : definitionOf(line, object, { config: false }),
  ]);
  return { ...vcpusOf(kept), ...(live === undefined ? {} : { live: vcpusOf(live) }) };
}

async function emulatorPin(
  line: Line,
  { object, input }: Pick<Subject<"domain.emulatorPin">, "object" | "input">,
): Promise<Out<"domain.emulatorPin">> {
  const cpus = await hostCpus(line);
  const maplen = cpuMapLength(cpus);
  const { cpumaps, ret } = await line.call("domainGetEmulatorPinInfo", {
    dom: wireDomain(object),
    maplen,
    flags: askedFlags(input),
  });
  const all = formatCpuSet(new Set(Array.from({ length: cpus }, (_, cpu) => cpu)));
  return { cpus: ret === 0 ? all : fromCpuMap(cpumaps) };
}

/** Whether two texts mean the same of the host's processors. */
export async function isPinned(line: Line, pinned: string | undefined, wanted: string): Promise<boolean> {
  return pinned !== undefined && pinned === fromCpuMap(await maskOf(line, wanted));
}

/** The processors of a definition that are plugged in. */
function pluggedIn(definition: XmlElement): ReadonlySet<number> {
  const each = childrenOf(childOf(definition, "vcpus"), "vcpu");
  if (each.length > 0) {
    const there = each.filter(({ attributes }) => attributes.get("enabled") === "yes");
    return new Set(there.map(({ attributes }) => Number(attributes.get("id"))));
  }
  const current = Number(attributeOf(definition, "current", "vcpu") ?? textOf(definition, "vcpu") ?? 1);
  return new Set(Array.from({ length: current }, (_, vcpu) => vcpu));
}

/** How often a guest's balloon is looked at until it has come to rest, and the pause between, in milliseconds. */
const balloonLooks = 20;
const balloonPauseMs = 250;

/** Definitions are rounded up to what a machine can have: whole MiB. Source: libvirt formatdomain, <memory>. */
const roundingKib = 1024;

/**
 * A running guest gives its memory back bit by bit, and may not give back all of it: it is looked at until it has what it
 * was to have, or changes no more.
 */
async function hasMemory(job: RemoteJob, { memoryKib, ...affect }: In<"domain.setMemory">): Promise<boolean> {
  const { object } = job;
  let before: number | undefined;
  for (let look = 0; look < balloonLooks; look++) {
    const { kept, now } = await askTogether(job, "look after its memory", async (line) => {
      const concerned = affect.config === true || (affect.live !== true && object.live === undefined);
      const [config, live] = await Promise.all([
        concerned ? definitionOf(line, object, { config: true }) : undefined,
        affect.live === true || !concerned ? definitionOf(line, object, { config: false }) : undefined,
      ]);
      return {
        kept: config === undefined || memoryOf(config).currentKib === memoryKib,
        now: live === undefined ? memoryKib : memoryOf(live).currentKib,
      };
    });
    if (!kept) return false;
    if (now === memoryKib) return true;
    if (now === before) return false;
    before = now;
    await job.hop("wait for its balloon", (signal) => sleep(job.clock, balloonPauseMs, signal), {
      acts: false,
      offline: true,
    });
  }
  return false;
}

export const domainResource = {
  "domain.setMemory": {
    ...does<"domain.setMemory">({
      doing: "change the memory of",
      act: (line, { object, input }) =>
        done(line.call("domainSetMemoryFlags", {
          dom: wireDomain(object),
          memory: BigInt(input.memoryKib),
          flags: affectFlags(input),
        })),
      answer: {},
    }),
    reconcile: byState<"domain.setMemory">({ done: hasMemory, value: () => ({}) }),
  },
  "domain.setMaxMemory": does<"domain.setMaxMemory">({
    doing: "change the maximum memory of",
    act: (line, { object, input }) =>
      done(line.call("domainSetMemoryFlags", {
        dom: wireDomain(object),
        memory: BigInt(input.memoryKib),
        flags: affectFlags(input) | maximumFlag,
      })),
    isSo: (line, { object, input: { memoryKib, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) => {
          const given = Number(textOf(definition, "memory") ?? 0);
          return given >= memoryKib && given - memoryKib < roundingKib;
        },
      }),
    answer: {},
  }),
  "domain.setMemoryStatsPeriod": does<"domain.setMemoryStatsPeriod">({
    doing: "change the balloon of",
    act: (line, { object, input }) =>
      done(
        line.call("domainSetMemoryStatsPeriod", {
          dom: wireDomain(object),
          period: input.periodS,
          flags: affectFlags(input),
        }),
      ),
    isSo: (line, { object, input: { periodS, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) =>
          Number(attributeOf(definition, "period", "devices", "memballoon", "stats") ?? 0) === periodS,
      }),
    answer: {},
  }),
  "domain.vcpuCount": asks<"domain.vcpuCount">("count the processors of", vcpuCount),
  "domain.setVcpus": does<"domain.setVcpus">({
    doing: "change the processors of",
    act: (line, { object, input }) =>
      done(line.call("domainSetVcpusFlags", {
        dom: wireDomain(object),
        nvcpus: input.vcpus,
        flags: affectFlags(input) | (input.maximum ? maximumFlag : 0),
      })),
    isSo: (line, { object, input: { vcpus, maximum, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) => {
          const most = Number(textOf(definition, "vcpu") ?? 1);
          return (maximum ? most : Number(attributeOf(definition, "current", "vcpu") ?? most)) === vcpus;
        },
      }),
    answer: {},
  }),
  "domain.setVcpu": does<"domain.setVcpu">({
    doing: "plug processors of",
    act: (line, { object, input }) =>
      done(line.call("domainSetVcpu", {
        dom: wireDomain(object),
        cpumap: input.vcpus,
        state: input.enabled ? 1 : 0,
        flags: affectFlags(input),
      })),
    isSo: (line, { object, input: { vcpus, enabled, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) => {
          const there = pluggedIn(definition);
          return [...parseCpuSet(vcpus)].every((vcpu) => there.has(vcpu) === enabled);
        },
      }),
    answer: {},
  }),
  "domain.vcpus": asks<"domain.vcpus">("show the processors of", vcpus),
  "domain.pinVcpu": does<"domain.pinVcpu">({
    doing: "pin processors of",
    act: async (line, { object, input }) =>
      done(line.call("domainPinVcpuFlags", {
        dom: wireDomain(object),
        vcpu: input.vcpu,
        cpumap: await maskOf(line, input.cpus),
        flags: affectFlags(input),
      })),
    isSo: (line, { object, input: { vcpu, cpus, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        const pins = await vcpuPins(line, object, { config: flags === affectConfig });
        return await isPinned(line, pins[vcpu], cpus);
      }),
    answer: {},
  }),
  "domain.emulatorPin": asks<"domain.emulatorPin">("show the emulator's processors of", emulatorPin),
  "domain.pinEmulator": does<"domain.pinEmulator">({
    doing: "pin the emulator of",
    act: async (line, { object, input }) =>
      done(line.call("domainPinEmulator", {
        dom: wireDomain(object),
        cpumap: await maskOf(line, input.cpus),
        flags: affectFlags(input),
      })),
    isSo: (line, { object, input: { cpus, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        const pin = await emulatorPin(line, { object, input: { config: flags !== affectLive } });
        return await isPinned(line, pin.cpus, cpus);
      }),
    answer: {},
  }),
} satisfies DriverMap;
