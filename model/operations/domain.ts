/**
 * Operations on domains: finding and defining them, and their life cycle.
 *
 * @module
 */
import { z } from "zod";
import { type ObjectRef, phases, refSchema } from "../object.ts";
import { operation } from "../operation.ts";

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
    name: z.string().optional().describe("A glob over names"),
    state: domainState.optional(),
    persistent: z.boolean().optional(),
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
  input: z.object({ name: z.string().max(1024) }),
  output: refSchema("domain"),
});

export const domainDefine = operation("domain.define", {
  summary: "Define a domain from XML, or change its definition",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineDomain",
  reaches: { field: "xml", document: "domain" },
  aliases: ["define"],
  input: z.object({ xml: z.string() }),
  output: refSchema("domain"),
});

export const domainStart = operation("domain.start", {
  summary: "Start a defined domain",
  permission: "domain:start",
  job: "async:start",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  aliases: ["start"],
  input: z.object({ paused: z.boolean().default(false) }),
  output: domainStatus,
});

export const domainDestroy = operation("domain.destroy", {
  summary: "Stop a domain at once, as pulling its power cord would",
  permission: "domain:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  aliases: ["destroy"],
  input: z.object({}),
  output: domainStatus,
});

export const domainXml = operation("domain.xml", {
  summary: "Show a domain's definition",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["dumpxml"],
  input: z.object({ inactive: z.boolean().default(false) }),
  output: z.object({ xml: z.string() }),
});
