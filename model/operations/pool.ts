/**
 * Operations on storage pools.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import { evenIfNeeded, lookupName, nameGlob, nothing, xmlText } from "./shape.ts";

/** What a pool does right now. */
export const poolState = z.enum(["inactive", "building", "running", "degraded", "inaccessible"]);

/** A pool in a list. */
export const poolEntry = z.object({
  pool: refSchema("pool"),
  state: poolState,
  persistent: z.boolean(),
  autostart: z.boolean(),
});

export const poolList = operation("pool.list", {
  summary: "List storage pools",
  permission: "connect:search_storage_pools",
  filter: "storage_pool:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "listPools",
  aliases: ["pool-list"],
  input: z.object({
    name: nameGlob,
    active: z.boolean().optional(),
    persistent: z.boolean().optional(),
    autostart: z.boolean().optional(),
    type: z.string().max(32).optional().describe("Only of this type: dir, logical, …"),
  }),
  output: z.array(poolEntry),
});

export const poolLookup = operation("pool.lookup", {
  summary: "Find a storage pool by name, UUID or target path",
  permission: "storage_pool:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "pool",
  aliases: ["pool-name", "pool-uuid"],
  input: z.object({ name: lookupName.describe("Name, UUID, or the path at which its volumes are") }),
  output: refSchema("pool"),
});

export const poolDefine = operation("pool.define", {
  summary: "Define a storage pool from XML, or change its definition",
  permission: "storage_pool:write",
  also: [{ permission: "storage_pool:save" }],
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "definePool",
  reaches: { field: "xml", document: "pool" },
  aliases: ["pool-define", "pool-define-as"],
  undo: "pool.discard",
  input: z.object({
    xml: xmlText.describe("A <pool> document"),
    basedOn: xmlText.optional().describe(
      "The definition that the change is based on; where it is not the present one any more the call fails",
    ),
  }),
  output: refSchema("pool"),
});

export const poolCreate = operation("pool.create", {
  summary: "Start a storage pool from XML without keeping its definition",
  permission: "storage_pool:write",
  also: [{ permission: "storage_pool:start" }],
  job: "async:start",
  effect: "write",
  reconcile: "by-state",
  on: "connection",
  as: "createPool",
  reaches: { field: "xml", document: "pool" },
  aliases: ["pool-create", "pool-create-as"],
  undo: "pool.discard",
  input: z.object({
    xml: xmlText.describe("A <pool> document"),
    build: z.boolean().default(false).describe("Make its target first"),
  }),
  output: refSchema("pool"),
});

export const poolBuild = operation("pool.build", {
  summary: "Make what a storage pool needs: its directory, its file system",
  permission: "storage_pool:format",
  job: "async:start",
  effect: "write",
  reconcile: "by-state",
  timeoutMs: 3_600_000,
  aliases: ["pool-build"],
  input: z.object({
    overwrite: z.boolean().optional().describe("Whether to overwrite what is there, or to refuse then"),
  }),
  output: nothing,
});

export const poolStart = operation("pool.start", {
  summary: "Start a defined storage pool",
  permission: "storage_pool:start",
  job: "async:start",
  effect: "write",
  reconcile: "by-state",
  aliases: ["pool-start"],
  input: z.object({ build: z.boolean().default(false).describe("Make its target first") }),
  output: nothing,
});

export const poolDestroy = operation("pool.destroy", {
  summary: "Stop a storage pool; its volumes stay",
  permission: "storage_pool:stop",
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["pool-destroy"],
  input: nothing,
  output: nothing,
});

export const poolDelete = operation("pool.delete", {
  summary: "Remove what a stopped storage pool consists of, its volumes included",
  permission: "storage_pool:format",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["pool-delete"],
  input: z.object(evenIfNeeded),
  output: nothing,
});

export const poolUndefine = operation("pool.undefine", {
  summary: "Remove the definition of a storage pool that is stopped",
  permission: "storage_pool:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["pool-undefine"],
  input: nothing,
  output: nothing,
});

export const poolDiscard = operation("pool.discard", {
  summary: "Stop a storage pool where it runs and remove its definition; its volumes stay",
  permission: "storage_pool:delete",
  also: [{ permission: "storage_pool:stop" }],
  job: "destroy",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  input: nothing,
  output: nothing,
});

export const poolRefresh = operation("pool.refresh", {
  summary: "Read a storage pool's volumes again",
  permission: "storage_pool:refresh",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["pool-refresh"],
  input: nothing,
  output: nothing,
});

export const poolXml = operation("pool.xml", {
  summary: "Show a storage pool's definition as XML",
  permission: "storage_pool:read",
  job: "none",
  effect: "read",
  aliases: ["pool-dumpxml"],
  input: z.object({
    inactive: z.boolean().default(false).describe(
      "The definition that the next start uses, also while it runs",
    ),
  }),
  output: z.string().describe("A <pool> document"),
});

export const poolGetInfo = operation("pool.info", {
  summary: "Show a storage pool's state and sizes",
  permission: "storage_pool:read",
  job: "none",
  effect: "read",
  aliases: ["pool-info"],
  input: nothing,
  output: poolEntry.extend({
    type: z.string(),
    path: z.string().optional(),
    capacityBytes: z.int(),
    allocationBytes: z.int(),
    availableBytes: z.int(),
    volumes: z.int(),
  }),
});

export const poolSetAutostart = operation("pool.setAutostart", {
  summary: "Have a storage pool started with its host, or not",
  permission: "storage_pool:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["pool-autostart"],
  input: z.object({ autostart: z.boolean().default(true) }),
  output: nothing,
});

export const poolFindSources = operation("pool.findSources", {
  summary: "Look for what storage pools of a type could be made of, as XML",
  permission: "connect:detect_storage_pools",
  job: "none",
  effect: "read",
  on: "connection",
  as: "findPoolSources",
  aliases: ["find-storage-pool-sources", "find-storage-pool-sources-as"],
  reaches: { field: "xml", document: "poolSource" },
  input: z.object({
    type: z.string().min(1).max(32).describe("The type of pool: logical, netfs, iscsi"),
    xml: xmlText.optional().describe("A <source> document that says where to look"),
  }),
  output: z.string().describe("A <sources> document"),
});
