/**
 * Domains: statistics, and the job that runs on one.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import { statsGroups } from "../../model/operations/domain_stats.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import type { ParameterKind } from "../../protocol/typed_parameters.ts";
import { controlStates, diskErrors, jobTypes, memoryFigures } from "../../protocol/words/domain.ts";
import { reasonNumber } from "../../protocol/words/domain_state.ts";
import { requireRunning } from "../dispatch/affect.ts";
import { hostName, refTo, remoteDomain } from "../dispatch/objects.ts";
import { type Parameters, textFlag, typedParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Bits of the flags of statistics of many domains. Source: libvirt, virConnectGetAllDomainStatsFlags. */
const statsFlag = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  other: 1 << 7,
  noWait: 1 << 29,
  backing: 1 << 30,
  enforce: 1 << 31,
} as const;
const filterFlags = 0xff;
const statsFlags = filterFlags | statsFlag.noWait | statsFlag.backing | statsFlag.enforce;

/** Figures that are not counters of 64 bits. Source: libvirt, virConnectGetAllDomainStats. */
const statsKinds: readonly (readonly [name: RegExp, kind: ParameterKind])[] = [
  [/^state\./, "int"],
  [/^vcpu\.\d+\.state$/, "int"],
  [/^(vcpu\.(current|maximum)|(net|block|iothread)\.count|block\.\d+\.backingIndex)$/, "uint"],
  [/^iothread\.\d+\.poll-(grow|shrink)$/, "uint"],
  [/^dirtyrate\.calc_(status|period|mode)$/, "int"],
  [/\.(name|path|mode)$/, "string"],
];

function statsKind(name: string): ParameterKind {
  return statsKinds.find(([pattern]) => pattern.test(name))?.[1] ?? "ullong";
}

/** libvirt has a number for the reason of a state. */
function numbered(stats: Parameters): Parameters {
  const { "state.reason": reason, "state.state": state } = stats;
  return typeof reason === "string"
    ? { ...stats, "state.reason": reasonNumber(Number(state), reason) }
    : stats;
}

type Stats = OutputOf<Operations["domain.stats"]>[number];

/** Whether a domain is one of those that the bits ask for. */
function isAskedFor({ stats }: Stats, flags: number): boolean {
  const { running, paused, shutoff, other } = statsFlag;
  if ((flags & (running | paused | shutoff | other)) === 0) return true;
  const bit = { 1: running, 3: paused, 5: shutoff }[Number(stats["state.state"])] ?? other;
  return (flags & bit) !== 0;
}

/** The groups of figures that the bits ask for; all where they ask for none. */
function groupsOf(stats: number, flags: number): (typeof statsGroups[number])[] | undefined {
  if (stats === 0) return undefined;
  const known = statsGroups.filter((_group, index) => (stats & 1 << index) !== 0);
  const unknown = (stats & ~((1 << statsGroups.length) - 1)) >>> 0;
  if (unknown !== 0 && (flags & statsFlag.enforce) !== 0) {
    throw new VirtError(
      "unsupported",
      `Stats types bits 0x${unknown.toString(16)} are not supported by this daemon`,
      {
        remoteCode: "VIR_ERR_ARGUMENT_UNSUPPORTED",
      },
    );
  }
  return known;
}

/** Of all of the host's processors together. */
const allProcessors = -1;

/** A statistic of a job as a number of 64 bits; 0 where there is none. */
function figure(statistics: Parameters | undefined, name: string): bigint {
  const value = statistics?.[name];
  return value === undefined || typeof value === "boolean" ? 0n : BigInt(value);
}

const jobKinds: Readonly<Record<string, ParameterKind>> = {
  operation: "int",
  compression_level: "int",
  auto_converge_throttle: "int",
  success: "boolean",
  errmsg: "string",
};

/** The rows. */
export const domainStatistics = {
  connectGetAllDomainStats: answers(async ({ doms, stats, flags }, session) => {
    const groups = groupsOf(stats, flags);
    const active = flags & (statsFlag.active | statsFlag.inactive);
    const all = await session.run("domain.stats", {
      input: {
        // The state decides which domains are meant, also where it is not asked for.
        ...(groups === undefined ? {} : { groups: [...new Set([...groups, "state" as const])] }),
        ...(doms.length === 0 ? {} : { domains: doms.map((dom) => refTo("domain", dom)) }),
        ...(active === 0 || active === (statsFlag.active | statsFlag.inactive)
          ? {}
          : { active: active === statsFlag.active }),
        backing: (flags & statsFlag.backing) !== 0,
        noWait: (flags & statsFlag.noWait) !== 0,
      },
    });
    const persistence = flags & (statsFlag.persistent | statsFlag.transient);
    const isPersistent = ({ domain }: Stats): boolean =>
      session.find({ ...domain, connection: hostName }).persistent;
    const wanted = all.filter((each) =>
      isAskedFor(each, flags) &&
      (persistence === 0 || persistence === (statsFlag.persistent | statsFlag.transient) ||
        isPersistent(each) === (persistence === statsFlag.persistent))
    );
    const hidesState = groups !== undefined && !groups.includes("state");
    return {
      retStats: wanted.map(({ domain, stats }) => {
        const shown = Object.entries(numbered(stats)).filter(([name]) =>
          !hidesState || !name.startsWith("state.")
        );
        return {
          dom: remoteDomain(domain, session),
          params: typedParameters(Object.fromEntries(shown), { kindOf: statsKind }),
        };
      }),
    };
  }, { flags: statsFlags }),
  domainGetCpuStats: answers(async ({ dom, nparams, startCpu, ncpus }, session) => {
    requireRunning(dom, session);
    const stats = await session.run("domain.cpuStats", { target: refTo("domain", dom) });
    const figures = (all: Parameters): readonly TypedParameter[] =>
      typedParameters(all, { kindOf: () => "ullong", room: nparams });
    if (startCpu === allProcessors) {
      const { cpuTimeNs, userNs, systemNs } = stats;
      const total = { cpu_time: cpuTimeNs, user_time: userNs, system_time: systemNs };
      return { params: figures(total), nparams: nparams === 0 ? 3 : Math.min(nparams, 3) };
    }
    const { byCpu } = stats;
    if (byCpu === undefined) throw new VirtError("unsupported", "the hypervisor does not count by processor");
    // Without room it is asked how many processors there are, or how many figures of each.
    if (nparams === 0) return { params: [], nparams: ncpus === 0 ? byCpu.length : 1 };
    const wanted = byCpu.slice(startCpu, startCpu + ncpus);
    return { params: wanted.flatMap((time) => figures({ cpu_time: time })), nparams: 1 };
  }, { flags: textFlag }),
  domainMemoryStats: calls("domain.memoryStats", {
    result: (stats, { args: { maxStats } }) => ({
      stats: memoryFigures.flatMap((name, tag) => {
        const value = stats[name];
        return value === undefined ? [] : [{ tag, val: BigInt(Math.trunc(value)) }];
      }).slice(0, maxStats),
    }),
  }),
  domainBlockStats: calls("domain.blockStats", {
    input: ({ path }) => path === "" ? {} : { disk: path },
    result: (stats) => ({
      rdReq: BigInt(stats.readRequests),
      rdBytes: BigInt(stats.readBytes),
      wrReq: BigInt(stats.writeRequests),
      wrBytes: BigInt(stats.writeBytes),
      errs: BigInt(stats.errors),
    }),
  }),
  domainInterfaceStats: calls("domain.interfaceStats", {
    input: ({ device }) => ({ interface: device }),
    result: (stats) => ({
      rxBytes: BigInt(stats.receivedBytes),
      rxPackets: BigInt(stats.receivedPackets),
      rxErrs: BigInt(stats.receiveErrors),
      rxDrop: BigInt(stats.receiveDrops),
      txBytes: BigInt(stats.sentBytes),
      txPackets: BigInt(stats.sentPackets),
      txErrs: BigInt(stats.sendErrors),
      txDrop: BigInt(stats.sendDrops),
    }),
  }),
  domainGetBlockInfo: calls("domain.blockInfo", {
    input: ({ path }) => ({ disk: path }),
    result: ({ capacityBytes, allocationBytes, physicalBytes }) => ({
      capacity: BigInt(capacityBytes),
      allocation: BigInt(allocationBytes),
      physical: BigInt(physicalBytes),
    }),
  }),
  domainGetDiskErrors: answers(async ({ dom, maxerrors }, session) => {
    const errors = await session.run("domain.blockErrors", { target: refTo("domain", dom) });
    const told = errors.slice(0, maxerrors).map(({ disk, error }) => ({
      disk,
      error: diskErrors.indexOf(error),
    }));
    return { errors: told, nerrors: maxerrors === 0 ? errors.length : told.length };
  }),
  domainGetControlInfo: answers(async ({ dom }, session) => {
    requireRunning(dom, session);
    const { state } = await session.run("domain.controlInfo", { target: refTo("domain", dom) });
    return { state: controlStates.indexOf(state), details: 0, stateTime: 0n };
  }),
  domainGetJobInfo: answers(async ({ dom }, session) => {
    requireRunning(dom, session);
    const { type, elapsedMs = 0, statistics } = await session.run("domain.jobInfo", {
      target: refTo("domain", dom),
    });
    return {
      type: jobTypes.indexOf(type),
      timeElapsed: BigInt(Math.trunc(elapsedMs)),
      timeRemaining: figure(statistics, "time_remaining"),
      dataTotal: figure(statistics, "data_total"),
      dataProcessed: figure(statistics, "data_processed"),
      dataRemaining: figure(statistics, "data_remaining"),
      memTotal: figure(statistics, "memory_total"),
      memProcessed: figure(statistics, "memory_processed"),
      memRemaining: figure(statistics, "memory_remaining"),
      fileTotal: figure(statistics, "disk_total"),
      fileProcessed: figure(statistics, "disk_processed"),
      fileRemaining: figure(statistics, "disk_remaining"),
    };
  }),
  domainGetJobStats: calls("domain.jobInfo", {
    flags: 1 | 2,
    input: ({ flags }) => ({ completed: (flags & 1) !== 0 }),
    result: ({ type, elapsedMs, statistics = {} }) => ({
      type: jobTypes.indexOf(type),
      params: typedParameters(
        { ...statistics, ...(elapsedMs === undefined ? {} : { time_elapsed: Math.trunc(elapsedMs) }) },
        { kindOf: (name) => jobKinds[name] ?? "ullong", flags: textFlag },
      ),
    }),
  }),
  domainAbortJob: calls("domain.abortJob"),
  domainAbortJobFlags: calls("domain.abortJob", {
    flags: 1,
    input: ({ flags }) => ({ postCopy: (flags & 1) !== 0 }),
  }),
} satisfies Family;
