/**
 * Domains: memory, processors and I/O threads.
 *
 * @module
 */
import type { OperationName } from "../../model/operations/mod.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import { type Affect, change, type Edit, isChanged, isHalfChanged, scopesOf } from "./affect.ts";
import { connectionOf } from "./connection.ts";
import { memoryOf, vcpusOf } from "./definition.ts";
import { badValue, type DomainJob, type DomainObject, wrongState } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState, refresh } from "./reconcile.ts";
import { XmlEditor } from "./xml_edit.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf } from "./xml_span.ts";

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
function definitionOf(domain: DomainObject, config: boolean): string {
  return config || domain.live === undefined ? domain.persistentConfig : domain.config;
}

/** The text of a set of processors as numbers. */
export function parseCpuSet(text: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, not, from = "0", to = from] = /^(\^?)(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    for (let cpu = Number(from); cpu <= Math.min(Number(to), 16_383); cpu++) {
      if (not === "^") found.delete(cpu);
      else found.add(cpu);
    }
  }
  return found;
}

/** Numbers as the text of a set of processors. */
export function formatCpuSet(cpus: ReadonlySet<number>): string {
  const sorted = [...cpus].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const cpu of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(",");
}

/** The set in its usual spelling; refused where the host has none of these processors. */
function checkedCpus(job: DomainJob, text: string): string {
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
function allCpus(job: DomainJob): string {
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

/** The ids of a definition's I/O threads. */
function iothreadIds(xml: string): readonly number[] {
  const root = readXml(xml);
  const count = Number(textOf(root, "iothreads") ?? 0);
  const named = childrenOf(childOf(root, "iothreadids"), "iothread").map(({ attributes }) =>
    Number(attributes.get("id"))
  );
  const ids = new Set(named);
  for (let id = 1; ids.size < count; id++) ids.add(id);
  return [...ids].sort((a, b) => a - b);
}

function withIothreads(xml: string, ids: readonly number[]): XmlEditor {
  const editor = new XmlEditor(xml);
  const gone = childrenOf(childOf(editor.root, "iothreadids"), "iothread").filter(({ attributes }) =>
    !ids.includes(Number(attributes.get("id")))
  );
  if (ids.length === 0) {
    return editor.remove(childOf(editor.root, "iothreadids")).remove(childOf(editor.root, "iothreads"));
  }
  for (const { attributes } of gone) {
    editor.remove(
      childrenOf(childOf(editor.root, "iothreadids"), "iothread").find((each) =>
        each.attributes.get("id") === attributes.get("id")
      ),
    );
  }
  editor.put(["iothreads"], { text: `${ids.length}` });
  for (const id of ids) editor.put(["iothreadids", "iothread"], { key: { id: `${id}` } });
  return editor;
}

function iothreads(job: DomainJob, { config }: In<"domain.iothreads">): Out<"domain.iothreads"> {
  const xml = definitionOf(job.object, config);
  const root = readXml(xml);
  const pins = childrenOf(childOf(root, "cputune"), "iothreadpin");
  const known = childrenOf(childOf(root, "iothreadids"), "iothread");
  return iothreadIds(xml).map((iothread) => {
    const poll = childOf(
      known.find(({ attributes }) => attributes.get("id") === `${iothread}`) ?? root,
      "poll",
    );
    const number = (name: string): number | undefined => {
      const text = poll?.attributes.get(name);
      return text === undefined ? undefined : Number(text);
    };
    const [pollMaxNs, pollGrow, pollShrink] = [number("max"), number("grow"), number("shrink")];
    return {
      iothread,
      cpus: attributeOf(
        pins.find(({ attributes }) => attributes.get("iothread") === `${iothread}`),
        "cpuset",
      ) ??
        allCpus(job),
      ...(pollMaxNs === undefined ? {} : { pollMaxNs }),
      ...(pollGrow === undefined ? {} : { pollGrow }),
      ...(pollShrink === undefined ? {} : { pollShrink }),
    };
  });
}

/** Adding and removing are not to be done twice; whether they were done shows in the definitions. */
function iothreadChange(
  name: "domain.addIothread" | "domain.removeIothread",
): Implementation<typeof name> {
  const adds = name === "domain.addIothread";
  return {
    run: async (job: DomainJob, { iothread, ...affect }) => {
      const doing = adds ? "add an I/O thread to" : "remove an I/O thread from";
      const edit: Edit = (xml) => {
        const ids = iothreadIds(xml);
        if (ids.includes(iothread) === adds) {
          throw badValue(
            job.object,
            `Cannot ${doing} ${job.object.label}: it ${adds ? "has" : "has no"} I/O thread ${iothread}`,
          );
        }
        return withIothreads(xml, adds ? [...ids, iothread] : ids.filter((id) => id !== iothread)).text;
      };
      await change(job, { affect, doing, edit });
      return {};
    },
    reconcile: domainByState<typeof name>({
      done: ({ object }, { iothread, ...affect }) => {
        const scopes = scopesOf(object, affect, "look at");
        const has = (xml: string): boolean => iothreadIds(xml).includes(iothread);
        return (!scopes.live || has(object.config) === adds) &&
          (!scopes.config || has(object.persistentConfig) === adds);
      },
      value: () => ({}),
    }),
  };
}

function needIothread(job: DomainJob, xml: string, iothread: number): void {
  if (!iothreadIds(xml).includes(iothread)) {
    throw badValue(
      job.object,
      `Cannot change I/O thread ${iothread} of ${job.object.label}: it has none of that number`,
    );
  }
}

function setIothread(job: DomainJob, input: In<"domain.setIothread">): { affect: Affect; edit: Edit } {
  const { iothread, pollMaxNs, pollGrow, pollShrink } = input;
  const set = Object.entries({ max: pollMaxNs, grow: pollGrow, shrink: pollShrink }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, `${value}`] as const]
  );
  return {
    affect: { live: true },
    edit: (xml) => {
      needIothread(job, xml, iothread);
      const editor = new XmlEditor(xml).put(["iothreadids", "iothread"], { key: { id: `${iothread}` } });
      return editor.putIn(
        () =>
          childrenOf(childOf(editor.root, "iothreadids"), "iothread").find(({ attributes }) =>
            attributes.get("id") === `${iothread}`
          ),
        { name: "poll", attributes: Object.fromEntries(set) },
      ).text;
    },
  };
}

function pinIothread(job: DomainJob, input: In<"domain.pinIothread">): { affect: Affect; edit: Edit } {
  const { iothread, cpus, ...affect } = input;
  const cpuset = checkedCpus(job, cpus);
  return {
    affect,
    edit: (xml) => {
      needIothread(job, xml, iothread);
      return new XmlEditor(xml).put(["cputune", "iothreadpin"], {
        key: { iothread: `${iothread}` },
        attributes: { cpuset },
      }).text;
    },
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
  "domain.iothreads": { run: (job, input) => Promise.try(iothreads, job, input) },
  "domain.addIothread": iothreadChange("domain.addIothread"),
  "domain.removeIothread": iothreadChange("domain.removeIothread"),
  "domain.setIothread": editing<"domain.setIothread">({
    doing: "change an I/O thread of",
    prepare: setIothread,
  }, none),
  "domain.pinIothread": editing<"domain.pinIothread">(
    { doing: "pin an I/O thread of", prepare: pinIothread },
    none,
  ),
} satisfies DriverMap;
