/**
 * Putting recipes into sandboxes.
 *
 * @module
 */
import type { Launched, LaunchRequest } from "../runtime/run/manager.ts";
import { launchSandbox, prepareRecipe, probeIsolation, type RecipeGraph } from "../runtime/sandbox/mod.ts";

/** Recipes that were looked through beforehand, each for one launch. */
const prepared = new Map<string, Promise<RecipeGraph>>();

/**
 * Looks through a recipe while the kernel is still coming up; the launch that follows finds it done. What goes wrong is
 * told by the launch.
 */
export function prepareLaunch(recipe: string): void {
  const graph = prepareRecipe(recipe);
  graph.catch(() => {});
  prepared.set(recipe, graph);
  probeIsolation().catch(() => {});
}

/** Looks through a recipe, and starts it in its sandbox. */
export async function launch({ recipe, level }: LaunchRequest): Promise<Launched> {
  const beforehand = prepared.get(recipe);
  prepared.delete(recipe);
  const graph = await (beforehand ?? prepareRecipe(recipe));
  const [hash, endpoint] = await Promise.all([
    hashOf(graph),
    launchSandbox({ recipe: graph, isolation: level }),
  ]);
  return { endpoint, recipe: graph.url, hash };
}

/** A hash over all modules, each with its path and length, so that nothing can move from one to the next. */
async function hashOf({ modules }: RecipeGraph): Promise<string> {
  const parts = await Promise.all(modules.map(async ({ path, realPath }) => {
    const body = await Deno.readFile(realPath);
    const head = new TextEncoder().encode(`${path}\0${body.length}\0`);
    return [head, body];
  }));
  const bytes = await new Blob(parts.flat()).bytes();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
