/**
 * Domains: how much of the host they may take: scheduler, block I/O, memory, NUMA, bandwidth, performance events.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { act } from "./act.ts";
import { type Affect, type Edit, isChanged, scopesOf } from "./affect.ts";
import { findDisk, findNic } from "../device.ts";
import { badValue, type DomainJob } from "./domain.ts";
import { editing } from "./domain_resource.ts";
import type { In, Nothing } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";
import type { Parameters } from "./world/record.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, childrenOf, readXml, textOf } from "../xml_span.ts";

/** What libvirt shows for a limit that is not set, in KiB. */
const unlimited = 9_007_199_254_740_991;

/** A parameter that stands in the definition. */
interface Field {
  readonly name: string;
  readonly path: readonly string[];
  readonly attribute?: string;
  readonly kind: "number" | "text";
  readonly initial: number | string;
  readonly least?: number;
  readonly most?: number;
  readonly oneOf?: readonly string[];
}

/** Source: libvirt formatdomain, <memtune>, <blkiotune>, <numatune>. */
const groups: Readonly<Record<"blkio" | "memory" | "numa", readonly Field[]>> = {
  blkio: [{
    name: "weight",
    path: ["blkiotune", "weight"],
    kind: "number",
    initial: 0,
    least: 10,
    most: 1000,
  }],
  memory: ["hard_limit", "soft_limit", "swap_hard_limit"].map((name) => ({
    name,
    path: ["memtune", name],
    kind: "number",
    initial: unlimited,
  })),
  numa: [
    {
      name: "numa_nodeset",
      path: ["numatune", "memory"],
      attribute: "nodeset",
      kind: "text",
      initial: "",
    },
    {
      name: "numa_mode",
      path: ["numatune", "memory"],
      attribute: "mode",
      kind: "text",
      initial: "strict",
      oneOf: ["strict", "preferred", "interleave", "restrictive"],
    },
  ],
};

/** Source: libvirt formatdomain, <iotune>. */
const ioTune: readonly string[] = [
  "total_bytes_sec",
  "read_bytes_sec",
  "write_bytes_sec",
  "total_iops_sec",
  "read_iops_sec",
  "write_iops_sec",
  "total_bytes_sec_max",
  "read_bytes_sec_max",
  "write_bytes_sec_max",
  "total_iops_sec_max",
  "read_iops_sec_max",
  "write_iops_sec_max",
  "size_iops_sec",
  "total_bytes_sec_max_length",
  "read_bytes_sec_max_length",
  "write_bytes_sec_max_length",
  "total_iops_sec_max_length",
  "read_iops_sec_max_length",
  "write_iops_sec_max_length",
];

/** Source: libvirt formatdomain, <bandwidth>. */
const bandwidth: readonly string[] = [
  "inbound.average",
  "inbound.peak",
  "inbound.burst",
  "inbound.floor",
  "outbound.average",
  "outbound.peak",
  "outbound.burst",
];

/** Source: libvirt formatdomain, <perf>. */
const perfEvents: readonly string[] = [
  "cmt",
  "mbmt",
  "mbml",
  "cpu_cycles",
  "instructions",
  "cache_references",
  "cache_misses",
  "branch_instructions",
  "branch_misses",
  "bus_cycles",
  "stalled_cycles_frontend",
  "stalled_cycles_backend",
  "ref_cpu_cycles",
  "cpu_clock",
  "task_clock",
  "page_faults",
  "context_switches",
  "cpu_migrations",
  "page_faults_min",
  "page_faults_maj",
  "alignment_faults",
  "emulation_faults",
];

function definitionOf({ object }: DomainJob, config: boolean): string {
  return config || object.live === undefined ? object.persistentConfig : object.config;
}

function unknown(job: DomainJob, name: string): Error {
  return badValue(job.object, `Cannot tune ${job.object.label}: there is no parameter "${name}"`);
}

function read(xml: string, field: Field): number | string {
  const element = childOf(readXml(xml), ...field.path);
  const text = field.attribute === undefined
    ? element?.text.trim()
    : element?.attributes.get(field.attribute);
  if (text === undefined || text === "") return field.initial;
  return field.kind === "number" ? Number(text) : text;
}

/** The scheduler has one parameter, which definitions do not carry. */
function schedulerOf({ object }: DomainJob, scope: "live" | "config"): Parameters {
  const { parameters } = object.facts.record;
  return {
    weight: 50,
    ...parameters["scheduler"],
    ...(scope === "live" ? parameters["live.scheduler"] : {}),
  };
}

function parameters(job: DomainJob, { group, config }: In<"domain.parameters">): Parameters {
  if (group === "scheduler") {
    return schedulerOf(job, config || job.object.live === undefined ? "config" : "live");
  }
  const xml = definitionOf(job, config);
  return Object.fromEntries(groups[group].map((field) => [field.name, read(xml, field)]));
}

/** Checks one parameter and gives its text. */
function textFor(job: DomainJob, field: Field, value: number | string | boolean): string {
  const fits = field.kind === "number"
    ? typeof value === "number" && Number.isSafeInteger(value) && value >= (field.least ?? 0) &&
      value <= (field.most ?? unlimited)
    : typeof value === "string" && (field.oneOf?.includes(value) ?? true);
  if (fits) return `${value}`;
  const wanted = field.oneOf?.join(", ") ?? `${field.least ?? 0} to ${field.most ?? unlimited}`;
  throw badValue(
    job.object,
    `Cannot set "${field.name}" of ${job.object.label} to ${JSON.stringify(value)}: it must be ${wanted}`,
  );
}

function tuning(job: DomainJob, input: In<"domain.setParameters">): { affect: Affect; edit: Edit } {
  const { group, parameters, ...affect } = input;
  const fields = group === "scheduler" ? [] : groups[group];
  const chosen = Object.entries(parameters).map(([name, value]) => {
    const field = fields.find((each) => each.name === name);
    if (field === undefined) throw unknown(job, name);
    return { field, text: textFor(job, field, value) };
  });
  return {
    affect,
    edit: (xml) => {
      const editor = new XmlEditor(xml);
      for (const { field: { path, attribute }, text } of chosen) {
        if (attribute !== undefined) editor.put(path, { attributes: { [attribute]: text } });
        else editor.put(path, { text, ...(path[0] === "memtune" ? { attributes: { unit: "KiB" } } : {}) });
      }
      return editor.text;
    },
  };
}

const setTuning = editing<"domain.setParameters">({ doing: "tune", prepare: tuning }, {});

async function setParameters(job: DomainJob, input: In<"domain.setParameters">): Promise<Nothing> {
  if (input.group !== "scheduler") return await setTuning.run(job, input);
  const scopes = scopesOf(job.object, input, "tune");
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(input.parameters)) {
    if (name !== "weight") throw unknown(job, name);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > 2 ** 32 - 1) {
      throw badValue(job.object, `Cannot set "weight" of ${job.object.label} to ${JSON.stringify(value)}`);
    }
    values[name] = value;
  }
  const { id } = job.object;
  if (scopes.live) {
    await act(job, "domain.set-parameters", { input: { id, group: "live.scheduler", values } });
  }
  if (scopes.config) await act(job, "domain.set-parameters", { input: { id, group: "scheduler", values } });
  return {};
}

function isTuned(job: DomainJob, input: In<"domain.setParameters">): boolean {
  if (input.group !== "scheduler") return isChanged(job.object, tuning(job, input));
  const { live } = scopesOf(job.object, input, "look at");
  const now = schedulerOf(job, live ? "live" : "config");
  return Object.entries(input.parameters).every(([name, value]) => now[name] === value);
}

function blockIoTune(job: DomainJob, { disk, config }: In<"domain.blockIoTune">): Parameters {
  const element = findDisk(job.object, { xml: definitionOf(job, config), disk });
  const tune = childOf(element, "iotune");
  return Object.fromEntries(
    ioTune.map((name) => [name, Number(tune === undefined ? 0 : textOf(tune, name) ?? 0)]),
  );
}

function setBlockIoTune(job: DomainJob, input: In<"domain.setBlockIoTune">): { affect: Affect; edit: Edit } {
  const { disk, parameters, ...affect } = input;
  for (const [name, value] of Object.entries(parameters)) {
    if (!ioTune.includes(name)) throw unknown(job, name);
    textFor(job, { name, path: [], kind: "number", initial: 0 }, value);
  }
  const given = (name: string): number => Number(parameters[name] ?? 0);
  for (const what of ["bytes", "iops"]) {
    if (given(`total_${what}_sec`) > 0 && (given(`read_${what}_sec`) > 0 || given(`write_${what}_sec`) > 0)) {
      throw badValue(
        job.object,
        `Cannot tune disk "${disk}" of ${job.object.label}: a total and a separate limit exclude each other`,
      );
    }
  }
  return {
    affect,
    edit: (xml) => {
      const editor = new XmlEditor(xml);
      const found = () => findDisk(job.object, { xml: editor.text, disk });
      editor.putIn(found, { name: "iotune" });
      for (const [name, value] of Object.entries(parameters)) {
        editor.putIn(() => childOf(found(), "iotune"), { name, text: `${value}` });
      }
      return editor.text;
    },
  };
}

function interfaceParameters(job: DomainJob, input: In<"domain.interfaceParameters">): Parameters {
  const nic = findNic(job.object, { xml: definitionOf(job, input.config), interface: input.interface });
  return Object.fromEntries(bandwidth.map((name) => {
    const [way = "", field = ""] = name.split(".");
    return [name, Number(attributeOf(nic, field, "bandwidth", way) ?? 0)];
  }));
}

function setInterfaceParameters(
  job: DomainJob,
  input: In<"domain.setInterfaceParameters">,
): { affect: Affect; edit: Edit } {
  const { interface: nic, parameters, ...affect } = input;
  for (const [name, value] of Object.entries(parameters)) {
    if (!bandwidth.includes(name)) throw unknown(job, name);
    textFor(job, { name, path: [], kind: "number", initial: 0 }, value);
  }
  return {
    affect,
    edit: (xml) => {
      const editor = new XmlEditor(xml);
      const found = () => findNic(job.object, { xml: editor.text, interface: nic });
      editor.putIn(found, { name: "bandwidth" });
      for (const [name, value] of Object.entries(parameters)) {
        const [way = "", field = ""] = name.split(".");
        editor.putIn(() => childOf(found(), "bandwidth"), { name: way, attributes: { [field]: `${value}` } });
      }
      return editor.text;
    },
  };
}

function perf(job: DomainJob, { config }: In<"domain.perfEvents">): Record<string, boolean> {
  const events = childrenOf(childOf(readXml(definitionOf(job, config)), "perf"), "event");
  const enabled = new Set(
    events.filter(({ attributes }) => attributes.get("enabled") === "yes").map(({ attributes }) =>
      attributes.get("name")
    ),
  );
  return Object.fromEntries(perfEvents.map((name) => [name, enabled.has(name)]));
}

function setPerf(
  job: DomainJob,
  { events, ...affect }: In<"domain.setPerfEvents">,
): { affect: Affect; edit: Edit } {
  for (const name of Object.keys(events)) {
    if (!perfEvents.includes(name)) throw unknown(job, name);
  }
  return {
    affect,
    edit: (xml) => {
      const editor = new XmlEditor(xml);
      for (const [name, on] of Object.entries(events)) {
        editor.put(["perf", "event"], { key: { name }, attributes: { enabled: on ? "yes" : "no" } });
      }
      return editor.text;
    },
  };
}

export const domainTuning = {
  "domain.parameters": { run: (job, input) => Promise.try(parameters, job, input) },
  "domain.setParameters": {
    run: setParameters,
    reconcile: domainByState<"domain.setParameters">({ done: isTuned, value: () => ({}) }),
  },
  "domain.blockIoTune": { run: (job, input) => Promise.try(blockIoTune, job, input) },
  "domain.setBlockIoTune": editing<"domain.setBlockIoTune">({
    doing: "tune a disk of",
    prepare: setBlockIoTune,
  }, {}),
  "domain.interfaceParameters": { run: (job, input) => Promise.try(interfaceParameters, job, input) },
  "domain.setInterfaceParameters": editing<"domain.setInterfaceParameters">(
    { doing: "tune an interface of", prepare: setInterfaceParameters },
    {},
  ),
  "domain.perfEvents": { run: (job, input) => Promise.try(perf, job, input) },
  "domain.setPerfEvents": editing<"domain.setPerfEvents">({ doing: "count events of", prepare: setPerf }, {}),
} satisfies DriverMap;
