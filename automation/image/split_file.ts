/**
 * An image in two files: its beginning, by which hypervisors know what it is, and the rest. The rest is written into a volume
 * first, so that what was not written to its end is no image.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { headBytes } from "./header.ts";

/** How much is read at once, in bytes. */
const pieceBytes = 1024 * 1024;

/** The names of both files in their folder. */
export const partNames = { head: "head", rest: "rest" } as const;

/** Two files that hold one image. */
export class SplitFile implements AsyncDisposable {
  readonly #head: Deno.FsFile;
  readonly #rest: Deno.FsFile;
  readonly #folder: string;
  #size = 0;

  private constructor(folder: string, files: { readonly head: Deno.FsFile; readonly rest: Deno.FsFile }) {
    this.#folder = folder;
    this.#head = files.head;
    this.#rest = files.rest;
  }

  /** Opens both files in a folder, with what is in them; makes them where they are not there. */
  static async open(folder: string): Promise<SplitFile> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const options = { read: true, write: true, create: true, mode: 0o600 } as const;
    const head = await Deno.open(`${folder}/${partNames.head}`, options);
    const rest = await Deno.open(`${folder}/${partNames.rest}`, options);
    const file = new SplitFile(folder, { head, rest });
    const [{ size: headSize }, { size: restSize }] = await Promise.all([head.stat(), rest.stat()]);
    if (headSize > headBytes || (headSize < headBytes && restSize > 0)) await file.restart();
    else {
      file.#size = headSize + restSize;
      await head.seek(0, Deno.SeekMode.End);
      await rest.seek(0, Deno.SeekMode.End);
    }
    return file;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Writes what comes next.
   *
   * @throws {VirtError} `operation-failed` where there is no room.
   */
  async write(data: Uint8Array): Promise<void> {
    const room = Math.max(0, headBytes - this.#size);
    try {
      await writeAll(this.#head, data.subarray(0, room));
      await writeAll(this.#rest, data.subarray(room));
    } catch (cause) {
      throw new VirtError("operation-failed", `Cannot keep an image in "${this.#folder}": ${textOf(cause)}`, {
        hint: "Make room there, or let the kernel keep fewer images: DROVER_IMAGE_CACHE=10GiB",
        cause,
      });
    }
    this.#size += data.length;
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    for (const file of [this.#head, this.#rest]) {
      await file.truncate(0);
      await file.seek(0, Deno.SeekMode.Start);
    }
    this.#size = 0;
  }

  /** The image's first bytes. */
  async head(): Promise<Uint8Array<ArrayBuffer>> {
    return await Deno.readFile(`${this.#folder}/${partNames.head}`);
  }

  /** All of it, from its beginning. */
  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const name of [partNames.head, partNames.rest]) {
      using file = await Deno.open(`${this.#folder}/${name}`);
      while (true) {
        const piece = new Uint8Array(pieceBytes);
        const length = await file.read(piece);
        if (length === null) break;
        yield piece.subarray(0, length);
      }
    }
  }

  /** Waits until all of it is on the disk. */
  async sync(): Promise<void> {
    await this.#head.sync();
    await this.#rest.sync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#head.close();
    this.#rest.close();
    return Promise.resolve();
  }
}

async function writeAll(file: Deno.FsFile, data: Uint8Array): Promise<void> {
  for (let written = 0; written < data.length;) written += await file.write(data.subarray(written));
}

function textOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /no space|os error 28|quota/i.test(text) ? "there is no room for it" : text;
}
