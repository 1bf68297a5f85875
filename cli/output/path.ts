/**
 * Paths as people call them.
 *
 * @module
 */

/** Where a playbook lies as the recipe that carries it out, below the state directory. */
const playPath = /\/plays\/[0-9a-f]{24}\/([^/]+)\.play\.ts$/;

/** A path below the working directory without what leads there; any other text as it is. A play has its playbook's name. */
export function nearPath(path: string): string {
  const play = playPath.exec(path)?.[1];
  if (play !== undefined) return `${play} (playbook)`;
  let here: string;
  try {
    here = Deno.cwd();
  } catch {
    // The working directory is gone; nothing is near it.
    return path;
  }
  return path.startsWith(`${here}/`) ? path.slice(here.length + 1) : path;
}

/** The name of a recipe's file: `nightly` for `recipes/nightly.ts`; any other title as it is. */
export function recipeName(title: string): string {
  return /([^/]+?)(?:\.play)?\.[cm]?[jt]s$/.exec(title)?.[1] ?? title;
}
