/**
 * Operations on domains: backups of their disks, whole or since a checkpoint.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { bytes, nothing, xmlText } from "./shape.ts";

/** What a backup is made of. */
const backupInput = {
  xml: xmlText.optional().describe(
    "A <domainbackup> document; all disks, each into a file beside its image, where not given",
  ),
  incremental: z.string().min(1).max(255).optional().describe("Only what changed since this checkpoint"),
  checkpoint: z.string().min(1).max(255).optional().describe(
    "Set a checkpoint of this name together with it, for the next one",
  ),
  reuseFiles: z.boolean().default(false).describe("The files that it writes into are there already"),
};

export const domainBackUp = operation("domain.backUp", {
  summary: "Copy a running domain's disks into files, and wait until that is done",
  permission: "domain:checkpoint",
  also: [{ permission: "domain:block_write" }],
  job: "async:backup",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 86_400_000,
  reaches: { field: "xml", document: "backup" },
  input: z.object(backupInput),
  output: z.object({ bytes: bytes.describe("How many bytes were looked through") }),
});

export const domainBeginBackup = operation("domain.beginBackup", {
  summary: "Begin a backup of a running domain's disks, which goes on by itself or is read by others",
  permission: "domain:checkpoint",
  also: [{ permission: "domain:block_write" }],
  job: "async:backup",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "backup" },
  aliases: ["backup-begin"],
  input: z.object(backupInput),
  output: nothing,
});

export const domainBackupXml = operation("domain.backupXml", {
  summary: "Show the backup that runs on a domain as XML: its disks, its server, its files",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["backup-dumpxml"],
  input: nothing,
  output: z.string().describe("A <domainbackup> document"),
});
