/**
 * Operations on storage volumes.
 *
 * @module
 */
import { z } from "zod";
import { refSchema } from "../object.ts";
import { operation } from "../operation.ts";
import {
  byteArray,
  bytes,
  evenIfNeeded,
  localPath,
  lookupName,
  nameGlob,
  nothing,
  xmlText,
} from "./shape.ts";

/** The most bytes that one upload or download may carry. */
export const volumeChunkBytes = 1024 * 1024;

/** A volume in a list. */
export const volumeEntry = z.object({
  volume: refSchema("volume"),
  path: z.string(),
  type: z.enum(["file", "block", "dir", "network", "netdir", "ploop"]),
  format: z.string(),
  capacityBytes: bytes.describe("What a guest sees"),
  allocationBytes: bytes.describe("What is taken of the pool"),
});

export const volumeList = operation("volume.list", {
  summary: "List the volumes of a storage pool",
  permission: "storage_pool:search_storage_vols",
  filter: "storage_vol:getattr",
  job: "none",
  effect: "read",
  on: "pool",
  as: "listVolumes",
  aliases: ["vol-list"],
  input: z.object({ name: nameGlob }),
  output: z.array(volumeEntry),
});

export const volumeLookup = operation("volume.lookup", {
  summary: "Find a volume of a storage pool by name",
  permission: "storage_vol:getattr",
  job: "none",
  effect: "read",
  on: "pool",
  as: "volume",
  input: z.object({ name: lookupName }),
  output: refSchema("volume"),
});

export const volumeByPath = operation("volume.byPath", {
  summary: "Find a volume by its path or key, in whichever pool",
  permission: "storage_vol:getattr",
  job: "none",
  effect: "read",
  on: "connection",
  as: "volumeByPath",
  aliases: ["vol-name", "vol-pool", "vol-key", "vol-path"],
  input: z.object({ path: z.string().min(1).max(4096).describe("Path or key") }),
  output: refSchema("volume"),
});

export const volumeCreate = operation("volume.create", {
  summary: "Make a volume in a storage pool",
  permission: "storage_vol:create",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "pool",
  as: "createVolume",
  reaches: { field: "xml", document: "volume" },
  aliases: ["vol-create", "vol-create-as"],
  undo: "volume.delete",
  input: z.object({ xml: xmlText.describe("A <volume> document") }),
  output: refSchema("volume"),
});

export const volumeClone = operation("volume.createFrom", {
  summary: "Make a volume in a storage pool with the content of another volume",
  permission: "storage_vol:create",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  on: "pool",
  as: "createVolumeFrom",
  reaches: { field: "xml", document: "volume" },
  aliases: ["vol-create-from", "vol-clone"],
  undo: "volume.delete",
  timeoutMs: 3_600_000,
  input: z.object({
    xml: xmlText.describe("A <volume> document"),
    from: refSchema("volume").describe("The volume that is copied"),
  }),
  output: refSchema("volume"),
});

export const volumeGetInfo = operation("volume.info", {
  summary: "Show a volume at a glance",
  permission: "storage_vol:read",
  job: "none",
  effect: "read",
  aliases: ["vol-info"],
  input: nothing,
  output: volumeEntry,
});

export const volumeXml = operation("volume.xml", {
  summary: "Show a volume as XML",
  permission: "storage_vol:read",
  job: "none",
  effect: "read",
  aliases: ["vol-dumpxml"],
  input: nothing,
  output: z.string().describe("A <volume> document"),
});

export const volumeResize = operation("volume.resize", {
  summary: "Change a volume's capacity",
  permission: "storage_vol:resize",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["vol-resize"],
  input: z.object({
    capacityBytes: bytes.describe("The capacity in bytes"),
    allocate: z.boolean().default(false).describe("Take the space from the pool at once"),
    shrink: z.boolean().default(false).describe("Allow less than now; what lies beyond is lost"),
  }),
  output: nothing,
});

export const volumeWipe = operation("volume.wipe", {
  summary: "Overwrite a volume so that what it held cannot be read any more",
  permission: "storage_vol:format",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  timeoutMs: 3_600_000,
  aliases: ["vol-wipe"],
  input: z.object({
    ...evenIfNeeded,
    algorithm: z.enum([
      "zero",
      "nnsa",
      "dod",
      "bsi",
      "gutmann",
      "schneier",
      "pfitzner7",
      "pfitzner33",
      "random",
      "trim",
    ]).default("zero"),
  }),
  output: nothing,
});

export const volumeDelete = operation("volume.delete", {
  summary: "Delete a volume with what it holds",
  permission: "storage_vol:delete",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  whenGone: {},
  aliases: ["vol-delete"],
  also: [{ permission: "storage_vol:format", field: "evenIfNeeded" }],
  input: z.object(evenIfNeeded),
  output: nothing,
});

export const volumeUpload = operation("volume.upload", {
  summary: "Write bytes into a volume",
  permission: "storage_vol:data_write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["vol-upload"],
  input: z.object({
    offset: bytes.default(0).describe("Where to write, in bytes"),
    bytes: byteArray.refine((data) => data.length <= volumeChunkBytes, {
      error: `At most ${volumeChunkBytes} bytes go in one call; send more in pieces`,
    }).describe("At most 1 MiB"),
  }),
  output: z.object({ written: z.int() }),
});

export const volumeDownload = operation("volume.download", {
  summary: "Read bytes out of a volume",
  permission: "storage_vol:data_read",
  job: "query",
  effect: "read",
  aliases: ["vol-download"],
  input: z.object({
    offset: bytes.default(0).describe("Where to begin, in bytes"),
    length: z.int().min(0).max(volumeChunkBytes).default(volumeChunkBytes).describe(
      "How many bytes, at most 1 MiB",
    ),
    holes: z.boolean().default(false).describe(
      "Tell of a hole instead of its zeros, where the hypervisor knows",
    ),
  }),
  output: z.object({
    bytes: byteArray.describe("May be fewer than asked for, where a hole follows them"),
    holeBytes: bytes.optional().describe("How many zeros come first that are not among the bytes"),
    atEnd: z.boolean().describe("Whether nothing follows"),
  }),
});

/** What passed between a file and a volume. */
const passed = z.object({
  bytes: bytes.describe("How many bytes passed, holes included"),
  dataBytes: bytes.describe("How many of them were sent; the others were holes"),
  sha256: z.string().length(64).describe("Of all bytes, in hexadecimal; holes count as zeros"),
});

export const volumeUploadFile = operation("volume.uploadFile", {
  summary: "Write a file of the machine on which Drover runs into a volume",
  permission: "storage_vol:data_write",
  job: "modify",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 86_400_000,
  places: { path: "local_read" },
  input: z.object({
    path: localPath,
    offset: bytes.default(0).describe("Where in the volume to begin, in bytes"),
    sparse: z.boolean().default(false).describe(
      "Leave zeros out, which makes holes, in a volume that holds nothing yet; else they are written",
    ),
  }),
  output: passed,
});

export const volumeDownloadFile = operation("volume.downloadFile", {
  summary: "Write what a volume holds into a file of the machine on which Drover runs",
  permission: "storage_vol:data_read",
  job: "modify",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  timeoutMs: 86_400_000,
  places: { path: "local_write" },
  input: z.object({
    path: localPath.describe("The file, which is there only when it is complete"),
    offset: bytes.default(0).describe("Where in the volume to begin, in bytes"),
    length: z.int().min(1).optional().describe("How many bytes; to the end where not given"),
    sparse: z.boolean().default(true).describe("Leave holes where the volume has them"),
    overwrite: z.boolean().default(false).describe("Replace the file if it is there"),
  }),
  output: passed,
});
