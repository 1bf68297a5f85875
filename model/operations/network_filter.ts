/**
 * Operations on network filters: rules for the traffic of guests.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { lookupName, nameGlob, nameOrUuid, nothing, xmlText } from "./shape.ts";

/** A filter in a list. */
export const filterEntry = z.object({ filter: refSchema("filter") });

export const filterList = operation("filter.list", {
  summary: "List network filters",
  permission: "connect:search_nwfilters",
  filter: "nwfilter:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listFilters",
  aliases: ["nwfilter-list"],
  input: z.object({ name: nameGlob }),
  output: z.array(filterEntry),
});

export const filterLookup = operation("filter.lookup", {
  summary: "Find a network filter by name or UUID",
  permission: "nwfilter:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "filter",
  input: z.object({ name: lookupName.describe("Name or UUID"), by: nameOrUuid }),
  output: refSchema("filter"),
});

export const filterDefine = operation("filter.define", {
  summary: "Define a network filter from XML, or change its rules, also for guests that run with it",
  permission: "nwfilter:write",
  also: [{ permission: "nwfilter:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "defineFilter",
  reaches: { field: "xml", document: "filter" },
  aliases: ["nwfilter-define"],
  undo: "filter.undefine",
  input: z.object({
    xml: xmlText.describe("A <filter> document"),
    basedOn: xmlText.optional().describe(
      "The definition that the change is based on; where it is not the present one any more the call fails",
    ),
  }),
  output: refSchema("filter"),
});

export const filterUndefine = operation("filter.undefine", {
  summary: "Remove a network filter that nothing uses",
  permission: "nwfilter:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["nwfilter-undefine"],
  input: nothing,
  output: nothing,
});

export const filterXml = operation("filter.xml", {
  summary: "Show a network filter as XML",
  permission: "nwfilter:read",
  job: "none",
  effect: "read",
  aliases: ["nwfilter-dumpxml"],
  input: nothing,
  output: z.string().describe("A <filter> document"),
});
