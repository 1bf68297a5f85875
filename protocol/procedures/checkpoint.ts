/**
 * Checkpoints of domains, on which incremental backups are based.
 *
 * @module
 */
import { int, list, uint } from "../xdr/mod.ts";
import { aclFlag, whenFlag } from "./access.ts";
import { limits } from "./limits.ts";
import { checkpoint, domain, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Checkpoints of domains, on which incremental backups are based. */
export const checkpointProcedures = {
  domainCheckpointCreateXml: procedure(411, {
    args: { dom: domain, xmlDesc: text, flags: uint },
    result: { checkpoint },
    acl: ["domain:checkpoint", whenFlag("domain:fs_freeze", aclFlag.quiesceCheckpoint)],
  }),
  domainCheckpointGetXmlDesc: procedure(412, {
    args: { checkpoint, flags: uint },
    result: { xml: text },
    acl: ["domain:read", whenFlag("domain:read_secure", aclFlag.secureXml)],
  }),
  domainListAllCheckpoints: procedure(413, {
    args: { dom: domain, needResults: int, flags: uint },
    result: { checkpoints: list(checkpoint, limits.domainCheckpointList), ret: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainCheckpointListAllChildren: procedure(414, {
    args: { checkpoint, needResults: int, flags: uint },
    result: { checkpoints: list(checkpoint, limits.domainCheckpointList), ret: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainCheckpointLookupByName: procedure(415, {
    args: { dom: domain, name: text, flags: uint },
    result: { checkpoint },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainCheckpointGetParent: procedure(416, {
    args: { checkpoint, flags: uint },
    result: { parent: checkpoint },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainCheckpointDelete: procedure(417, { args: { checkpoint, flags: uint }, acl: ["domain:checkpoint"] }),
};
