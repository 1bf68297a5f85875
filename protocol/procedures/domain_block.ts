/**
 * The disks of domains: size, jobs, limits, thresholds, throttle groups, peeking.
 *
 * @module
 */
import { bytes, int, list, optional, uhyper, uint } from "../xdr/mod.ts";
import { whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { diskError, domain, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** The disks of domains: size, jobs, limits, thresholds, throttle groups, peeking. */
export const domainBlockProcedures = {
  domainBlockPeek: procedure(103, {
    args: { dom: domain, path: text, offset: uhyper, size: uint, flags: uint },
    result: { buffer: bytes(limits.domainBlockPeekBuffer) },
    acl: ["domain:block_read"],
  }),
  domainMemoryPeek: procedure(104, {
    args: { dom: domain, offset: uhyper, size: uint, flags: uint },
    result: { buffer: bytes(limits.domainMemoryPeekBuffer) },
    acl: ["domain:mem_read"],
  }),
  domainGetBlockInfo: procedure(194, {
    args: { dom: domain, path: text, flags: uint },
    result: { allocation: uhyper, capacity: uhyper, physical: uhyper },
    acl: ["domain:read"],
  }),
  domainBlockJobAbort: procedure(237, {
    args: { dom: domain, path: text, flags: uint },
    acl: ["domain:write"],
  }),
  domainGetBlockJobInfo: procedure(238, {
    args: { dom: domain, path: text, flags: uint },
    result: { found: int, type: int, bandwidth: uhyper, cur: uhyper, end: uhyper },
    acl: ["domain:read"],
  }),
  domainBlockJobSetSpeed: procedure(239, {
    args: { dom: domain, path: text, bandwidth: uhyper, flags: uint },
    acl: ["domain:write"],
  }),
  domainBlockPull: procedure(240, {
    args: { dom: domain, path: text, bandwidth: uhyper, flags: uint },
    acl: ["domain:block_write"],
  }),
  domainBlockResize: procedure(251, {
    args: { dom: domain, disk: text, size: uhyper, flags: uint },
    acl: ["domain:block_write"],
  }),
  domainSetBlockIoTune: procedure(252, {
    args: {
      dom: domain,
      disk: text,
      params: typedParameters(limits.domainBlockIoTuneParameters),
      flags: uint,
    },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetBlockIoTune: procedure(253, {
    args: { dom: domain, disk: optional(text), nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainBlockIoTuneParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainGetDiskErrors: procedure(263, {
    args: { dom: domain, maxerrors: uint, flags: uint },
    result: { errors: list(diskError, limits.domainDiskErrors), nerrors: int },
    acl: ["domain:read"],
  }),
  domainBlockRebase: procedure(266, {
    args: { dom: domain, path: text, base: optional(text), bandwidth: uhyper, flags: uint },
    acl: ["domain:block_write"],
  }),
  domainBlockCommit: procedure(290, {
    args: {
      dom: domain,
      disk: text,
      base: optional(text),
      top: optional(text),
      bandwidth: uhyper,
      flags: uint,
    },
    acl: ["domain:block_write"],
  }),
  domainBlockCopy: procedure(345, {
    args: {
      dom: domain,
      path: text,
      destxml: text,
      params: typedParameters(limits.domainBlockCopyParameters),
      flags: uint,
    },
    acl: ["domain:block_write"],
  }),
  domainSetBlockThreshold: procedure(386, {
    args: { dom: domain, dev: text, threshold: uhyper, flags: uint },
    acl: ["domain:write"],
  }),
  domainSetThrottleGroup: procedure(451, {
    args: {
      dom: domain,
      group: text,
      params: typedParameters(limits.domainBlockIoTuneParameters),
      flags: uint,
    },
    acl: ["domain:write", ...whereConfig("domain:save")],
    since: "11.2",
  }),
  domainDelThrottleGroup: procedure(452, {
    args: { dom: domain, group: optional(text), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
    since: "11.2",
  }),
};
