/**
 * Domains: what a migration of theirs may take.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { Out } from "../operation_types.ts";
import type { Line } from "./line.ts";
import type { RemoteObject } from "./object.ts";
import { asks, does, done } from "./object_call.ts";
import { wireDomain } from "./wire.ts";

const bytesPerMib = 1024 * 1024;

/** In the post-copy phase. Source: libvirt, VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY. */
const inPostCopy = 1 << 0;

/** What a hypervisor tells; `undefined` where it lacks it, or tells only of domains that run. */
async function told(question: Promise<bigint>): Promise<bigint | undefined> {
  try {
    return await question;
  } catch (error) {
    if (isVirtError(error, "unsupported") || isVirtError(error, "wrong-state")) return undefined;
    throw error;
  }
}

/** A speed; `undefined` where it is not limited, for which libvirt has the greatest number that there is. */
function speedOf(mibPerS: bigint | undefined): number | undefined {
  const bytesPerS = mibPerS === undefined ? 0 : Number(mibPerS) * bytesPerMib;
  return Number.isSafeInteger(bytesPerS) && bytesPerS > 0 ? bytesPerS : undefined;
}

async function settings(line: Line, domain: RemoteObject): Promise<Out<"domain.migrationSettings">> {
  const dom = wireDomain(domain);
  const speed = (flags: number): Promise<bigint> =>
    line.call("domainMigrateGetMaxSpeed", { dom, flags }).then(({ bandwidth }) => bandwidth);
  const [bandwidth, postCopy, downtime, cache] = await Promise.all([
    told(speed(0)),
    told(speed(inPostCopy)),
    told(line.call("domainMigrateGetMaxDowntime", { dom, flags: 0 }).then(({ downtime }) => downtime)),
    told(line.call("domainMigrateGetCompressionCache", { dom, flags: 0 }).then(({ cacheSize }) => cacheSize)),
  ]);
  const found = {
    bandwidthBytesPerS: speedOf(bandwidth),
    postCopyBandwidthBytesPerS: speedOf(postCopy),
    maxDowntimeMs: downtime === undefined ? undefined : Number(downtime),
    compressionCacheBytes: cache === undefined ? undefined : Number(cache),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Whole MiB, and never none: libvirt takes that for no limit. */
function toMib(bytesPerS: number): bigint {
  return BigInt(Math.max(1, Math.round(bytesPerS / bytesPerMib)));
}

export const migrationSettings = {
  "domain.startPostCopy": does<"domain.startPostCopy">({
    doing: "start the post-copy phase of",
    act: (line, { object }) =>
      done(line.call("domainMigrateStartPostCopy", { dom: wireDomain(object), flags: 0 })),
    answer: {},
  }),
  "domain.migrationSettings": asks<"domain.migrationSettings">(
    "show what a migration may take of",
    (line, { object }) => settings(line, object),
  ),
  "domain.setMigration": does<"domain.setMigration">({
    doing: "change what a migration may take of",
    act: async (line, { object, input }) => {
      const dom = wireDomain(object);
      const { bandwidthBytesPerS, postCopyBandwidthBytesPerS, maxDowntimeMs, compressionCacheBytes } = input;
      if (bandwidthBytesPerS !== undefined) {
        const bandwidth = toMib(bandwidthBytesPerS);
        await line.call("domainMigrateSetMaxSpeed", { dom, bandwidth, flags: 0 });
      }
      if (postCopyBandwidthBytesPerS !== undefined) {
        const bandwidth = toMib(postCopyBandwidthBytesPerS);
        await line.call("domainMigrateSetMaxSpeed", { dom, bandwidth, flags: inPostCopy });
      }
      if (maxDowntimeMs !== undefined) {
        await line.call("domainMigrateSetMaxDowntime", { dom, downtime: BigInt(maxDowntimeMs), flags: 0 });
      }
      if (compressionCacheBytes !== undefined) {
        const cacheSize = BigInt(compressionCacheBytes);
        await line.call("domainMigrateSetCompressionCache", { dom, cacheSize, flags: 0 });
      }
      return {};
    },
    isSo: async (line, { object, input }) => {
      const now = await settings(line, object);
      const rounded = (bytesPerS: number | undefined): number | undefined =>
        bytesPerS === undefined ? undefined : Number(toMib(bytesPerS)) * bytesPerMib;
      return isAs(now.bandwidthBytesPerS, rounded(input.bandwidthBytesPerS)) &&
        isAs(now.postCopyBandwidthBytesPerS, rounded(input.postCopyBandwidthBytesPerS)) &&
        isAs(now.maxDowntimeMs, input.maxDowntimeMs) &&
        isAs(now.compressionCacheBytes, input.compressionCacheBytes);
    },
    answer: {},
  }),
} satisfies DriverMap;

/** Whether a setting is as it was wanted, where anything was. */
function isAs(now: number | undefined, wanted: number | undefined): boolean {
  return wanted === undefined || now === wanted;
}
