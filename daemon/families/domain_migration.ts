/**
 * Domains: what migrations may take, also while they go on. Migrations themselves are begun by Drover, not by its clients.
 *
 * @module
 */
import { calls, type Family } from "../dispatch/row.ts";

/** Of the second phase, in which the guest runs at the other end. Source: libvirt, virDomainMigrateMaxSpeedFlags. */
const postCopy = 1;

const mebibyte = 1024 * 1024;

/** What a hypervisor does not tell is 0. */
function whole(value: number | undefined, unit = 1): bigint {
  return BigInt(Math.floor((value ?? 0) / unit));
}

/** The rows. */
export const domainMigration = {
  domainMigrateSetMaxSpeed: calls("domain.setMigration", {
    flags: postCopy,
    input: ({ bandwidth, flags }) => {
      const perSecond = Number(bandwidth) * mebibyte;
      return (flags & postCopy) === 0
        ? { bandwidthBytesPerS: perSecond }
        : { postCopyBandwidthBytesPerS: perSecond };
    },
  }),
  domainMigrateGetMaxSpeed: calls("domain.migrationSettings", {
    flags: postCopy,
    result: ({ bandwidthBytesPerS, postCopyBandwidthBytesPerS }, { args: { flags } }) => ({
      bandwidth: whole((flags & postCopy) === 0 ? bandwidthBytesPerS : postCopyBandwidthBytesPerS, mebibyte),
    }),
  }),
  domainMigrateSetMaxDowntime: calls("domain.setMigration", {
    input: ({ downtime }) => ({ maxDowntimeMs: Number(downtime) }),
  }),
  domainMigrateGetMaxDowntime: calls("domain.migrationSettings", {
    result: ({ maxDowntimeMs }) => ({ downtime: whole(maxDowntimeMs) }),
  }),
  domainMigrateSetCompressionCache: calls("domain.setMigration", {
    input: ({ cacheSize }) => ({ compressionCacheBytes: Number(cacheSize) }),
  }),
  domainMigrateGetCompressionCache: calls("domain.migrationSettings", {
    result: ({ compressionCacheBytes }) => ({ cacheSize: whole(compressionCacheBytes) }),
  }),
  domainMigrateStartPostCopy: calls("domain.startPostCopy"),
} satisfies Family;
