/**
 * Recipes that are written for runs, such as those of playbooks: each lies in a folder of its own, by the hash of its content,
 * for as long as there is a run that it belongs to.
 *
 * @module
 */
import { join, relative, sep } from "node:path";
import type { Store } from "../journal/store.ts";

/** How long a folder may be there before a run names it, in milliseconds: it is written first. */
const graceMs = 3_600_000;

/** The folder of a state directory that holds them. */
export function writtenRecipes(stateDirectory: string): string {
  return join(stateDirectory, "plays");
}

/** Removes those that no run in the journal names any more. What cannot be removed stays until the next time. */
export async function sweepWrittenRecipes(
  { stateDirectory, store, now }: {
    readonly stateDirectory: string;
    readonly store: Pick<Store, "runs">;
    readonly now: number;
  },
): Promise<void> {
  const folder = writtenRecipes(stateDirectory);
  const old = await olderThan(folder, now - graceMs);
  if (old.length === 0) return;
  const real = await Deno.realPath(folder);
  const named = new Set(
    (await store.runs()).flatMap(({ recipe }) =>
      recipe === undefined ? [] : [relative(real, recipe).split(sep)[0]]
    ),
  );
  for (const name of old) {
    if (!named.has(name)) await Deno.remove(join(folder, name), { recursive: true }).catch(() => {});
  }
}

/** The entries of a folder that nobody has touched since; none where there is no such folder. */
async function olderThan(folder: string, time: number): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const touched = (await Deno.stat(join(folder, name))).mtime?.getTime() ?? time;
      if (touched < time) found.push(name);
    }
  } catch {
    // There is none, or it is somebody else's.
  }
  return found;
}
