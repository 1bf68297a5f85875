/**
 * Documents that commands read: a file, or the standard input.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Io } from "../io.ts";

/** The largest document that is read, in bytes. */
const maxDocumentBytes = 64 * 2 ** 20;

/**
 * Reads a document as UTF-8, from a file or, for `-`, the standard input.
 *
 * @throws {VirtError} `not-found` or `operation-failed` where the file cannot be read, `invalid-document` where it is not
 * UTF-8.
 */
export async function readDocument(io: Io, name: string): Promise<string> {
  const bytes = await readBytes(io, name);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new VirtError(
      "invalid-document",
      `Cannot read "${name === "-" ? "standard input" : name}": it is not UTF-8`,
      {
        cause: error,
      },
    );
  }
}

/** Reads bytes, from the same places and with the same errors. */
export async function readBytes(io: Io, name: string): Promise<Uint8Array> {
  if (name === "-") return await io.stdin.readAll();
  try {
    const { size } = await Deno.stat(name);
    if (size > maxDocumentBytes) {
      throw new VirtError(
        "invalid-argument",
        `Cannot read "${name}": it has ${size} bytes, more than ${maxDocumentBytes}`,
      );
    }
    return await Deno.readFile(name);
  } catch (error) {
    if (error instanceof VirtError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new VirtError("not-found", `Cannot read "${name}": no such file`);
    }
    throw new VirtError("operation-failed", `Cannot read "${name}"`, { cause: error });
  }
}
