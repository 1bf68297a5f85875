/**
 * Paths as people call them.
 *
 * @module
 */

/** A path below the working directory without what leads there; any other text as it is. */
export function nearPath(path: string): string {
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
  return /([^/]+)\.[cm]?[jt]s$/.exec(title)?.[1] ?? title;
}
