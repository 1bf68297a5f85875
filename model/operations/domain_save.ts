/**
 * Operations on domains: their memory saved to the host, and brought back.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { domainStatus } from "./domain.ts";
import { hostPath, nothing, xmlText } from "./shape.ts";

export const domainManagedSave = operation("domain.managedSave", {
  summary: "Save a running domain's memory and stop it; the next start goes on from there",
  permission: "domain:hibernate",
  job: "async:save",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 3_600_000,
  aliases: ["managedsave"],
  input: z.object({
    paused: z.boolean().optional().describe(
      "Whether it is paused after the next start; as it is now where not given",
    ),
    bypassCache: z.boolean().default(false).describe("Past the host's file cache"),
  }),
  output: domainStatus,
});

export const domainRemoveManagedSave = operation("domain.removeManagedSave", {
  summary: "Remove a domain's managed save image; the next start boots",
  permission: "domain:hibernate",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["managedsave-remove"],
  input: nothing,
  output: nothing,
});

export const domainManagedSaveXml = operation("domain.managedSaveXml", {
  summary: "Show the definition in a domain's managed save image",
  permission: "domain:read",
  also: [{ permission: "domain:read_secure", field: "secure" }],
  job: "none",
  effect: "read",
  aliases: ["managedsave-dumpxml"],
  input: z.object({ secure: z.boolean().default(false).describe("With passwords") }),
  output: z.string().describe("A <domain> document"),
});

export const domainDefineManagedSave = operation("domain.defineManagedSave", {
  summary: "Change the definition in a domain's managed save image",
  permission: "domain:hibernate",
  also: [{ permission: "domain:write" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "domain" },
  aliases: ["managedsave-define"],
  input: z.object({ xml: xmlText.describe("A <domain> document") }),
  output: nothing,
});

export const domainSave = operation("domain.save", {
  summary: "Save a running domain's memory to a file and stop it",
  permission: "domain:hibernate",
  job: "async:save",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 3_600_000,
  aliases: ["save"],
  places: { path: "path" },
  input: z.object({
    path: hostPath,
    paused: z.boolean().optional().describe(
      "Whether it is paused when restored; as it is now where not given",
    ),
    bypassCache: z.boolean().default(false).describe("Past the host's file cache"),
  }),
  output: domainStatus,
});

export const domainRestore = operation("domain.restore", {
  summary: "Start a domain from a file that a save wrote",
  permission: "domain:start",
  also: [{ permission: "domain:write" }],
  job: "async:start",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  on: "connection",
  as: "restoreDomain",
  timeoutMs: 3_600_000,
  aliases: ["restore"],
  places: { path: "path" },
  input: z.object({
    path: hostPath,
    paused: z.boolean().optional().describe("Whether it is paused then; as it was saved where not given"),
  }),
  output: refSchema("domain"),
});

export const domainSavedXml = operation("domain.savedXml", {
  summary: "Show the definition in a file that a save wrote",
  permission: "domain:read",
  job: "none",
  effect: "read",
  on: "connection",
  as: "savedDomainXml",
  aliases: ["save-image-dumpxml"],
  places: { path: "path" },
  input: z.object({ path: hostPath }),
  output: z.string().describe("A <domain> document"),
});

export const domainDefineSaved = operation("domain.defineSaved", {
  summary: "Change the definition in a file that a save wrote",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineSavedDomain",
  reaches: { field: "xml", document: "domain" },
  aliases: ["save-image-define"],
  places: { path: "path" },
  input: z.object({ path: hostPath, xml: xmlText.describe("A <domain> document") }),
  output: nothing,
});

export const domainDump = operation("domain.dump", {
  summary: "Write a running domain's memory to a file, for analysis",
  permission: "domain:core_dump",
  job: "async:dump",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 3_600_000,
  aliases: ["dump"],
  places: { path: "path" },
  input: z.object({
    path: hostPath,
    afterwards: z.enum(["goes-on", "is-paused", "crashes", "resets"]).default("goes-on").describe(
      "What becomes of the domain",
    ),
    live: z.boolean().default(false).describe(
      "Let it run meanwhile; what is written is then of no one moment",
    ),
    memoryOnly: z.boolean().default(false).describe("In a form for debuggers: only the guest's memory"),
    format: z.enum(["raw", "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp"]).default("raw").describe(
      "Of memoryOnly",
    ),
    bypassCache: z.boolean().default(false).describe("Past the host's file cache"),
  }),
  output: domainStatus,
});
