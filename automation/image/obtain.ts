/**
 * Making an image out of what is fetched or copied: checked before anything is done with it, unpacked where it is compressed.
 *
 * @module
 */
import { pipeline } from "node:stream/promises";
import { Readable, Writable } from "node:stream";
import type { Hash } from "node:crypto";
import { createGunzip } from "node:zlib";
import { VirtError } from "../../model/error.ts";
import { LocalSource } from "../../runtime/local_file.ts";
import type { MadeImage } from "./cache.ts";
import { type Algorithm, begun, type Checksum } from "./checksum.ts";
import { download, type FetchFunction, shownAddress } from "./download.ts";
import { imageFacts } from "./header.ts";
import { SplitFile } from "./split_file.ts";
import type { Steps } from "./steps.ts";

/** Where an image comes from. */
export type ImageSource = { readonly url: URL; readonly path?: never } | {
  readonly path: string;
  readonly url?: never;
};

/** What is made into an image. */
export interface ObtainOptions {
  readonly source: ImageSource;
  readonly checksum: Checksum;
  readonly maxBytes: number;
  readonly fetch: FetchFunction;
  /** A folder for it, in which something may be left from an earlier try. */
  readonly folder: string;
}

/** How much of a file is read at once, in bytes. */
const pieceBytes = 1024 * 1024;

const gzipMagic = [0x1f, 0x8b];

/** A source as errors name it. */
export function sourceName({ url, path }: ImageSource): string {
  return url === undefined ? `"${path}"` : shownAddress(url);
}

/**
 * Makes an image.
 *
 * @throws {VirtError} `operation-failed` where its checksum is another, or it cannot be unpacked; what fetching it, and what looking
 *   at its beginning throws.
 */
export async function obtainImage(steps: Steps, options: ObtainOptions): Promise<MadeImage> {
  const { folder, source } = options;
  const got = `${folder}/got`;
  await using file = await steps.hop("open image file", () => SplitFile.open(got));
  await fetchChecked(steps, { ...options, file, note: `${folder}/from.json` });
  const isPacked = await steps.hop("read image file", async () => {
    const head = await file.head();
    return gzipMagic.every((byte, index) => head[index] === byte);
  });
  if (!isPacked) return await described(steps, { file, folder: got, source });
  const unpacked = `${folder}/unpacked`;
  await using whole = await steps.hop("open image file", () => SplitFile.open(unpacked));
  await steps.hop("unpack image file", (signal) => unpack({ from: file, into: whole, ...options, signal }));
  return await described(steps, { file: whole, folder: unpacked, source });
}

interface IntoFile extends ObtainOptions {
  readonly file: SplitFile;
  readonly note: string;
}

/** Fetches it, and sees that it is the right one. What was taken up from an earlier try and is wrong is fetched anew, once. */
async function fetchChecked(steps: Steps, options: IntoFile): Promise<void> {
  const { file, checksum, source, note } = options;
  const takenUp = file.size > 0;
  for (let isLast = !takenUp;; isLast = true) {
    const hex = (await fetched(steps, options)).digest("hex");
    if (hex === checksum.hex) return;
    // What is wrong is not gone on with.
    await steps.hop("drop image file", async () => {
      await file.restart();
      await Deno.remove(note).catch(() => {});
    });
    if (!isLast) continue;
    throw new VirtError(
      "operation-failed",
      `Cannot use the image ${
        sourceName(source)
      }: its ${checksum.algorithm} is ${hex}, and ${checksum.hex} is expected`,
      {
        hint:
          "It is another file than the one that was meant, or was damaged on its way; see what its publisher says",
      },
    );
  }
}

async function fetched(
  steps: Steps,
  { source, checksum: { algorithm }, maxBytes, fetch, file, note }: IntoFile,
): Promise<Hash> {
  if (source.url !== undefined) {
    return await download(steps, {
      url: source.url,
      fetch,
      maxBytes,
      file,
      note,
      begun: () => begun(algorithm),
    });
  }
  const { path } = source;
  return await steps.hop("copy image file", async (signal) => {
    await file.restart();
    return await readWhole({ path, algorithm, maxBytes, signal, steps }, (piece) => file.write(piece));
  });
}

interface Reading {
  readonly path: string;
  readonly algorithm: Algorithm;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly steps: Steps;
}

/** Reads a file of this machine; the checksum's state over all of it. */
async function readWhole(
  { path, algorithm, maxBytes, signal, steps }: Reading,
  each: (piece: Uint8Array) => Promise<void>,
): Promise<Hash> {
  await using source = await LocalSource.open(path);
  if (source.size > maxBytes) {
    throw new VirtError(
      "budget-exceeded",
      `Cannot read "${path}": it has ${source.size} bytes, and the limit is ${maxBytes}`,
      {
        hint: "Say maxBytes where it may have more",
      },
    );
  }
  const hash = begun(algorithm);
  for (let at = 0; at < source.size;) {
    signal.throwIfAborted();
    const piece = await source.read(new Uint8Array(Math.min(pieceBytes, source.size - at)), at);
    if (piece.length === 0) {
      throw new VirtError("operation-failed", `Cannot read "${path}": it became shorter meanwhile`);
    }
    hash.update(piece);
    await each(piece);
    at += piece.length;
    steps.passed(at, source.size);
  }
  return hash;
}

/** The checksum of a file of this machine. */
export async function fileChecksum(steps: Steps, path: string): Promise<Checksum> {
  const algorithm = "sha256";
  const hash = await steps.hop(
    "read image file",
    (signal) => readWhole({ path, algorithm, maxBytes: Infinity, signal, steps }, () => Promise.resolve()),
  );
  return { algorithm, hex: hash.digest("hex") };
}

async function unpack(
  { from, into, maxBytes, source, signal }: Pick<ObtainOptions, "maxBytes" | "source"> & {
    readonly from: SplitFile;
    readonly into: SplitFile;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  await into.restart();
  const sink = new Writable({
    write(piece: Uint8Array, _encoding, done): void {
      const write = into.size + piece.length > maxBytes
        ? Promise.reject(tooLarge(source, maxBytes))
        : into.write(piece);
      write.then(() => done(), done);
    },
  });
  try {
    await pipeline(Readable.from(from.pieces()), createGunzip(), sink, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VirtError) throw error;
    throw new VirtError(
      "operation-failed",
      `Cannot unpack the image ${sourceName(source)}: it is no whole gzip file`,
      {
        cause: error,
      },
    );
  }
}

function tooLarge(source: ImageSource, maxBytes: number): VirtError {
  return new VirtError(
    "budget-exceeded",
    `Cannot unpack the image ${
      sourceName(source)
    }: it comes to more than ${maxBytes} bytes, which is the limit`,
    { hint: "Say maxBytes where it may have more" },
  );
}

/** What it is, once all of it is on the disk. */
async function described(
  steps: Steps,
  { file, folder, source }: {
    readonly file: SplitFile;
    readonly folder: string;
    readonly source: ImageSource;
  },
): Promise<MadeImage> {
  return await steps.hop("look at image file", async () => {
    const facts = imageFacts({ name: sourceName(source), head: await file.head(), bytes: file.size });
    await file.sync();
    return { ...facts, bytes: file.size, folder };
  });
}
