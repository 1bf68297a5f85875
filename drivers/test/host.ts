/**
 * What there is to say about a simulated host.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap, Job } from "../../runtime/driver.ts";
import { connectionOf } from "./connection.ts";
import { memoryOf } from "../definition.ts";
import {
  capabilitiesXml,
  cellKib,
  domainCapabilitiesXml,
  poolCapabilitiesXml,
  sysinfoXml,
} from "./host_documents.ts";
import type { In, Out } from "./operation_types.ts";
import { encodeXml, readXml, textOf, type XmlElement } from "../xml_span.ts";

/** The most virtual processors of a domain. Source: libvirt's test driver. */
const maxVcpus = 32;

/** The processor models that the simulated host can tell. */
const cpuModels: Readonly<Record<string, readonly string[]>> = {
  i686: ["486", "pentium", "pentium2", "pentium3", "pentiumpro", "coreduo", "n270", "qemu32", "kvm32"],
  x86_64: [
    "486",
    "pentium",
    "pentium2",
    "pentium3",
    "pentiumpro",
    "coreduo",
    "n270",
    "core2duo",
    "qemu32",
    "kvm32",
    "qemu64",
    "kvm64",
    "Conroe",
    "Penryn",
    "Nehalem",
    "Westmere",
    "SandyBridge",
    "IvyBridge",
    "Haswell",
    "Broadwell",
    "Skylake-Client",
    "Skylake-Server",
    "Cascadelake-Server",
    "Icelake-Server",
    "Opteron_G1",
    "Opteron_G2",
    "Opteron_G3",
    "Opteron_G4",
    "Opteron_G5",
    "EPYC",
    "EPYC-Rome",
    "EPYC-Milan",
  ],
};

/** Running guests take their memory from the first cell on. */
function freeMemory(job: Job): Out<"connection.freeMemory"> {
  let taken = 0;
  for (const { live, config } of connectionOf(job).table.all("domain")) {
    if (live !== undefined) taken += memoryOf(config).currentKib;
  }
  const cells = cellKib.map((size, cell) => {
    const here = Math.min(size, taken);
    taken -= here;
    return { cell, freeKib: size - here };
  });
  return { totalKib: cells.reduce((sum, { freeKib }) => sum + freeKib, 0), cells };
}

function nodeInfo(job: Job): Out<"connection.nodeInfo"> {
  const { cpuModel, memoryKib, cpus, mhz, nodes, sockets, cores, threads } = connectionOf(job).hostRecord;
  return { model: cpuModel, memoryKib, cpus, mhz, nodes, sockets, cores, threads };
}

function models({ arch }: In<"connection.cpuModels">): string[] {
  const found = cpuModels[arch];
  if (found === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot list processor models: architecture "${arch}" is not known`,
    );
  }
  return [...found];
}

/** A processor as a document describes it. */
interface Cpu {
  readonly arch: string | undefined;
  readonly model: string | undefined;
  readonly vendor: string | undefined;
  readonly features: ReadonlySet<string>;
}

/** What the simulated host's processor can do. */
const hostFeatures: ReadonlySet<string> = new Set(["pae", "nonpae"]);

function readCpu(xml: string): Cpu {
  const root = readXml(xml, "processor");
  const cpu = root.name === "cpu" ? root : root.children.find(({ name }) => name === "cpu") ??
    root.children.find(({ name }) => name === "host")?.children.find(({ name }) => name === "cpu");
  if (cpu === undefined) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the processor: found <${root.name}>, expected <cpu>`,
    );
  }
  return {
    arch: textOf(cpu, "arch"),
    model: textOf(cpu, "model"),
    vendor: textOf(cpu, "vendor"),
    features: new Set([...named(cpu, "feature"), ...childNames(cpu, "features")]),
  };
}

function named(cpu: XmlElement, element: string): readonly string[] {
  return cpu.children.filter(({ name, attributes }) =>
    name === element && !["disable", "forbid"].includes(attributes.get("policy") ?? "")
  ).flatMap(({ attributes }) => attributes.get("name") ?? []);
}

function childNames(cpu: XmlElement, element: string): readonly string[] {
  return cpu.children.find(({ name }) => name === element)?.children.map(({ name }) => name) ?? [];
}

function compare(job: Job, { xml }: In<"connection.compareCpu">): Out<"connection.compareCpu"> {
  const { cpuModel } = connectionOf(job).hostRecord;
  const wanted = readCpu(xml);
  const misses = [...wanted.features].some((feature) => !hostFeatures.has(feature));
  if (misses || wanted.model !== undefined || (wanted.arch !== undefined && wanted.arch !== cpuModel)) {
    return { result: "incompatible" };
  }
  return { result: wanted.features.size === hostFeatures.size ? "identical" : "superset" };
}

/** What all given processors have: their model where it is the same, and the features in common. */
function baseline({ cpus }: In<"connection.baselineCpu">): string {
  const read = cpus.map(readCpu);
  const [first] = read;
  if (first === undefined) {
    throw new VirtError("invalid-argument", "Cannot compute a baseline: no processor is given");
  }
  for (const key of ["arch", "model", "vendor"] as const) {
    if (read.some((cpu) => cpu[key] !== first[key])) {
      throw new VirtError("operation-failed", `Cannot compute a baseline: the processors differ in <${key}>`);
    }
  }
  const common = [...first.features].filter((feature) => read.every(({ features }) => features.has(feature)));
  return [
    "<cpu mode='custom' match='exact'>",
    ...(first.model === undefined ? [] : [`  <model fallback='allow'>${encodeXml(first.model)}</model>`]),
    ...(first.vendor === undefined ? [] : [`  <vendor>${encodeXml(first.vendor)}</vendor>`]),
    ...common.map((feature) => `  <feature policy='require' name='${encodeXml(feature)}'/>`),
    "</cpu>",
    "",
  ].join("\n");
}

export const hostFacts = {
  "connection.info": {
    run: (job) =>
      Promise.try(() => {
        const { host, driver, uri, table } = connectionOf(job);
        return {
          hostname: "test-host",
          hostUuid: table.host?.uuid ?? host,
          driver,
          uri: uri.text,
          hypervisorVersion: "0.0.2",
          maxVcpus,
          encrypted: false,
          secure: true,
        };
      }),
  },
  "connection.capabilities": {
    run: (job) => Promise.try(() => capabilitiesXml(connectionOf(job).hostRecord)),
  },
  "connection.domainCapabilities": {
    run: (_job, input) => Promise.try(domainCapabilitiesXml, input, maxVcpus),
  },
  "connection.poolCapabilities": { run: () => Promise.try(poolCapabilitiesXml) },
  "connection.nodeInfo": { run: (job) => Promise.try(nodeInfo, job) },
  "connection.freeMemory": { run: (job) => Promise.try(freeMemory, job) },
  "connection.freePages": {
    run: (job) =>
      Promise.try(() =>
        freeMemory(job).cells.map(({ cell, freeKib }) => ({
          cell,
          pageKib: 4,
          free: Math.floor(freeKib / 4),
        }))
      ),
  },
  "connection.cpuMap": {
    run: (job) =>
      Promise.try(() => {
        const { cpus } = connectionOf(job).hostRecord;
        return { present: cpus, online: Array.from({ length: cpus }, () => true) };
      }),
  },
  "connection.cpuStats": {
    run: (job, { cpu }) =>
      Promise.try(() => {
        const { cpus } = connectionOf(job).hostRecord;
        if (cpu !== undefined && cpu >= cpus) {
          throw new VirtError(
            "invalid-argument",
            `Cannot show processor ${cpu}: the host has processors 0-${cpus - 1}`,
          );
        }
        const share = cpu === undefined ? cpus : 1;
        return {
          userNs: share * 9_797_400_000,
          kernelNs: share * 34_678_723_400_000,
          idleNs: share * 87_264_900_000,
          iowaitNs: share * 763_600_000,
        };
      }),
  },
  "connection.cpuModels": { run: (_job, input) => Promise.try(models, input) },
  "connection.compareCpu": { run: (job, input) => Promise.try(compare, job, input) },
  "connection.baselineCpu": { run: (_job, input) => Promise.try(baseline, input) },
  "connection.sysinfo": { run: () => Promise.try(sysinfoXml) },
} satisfies DriverMap;
