/**
 * Domains: statistics and jobs.
 *
 * A simulated guest does a certain amount of everything per second that it has run, so that numbers grow, differ
 * between guests and are the same in each run of a test.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { statsGroups } from "../../model/operations/domain_stats.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { inspect } from "./act.ts";
import { activityOn } from "./activity.ts";
import { connectionOf } from "./connection.ts";
import { memoryOf, vcpusOf } from "../definition.ts";
import { findDisk, findNic } from "../device.ts";
import { type DomainJob, type DomainObject, needGuest } from "./domain.ts";
import { cpuTime } from "./domain_resource.ts";
import { essentialsOf } from "./essentials.ts";
import type { TestJob } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";

type Stats = Out<"domain.stats">[number]["stats"];
type Group = typeof statsGroups[number];

/** libvirt's numbers for states of domains (`virDomainState`). */
const stateNumbers = { running: 1, paused: 3, crashed: 6, pmsuspended: 7 } as const;

/** For how many seconds a guest has run. */
function secondsOf({ live }: DomainObject, now: number): number {
  return live === undefined ? 0 : Math.max(0, Math.floor((now - live.startedAt) / 1000));
}

const gather: { readonly [G in Group]: (domain: DomainObject, now: number) => Stats } = {
  state: ({ live }) => ({
    "state.state": live === undefined ? 5 : stateNumbers[live.state],
    "state.reason": live?.reason ?? "",
  }),
  cpu: (domain, now) => {
    const time = cpuTime(domain, now) * essentialsOf(domain).vcpus.current;
    const user = Math.floor(time * 0.7);
    return { "cpu.time": time, "cpu.user": user, "cpu.system": time - user };
  },
  balloon: (domain) => {
    const { currentKib, maximumKib } = essentialsOf(domain);
    return { "balloon.current": currentKib, "balloon.maximum": maximumKib };
  },
  vcpu: (domain, now) => {
    const { current, maximum } = essentialsOf(domain).vcpus;
    const stats: Stats = { "vcpu.current": current, "vcpu.maximum": maximum };
    for (let vcpu = 0; vcpu < current; vcpu++) {
      stats[`vcpu.${vcpu}.state`] = domain.live === undefined ? 0 : 1;
      stats[`vcpu.${vcpu}.time`] = cpuTime(domain, now);
    }
    return stats;
  },
  interface: (domain, now) => {
    const { nics } = essentialsOf(domain);
    const stats: Stats = { "net.count": nics.length };
    const traffic = trafficOf(domain, now);
    nics.forEach(({ target }, index) => {
      stats[`net.${index}.name`] = target ?? `vnet${index}`;
      stats[`net.${index}.rx.bytes`] = traffic.receivedBytes;
      stats[`net.${index}.rx.pkts`] = traffic.receivedPackets;
      stats[`net.${index}.tx.bytes`] = traffic.sentBytes;
      stats[`net.${index}.tx.pkts`] = traffic.sentPackets;
    });
    return stats;
  },
  block: (domain, now) => {
    const { disks } = essentialsOf(domain);
    const stats: Stats = { "block.count": disks.length };
    const blocks = blocksOf(domain, now);
    disks.forEach(({ target, source }, index) => {
      stats[`block.${index}.name`] = target;
      stats[`block.${index}.path`] = source;
      stats[`block.${index}.rd.reqs`] = blocks.readRequests;
      stats[`block.${index}.rd.bytes`] = blocks.readBytes;
      stats[`block.${index}.wr.reqs`] = blocks.writeRequests;
      stats[`block.${index}.wr.bytes`] = blocks.writeBytes;
    });
    return stats;
  },
  iothread: (domain) => ({ "iothread.count": essentialsOf(domain).iothreads }),
  // Nothing is counted, measured or reported by a simulated guest beyond the above.
  perf: () => ({}),
  memory: () => ({}),
  dirtyrate: () => ({}),
  vm: () => ({}),
};

function trafficOf(domain: DomainObject, now: number): Out<"domain.interfaceStats"> {
  const seconds = secondsOf(domain, now);
  return {
    receivedBytes: seconds * 64_000,
    receivedPackets: seconds * 80,
    receiveErrors: 0,
    receiveDrops: 0,
    sentBytes: seconds * 32_000,
    sentPackets: seconds * 40,
    sendErrors: 0,
    sendDrops: 0,
  };
}

function blocksOf(domain: DomainObject, now: number): Out<"domain.blockStats"> {
  const seconds = secondsOf(domain, now);
  return {
    readRequests: seconds * 20,
    readBytes: seconds * 20 * 4096,
    writeRequests: seconds * 10,
    writeBytes: seconds * 10 * 4096,
    errors: 0,
  };
}

function stats(job: TestJob, input: In<"domain.stats">): Out<"domain.stats"> {
  const { table } = connectionOf(job);
  const glob = input.name === undefined ? undefined : Glob.parse(input.name);
  const wanted = input.domains === undefined ? undefined : new Set(input.domains.map(({ id }) => id));
  const groups: readonly Group[] = input.groups ??
    ["state", "cpu", "balloon", "vcpu", "interface", "block", "iothread"];
  const now = job.clock.now();
  const answers: Out<"domain.stats"> = [];
  for (const domain of table.all("domain")) {
    if (wanted !== undefined && !wanted.has(domain.id)) continue;
    if (input.active !== undefined && input.active !== (domain.live !== undefined)) continue;
    if (glob !== undefined && !glob.matches(domain.name)) continue;
    answers.push({
      domain: job.ref(domain, "domain"),
      stats: Object.assign({}, ...groups.map((group) => gather[group](domain, now))),
    });
  }
  return answers;
}

/** Statistics of one domain come from its monitor. */
async function ask(job: DomainJob): Promise<void> {
  needGuest(job.object, "ask for statistics of");
  await inspect(job, "host.look", { input: { id: job.object.id, kind: "domain" } });
}

async function memoryStats(job: DomainJob): Promise<Record<string, number>> {
  await ask(job);
  const { currentKib } = memoryOf(job.object.config);
  return {
    actual: currentKib,
    swap_in: 0,
    swap_out: 0,
    major_fault: 0,
    minor_fault: 0,
    unused: Math.floor(currentKib / 2),
    available: currentKib,
    usable: Math.floor(currentKib / 2),
    last_update: Math.floor(job.clock.now() / 1000),
    disk_caches: Math.floor(currentKib / 8),
    hugetlb_pgalloc: 0,
    hugetlb_pgfail: 0,
    rss: Math.floor(currentKib / 2),
  };
}

async function blockStats(
  job: DomainJob,
  { disk }: In<"domain.blockStats">,
): Promise<Out<"domain.blockStats">> {
  if (disk !== undefined) findDisk(job.object, { xml: job.object.config, disk });
  await ask(job);
  return blocksOf(job.object, job.clock.now());
}

async function interfaceStats(
  job: DomainJob,
  { interface: nic }: In<"domain.interfaceStats">,
): Promise<Out<"domain.interfaceStats">> {
  findNic(job.object, { xml: job.object.config, interface: nic });
  await ask(job);
  return trafficOf(job.object, job.clock.now());
}

async function cpuStats(job: DomainJob): Promise<Out<"domain.cpuStats">> {
  await ask(job);
  const cpuTimeNs = cpuTime(job.object, job.clock.now()) * vcpusOf(job.object.config).current;
  const userNs = Math.floor(cpuTimeNs * 0.7);
  const { cpus } = connectionOf(job).hostRecord;
  const byCpu = Array.from({ length: cpus }, () => Math.floor(cpuTimeNs / cpus));
  return { cpuTimeNs, userNs, systemNs: cpuTimeNs - userNs, byCpu };
}

function jobInfo(job: DomainJob): Out<"domain.jobInfo"> {
  const activity = activityOn(job);
  if (activity === undefined) return { type: "none" };
  return {
    type: "bounded",
    operation: activity.operation,
    elapsedMs: job.clock.now() - activity.since,
    fraction: activity.fraction,
  };
}

function abortJob(job: DomainJob): Nothing {
  const activity = activityOn(job);
  if (activity === undefined) {
    throw new VirtError("wrong-state", `Cannot abort the job on ${job.object.label}: there is none`, {
      target: job.object.label,
    });
  }
  activity.abort();
  return {};
}

export const domainStatistics = {
  "domain.stats": { run: (job, input) => Promise.try(stats, job, input) },
  "domain.memoryStats": { run: memoryStats },
  "domain.blockStats": { run: blockStats },
  "domain.interfaceStats": { run: interfaceStats },
  "domain.cpuStats": { run: cpuStats },
  "domain.jobInfo": { run: (job) => Promise.try(jobInfo, job) },
  "domain.abortJob": {
    run: (job) => Promise.try(abortJob, job),
    reconcile: (job) =>
      Promise.resolve(activityOn(job) === undefined ? { kind: "done", value: {} } : { kind: "not-done" }),
  },
} satisfies DriverMap;
