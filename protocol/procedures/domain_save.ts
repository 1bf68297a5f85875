/**
 * The memory of domains on disk: save, restore, managed save, core dump.
 *
 * @module
 */
import { int, optional, uint } from "../xdr/mod.ts";
import { aclFlag, whenFlag } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** The memory of domains on disk: save, restore, managed save, core dump. */
export const domainSaveProcedures = {
  domainCoreDump: procedure(53, { args: { dom: domain, to: text, flags: uint }, acl: ["domain:core_dump"] }),
  domainRestore: procedure(54, { args: { from: text }, acl: ["domain:start", "domain:write"] }),
  domainSave: procedure(55, { args: { dom: domain, to: text }, acl: ["domain:hibernate"] }),
  domainManagedSave: procedure(182, { args: { dom: domain, flags: uint }, acl: ["domain:hibernate"] }),
  domainHasManagedSaveImage: procedure(183, {
    args: { dom: domain, flags: uint },
    result: { result: int },
    acl: ["domain:read"],
  }),
  domainManagedSaveRemove: procedure(184, { args: { dom: domain, flags: uint }, acl: ["domain:hibernate"] }),
  domainSaveFlags: procedure(232, {
    args: { dom: domain, to: text, dxml: optional(text), flags: uint },
    acl: ["domain:hibernate"],
  }),
  domainRestoreFlags: procedure(233, {
    args: { from: text, dxml: optional(text), flags: uint },
    acl: ["domain:start", "domain:write"],
  }),
  domainSaveImageGetXmlDesc: procedure(235, {
    args: { file: text, flags: uint },
    result: { xml: text },
    acl: ["domain:write"],
    priority: "high",
  }),
  domainSaveImageDefineXml: procedure(236, {
    args: { file: text, dxml: text, flags: uint },
    acl: ["domain:write", "domain:hibernate"],
    priority: "high",
  }),
  domainCoreDumpWithFormat: procedure(334, {
    args: { dom: domain, to: text, dumpformat: uint, flags: uint },
    acl: ["domain:core_dump"],
  }),
  domainManagedSaveGetXmlDesc: procedure(388, {
    args: { dom: domain, flags: uint },
    result: { xml: text },
    acl: ["domain:read", whenFlag("domain:read_secure", aclFlag.secureXml)],
  }),
  domainManagedSaveDefineXml: procedure(389, {
    args: { dom: domain, dxml: optional(text), flags: uint },
    acl: ["domain:write", "domain:hibernate"],
  }),
  domainSaveParams: procedure(440, {
    args: { dom: domain, params: typedParameters(limits.domainSaveParams), flags: uint },
    acl: ["domain:hibernate"],
  }),
  domainRestoreParams: procedure(441, {
    args: { params: typedParameters(limits.domainSaveParams), flags: uint },
    acl: ["domain:start", "domain:write"],
  }),
};
