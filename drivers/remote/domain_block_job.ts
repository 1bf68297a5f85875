/**
 * Domains: work on the images of running disks that goes on in the background.
 *
 * @module
 */
import { toTypedParameters } from "../../protocol/typed_parameters.ts";
import { blockJobTypes } from "../../protocol/words/domain.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { askTogether } from "./act.ts";
import { endsChain, isInChain, type LiveDisk, liveDisk } from "./block_chain.ts";
import { definitionOf } from "./domain_affect.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { asks, does, done, type Shows, type Subject } from "./object_call.ts";
import { plainParameters } from "./parameters.ts";
import { nearest, wireDomain } from "./wire.ts";

type BlockJob = NonNullable<Out<"domain.blockJob">["job"]>;

/** Bandwidths are in bytes. Source: libvirt, VIR_DOMAIN_BLOCK_*_BANDWIDTH_BYTES, which is another bit in each call. */
const inBytes = { info: 1 << 0, speed: 1 << 0, pull: 1 << 6, rebase: 1 << 6, commit: 1 << 4 } as const;

/** Source: libvirt, virDomainBlockRebaseFlags. */
const rebaseRelative = 1 << 4;

/** Source: libvirt, virDomainBlockCommitFlags. */
const commitFlags = { shallow: 1 << 0, removeCommitted: 1 << 1, active: 1 << 2, relative: 1 << 3 } as const;

/** Source: libvirt, virDomainBlockCopyFlags. */
const copyFlags = {
  shallow: 1 << 0,
  reuseExternal: 1 << 1,
  transientJob: 1 << 2,
  synchronousWrites: 1 << 3,
} as const;

/** Source: libvirt, VIR_DOMAIN_BLOCK_COPY_*. */
const copyKinds = { "bandwidth": "ullong", "granularity": "uint", "buf-size": "ullong" } as const;

/** Source: libvirt, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT. */
const pivotFlag = 1 << 1;

/** The flags of those that are wanted. */
function flagsOf(flags: Readonly<Record<string, number>>, wanted: Readonly<Record<string, unknown>>): number {
  return Object.entries(flags).reduce((all, [name, flag]) => wanted[name] === true ? all | flag : all, 0);
}

function bandwidth(bytesPerS: number | undefined): bigint {
  return BigInt(bytesPerS ?? 0);
}

/** A disk, and the work on it. */
interface Seen {
  readonly disk: LiveDisk;
  readonly job: BlockJob | undefined;
}

async function look(line: Line, domain: RemoteObject, disk: string): Promise<Seen> {
  const [xml, info] = await Promise.all([
    definitionOf(line, domain, { config: false }),
    line.call("domainGetBlockJobInfo", { dom: wireDomain(domain), path: disk, flags: inBytes.info }),
  ]);
  const found = liveDisk(domain, { xml, disk });
  if (info.found !== 1) return { disk: found, job: undefined };
  const [position, end] = [nearest(info.cur), nearest(info.end)];
  return {
    disk: found,
    job: {
      type: blockJobTypes[info.type] ?? "unknown",
      ready: found.mirror?.ready === true,
      position,
      end,
      fraction: end > 0 ? Math.min(1, position / end) : 0,
      ...(info.bandwidth > 0n ? { bandwidthBytesPerS: nearest(info.bandwidth) } : {}),
    },
  };
}

/** Work that has begun may have ended before anybody looked: then it shows in the images. */
async function hasBegun(
  line: Line,
  { object, disk, type, shows }: {
    readonly object: RemoteObject;
    readonly disk: string;
    readonly type: readonly BlockJob["type"][];
    readonly shows: (disk: LiveDisk) => Shows;
  },
): Promise<Shows> {
  const seen = await look(line, object, disk);
  return seen.job === undefined ? shows(seen.disk) : type.includes(seen.job.type);
}

function commitShows({ base, top }: In<"domain.blockCommit">): (disk: LiveDisk) => Shows {
  return (disk) => {
    if (top !== undefined) return !isInChain(disk, top);
    // What is in use is only committed by work that waits for a decision.
    return base === undefined ? disk.chain.length === 1 : false;
  };
}

/** How an end of the work is told. Source: libvirt, virConnectDomainEventBlockJobStatus. */
const ends: Readonly<Record<string, Out<"domain.awaitBlockJob">["state"]>> = {
  completed: "completed",
  failed: "failed",
  canceled: "cancelled",
  ready: "ready",
};

/** The pause between two looks where no event tells, in milliseconds. */
const pauseMs = 1_000;
/** How often it is looked whether an event is still to come about work that has ended. */
const lastLooks = 2;

/** What is heard of the work on a disk. */
class Ear implements Disposable {
  /** How it has ended. */
  ended: Out<"domain.awaitBlockJob">["state"] | undefined;
  readonly #listening: Disposable;
  #wake: () => void = () => {};

  constructor({ connection, object }: RemoteJob, target: () => string | undefined) {
    this.#listening = connection.onEvent(({ object: its, type, detail = "" }) => {
      const [what = "", disk, state = ""] = detail.split(" ");
      if (its.key !== object.key || type !== "job" || !what.startsWith("block-")) return;
      if (target() !== undefined && disk !== target()) return;
      const end = ends[state];
      if (end !== undefined && end !== "ready") this.ended = end;
      this.#wake();
    });
  }

  /** Waits until something is heard, or it is time to look again. */
  async heard(clock: Clock, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using _timer = clock.after(pauseMs, resolve);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}

async function awaitJob(
  job: RemoteJob,
  { disk }: In<"domain.awaitBlockJob">,
): Promise<Out<"domain.awaitBlockJob">> {
  const { object, clock } = job;
  let target: string | undefined;
  let idle = 0;
  using ear = new Ear(job, () => target);
  while (true) {
    const seen = await askTogether(job, "look at the disk's job", (line) => look(line, object, disk), {
      doing: "wait for the work on a disk of",
      offline: false,
    });
    target = seen.disk.target;
    if (ear.ended !== undefined) return { state: ear.ended };
    if (seen.job === undefined && ++idle > lastLooks) return { state: "ended" };
    if (seen.job !== undefined) {
      idle = 0;
      job.progress(seen.job.fraction);
      if (seen.job.ready) return { state: "ready" };
    }
    await job.hop("wait for an event", (signal) => ear.heard(clock, signal), { acts: false });
  }
}

/** The image that a pivot was to take into use, by disk; known for as long as this process lives. */
const pivots = new WeakMap<RemoteObject, Map<string, string>>();

async function abort(
  line: Line,
  { object, input: { disk, pivot } }: Subject<"domain.abortBlockJob">,
): Promise<Out<"domain.abortBlockJob">> {
  if (pivot) {
    const { disk: { mirror } } = await look(line, object, disk);
    if (mirror?.source !== undefined) {
      const known = pivots.get(object) ?? new Map<string, string>();
      pivots.set(object, known.set(disk, mirror.source));
    }
  }
  const args = { dom: wireDomain(object), path: disk, flags: pivot ? pivotFlag : 0 };
  return await done(line.call("domainBlockJobAbort", args));
}

async function isAborted(
  line: Line,
  { object, input: { disk, pivot } }: Subject<"domain.abortBlockJob">,
): Promise<Shows> {
  const { disk: { chain }, job } = await look(line, object, disk);
  if (job !== undefined) return false;
  if (!pivot) return true;
  const wanted = pivots.get(object)?.get(disk);
  if (wanted === undefined) {
    return { unknown: "its work has ended, and what was to be taken into use is not known" };
  }
  return chain[0]?.source === wanted;
}

/** The group of statistics about disks. Source: libvirt, VIR_DOMAIN_STATS_BLOCK; and each image of a chain. */
const blockStats = { group: 1 << 5, backing: 1 << 30 } as const;

/** The place beyond which a write is told, as statistics show it. */
async function thresholdOf(line: Line, domain: RemoteObject, image: string): Promise<number | undefined> {
  const { retStats } = await line.call("connectGetAllDomainStats", {
    doms: [wireDomain(domain)],
    stats: blockStats.group,
    flags: blockStats.backing,
  });
  const stats = plainParameters(retStats[0]?.params ?? []);
  for (let index = 0; index < Number(stats["block.count"] ?? 0); index++) {
    const backing = stats[`block.${index}.backingIndex`];
    const name = `${stats[`block.${index}.name`]}`;
    if (image !== name && image !== `${name}[${backing}]`) continue;
    return Number(stats[`block.${index}.threshold`] ?? 0);
  }
  return undefined;
}

export const domainBlockJobs = {
  "domain.blockPull": does<"domain.blockPull">({
    doing: "pull the images of a disk of",
    act: (line, { object, input: { disk, base, relative, bandwidthBytesPerS } }) => {
      const dom = wireDomain(object);
      const speed = bandwidth(bandwidthBytesPerS);
      const limited = speed > 0n;
      if (base === undefined) {
        const flags = limited ? inBytes.pull : 0;
        return done(line.call("domainBlockPull", { dom, path: disk, bandwidth: speed, flags }));
      }
      const flags = (relative ? rebaseRelative : 0) | (limited ? inBytes.rebase : 0);
      return done(line.call("domainBlockRebase", { dom, path: disk, base, bandwidth: speed, flags }));
    },
    isSo: (line, { object, input: { disk, base } }) =>
      hasBegun(line, { object, disk, type: ["pull"], shows: (now) => endsChain(now, base) }),
    answer: {},
  }),
  "domain.blockCommit": does<"domain.blockCommit">({
    doing: "commit the images of a disk of",
    act: (line, { object, input }) => {
      const { disk, base, top, bandwidthBytesPerS } = input;
      const speed = bandwidth(bandwidthBytesPerS);
      const flags = flagsOf(commitFlags, input) | (speed > 0n ? inBytes.commit : 0);
      return done(line.call("domainBlockCommit", {
        dom: wireDomain(object),
        disk,
        base,
        top,
        bandwidth: speed,
        flags,
      }));
    },
    isSo: (line, { object, input }) =>
      hasBegun(line, {
        object,
        disk: input.disk,
        type: ["commit", "active-commit"],
        shows: commitShows(input),
      }),
    answer: {},
  }),
  "domain.blockCopy": does<"domain.blockCopy">({
    doing: "copy a disk of",
    act: (line, { object, input }) =>
      done(line.call("domainBlockCopy", {
        dom: wireDomain(object),
        path: input.disk,
        destxml: input.xml,
        params: toTypedParameters({
          "bandwidth": input.bandwidthBytesPerS,
          "granularity": input.granularityBytes,
          "buf-size": input.bufferBytes,
        }, copyKinds),
        flags: flagsOf(copyFlags, input),
      })),
    // A copy does not end by itself.
    isSo: (line, { object, input: { disk } }) =>
      hasBegun(line, { object, disk, type: ["copy"], shows: () => false }),
    answer: {},
  }),
  "domain.blockJob": asks<"domain.blockJob">(
    "show the work on a disk of",
    async (line, { object, input }) => {
      const { job } = await look(line, object, input.disk);
      return job === undefined ? {} : { job };
    },
  ),
  "domain.awaitBlockJob": { run: awaitJob },
  "domain.setBlockJobSpeed": does<"domain.setBlockJobSpeed">({
    doing: "change the speed of the work on a disk of",
    act: (line, { object, input: { disk, bandwidthBytesPerS } }) =>
      done(line.call("domainBlockJobSetSpeed", {
        dom: wireDomain(object),
        path: disk,
        bandwidth: bandwidth(bandwidthBytesPerS),
        flags: inBytes.speed,
      })),
    isSo: async (line, { object, input }) => {
      const { job } = await look(line, object, input.disk);
      return job !== undefined && (job.bandwidthBytesPerS ?? 0) === input.bandwidthBytesPerS;
    },
    answer: {},
  }),
  "domain.abortBlockJob": does<"domain.abortBlockJob">({
    doing: "end the work on a disk of",
    act: abort,
    isSo: isAborted,
    answer: {},
  }),
  "domain.setBlockThreshold": does<"domain.setBlockThreshold">({
    doing: "watch the writes to a disk of",
    act: (line, { object, input: { disk, thresholdBytes } }) =>
      done(line.call("domainSetBlockThreshold", {
        dom: wireDomain(object),
        dev: disk,
        threshold: BigInt(thresholdBytes),
        flags: 0,
      })),
    isSo: async (line, { object, input: { disk, thresholdBytes } }) =>
      await thresholdOf(line, object, disk) === thresholdBytes,
    answer: {},
  }),
  "domain.peekBlock": asks<"domain.peekBlock">("read a disk of", async (line, { object, input }) => {
    const { buffer } = await line.call("domainBlockPeek", {
      dom: wireDomain(object),
      path: input.disk,
      offset: BigInt(input.offsetBytes),
      size: input.sizeBytes,
      flags: 0,
    });
    return { data: buffer };
  }),
} satisfies DriverMap;
