/**
 * Operations on domains: work on the images of running disks that goes on in the background.
 *
 * Starting such work answers as soon as it has begun. It goes on until it has ended or, for copies and active commits,
 * until it is ready and somebody decides: `abortBlockJob` with `pivot` takes the result into use, without it stays with
 * what was there.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { byteArray, evenIfNeeded, nothing, xmlText } from "./shape.ts";

/** The disk whose images are worked on. */
const disk = z.string().min(1).max(4096).describe("The disk's target, vda, or the path of its source");

/** An image in a disk's chain. */
const image = z.string().min(1).max(4096);

const bandwidthBytesPerS = z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional().describe(
  "Bytes per second that it may take",
);

/** What is done to a disk. Names are libvirt's `virDomainBlockJobType`. */
export const blockJobType = z.enum(["unknown", "pull", "copy", "commit", "active-commit", "backup"]);

export const domainBlockPull = operation("domain.blockPull", {
  summary:
    "Bring what a running disk's backing images hold into its top image, so that it needs them no more",
  permission: "domain:block_write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["blockpull"],
  input: z.object({
    disk,
    base: image.optional().describe(
      "The image that stays behind it, as a path or as vda[2]; none where not given",
    ),
    relative: z.boolean().default(false).describe("Keep relative names of backing images relative"),
    bandwidthBytesPerS,
  }),
  output: nothing,
});

export const domainBlockCommit = operation("domain.blockCommit", {
  summary: "Bring what upper images of a running disk hold into a lower one",
  permission: "domain:block_write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["blockcommit"],
  input: z.object({
    disk,
    base: image.optional().describe(
      "The image that takes it up, as a path or as vda[2]; the lowest one where not given",
    ),
    top: image.optional().describe(
      "The uppermost image that is brought down; the one in use where not given",
    ),
    shallow: z.boolean().default(false).describe("Take it up in the image right below the top"),
    active: z.boolean().default(false).describe(
      "The top is the image in use: it waits, when it is ready, for abortBlockJob",
    ),
    removeCommitted: z.boolean().default(false).describe("Remove the images that are not needed any more"),
    ...evenIfNeeded,
    relative: z.boolean().default(false).describe("Keep relative names of backing images relative"),
    bandwidthBytesPerS,
  }),
  output: nothing,
});

export const domainBlockCopy = operation("domain.blockCopy", {
  summary: "Copy a running disk to another image; it waits, when the two are equal, for abortBlockJob",
  permission: "domain:block_write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  reaches: { field: "xml", document: "device" },
  aliases: ["blockcopy"],
  input: z.object({
    disk,
    xml: xmlText.describe("A <disk> document that says where the copy goes"),
    shallow: z.boolean().default(false).describe("Copy the top image only; both share what is behind it"),
    reuseExternal: z.boolean().default(false).describe("The image is there already and is written over"),
    transientJob: z.boolean().default(false).describe("Also where the copy would not survive a restart"),
    synchronousWrites: z.boolean().default(false).describe("The guest's writes wait for both images"),
    granularityBytes: z.int().min(512).max(2 ** 31).optional().describe("A power of 2"),
    bufferBytes: z.int().min(512).max(Number.MAX_SAFE_INTEGER).optional(),
    bandwidthBytesPerS,
  }),
  output: nothing,
});

/** How far the work on a disk is. */
const blockJob = z.object({
  type: blockJobType,
  ready: z.boolean().describe("It has caught up with the guest and waits for a decision"),
  position: z.number().describe("How much is done; bytes of the image for most hypervisors"),
  end: z.number().describe("How much there is; grows while the guest writes"),
  fraction: z.number().min(0).max(1),
  bandwidthBytesPerS: z.number().optional().describe("Absent where it is not limited"),
});

export const domainBlockJobInfo = operation("domain.blockJob", {
  summary: "Show the work that goes on on a running disk",
  permission: "domain:read",
  job: "none",
  effect: "read",
  aliases: ["blockjob"],
  input: z.object({ disk }),
  output: z.object({ job: blockJob.optional().describe("Absent where nothing goes on") }),
});

export const domainAwaitBlockJob = operation("domain.awaitBlockJob", {
  summary: "Wait until the work on a running disk has ended, or is ready for a decision",
  permission: "domain:read",
  job: "none",
  effect: "read",
  timeoutMs: 24 * 3_600_000,
  input: z.object({ disk }),
  output: z.object({
    state: z.enum(["ready", "completed", "cancelled", "failed", "ended"]).describe(
      "ended: nothing goes on any more, and it was not seen how it ended",
    ),
    reason: z.string().optional().describe("Why it failed"),
  }),
});

export const domainSetBlockJobSpeed = operation("domain.setBlockJobSpeed", {
  summary: "Change how many bytes per second the work on a running disk may take",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  input: z.object({
    disk,
    bandwidthBytesPerS: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe(
      "Bytes per second; 0 for as many as it can",
    ),
  }),
  output: nothing,
});

export const domainAbortBlockJob = operation("domain.abortBlockJob", {
  summary: "End the work on a running disk: stay with what was there, or take the result into use",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  input: z.object({
    disk,
    pivot: z.boolean().default(false).describe("Use the copy, or the image committed to, from now on"),
  }),
  output: nothing,
});

export const domainSetBlockThreshold = operation("domain.setBlockThreshold", {
  summary: "Have it told when a running disk writes beyond a place in its image",
  permission: "domain:write",
  job: "modify",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domblkthreshold"],
  input: z.object({
    disk: z.string().min(1).max(4096).describe("The disk's target, or one of its images: vda[1]"),
    thresholdBytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe("0 for not any more"),
  }),
  output: nothing,
});

export const domainPeekBlock = operation("domain.peekBlock", {
  summary: "Read from a disk of a domain",
  permission: "domain:block_read",
  job: "query",
  effect: "read",
  input: z.object({
    disk,
    offsetBytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    sizeBytes: z.int().min(1).max(4 * 1024 * 1024),
  }),
  output: z.object({ data: byteArray }),
});
