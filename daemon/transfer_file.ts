/**
 * Files in which bytes of clients wait until all of them have come: what is written is written as a whole, by one call.
 *
 * @module
 */

/** What is still coming, and what has come as a whole. */
const [partName, wholeName] = ["part", "whole"] as const;

/** How long a file is kept whose daemon died over it: as long as somebody may still find out what became of the call. */
const keptMs = 24 * 3_600_000;

/** The bytes of one client, in a directory of their own that only this user can read. */
export class TransferFile implements AsyncDisposable {
  readonly #directory: string;
  readonly #file: Deno.FsFile;
  #size = 0;
  #closed = false;

  private constructor(directory: string, file: Deno.FsFile) {
    this.#directory = directory;
    this.#file = file;
  }

  /**
   * Makes an empty one.
   *
   * @param within where it is made; the system's place for temporary files where not given
   */
  static async create(within?: string): Promise<TransferFile> {
    if (within !== undefined) await Deno.mkdir(within, { recursive: true, mode: 0o700 });
    const made = await Deno.makeTempDir({
      prefix: "drover-transfer-",
      ...(within === undefined ? {} : { dir: within }),
    });
    // Whoever reads it by its path follows no links.
    const directory = await Deno.realPath(made);
    const file = await Deno.open(`${directory}/${partName}`, { write: true, createNew: true, mode: 0o600 });
    return new TransferFile(directory, file);
  }

  /** Bytes so far, holes included. */
  get size(): number {
    return this.#size;
  }

  /** Writes what comes next. */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) at += await this.#file.write(data.subarray(at));
    this.#size += data.length;
  }

  /** Leaves so many bytes zero, which take no room. */
  async hole(length: number): Promise<void> {
    this.#size += length;
    await this.#file.seek(this.#size, Deno.SeekMode.Start);
  }

  /** Says that all has come. @returns the path of the file, until this is disposed of */
  async complete(): Promise<string> {
    await this.#file.truncate(this.#size);
    await this.#file.syncData();
    this.#close();
    const path = `${this.#directory}/${wholeName}`;
    await Deno.rename(`${this.#directory}/${partName}`, path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await Deno.remove(this.#directory, { recursive: true });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }
}

/**
 * Removes what a daemon that died has left behind: all that had not come as a whole, and the rest when nobody asks for it
 * any more.
 *
 * @param now in milliseconds since 1970
 */
export async function clearTransfers(within: string, now: number): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(within)) {
      const directory = `${within}/${name}`;
      const whole = await Deno.stat(`${directory}/${wholeName}`).catch(() => undefined);
      const isKept = whole?.mtime instanceof Date && now - whole.mtime.getTime() < keptMs;
      if (!isKept) await Deno.remove(directory, { recursive: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
