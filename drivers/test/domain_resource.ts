/**
 * Domains: memory, processors and I/O threads.
 *
 * @module
 */
import type { OperationName } from "../../model/operations/mod.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import { type Affect, change, type Edit, isChanged, isHalfChanged } from "./affect.ts";
import { connectionOf } from "./connection.ts";
import { formatCpuSet, parseCpuSet } from "../cpu_set.ts";
import { memoryOf, vcpusOf } from "../definition.ts";
import { badValue, type DomainJob, type DomainObject, wrongState } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { refresh } from "./reconcile.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, childrenOf, readXml } from "../xml_span.ts";

/** An operation that edits a running domain, its definition, or both, and can be made twice without harm. */
export function editing<N extends OperationName>(
  { doing, prepare }: {
    readonly doing: string;
    readonly prepare: (job: DomainJob, input: In<N>) => { readonly affect: Affect; readonly edit: Edit };
  },
  nothing: Out<N>,
): Implementation<N> {
  return {
    run: async (job: DomainJob, input) => {
      const { affect, edit } = prepare(job, input);
      await change(job, { affect, doing, edit });
      return nothing;
    },
    reconcile: async (job: DomainJob, input) => {
      await refresh(job, [{ kind: "domain", id: job.object.id }]);
      const wanted = prepare(job, input);
      if (isHalfChanged(job.object, wanted)) await change(job, { ...wanted, doing });
      return isChanged(job.object, wanted) ? { kind: "done", value: nothing } : { kind: "not-done" };
    },
  };
}

/** The definition that a read concerns. */
export function definitionOf(domain: DomainObject, config: boolean): string {
  return config || domain.live === undefined ? domain.persistentConfig : domain.config;
}

/** The set in its usual spelling; refused where the host has none of these processors. */
export function checkedCpus(job: DomainJob, text: string): string {
  const { cpus } = connectionOf(job).hostRecord;
  const wanted = new Set([...parseCpuSet(text)].filter((cpu) => cpu < cpus));
  if (wanted.size === 0) {
    throw badValue(
      job.object,
      `Cannot pin ${job.object.label} to "${text}": the host has processors 0-${cpus - 1}`,
    );
  }
  return formatCpuSet(wanted);
}

/** Where threads may run that are not pinned. */
export function allCpus(job: DomainJob): string {
  return `0-${connectionOf(job).hostRecord.cpus - 1}`;
}

function setMemory(
  { object }: DomainJob,
  { memoryKib, ...affect }: In<"domain.setMemory">,
): { affect: Affect; edit: Edit } {
  return {
    affect,
    edit: (xml) => {
      const { maximumKib } = memoryOf(xml);
      if (memoryKib > maximumKib) {
        throw badValue(
          object,
          `Cannot set the memory of ${object.label} to ${memoryKib} KiB: its maximum is ${maximumKib} KiB`,
        );
      }
      return new XmlEditor(xml).put(["currentMemory"], { text: `${memoryKib}`, attributes: { unit: "KiB" } })
        .text;
    },
  };
}

function setMaxMemory(
  { object }: DomainJob,
  { memoryKib, ...affect }: In<"domain.setMaxMemory">,
): { affect: Affect; edit: Edit } {
  return {
    affect,
    edit: (xml, scope) => {
      if (scope === "live") {
        throw wrongState(object, {
          doing: "change the maximum memory of",
          found: "it is running",
          hint: "Change its definition instead: config",
        });
      }
      const editor = new XmlEditor(xml).put(["memory"], {
        text: `${memoryKib}`,
        attributes: { unit: "KiB" },
      });
      if (memoryOf(xml).currentKib > memoryKib) {
        editor.put(["currentMemory"], { text: `${memoryKib}`, attributes: { unit: "KiB" } });
      }
      return editor.text;
    },
  };
}

function setStatsPeriod(
  { object }: DomainJob,
  { periodS, ...affect }: In<"domain.setMemoryStatsPeriod">,
): { affect: Affect; edit: Edit } {
  return {
    affect,
    edit: (xml) => {
      const balloon = ["devices", "memballoon"];
      if (childOf(readXml(xml), ...balloon) === undefined) {
        throw wrongState(object, { doing: "change the balloon of", found: "it has none" });
      }
      const path = [...balloon, "stats"];
      const editor = new XmlEditor(xml);
      if (periodS === 0) return editor.remove(childOf(editor.root, ...path)).text;
      return editor.put(path, { attributes: { period: `${periodS}` } }).text;
    },
  };
}

function setVcpus(
  { object }: DomainJob,
  { vcpus, maximum, ...affect }: In<"domain.setVcpus">,
): { affect: Affect; edit: Edit } {
  return {
    affect,
    edit: (xml, scope) => {
      const now = vcpusOf(xml);
      if (maximum && scope === "live") {
        throw wrongState(object, {
          doing: "change the maximum of virtual processors of",
          found: "it is running",
          hint: "Change its definition instead: config",
        });
      }
      if (!maximum && vcpus > now.maximum) {
        throw badValue(
          object,
          `Cannot give ${object.label} ${vcpus} virtual processors: its maximum is ${now.maximum}`,
        );
      }
      const most = maximum ? vcpus : now.maximum;
      const current = maximum ? Math.min(now.current, vcpus) : vcpus;
      return new XmlEditor(xml).put(["vcpu"], {
        text: `${most}`,
        attributes: { current: current === most ? undefined : `${current}` },
      }).text;
    },
  };
}

function vcpus(job: DomainJob, { config }: In<"domain.vcpus">): Out<"domain.vcpus"> {
  const { object, clock } = job;
  const xml = definitionOf(object, config);
  const { current } = vcpusOf(xml);
  const pins = childrenOf(childOf(readXml(xml), "cputune"), "vcpupin");
  const running = object.live !== undefined && !config;
  const { cpus } = connectionOf(job).hostRecord;
  return Array.from({ length: current }, (_, vcpu) => ({
    vcpu,
    state: running ? "running" as const : "offline" as const,
    cpuTimeNs: running ? cpuTime(object, clock.now()) : 0,
    ...(running ? { cpu: vcpu % cpus } : {}),
    cpus: attributeOf(pins.find((pin) => pin.attributes.get("vcpu") === `${vcpu}`), "cpuset") ?? allCpus(job),
  }));
}

/** Processor time of one processor of a guest, in nanoseconds: a tenth of the time for which it has run. */
export function cpuTime({ live }: DomainObject, now: number): number {
  return live === undefined ? 0 : Math.max(0, Math.round((now - live.startedAt) * 100_000));
}

function pinVcpu(
  job: DomainJob,
  { vcpu, cpus, ...affect }: In<"domain.pinVcpu">,
): { affect: Affect; edit: Edit } {
  const cpuset = checkedCpus(job, cpus);
  return {
    affect,
    edit: (xml) => {
      const { maximum } = vcpusOf(xml);
      if (vcpu >= maximum) {
        throw badValue(job.object, `Cannot pin processor ${vcpu} of ${job.object.label}: it has ${maximum}`);
      }
      return new XmlEditor(xml).put(["cputune", "vcpupin"], {
        key: { vcpu: `${vcpu}` },
        attributes: { cpuset },
      }).text;
    },
  };
}

function pinEmulator(
  job: DomainJob,
  { cpus, ...affect }: In<"domain.pinEmulator">,
): { affect: Affect; edit: Edit } {
  const cpuset = checkedCpus(job, cpus);
  return {
    affect,
    edit: (xml) => new XmlEditor(xml).put(["cputune", "emulatorpin"], { attributes: { cpuset } }).text,
  };
}

const none: Nothing = {};

export const domainResource = {
  "domain.setMemory": editing<"domain.setMemory">(
    { doing: "change the memory of", prepare: setMemory },
    none,
  ),
  "domain.setMaxMemory": editing<"domain.setMaxMemory">(
    { doing: "change the maximum memory of", prepare: setMaxMemory },
    none,
  ),
  "domain.setMemoryStatsPeriod": editing<"domain.setMemoryStatsPeriod">(
    { doing: "change the balloon of", prepare: setStatsPeriod },
    none,
  ),
  "domain.vcpuCount": {
    run: ({ object }: DomainJob) =>
      Promise.try(() => ({
        ...vcpusOf(object.persistentConfig),
        ...(object.live === undefined ? {} : { live: vcpusOf(object.config) }),
      })),
  },
  "domain.setVcpus": editing<"domain.setVcpus">(
    { doing: "change the processors of", prepare: setVcpus },
    none,
  ),
  "domain.vcpus": { run: (job, input) => Promise.try(vcpus, job, input) },
  "domain.pinVcpu": editing<"domain.pinVcpu">({ doing: "pin processors of", prepare: pinVcpu }, none),
  "domain.emulatorPin": {
    run: (job: DomainJob, { config }) =>
      Promise.try(() => ({
        cpus: attributeOf(readXml(definitionOf(job.object, config)), "cpuset", "cputune", "emulatorpin") ??
          allCpus(job),
      })),
  },
  "domain.pinEmulator": editing<"domain.pinEmulator">(
    { doing: "pin the emulator of", prepare: pinEmulator },
    none,
  ),
} satisfies DriverMap;
