/**
 * Domains: statistics.
 *
 * @module
 */
import type { statsGroups } from "../../model/operations/domain_stats.ts";
import { controlReasons, controlStates, diskErrors, memoryFigures } from "../../protocol/words/domain.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { askTogether, listObjects } from "./act.ts";
import { connectionOf } from "./connection.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { nameFilter } from "./named_list.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { asks, type Subject } from "./object_call.ts";
import { plainParameters } from "./parameters.ts";
import { nearest, type WireDomain, wireDomain } from "./wire.ts";

/** The flags of the groups. Source: libvirt, virDomainStatsTypes. */
const groupFlags: Readonly<Record<typeof statsGroups[number], number>> = {
  state: 1 << 0,
  cpu: 1 << 1,
  balloon: 1 << 2,
  vcpu: 1 << 3,
  interface: 1 << 4,
  block: 1 << 5,
  perf: 1 << 6,
  iothread: 1 << 7,
  memory: 1 << 8,
  dirtyrate: 1 << 9,
  vm: 1 << 10,
};

/** Source: libvirt, virConnectGetAllDomainStatsFlags. */
const noWaitFlag = 1 << 29;
const backingFlag = 1 << 30;

/**
 * For how many domains statistics are asked at once: an answer has to fit into a message of 32 MiB, and a domain with many
 * processors and disks takes some tens of KiB.
 */
const domainsAtOnce = 256;

/** All domains that there are now. */
async function domainsOf(job: RemoteJob): Promise<readonly RemoteObject[]> {
  const { objects } = await listObjects(job, { objectClass: "domain" }, async (line) => ({
    sightings: await classAccess.domain.list?.(line) ?? [],
    rest: undefined,
  }));
  return objects;
}

async function stats(job: RemoteJob, input: In<"domain.stats">): Promise<Out<"domain.stats">> {
  const { domains, name, active, groups, backing, noWait } = input;
  const there = await domainsOf(job);
  const fits = nameFilter(name);
  const wanted = domains === undefined ? undefined : new Set(domains.map(({ id }) => id));
  const chosen = there.filter((domain) =>
    fits(domain.name) && (wanted === undefined || wanted.has(domain.id)) &&
    (active === undefined || active === (domain.live !== undefined))
  );
  const asked = {
    stats: (groups ?? []).reduce((flags, group) => flags | groupFlags[group], 0),
    flags: (noWait ? noWaitFlag : 0) | (backing ? backingFlag : 0),
  };
  const records = await askTogether(job, "statistics", async (line) => {
    const answers = await Promise.all(
      batches(chosen.map(wireDomain)).map((doms) =>
        line.call("connectGetAllDomainStats", { doms, ...asked })
      ),
    );
    return answers.flatMap(({ retStats }) => retStats);
  }, { doing: "read the statistics of domains on" });
  const { table } = connectionOf(job);
  return records.flatMap(({ dom, params }) => {
    const domain = table.byId("domain", dom.uuid);
    return domain === undefined
      ? []
      : [{ domain: job.ref(domain, "domain"), stats: plainParameters(params) }];
  });
}

function batches(doms: readonly WireDomain[]): readonly (readonly WireDomain[])[] {
  return Array.from(
    { length: Math.ceil(doms.length / domainsAtOnce) },
    (_, index) => doms.slice(index * domainsAtOnce, (index + 1) * domainsAtOnce),
  );
}

async function memoryStats(
  line: Line,
  { object }: Subject<"domain.memoryStats">,
): Promise<Out<"domain.memoryStats">> {
  const { stats } = await line.call("domainMemoryStats", {
    dom: wireDomain(object),
    maxStats: memoryFigures.length,
    flags: 0,
  });
  return Object.fromEntries(stats.flatMap(({ tag, val }) => {
    const name = memoryFigures[tag];
    return name === undefined ? [] : [[name, nearest(val)]];
  }));
}

/** The total of all processors. Source: libvirt, virDomainGetCPUStats. */
const allProcessors = -1;
/** Room for all figures that are kept of a total. */
const cpuFigures = 16;

async function cpuStats(line: Line, { object }: Subject<"domain.cpuStats">): Promise<Out<"domain.cpuStats">> {
  const dom = wireDomain(object);
  // The far side refuses room for more figures than it keeps: it is asked first how many that are.
  const { nparams } = await line.call("domainGetCpuStats", {
    dom,
    nparams: 0,
    startCpu: allProcessors,
    ncpus: 1,
    flags: 0,
  });
  const { params } = await line.call("domainGetCpuStats", {
    dom,
    nparams: Math.min(nparams, cpuFigures),
    startCpu: allProcessors,
    ncpus: 1,
    flags: 0,
  });
  const figures = plainParameters(params);
  const figure = (name: string): number => Number(figures[name] ?? 0);
  return { cpuTimeNs: figure("cpu_time"), userNs: figure("user_time"), systemNs: figure("system_time") };
}

async function blockStats(
  line: Line,
  { object, input: { disk } }: Subject<"domain.blockStats">,
): Promise<Out<"domain.blockStats">> {
  // Without a path libvirt adds up all disks. Source: libvirt, virDomainBlockStats.
  const found = await line.call("domainBlockStats", { dom: wireDomain(object), path: disk ?? "" });
  return {
    readRequests: nearest(found.rdReq),
    readBytes: nearest(found.rdBytes),
    writeRequests: nearest(found.wrReq),
    writeBytes: nearest(found.wrBytes),
    errors: nearest(found.errs),
  };
}

async function interfaceStats(
  line: Line,
  { object, input }: Subject<"domain.interfaceStats">,
): Promise<Out<"domain.interfaceStats">> {
  const found = await line.call("domainInterfaceStats", { dom: wireDomain(object), device: input.interface });
  return {
    receivedBytes: nearest(found.rxBytes),
    receivedPackets: nearest(found.rxPackets),
    receiveErrors: nearest(found.rxErrs),
    receiveDrops: nearest(found.rxDrop),
    sentBytes: nearest(found.txBytes),
    sentPackets: nearest(found.txPackets),
    sendErrors: nearest(found.txErrs),
    sendDrops: nearest(found.txDrop),
  };
}

/** How many disks may have errors at once; the protocol's limit. */
const mostErrors = 256;

export const domainStatistics = {
  "domain.stats": { run: stats },
  "domain.memoryStats": asks<"domain.memoryStats">("read the memory statistics of", memoryStats),
  "domain.cpuStats": asks<"domain.cpuStats">("read the processor time of", cpuStats),
  "domain.blockStats": asks<"domain.blockStats">("read the disk statistics of", blockStats),
  "domain.interfaceStats": asks<"domain.interfaceStats">("read the traffic of", interfaceStats),
  "domain.blockErrors": asks<"domain.blockErrors">("ask for disk errors of", async (line, { object }) => {
    const dom = wireDomain(object);
    const { errors } = await line.call("domainGetDiskErrors", { dom, maxerrors: mostErrors, flags: 0 });
    return errors.flatMap(({ disk, error: code }) => {
      const error = code === 0 ? undefined : diskErrors[code] ?? "unspecified";
      return error === undefined ? [] : [{ disk, error }];
    });
  }),
  "domain.controlInfo": asks<"domain.controlInfo">("reach the monitor of", async (line, { object }) => {
    const found = await line.call("domainGetControlInfo", { dom: wireDomain(object), flags: 0 });
    const detail = controlReasons[found.details];
    return { state: controlStates[found.state] ?? "error", ...(detail === undefined ? {} : { detail }) };
  }),
} satisfies DriverMap;
