/**
 * Files of this machine, as commands name them and as operations want them: absolute, and without links in the way.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { VirtError } from "../../model/error.ts";

/**
 * The real path of a file that is to be read, or of one that is to be written and need not be there.
 *
 * @throws {VirtError} `not-found` where the file to be read, or the folder of the other, is not there; `invalid-argument`
 * for what is no file.
 */
export async function localPath(name: string, access: "read" | "write"): Promise<string> {
  const path = resolve(name);
  if (access === "write") return `${await real(dirname(path), name)}/${basename(path)}`.replace(/^\/\//, "/");
  const found = await real(path, name);
  const { isFile, isDirectory } = await Deno.stat(found);
  if (isFile) return found;
  throw new VirtError("invalid-argument", `Cannot read "${name}": it is not a regular file`, {
    ...(isDirectory ? {} : { hint: `Pipe it instead: - < ${name}` }),
  });
}

async function real(path: string, name: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new VirtError("not-found", `Cannot use the file "${name}": "${path}" does not exist`);
    }
    throw new VirtError("operation-failed", `Cannot use the file "${name}"`, { cause });
  }
}
