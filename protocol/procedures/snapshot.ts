/**
 * Snapshots of domains.
 *
 * @module
 */
import { int, list, uint } from "../xdr/mod.ts";
import { aclFlag, whenFlag } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, snapshot, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Snapshots of domains. */
export const snapshotProcedures = {
  domainSnapshotCreateXml: procedure(185, {
    args: { dom: domain, xmlDesc: text, flags: uint },
    result: { snap: snapshot },
    acl: ["domain:snapshot", whenFlag("domain:fs_freeze", aclFlag.quiesceSnapshot)],
  }),
  domainSnapshotGetXmlDesc: procedure(186, {
    args: { snap: snapshot, flags: uint },
    result: { xml: text },
    acl: ["domain:read", whenFlag("domain:read_secure", aclFlag.secureXml)],
    priority: "high",
  }),
  domainSnapshotNum: procedure(187, {
    args: { dom: domain, flags: uint },
    result: { num: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotListNames: procedure(188, {
    args: { dom: domain, maxnames: int, flags: uint },
    result: { names: list(text, limits.domainSnapshotList) },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotLookupByName: procedure(189, {
    args: { dom: domain, name: text, flags: uint },
    result: { snap: snapshot },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainHasCurrentSnapshot: procedure(190, {
    args: { dom: domain, flags: uint },
    result: { result: int },
    acl: ["domain:read"],
  }),
  domainSnapshotCurrent: procedure(191, {
    args: { dom: domain, flags: uint },
    result: { snap: snapshot },
    acl: ["domain:read"],
  }),
  domainRevertToSnapshot: procedure(192, { args: { snap: snapshot, flags: uint }, acl: ["domain:snapshot"] }),
  domainSnapshotDelete: procedure(193, { args: { snap: snapshot, flags: uint }, acl: ["domain:snapshot"] }),
  domainSnapshotGetParent: procedure(244, {
    args: { snap: snapshot, flags: uint },
    result: { snap: snapshot },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotNumChildren: procedure(246, {
    args: { snap: snapshot, flags: uint },
    result: { num: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotListChildrenNames: procedure(247, {
    args: { snap: snapshot, maxnames: int, flags: uint },
    result: { names: list(text, limits.domainSnapshotList) },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotIsCurrent: procedure(271, {
    args: { snap: snapshot, flags: uint },
    result: { current: int },
    acl: ["domain:read"],
  }),
  domainSnapshotHasMetadata: procedure(272, {
    args: { snap: snapshot, flags: uint },
    result: { metadata: int },
    acl: ["domain:read"],
  }),
  domainListAllSnapshots: procedure(274, {
    args: { dom: domain, needResults: int, flags: uint },
    result: { snapshots: list(snapshot, limits.domainSnapshotList), ret: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainSnapshotListAllChildren: procedure(275, {
    args: { snapshot, needResults: int, flags: uint },
    result: { snapshots: list(snapshot, limits.domainSnapshotList), ret: int },
    acl: ["domain:read"],
    priority: "high",
  }),
};
