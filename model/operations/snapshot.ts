/**
 * Operations on snapshots and checkpoints of domains.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { domainStatus } from "./domain.ts";
import { evenIfNeeded, lookupName, nameGlob, nothing, xmlText } from "./shape.ts";

/** What a domain did when its snapshot was taken. */
export const snapshotState = z.enum([
  "running",
  "paused",
  "shutoff",
  "crashed",
  "blocked",
  "pmsuspended",
  "disk-snapshot",
]);

/** A snapshot in a list. */
export const snapshotEntry = z.object({
  snapshot: refSchema("snapshot"),
  state: snapshotState,
  parent: z.string().optional(),
  children: z.int(),
  current: z.boolean(),
  createdAt: z.int().describe("Milliseconds since 1970"),
  description: z.string().optional(),
  location: z.enum(["internal", "external", "none"]),
});

export const snapshotCreate = operation("snapshot.create", {
  summary: "Take a snapshot of a domain",
  permission: "domain:snapshot",
  also: [
    { permission: "domain:fs_freeze", field: "quiesce" },
    { permission: "domain:write", field: "redefine" },
  ],
  job: "async:snapshot",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  on: "domain",
  as: "createSnapshot",
  reaches: { field: "xml", document: "snapshot" },
  aliases: ["snapshot-create", "snapshot-create-as"],
  undo: "snapshot.delete",
  input: z.object({
    name: z.string().min(1).max(255).optional().describe("Made up where not given"),
    description: z.string().max(65_536).optional(),
    xml: xmlText.optional().describe("A <domainsnapshot> document; name and description go before it"),
    diskOnly: z.boolean().default(false).describe("Without the running domain's memory"),
    quiesce: z.boolean().default(false).describe("Freeze the guest's file systems meanwhile"),
    halt: z.boolean().default(false).describe("Stop the domain after it"),
    redefine: z.boolean().default(false).describe("Only take over the metadata in the document"),
    current: z.boolean().default(false).describe("With redefine: make it the current one"),
  }),
  output: refSchema("snapshot"),
});

export const snapshotList = operation("snapshot.list", {
  summary: "List a domain's snapshots, as a tree",
  permission: "domain:read",
  job: "none",
  effect: "read",
  on: "domain",
  as: "listSnapshots",
  aliases: ["snapshot-list"],
  input: z.object({
    name: nameGlob,
    from: z.string().max(255).optional().describe("Only what is under this one"),
    descendants: z.boolean().default(true).describe("With from: not only its children"),
    roots: z.boolean().default(false).describe("Only those without a parent"),
    leaves: z.boolean().optional().describe("Only those without children, or only those with"),
  }),
  output: z.array(snapshotEntry),
});

export const snapshotLookup = operation("snapshot.lookup", {
  summary: "Find a snapshot of a domain by name",
  permission: "domain:read",
  job: "none",
  effect: "read",
  on: "domain",
  as: "snapshot",
  input: z.object({ name: lookupName }),
  output: refSchema("snapshot"),
});

export const snapshotCurrent = operation("snapshot.current", {
  summary: "Find a domain's current snapshot",
  permission: "domain:read",
  job: "none",
  effect: "read",
  on: "domain",
  as: "currentSnapshot",
  aliases: ["snapshot-current"],
  input: nothing,
  output: refSchema("snapshot"),
});

export const snapshotXml = operation("snapshot.xml", {
  summary: "Show a snapshot as XML",
  permission: "domain:read",
  also: [{ permission: "domain:read_secure", field: "secure" }],
  job: "none",
  effect: "read",
  aliases: ["snapshot-dumpxml"],
  input: z.object({ secure: z.boolean().default(false).describe("With passwords") }),
  output: z.string().describe("A <domainsnapshot> document"),
});

export const snapshotGetInfo = operation("snapshot.info", {
  summary: "Show a snapshot at a glance",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["snapshot-info"],
  input: nothing,
  output: snapshotEntry,
});

export const snapshotParent = operation("snapshot.parent", {
  summary: "Find the snapshot that a snapshot was taken after",
  // Of a handle "parent" is the id of what holds it.
  as: "parentSnapshot",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["snapshot-parent"],
  input: nothing,
  output: refSchema("snapshot"),
});

export const snapshotChildren = operation("snapshot.children", {
  summary: "List the snapshots that were taken after a snapshot",
  permission: "domain:read",
  job: "none",
  effect: "read",
  input: z.object({ descendants: z.boolean().default(false).describe("Not only the next ones") }),
  output: z.array(snapshotEntry),
});

export const snapshotRevert = operation("snapshot.revert", {
  summary: "Bring a domain back to a snapshot",
  permission: "domain:snapshot",
  job: "async:snapshot",
  effect: "write",
  reconcile: "by-state",
  aliases: ["snapshot-revert"],
  also: [{ permission: "domain:block_write", field: "evenIfNeeded" }],
  input: z.object({
    running: z.boolean().default(false).describe("Let the domain run then, whatever it did before"),
    paused: z.boolean().default(false).describe("Leave the domain paused then, whatever it did before"),
    force: z.boolean().default(false).describe("Also where the definition must change in a risky way"),
    ...evenIfNeeded,
  }),
  output: domainStatus,
});

export const snapshotDelete = operation("snapshot.delete", {
  summary: "Delete a snapshot; what was taken after it stays",
  permission: "domain:snapshot",
  job: "async:snapshot",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["snapshot-delete"],
  also: [{ permission: "domain:block_write", field: "evenIfNeeded" }],
  input: z.object({
    children: z.boolean().default(false).describe("Also what was taken after it"),
    childrenOnly: z.boolean().default(false).describe("Only what was taken after it"),
    metadataOnly: z.boolean().default(false).describe("Forget it, and leave its data in the images"),
    ...evenIfNeeded,
  }),
  output: nothing,
});

/** A checkpoint in a list. */
const checkpointEntry = z.object({
  name: z.string(),
  parent: z.string().optional(),
  createdAt: z.int().describe("Milliseconds since 1970"),
  description: z.string().optional(),
  disks: z.array(z.string()).describe("Targets of the disks whose changes it follows"),
});

export const checkpointCreate = operation("domain.createCheckpoint", {
  summary: "Set a checkpoint from which a later backup can be incremental",
  permission: "domain:checkpoint",
  also: [{ permission: "domain:fs_freeze", field: "quiesce" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "checkpoint" },
  aliases: ["checkpoint-create", "checkpoint-create-as"],
  input: z.object({
    name: z.string().min(1).max(255).optional().describe("Made up where not given"),
    description: z.string().max(65_536).optional(),
    disks: z.array(z.string().max(256)).max(1024).optional().describe(
      "Targets of disks; all where not given",
    ),
    xml: xmlText.optional().describe(
      "A <domaincheckpoint> document; name, description and disks go before it",
    ),
    quiesce: z.boolean().default(false).describe("Freeze the guest's file systems meanwhile"),
    redefine: z.boolean().default(false).describe("Only take over the metadata in the document"),
  }),
  output: checkpointEntry,
});

export const checkpointList = operation("domain.listCheckpoints", {
  summary: "List a domain's checkpoints, parents before their children",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["checkpoint-list"],
  input: z.object({
    name: nameGlob,
    from: z.string().max(255).optional().describe("Only what is under this one"),
    descendants: z.boolean().default(true).describe("With from: not only its children"),
    roots: z.boolean().default(false).describe("Only those without a parent"),
    leaves: z.boolean().optional().describe("Only those without children, or only those with"),
  }),
  output: z.array(checkpointEntry),
});

export const checkpointGetInfo = operation("domain.checkpointInfo", {
  summary: "Show a checkpoint at a glance",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["checkpoint-info", "checkpoint-parent"],
  input: z.object({ name: lookupName }),
  output: checkpointEntry,
});

export const checkpointXml = operation("domain.checkpointXml", {
  summary: "Show a checkpoint as XML",
  permission: "domain:read",
  also: [{ permission: "domain:read_secure", field: "secure" }],
  job: "none",
  effect: "read",
  aliases: ["checkpoint-dumpxml"],
  input: z.object({
    name: lookupName,
    secure: z.boolean().default(false).describe("With passwords"),
    withoutDomain: z.boolean().default(false).describe("Leave out what the domain was"),
    sizes: z.boolean().default(false).describe("With how much has changed on each disk since, in bytes"),
  }),
  output: z.string().describe("A <domaincheckpoint> document"),
});

export const checkpointDelete = operation("domain.deleteCheckpoint", {
  summary: "Delete a checkpoint",
  permission: "domain:checkpoint",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["checkpoint-delete"],
  input: z.object({
    name: lookupName,
    children: z.boolean().default(false).describe("Also what was set after it"),
    childrenOnly: z.boolean().default(false).describe("Only what was set after it"),
    metadataOnly: z.boolean().default(false).describe("Forget it, and leave its bitmaps in the images"),
  }),
  output: nothing,
});
