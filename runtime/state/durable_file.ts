/**
 * Small files that are replaced as a whole: whoever reads one, also after a crash or a loss of power at any moment, finds what
 * was in it before or what is in it now.
 *
 * @module
 */
import { open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VirtError } from "../../model/error.ts";

/** What replacing a file takes. Each of these leaves the process. */
export interface StateFileSystem {
  /** Makes a file with all that is to be in it, in the place of one that may be there. It may be lost until it is synced. */
  write(path: string, data: Uint8Array, options: { readonly mode: number }): Promise<void>;
  /** What is in a file is on the disk when this returns. */
  sync(path: string): Promise<void>;
  /** Gives a file another name, in the place of one that may have it. It may be undone until the folder is synced. */
  rename(from: string, to: string): Promise<void>;
  /** The names in a folder are on the disk when this returns. */
  syncFolder(path: string): Promise<void>;
  /** What is in a file; `undefined` where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** How a file is replaced. */
export interface ReplaceOptions {
  /** @default this machine's files */
  readonly files?: StateFileSystem;
  /** Who may read and write it. @default 0o600 */
  readonly mode?: number;
}

/** The files of this machine. */
export const machineFiles: StateFileSystem = {
  write: (path, data, { mode }) => Deno.writeFile(path, data, { mode }),
  sync,
  rename,
  syncFolder: sync,
  async read(path): Promise<Uint8Array | undefined> {
    try {
      return await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
};

/**
 * Replaces a file, or makes it. When this returns it is on the disk. One at a time for each file.
 *
 * @throws {VirtError} `operation-failed` where it cannot be written; it is as it was then, unless the system only failed to
 * say that it is on the disk.
 *
 * @example
 * ```ts
 * import { replaceFile } from "./durable_file.ts";
 * async function note(path: string): Promise<void> {
 *   await replaceFile(path, JSON.stringify({ started: true }));
 * }
 * ```
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { files = machineFiles, mode = 0o600 }: ReplaceOptions = {},
): Promise<void> {
  const data = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // What an earlier one left unfinished has the same name, and is replaced.
  const part = join(dirname(path), `.${basename(path)}.part`);
  try {
    await files.write(part, data, { mode });
    // A name that is on the disk before the content is would be that of an empty file after a loss of power.
    await files.sync(part);
    await files.rename(part, path);
    await files.syncFolder(dirname(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VirtError("operation-failed", `Cannot write "${path}": ${why}`, { cause });
  }
}

/**
 * What is in a file as text; `undefined` where there is none.
 *
 * @throws what reading fails with.
 */
export async function readFile(
  path: string,
  { files = machineFiles }: Pick<ReplaceOptions, "files"> = {},
): Promise<string | undefined> {
  const data = await files.read(path);
  return data === undefined ? undefined : new TextDecoder().decode(data);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
