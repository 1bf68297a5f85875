/**
 * What there is to say about a host.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { childOf, childrenOf, readXml } from "../xml_span.ts";
import { ask, askTogether } from "./act.ts";
import { connectionOf } from "./connection.ts";
import type { Line } from "./line.ts";
import type { RemoteJob } from "./object.ts";
import { nearest } from "./wire.ts";

/** How a processor compares with the host's. Source: libvirt, virCPUCompareResult. */
const comparisons = ["incompatible", "identical", "superset"] as const;

/** All processors together. Source: libvirt, VIR_NODE_CPU_STATS_ALL_CPUS. */
const allCpus = -1;

const bytesPerKib = 1024n;

/** A version of libvirt's, which packs three numbers into one. Source: libvirt, virConnectGetVersion. */
function versionOf(packed: bigint): string {
  const number = nearest(packed);
  return [Math.floor(number / 1_000_000), Math.floor(number / 1000) % 1000, number % 1000].join(".");
}

/** Whether what travels is encrypted: by TLS, which is what is used where only a host is named, or by ssh. */
function isEncrypted({ transport, host }: ConnectionUri): boolean {
  const way = transport ?? (host === undefined ? "unix" : "tls");
  return ["tls", "ssh", "libssh", "libssh2"].includes(way);
}

async function info(job: RemoteJob): Promise<Out<"connection.info">> {
  const { host, driver, uri, identity } = connectionOf(job);
  return await askTogether(job, "connection.info", async (line) => {
    const [hostname, version, vcpus, secure] = await Promise.all([
      line.call("connectGetHostname", undefined),
      line.maybe("connectGetVersion", undefined),
      line.maybe("connectGetMaxVcpus", { type: undefined }),
      line.maybe("connectIsSecure", undefined),
    ]);
    const encrypted = isEncrypted(uri);
    const local = uri.transport === "unix" || (uri.transport === undefined && uri.host === undefined);
    return {
      hostname: hostname.hostname,
      hostUuid: host,
      driver,
      uri: identity.canonicalUri,
      hypervisorVersion: version === undefined ? "0.0.0" : versionOf(version.hvVer),
      maxVcpus: vcpus?.maxVcpus ?? 0,
      encrypted,
      secure: (encrypted || local) && secure?.secure !== 0,
    };
  });
}

async function nodeInfo(job: RemoteJob): Promise<Out<"connection.nodeInfo">> {
  const { model, memory, ...rest } = await ask(job, "nodeGetInfo", undefined);
  const end = model.indexOf(0);
  return {
    model: new TextDecoder().decode(end < 0 ? model : model.subarray(0, end)),
    memoryKib: nearest(memory),
    ...rest,
  };
}

async function freeMemory(job: RemoteJob): Promise<Out<"connection.freeMemory">> {
  return await askTogether(job, "connection.freeMemory", async (line) => {
    const [all, { nodes }] = await Promise.all([
      line.call("nodeGetFreeMemory", undefined),
      line.call("nodeGetInfo", undefined),
    ]);
    const cells = (await cellsOf(line, nodes) ?? [all.freeMem]).map((bytes, cell) => ({
      cell,
      freeKib: nearest(bytes / bytesPerKib),
    }));
    return { totalKib: cells.reduce((sum, { freeKib }) => sum + freeKib, 0), cells };
  });
}

/** The free memory of each NUMA cell; `undefined` where the host has no cells to speak of. */
async function cellsOf(line: Line, nodes: number): Promise<readonly bigint[] | undefined> {
  try {
    const { cells } = await line.call("nodeGetCellsFreeMemory", { startCell: 0, maxcells: nodes });
    return cells.length === 0 ? undefined : cells;
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
    throw error;
  }
}

/** The sizes of memory pages of each NUMA cell, as the capabilities tell them. */
function pageSizes(
  capabilities: string,
): readonly { readonly cell: number; readonly sizesKib: readonly number[] }[] {
  const cells = childOf(readXml(capabilities), "host", "topology", "cells");
  return childrenOf(cells, "cell").map((cell) => ({
    cell: Number(cell.attributes.get("id")),
    sizesKib: childrenOf(cell, "pages").map(({ attributes }) => Number(attributes.get("size"))),
  }));
}

async function freePages(job: RemoteJob): Promise<Out<"connection.freePages">> {
  return await askTogether(job, "connection.freePages", async (line) => {
    const { capabilities } = await line.call("connectGetCapabilities", undefined);
    const found = await Promise.all(
      pageSizes(capabilities).map(async ({ cell, sizesKib }) => {
        if (sizesKib.length === 0) return [];
        const { counts } = await line.call("nodeGetFreePages", {
          pages: [...sizesKib],
          startCell: cell,
          cellCount: 1,
          flags: 0,
        });
        return sizesKib.map((pageKib, index) => ({ cell, pageKib, free: nearest(counts[index] ?? 0n) }));
      }),
    );
    return found.flat();
  });
}

async function cpuMap(job: RemoteJob): Promise<Out<"connection.cpuMap">> {
  const { cpumap, ret } = await ask(job, "nodeGetCpuMap", { needMap: 1, needOnline: 1, flags: 0 });
  return {
    present: ret,
    online: Array.from({ length: ret }, (_, cpu) => ((cpumap[cpu >> 3] ?? 0) >> (cpu & 7) & 1) === 1),
  };
}

async function cpuStats(
  job: RemoteJob,
  { cpu }: In<"connection.cpuStats">,
): Promise<Out<"connection.cpuStats">> {
  const cpuNum = cpu ?? allCpus;
  const params = await askTogether(job, "connection.cpuStats", async (line) => {
    const { nparams } = await line.call("nodeGetCpuStats", { cpuNum, nparams: 0, flags: 0 });
    return (await line.call("nodeGetCpuStats", { cpuNum, nparams, flags: 0 })).params;
  }, { doing: cpu === undefined ? "show the processors of" : `show processor ${cpu} of` });
  const time = (name: string): number => nearest(params.find(({ field }) => field === name)?.value ?? 0n);
  return { userNs: time("user"), kernelNs: time("kernel"), idleNs: time("idle"), iowaitNs: time("iowait") };
}

async function models(job: RemoteJob, { arch }: In<"connection.cpuModels">): Promise<string[]> {
  const answer = await ask(job, "connectGetCpuModelNames", { arch, needResults: 1, flags: 0 }, {
    doing: `list the processor models of "${arch}" on`,
  });
  return [...answer.models];
}

async function compare(
  job: RemoteJob,
  { xml }: In<"connection.compareCpu">,
): Promise<Out<"connection.compareCpu">> {
  const answer = await ask(job, "connectCompareCpu", { xml, flags: 0 }, {
    doing: "compare a processor with",
  });
  const result = comparisons[answer.result];
  if (result !== undefined) return { result };
  throw new VirtError("protocol", `The far side compared the processors and answered ${answer.result}`);
}

export const hostFacts = {
  "connection.info": { run: info },
  "connection.capabilities": {
    run: async (job) => (await ask(job, "connectGetCapabilities", undefined)).capabilities,
  },
  "connection.domainCapabilities": {
    run: async (job, { emulator, arch, machine, virtType }) => {
      const args = { emulatorbin: emulator, arch, machine, virttype: virtType, flags: 0 };
      return (await ask(job, "connectGetDomainCapabilities", args)).capabilities;
    },
  },
  "connection.poolCapabilities": {
    run: async (job) => (await ask(job, "connectGetStoragePoolCapabilities", { flags: 0 })).capabilities,
  },
  "connection.nodeInfo": { run: nodeInfo },
  "connection.freeMemory": { run: freeMemory },
  "connection.freePages": { run: freePages },
  "connection.cpuMap": { run: cpuMap },
  "connection.cpuStats": { run: cpuStats },
  "connection.cpuModels": { run: models },
  "connection.compareCpu": { run: compare },
  "connection.baselineCpu": {
    run: async (job, { cpus }) => (await ask(job, "connectBaselineCpu", { xmlCPUs: cpus, flags: 0 })).cpu,
  },
  "connection.sysinfo": {
    run: async (job) => (await ask(job, "connectGetSysinfo", { flags: 0 })).sysinfo,
  },
} satisfies DriverMap;
