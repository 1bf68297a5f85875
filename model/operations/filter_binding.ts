/**
 * Operations on bindings of network filters: a filter at work on one interface of a guest.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { lookupName, nameGlob, nothing, xmlText } from "./shape.ts";

/** A binding in a list. */
export const filterBindingEntry = z.object({
  binding: refSchema("filterBinding"),
  filter: z.string().describe("The name of the filter"),
});

export const filterBindingList = operation("filterBinding.list", {
  summary: "List bindings of network filters",
  permission: "connect:search_nwfilter_bindings",
  filter: "nwfilter_binding:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listFilterBindings",
  aliases: ["nwfilter-binding-list"],
  input: z.object({ name: nameGlob }),
  output: z.array(filterBindingEntry),
});

export const filterBindingLookup = operation("filterBinding.lookup", {
  summary: "Find the binding of a network filter by the host's device that it is on",
  permission: "nwfilter_binding:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "filterBinding",
  input: z.object({ name: lookupName.describe("The host's side of the guest's interface: vnet0") }),
  output: refSchema("filterBinding"),
});

export const filterBindingCreate = operation("filterBinding.create", {
  summary: "Bind a network filter to an interface of a guest",
  permission: "nwfilter_binding:create",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "createFilterBinding",
  reaches: { field: "xml", document: "filterBinding" },
  aliases: ["nwfilter-binding-create"],
  undo: "filterBinding.delete",
  input: z.object({ xml: xmlText.describe("A <filterbinding> document") }),
  output: refSchema("filterBinding"),
});

export const filterBindingDelete = operation("filterBinding.delete", {
  summary: "Take a network filter off an interface of a guest; its traffic is not filtered any more",
  permission: "nwfilter_binding:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["nwfilter-binding-delete"],
  input: nothing,
  output: nothing,
});

export const filterBindingXml = operation("filterBinding.xml", {
  summary: "Show the binding of a network filter as XML",
  permission: "nwfilter_binding:read",
  job: "none",
  effect: "read",
  aliases: ["nwfilter-binding-dumpxml"],
  input: nothing,
  output: z.string().describe("A <filterbinding> document"),
});
