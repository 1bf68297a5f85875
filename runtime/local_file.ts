/**
 * Files of the machine on which Drover runs, as whole volumes are uploaded from and downloaded into them.
 *
 * A grant names a path, so nothing here follows a link: what was granted is what is touched. Who can rename folders
 * above a granted path can still lead elsewhere, as with every path.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, realpath, rename, unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { VirtError } from "../model/error.ts";

/** What has passed between a file and a volume. */
export interface Passed {
  /** Bytes, holes included. */
  readonly bytes: number;
  /** Bytes that were sent or received; the others were holes. */
  readonly dataBytes: number;
  /** The SHA-256 of all bytes, in hexadecimal; holes count as zeros. */
  readonly sha256: string;
}

const zeros: Uint8Array = new Uint8Array(1 << 20);

/** Counts and digests what passes. */
export class Tally {
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;
  #dataBytes = 0;

  /** Bytes so far, holes included. */
  get bytes(): number {
    return this.#bytes;
  }

  data(data: Uint8Array): void {
    this.#hash.update(data);
    this.#bytes += data.length;
    this.#dataBytes += data.length;
  }

  /** Zeros that were not sent. */
  hole(length: number): void {
    for (let left = length; left > 0; left -= zeros.length) this.#hash.update(zeros.subarray(0, left));
    this.#bytes += length;
  }

  /** Ends it. */
  passed(): Passed {
    return { bytes: this.#bytes, dataBytes: this.#dataBytes, sha256: this.#hash.digest("hex") };
  }
}

/** A file that is read. */
export class LocalSource implements AsyncDisposable {
  readonly size: number;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /**
   * Opens a regular file.
   *
   * @throws {VirtError} `not-found`, `permission-denied` where a link is in its way, `invalid-argument` where it is none.
   */
  static async open(path: string): Promise<LocalSource> {
    await refuseLinks(path, "read");
    // A pipe that nobody writes into would never be opened without O_NONBLOCK.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((cause) => {
      throw fileError(path, "read", cause);
    });
    const found = await file.stat();
    if (found.isFile()) return new LocalSource(file, found.size);
    await file.close();
    throw new VirtError("invalid-argument", `Cannot read "${path}": it is not a regular file`);
  }

  /** Reads what is at an offset; less than fits into `into` only at the file's end. */
  async read(into: Uint8Array, offset: number): Promise<Uint8Array> {
    let filled = 0;
    while (filled < into.length) {
      const { bytesRead } = await this.#file.read(into, filled, into.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return into.subarray(0, filled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** How a file is written. */
export interface LocalTargetOptions {
  /** What makes the name of the unfinished file its own: the call's id. */
  readonly id: string;
  /** Whether a file that is there is replaced. */
  readonly overwrite: boolean;
}

/** A file that is written, and is there under its name only when it is complete. */
export class LocalTarget implements AsyncDisposable {
  readonly #path: string;
  readonly #part: string;
  readonly #overwrite: boolean;
  readonly #file: FileHandle;
  #length = 0;
  #finished = false;

  private constructor(path: string, file: FileHandle, { id, overwrite }: LocalTargetOptions) {
    this.#path = path;
    this.#part = partOf(path, id);
    this.#file = file;
    this.#overwrite = overwrite;
  }

  /**
   * Begins a file beside where it will be, readable by its owner only.
   *
   * @throws {VirtError} `already-exists`, `not-found` where its folder is missing, `permission-denied` where a link is in
   *   its way.
   */
  static async open(path: string, options: LocalTargetOptions): Promise<LocalTarget> {
    await refuseLinks(path, "write");
    await refusePresent(path, options);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const part = partOf(path, options.id);
    // What an earlier try of the same call left behind is nobody's any more.
    await unlink(part).catch(() => {});
    const file = await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600).catch((cause) => {
      throw fileError(path, "write", cause);
    });
    return new LocalTarget(path, file, options);
  }

  /** Writes what comes next. */
  async write(data: Uint8Array): Promise<void> {
    let written = 0;
    while (written < data.length) {
      const place = this.#length + written;
      const { bytesWritten } = await this.#file.write(data, written, data.length - written, place)
        .catch((cause) => {
          throw fileError(this.#path, "write", cause);
        });
      written += bytesWritten;
    }
    this.#length += data.length;
  }

  /** Leaves a hole. */
  hole(length: number): void {
    this.#length += length;
  }

  /** Gives the file its name, once all of it is on the disk. */
  async finish(): Promise<void> {
    await this.#file.truncate(this.#length);
    await this.#file.sync();
    if (this.#overwrite) await rename(this.#part, this.#path);
    else await this.#nameNew();
    this.#finished = true;
    const folder = await open(dirname(this.#path), constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Links fail where somebody was faster; renaming would replace what he wrote. */
  async #nameNew(): Promise<void> {
    await link(this.#part, this.#path).catch((cause) => {
      throw fileError(this.#path, "write", cause);
    });
    await unlink(this.#part);
  }

  /** Closes it; what is not finished is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    if (!this.#finished) await unlink(this.#part).catch(() => {});
  }
}

function partOf(path: string, id: string): string {
  return `${dirname(path)}/.${basename(path)}.${id}.part`;
}

async function refusePresent(path: string, { overwrite }: LocalTargetOptions): Promise<void> {
  const present = await lstat(path).catch(() => undefined);
  if (present === undefined) return;
  if (!overwrite) throw alreadyThere(path);
  if (!present.isFile()) {
    throw new VirtError("invalid-argument", `Cannot write "${path}": what is there is not a regular file`);
  }
}

/**
 * Refuses a path that leads through links: what is touched must be what it says.
 *
 * @throws {VirtError} `not-found`, `permission-denied`
 */
async function refuseLinks(path: string, doing: "read" | "write"): Promise<void> {
  const folder = dirname(path);
  const real = await realpath(folder).catch((cause) => {
    throw fileError(path, doing, cause);
  });
  if (real === folder) return;
  throw new VirtError("permission-denied", `Cannot ${doing} "${path}": it leads through a link`, {
    hint: `Name it as ${real === "/" ? "" : real}/${basename(path)}`,
  });
}

function alreadyThere(path: string): VirtError {
  return new VirtError("already-exists", `Cannot write "${path}": there is a file already`, {
    hint: "Say overwrite where it may be replaced",
  });
}

function fileError(path: string, doing: "read" | "write", cause: unknown): VirtError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new VirtError("not-found", `Cannot ${doing} "${path}": there is no such file or folder`, {
        cause,
      });
    case "ELOOP":
      return new VirtError("permission-denied", `Cannot ${doing} "${path}": it is a link`, { cause });
    case "EEXIST":
      return alreadyThere(path);
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new VirtError("operation-failed", `Cannot ${doing} "${path}": there is no room for it`, {
        cause,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new VirtError("permission-denied", `Cannot ${doing} "${path}": the system does not allow it`, {
        cause,
      });
    default:
      return new VirtError("operation-failed", `Cannot ${doing} "${path}"`, { cause });
  }
}
