/**
 * Putting recipes into sandboxes.
 *
 * @module
 */
import type { Launched, LaunchRequest } from "../runtime/run/manager.ts";
import { launchSandbox, prepareRecipe, probeIsolation, type RecipeGraph } from "../runtime/sandbox/mod.ts";

/** A recipe to be put into a sandbox, for whatever run. */
export interface RecipeToLaunch extends Pick<LaunchRequest, "recipe" | "level"> {
  /** What it is made of, where that is known. @default found out by looking through its imports */
  readonly graph?: RecipeGraph;
}

/** Looks through a recipe, and starts it in its sandbox. */
export async function launch({ recipe, level, graph }: RecipeToLaunch): Promise<Launched> {
  const [modules] = await Promise.all([graph ?? prepareRecipe(recipe), probeIsolation()]);
  const [hash, endpoint] = await Promise.all([
    hashOf(modules),
    launchSandbox({ recipe: modules, isolation: level }),
  ]);
  return { endpoint, recipe: modules.url, hash };
}

/**
 * A recipe that is started while the kernel that will ask for it is still coming up. It waits to be greeted, so nothing
 * of it runs before its run is on record.
 */
export class EarlyLaunch implements AsyncDisposable {
  readonly #request: RecipeToLaunch;
  #launched: Promise<Launched> | undefined;

  constructor(request: RecipeToLaunch) {
    this.#request = request;
    this.#launched = launch(request);
    // What goes wrong is told to whoever takes it. One that has waited too long for its kernel is no use any more.
    this.#launched.then(({ endpoint }) => endpoint.exited).then(() => this.#launched = undefined, () => {});
  }

  /** Resolves when its process runs, or cannot be started: what is loaded until then would hold it up. */
  async begun(): Promise<void> {
    await this.#launched?.catch(() => {});
  }

  /** The recipe in its sandbox, for the first who asks for it. */
  take({ recipe, level }: RecipeToLaunch): Promise<Launched> | undefined {
    if (recipe !== this.#request.recipe || level !== this.#request.level) return undefined;
    const launched = this.#launched;
    this.#launched = undefined;
    return launched;
  }

  /** Ends the sandbox where nobody has taken it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const launched = this.#launched;
    this.#launched = undefined;
    try {
      await (await launched)?.endpoint[Symbol.asyncDispose]();
    } catch {
      // It was never started.
    }
  }
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
