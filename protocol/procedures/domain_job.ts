/**
 * Long jobs of domains: progress, abort, backup, dirty rate.
 *
 * @module
 */
import { int, optional, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { domain, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** Long jobs of domains: progress, abort, backup, dirty rate. */
export const domainJobProcedures = {
  domainGetJobInfo: procedure(163, {
    args: { dom: domain },
    result: {
      type: int,
      timeElapsed: uhyper,
      timeRemaining: uhyper,
      dataTotal: uhyper,
      dataProcessed: uhyper,
      dataRemaining: uhyper,
      memTotal: uhyper,
      memProcessed: uhyper,
      memRemaining: uhyper,
      fileTotal: uhyper,
      fileProcessed: uhyper,
      fileRemaining: uhyper,
    },
    acl: ["domain:read"],
  }),
  domainAbortJob: procedure(164, { args: { dom: domain }, acl: ["domain:write"] }),
  domainGetControlInfo: procedure(229, {
    args: { dom: domain, flags: uint },
    result: { state: uint, details: uint, stateTime: uhyper },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetJobStats: procedure(298, {
    args: { dom: domain, flags: uint },
    result: { type: int, params: typedParameters(limits.domainJobStats) },
    acl: ["domain:read"],
  }),
  domainBackupBegin: procedure(421, {
    args: { dom: domain, backupXml: text, checkpointXml: optional(text), flags: uint },
    acl: ["domain:checkpoint", "domain:block_write"],
  }),
  domainBackupGetXmlDesc: procedure(422, {
    args: { dom: domain, flags: uint },
    result: { xml: text },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainStartDirtyRateCalc: procedure(427, {
    args: { dom: domain, seconds: int, flags: uint },
    acl: ["domain:write"],
  }),
  domainAbortJobFlags: procedure(442, { args: { dom: domain, flags: uint }, acl: ["domain:write"] }),
};
