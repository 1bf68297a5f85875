/**
 * Domains: work on the images of running disks, limits that disks share, and reading from disks.
 *
 * @module
 */
import { encodeXml } from "../../drivers/xml_span.ts";
import { VirtError } from "../../model/error.ts";
import { blockJobTypes } from "../../protocol/words/domain.ts";
import { affected, affectFlags } from "../dispatch/affect.ts";
import { allBits } from "../dispatch/list_flags.ts";
import { refTo } from "../dispatch/objects.ts";
import { givenParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Source: libvirt, virDomainBlockJobAbortFlags. Who ends a job does not wait here, whatever is asked. */
const abortFlag = { async: 1, pivot: 2 } as const;

/** A bandwidth is in bytes per second, not in MiB. Source: libvirt, VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES and its like. */
const inBytes = { info: 1, speed: 1, pull: 1 << 6, rebase: 1 << 6, commit: 1 << 4 } as const;

/** Source: libvirt, virDomainBlockRebaseFlags. */
const rebaseFlag = { shallow: 1, reuse: 2, raw: 4, copy: 8, relative: 16, device: 32 } as const;

/** Source: libvirt, virDomainBlockCommitFlags. */
const commitFlag = { shallow: 1, remove: 2, active: 4, relative: 8 } as const;

/** Source: libvirt, virDomainBlockCopyFlags. */
const copyFlag = { shallow: 1, reuse: 2, transient: 4, synchronous: 8 } as const;

const mebibyte = 1024n ** 2n;

/** A bandwidth in bytes per second; none where the client has no limit in mind. */
function bandwidth(
  value: bigint,
  { flags, bytes }: { readonly flags: number; readonly bytes: number },
): { bandwidthBytesPerS?: number } {
  if (value === 0n) return {};
  const perSecond = (flags & bytes) === 0 ? value * mebibyte : value;
  if (perSecond > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new VirtError("invalid-argument", `bandwidth must be less than ${Number.MAX_SAFE_INTEGER}`, {
      remoteCode: "VIR_ERR_OVERFLOW",
    });
  }
  return { bandwidthBytesPerS: Number(perSecond) };
}

/** A number of a client's copy. */
function numberOf(value: number | string | boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Where a copy goes that is named by its path alone. */
function diskTo(path: string, flags: number): string {
  const type = (flags & rebaseFlag.device) === 0 ? "file" : "block";
  const attribute = type === "file" ? "file" : "dev";
  const format = (flags & rebaseFlag.raw) === 0 ? "" : "<driver type='raw'/>";
  return `<disk type='${type}'><source ${attribute}='${encodeXml(path)}'/>${format}</disk>`;
}

/** The rows. */
export const domainBlockJob = {
  domainBlockPull: calls("domain.blockPull", {
    flags: inBytes.pull,
    input: ({ path: disk, bandwidth: value, flags }) => ({
      disk,
      ...bandwidth(value, { flags, bytes: inBytes.pull }),
    }),
  }),
  domainBlockRebase: answers(async ({ dom, path: disk, base, bandwidth: value, flags }, session) => {
    const target = refTo("domain", dom);
    const limit = bandwidth(value, { flags, bytes: inBytes.rebase });
    if ((flags & rebaseFlag.copy) === 0) {
      const relative = (flags & rebaseFlag.relative) !== 0;
      const input = { disk, relative, ...limit, ...(base === undefined ? {} : { base }) };
      await session.run("domain.blockPull", { target, input });
      return undefined;
    }
    if (base === undefined) {
      throw new VirtError("invalid-argument", "base in virDomainBlockRebase must not be NULL", {
        remoteCode: "VIR_ERR_INVALID_ARG",
      });
    }
    await session.run("domain.blockCopy", {
      target,
      input: {
        disk,
        xml: diskTo(base, flags),
        shallow: (flags & rebaseFlag.shallow) !== 0,
        reuseExternal: (flags & rebaseFlag.reuse) !== 0,
        ...limit,
      },
    });
    return undefined;
  }, { flags: allBits(rebaseFlag) | inBytes.rebase }),
  domainBlockCommit: calls("domain.blockCommit", {
    flags: allBits(commitFlag) | inBytes.commit,
    input: ({ disk, base, top, bandwidth: value, flags }) => ({
      disk,
      ...(base === undefined ? {} : { base }),
      ...(top === undefined ? {} : { top }),
      shallow: (flags & commitFlag.shallow) !== 0,
      active: (flags & commitFlag.active) !== 0,
      removeCommitted: (flags & commitFlag.remove) !== 0,
      relative: (flags & commitFlag.relative) !== 0,
      ...bandwidth(value, { flags, bytes: inBytes.commit }),
    }),
  }),
  domainBlockCopy: calls("domain.blockCopy", {
    flags: allBits(copyFlag),
    input: ({ path: disk, destxml: xml, params, flags }) => {
      const given = givenParameters(params);
      const [limit, granularityBytes, bufferBytes] = ["bandwidth", "granularity", "buf-size"].map((name) =>
        numberOf(given[name])
      );
      return {
        disk,
        xml,
        shallow: (flags & copyFlag.shallow) !== 0,
        reuseExternal: (flags & copyFlag.reuse) !== 0,
        transientJob: (flags & copyFlag.transient) !== 0,
        synchronousWrites: (flags & copyFlag.synchronous) !== 0,
        ...(limit === undefined || limit === 0 ? {} : { bandwidthBytesPerS: limit }),
        ...(granularityBytes === undefined ? {} : { granularityBytes }),
        ...(bufferBytes === undefined ? {} : { bufferBytes }),
      };
    },
  }),
  domainGetBlockJobInfo: calls("domain.blockJob", {
    flags: inBytes.info,
    input: ({ path: disk }) => ({ disk }),
    result: ({ job }, { args: { flags } }) => {
      if (job === undefined) return { found: 0, type: 0, bandwidth: 0n, cur: 0n, end: 0n };
      const perSecond = BigInt(job.bandwidthBytesPerS ?? 0);
      return {
        found: 1,
        type: blockJobTypes.indexOf(job.type),
        bandwidth: (flags & inBytes.info) === 0 ? (perSecond + mebibyte - 1n) / mebibyte : perSecond,
        cur: BigInt(job.position),
        end: BigInt(job.end),
      };
    },
  }),
  domainBlockJobSetSpeed: calls("domain.setBlockJobSpeed", {
    flags: inBytes.speed,
    input: ({ path: disk, bandwidth: value, flags }) => ({
      disk,
      bandwidthBytesPerS: bandwidth(value, { flags, bytes: inBytes.speed }).bandwidthBytesPerS ?? 0,
    }),
  }),
  domainBlockJobAbort: calls("domain.abortBlockJob", {
    flags: allBits(abortFlag),
    input: ({ path: disk, flags }) => ({ disk, pivot: (flags & abortFlag.pivot) !== 0 }),
  }),
  domainSetBlockThreshold: calls("domain.setBlockThreshold", {
    input: ({ dev: disk, threshold }) => ({ disk, thresholdBytes: Number(threshold) }),
  }),
  domainSetThrottleGroup: calls("domain.setThrottleGroup", {
    flags: affectFlags,
    input: ({ group, params, flags }) => ({ group, parameters: givenParameters(params), ...affected(flags) }),
  }),
  domainDelThrottleGroup: calls("domain.removeThrottleGroup", {
    flags: affectFlags,
    input: ({ group = "", flags }) => ({ group, ...affected(flags) }),
  }),
  domainBlockPeek: calls("domain.peekBlock", {
    input: ({ path: disk, offset, size: sizeBytes }) => ({ disk, offsetBytes: Number(offset), sizeBytes }),
    result: ({ data }) => ({ buffer: data }),
  }),
} satisfies Family;
