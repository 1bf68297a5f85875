/**
 * Operations on disk images that come from elsewhere: fetched by the runtime, checked, kept, and written into volumes.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { bytes, localPath } from "./shape.ts";

/** The most bytes that an image may have unless the caller says otherwise. */
export const defaultImageBytes = 64 * 1024 ** 3;

const address = z.string().regex(
  /^https?:\/\//i,
  "Expected an address such as https://example.org/disk.qcow2",
).max(
  2048,
);

const checksum = z.string().regex(
  /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
  "Expected sha256: and 64 hexadecimal digits, or sha512: and 128 of them",
);

/** Where an image comes from, and how it is known to be the right one. */
const source = {
  url: address.optional().describe("Its address, of http or https; or give path"),
  path: localPath.optional().describe(
    "A file of the machine on which Drover runs, without links in its path",
  ),
  checksum: checksum.describe("Of what is fetched, as it is there: sha256:… or sha512:…"),
  maxBytes: bytes.default(defaultImageBytes).describe("The most bytes that it may have, unpacked"),
};

/** How an image's bytes are to be read. */
export const imageFormat = z.enum(["qcow2", "raw"]);

export const connectionImageChecksum = operation("connection.imageChecksum", {
  summary: "Look up the checksum of a disk image, in a list of checksums or by reading the file",
  permission: "connect:getattr",
  job: "none",
  effect: "read",
  cancel: "between-hops",
  timeoutMs: 3_600_000,
  places: { checksums: "fetch", path: "local_read" },
  input: z.object({
    checksums: address.optional().describe("The address of a list as sha256sum writes it"),
    name: z.string().min(1).max(1024).optional().describe("The image's name in the list"),
    path: localPath.optional().describe("The file itself, where there is no list"),
  }),
  output: z.object({
    checksum: checksum.optional().describe("Absent in a rehearsal, which reads nothing"),
  }),
});

export const connectionFetchImage = operation("connection.fetchImage", {
  summary: "Fetch a disk image to the machine on which Drover runs, and check it",
  permission: "connect:getattr",
  job: "none",
  effect: "read",
  cancel: "between-hops",
  timeoutMs: 86_400_000,
  places: { url: "fetch", path: "local_read" },
  input: z.object(source),
  output: z.object({
    bytes: bytes.describe("How many bytes it has, unpacked"),
    format: imageFormat,
    capacityBytes: bytes.optional().describe(
      "What a guest sees; absent in a rehearsal, which fetches nothing",
    ),
    fetched: z.boolean().describe("Whether it had to be fetched: it was not kept from before"),
  }),
});

export const volumeUploadImage = operation("volume.uploadImage", {
  summary: "Write a disk image into a volume, fetched and checked before, its beginning last",
  permission: "storage_vol:data_write",
  job: "modify",
  effect: "write",
  cancel: "between-hops",
  reconcile: "by-state",
  repeatable: true,
  timeoutMs: 86_400_000,
  places: { url: "fetch", path: "local_read" },
  input: z.object({
    ...source,
    compare: z.boolean().default(false).describe("Look first whether the volume holds it already"),
  }),
  output: z.object({ bytes: bytes.describe("How many bytes the volume holds of it") }),
});
