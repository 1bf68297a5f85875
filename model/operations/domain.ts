/**
 * Operations on domains: finding, defining and describing them.
 *
 * @module
 */
import { z } from "zod";
import { type ObjectRef, phases, refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { affect, lookupName, metadataAsked, metadataGiven, nameGlob, nothing, xmlText } from "./shape.ts";

/** What a domain does right now. Names are libvirt's `virDomainState`. */
export const domainState = z.enum([
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "pmsuspended",
]);

/** A domain in a list: its reference and what is known without asking further. */
export const domainEntry = z.object({
  id: z.int().optional().describe("Its number while it runs"),
  domain: refSchema("domain"),
  state: domainState,
  persistent: z.boolean(),
  autostart: z.boolean(),
});

/** A domain's state after an operation. */
export const domainStatus = z.object({
  state: domainState,
  phase: z.enum(phases),
  generation: z.int().nonnegative(),
});

/** What there is to know of a domain at a glance. */
export const domainInfo = z.object({
  name: z.string(),
  uuid: z.guid(),
  id: z.int().optional().describe("Its number while it runs"),
  state: domainState,
  reason: z.string().describe("Why it is in this state: booted, user, destroyed, …"),
  osType: z.string(),
  vcpus: z.int().describe("Virtual processors"),
  cpuTimeNs: z.int().describe("Processor time used, in nanoseconds"),
  maxMemoryKib: z.int(),
  memoryKib: z.int(),
  persistent: z.boolean(),
  autostart: z.boolean(),
  managedSave: z.boolean(),
  snapshots: z.int(),
  currentSnapshot: z.string().optional(),
});

/** A reference to a domain. */
export type DomainRef = ObjectRef<"domain">;

export const domainList = operation("domain.list", {
  summary: "List domains",
  permission: "connect:search_domains",
  filter: "domain:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listDomains",
  aliases: ["list"],
  input: z.object({
    name: nameGlob,
    state: domainState.optional(),
    active: z.boolean().optional().describe("Only those that run, or only those that do not"),
    persistent: z.boolean().optional(),
    autostart: z.boolean().optional(),
    managedSave: z.boolean().optional(),
    snapshots: z.boolean().optional().describe(
      "Only those that have snapshots, or only those that have none",
    ),
    checkpoints: z.boolean().optional().describe(
      "Only those that have checkpoints, or only those that have none",
    ),
  }),
  output: z.array(domainEntry),
});

export const domainLookup = operation("domain.lookup", {
  summary: "Find a domain by name, UUID or id",
  permission: "domain:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "domain",
  aliases: ["domid", "domname", "domuuid"],
  input: z.object({
    name: lookupName.describe("Name, UUID, or the id of a running domain"),
    by: z.enum(["name", "uuid", "id"]).optional().describe("Which of them it is; the first that fits"),
  }),
  output: refSchema("domain"),
});

export const domainDefine = operation("domain.define", {
  summary: "Define a domain from XML, or change its definition",
  permission: "domain:write",
  also: [{ permission: "domain:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineDomain",
  reaches: { field: "xml", document: "domain" },
  secretPlaces: ["xml"],
  aliases: ["define"],
  undo: "domain.discard",
  input: z.object({
    xml: xmlText.describe("A <domain> document"),
    basedOn: xmlText.optional().describe(
      "The definition that the change is based on; where it is not the present one any more the call fails",
    ),
    keepPasswords: z.boolean().default(false).describe(
      "Passwords of graphics that the document does not say stay as they are",
    ),
  }),
  output: refSchema("domain"),
});

export const domainCreate = operation("domain.create", {
  summary: "Start a domain from XML without keeping its definition",
  permission: "domain:write",
  also: [{ permission: "domain:start" }],
  job: "async:start",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  on: "connection",
  as: "createDomain",
  reaches: { field: "xml", document: "domain" },
  secretPlaces: ["xml"],
  aliases: ["create"],
  undo: "domain.discard",
  input: z.object({
    xml: xmlText.describe("A <domain> document"),
    paused: z.boolean().default(false).describe("Leave its processors stopped"),
  }),
  output: refSchema("domain"),
});

export const domainUndefine = operation("domain.undefine", {
  summary: "Remove a domain's definition; a running domain goes on and is transient from then on",
  permission: "domain:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["undefine"],
  input: z.object({
    managedSave: z.boolean().default(false).describe("Also remove its managed save image; refused otherwise"),
    snapshotsMetadata: z.boolean().default(false).describe("Also forget its snapshots; refused otherwise"),
    checkpointsMetadata: z.boolean().default(false).describe(
      "Also forget its checkpoints; refused otherwise",
    ),
    nvram: z.boolean().optional().describe("Remove or keep its NVRAM file; to be said where it has one"),
  }),
  output: nothing,
});

export const domainDiscard = operation("domain.discard", {
  summary: "Stop a domain where it runs and remove its definition with all that belongs to it but its disks",
  permission: "domain:delete",
  also: [{ permission: "domain:stop" }],
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  input: nothing,
  output: nothing,
});

export const domainXml = operation("domain.xml", {
  summary: "Show a domain's definition as XML",
  permission: "domain:read",
  also: [{ permission: "domain:read_secure", field: "secure" }],
  job: "none",
  effect: "read",
  aliases: ["dumpxml"],
  input: z.object({
    inactive: z.boolean().default(false).describe(
      "The definition that the next start uses, also while it runs",
    ),
    secure: z.boolean().default(false).describe("With passwords"),
  }),
  output: z.string().describe("A <domain> document"),
});

export const domainGetInfo = operation("domain.info", {
  summary: "Show a domain at a glance",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["dominfo", "domstate"],
  input: nothing,
  output: domainInfo,
});

export const domainRename = operation("domain.rename", {
  summary: "Rename a domain that does not run",
  permission: "domain:write",
  also: [{ permission: "domain:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domrename"],
  renames: "newName",
  input: z.object({ newName: z.string().min(1).max(255).describe("A name that no other domain has") }),
  output: refSchema("domain"),
});

export const domainSetAutostart = operation("domain.setAutostart", {
  summary: "Have a domain started with its host, or not",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["autostart"],
  input: z.object({ autostart: z.boolean().default(true) }),
  output: nothing,
});

export const domainMetadata = operation("domain.metadata", {
  summary: "Show a domain's title, its description, or what a program keeps in it",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["desc"],
  input: metadataAsked,
  output: z.string(),
});

export const domainSetMetadata = operation("domain.setMetadata", {
  summary: "Change a domain's title, its description, or what a program keeps in it",
  permission: "domain:write",
  also: [{ permission: "domain:save", field: "config" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["metadata"],
  relabels: { namespace: "uri", element: "value" },
  input: metadataGiven,
  output: nothing,
});

export const domainSetLifecycleAction = operation("domain.setLifecycleAction", {
  summary: "Change what becomes of a domain that powers off, reboots or crashes",
  permission: "domain:write",
  also: [{ permission: "domain:save", field: "config" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["set-lifecycle-action"],
  input: z.object({
    on: z.enum(["poweroff", "reboot", "crash"]),
    action: z.enum([
      "destroy",
      "restart",
      "rename-restart",
      "preserve",
      "coredump-destroy",
      "coredump-restart",
    ]),
    ...affect,
  }),
  output: nothing,
});
