/**
 * The folder of a sandbox in the machine's temporary files: made, removed, and swept up where a runtime was killed
 * before it could.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Names carry the process that made them, so that another one can tell what is left over. */
const prefix = "drover-sandbox-";

/** Makes a folder for one sandbox. */
export function makeScratch(): Promise<string> {
  return Deno.makeTempDir({ prefix: `${prefix}${Deno.pid}-` });
}

/** Removes a sandbox's folder. One that stays in the temporary files is no reason for a run to fail. */
export async function removeScratch(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch {
    // Somebody else removed it, or it is not ours to remove.
  }
}

/**
 * Removes the folders of processes that are no more.
 *
 * @param directory where to look
 * @returns how many were found
 */
export async function sweepScratch(directory: string = tmpdir()): Promise<number> {
  let swept = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const maker = isDirectory ? new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1] : undefined;
      if (maker === undefined || await isAlive(maker)) continue;
      await removeScratch(join(directory, name));
      swept++;
    }
  } catch {
    // Temporary files that cannot be listed hold nothing that could be swept up.
  }
  return swept;
}

/** Where processes cannot be looked at, all of them count as alive. */
async function isAlive(pid: string): Promise<boolean> {
  try {
    await Deno.lstat(`/proc/${pid}`);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound) || !await hasProcesses();
  }
}

async function hasProcesses(): Promise<boolean> {
  try {
    await Deno.lstat(`/proc/${Deno.pid}`);
    return true;
  } catch {
    return false;
  }
}
