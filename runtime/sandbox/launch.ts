/**
 * Starting a recipe in its sandbox.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import type { RecipeEndpoint } from "../endpoint.ts";
import { type Budget, defaultBudget } from "./budget.ts";
import { analysisFile, type SandboxBundle, sandboxBundle } from "./bundle.ts";
import { ProcessEndpoint } from "./endpoint.ts";
import { readRecipeGraph, type RecipeGraph } from "./graph.ts";
import { makeScratch, removeScratch } from "./scratch.ts";
import {
  chooseIsolation,
  denoProgram,
  type Isolation,
  type IsolationLevel,
  type RecipeMount,
  shutIn,
} from "./isolation.ts";

/** How a recipe is started. */
export interface LaunchOptions {
  /** Its file, or what {@linkcode prepareRecipe} found out about it. */
  readonly recipe: string | RecipeGraph;
  /**
   * `strict` refuses less than the best isolation; `best` takes what the machine offers; or a level by name.
   * @default "best"
   */
  readonly isolation?: "strict" | "best" | IsolationLevel;
  /** Where it differs from {@linkcode defaultBudget}. */
  readonly budget?: Partial<Budget>;
  /** @default systemClock */
  readonly clock?: Clock;
}

/**
 * Looks through a recipe's imports; needs no process of its own to run yet, and can go on beside other preparations.
 *
 * @throws {VirtError} `not-found`, `permission-denied` or `recipe-failed`, with the line of the import at fault.
 */
export async function prepareRecipe(path: string): Promise<RecipeGraph> {
  return await readRecipeGraph(path, await sandboxBundle());
}

/**
 * Starts a recipe in a sandbox: a process without permissions, environment, network and files but the recipe's own modules.
 * It is ready when its first message, `ready`, comes.
 *
 * @throws {VirtError} as {@linkcode prepareRecipe}, and `unsupported` where the wanted isolation is not to be had.
 *
 * @example
 * ```ts ignore
 * await using endpoint = await launchSandbox({ recipe: "recipes/quickstart.ts" });
 * await endpoint.send({ t: "hello", version: 1, run: "7f3a", recipe: "quickstart.ts", methods: [] });
 * for await (const message of endpoint.messages) console.log(message.t);
 * ```
 */
export async function launchSandbox(options: LaunchOptions): Promise<RecipeEndpoint> {
  return await launchBundle(await sandboxBundle(), options);
}

/** As {@linkcode launchSandbox}, with a given file in the place of "drover". */
export async function launchBundle(bundle: SandboxBundle, options: LaunchOptions): Promise<RecipeEndpoint> {
  const [isolation, graph] = await Promise.all([
    chooseIsolation(options.isolation ?? "best"),
    typeof options.recipe === "string" ? readRecipeGraph(options.recipe, bundle) : options.recipe,
  ]);
  const budget: Budget = { ...defaultBudget, ...options.budget };
  const denoDirectory = await makeScratch();
  try {
    const analysis = join(denoDirectory, analysisFile);
    await Deno.copyFile(bundle.analysis, analysis);
    const [program, ...args] = shutIn(isolation, {
      budget,
      mounts: mountsFor(isolation, [bundle.boot, bundle.importMap], graph),
      denoDirectory,
      analysis,
      command: denoCommand(bundle, { graph, budget }),
    });
    const process = new Deno.Command(program!, {
      args,
      clearEnv: true,
      env: {
        DENO_DIR: denoDirectory,
        DENO_NO_PACKAGE_JSON: "1",
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        // Dates are shown alike wherever a run is resumed.
        TZ: "UTC",
        LANG: "en_US.UTF-8",
      },
      cwd: "/",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // A session of its own: an interrupt from the terminal is for us to deal with, and the whole group can be killed.
      detached: true,
    }).spawn();
    return new ProcessEndpoint({
      process,
      isolation: isolation.level,
      budget,
      clock: options.clock ?? systemClock,
      cleanUp: () => removeScratch(denoDirectory),
      // bwrap has put a file system of its own in the folder's place.
      cleanUpWhen: isolation.bwrap === undefined ? "gone" : "ready",
    });
  } catch (error) {
    await removeScratch(denoDirectory);
    throw error;
  }
}

function mountsFor({ bwrap }: Isolation, ours: readonly string[], { modules }: RecipeGraph): RecipeMount[] {
  if (bwrap === undefined) return [];
  const own = modules.flatMap(({ path, realPath }) => [
    { source: realPath, path: realPath },
    ...(path === realPath ? [] : [{ source: realPath, path }]),
  ]);
  return [...ours.map((path) => ({ source: path, path })), ...own];
}

function denoCommand(
  { boot, importMap }: { readonly boot: string; readonly importMap: string },
  { graph, budget }: { readonly graph: RecipeGraph; readonly budget: Budget },
): string[] {
  const readable = new Set(graph.modules.flatMap(({ path, realPath }) => [path, realPath]));
  const heapMebibytes = Math.ceil(budget.heapBytes / 2 ** 20);
  return [
    denoProgram(),
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--cached-only",
    "--no-config",
    "--no-lock",
    "--no-code-cache",
    "--deny-import",
    `--import-map=${importMap}`,
    // A comma would begin another path, and Deno has no way to write one; the graph refuses it.
    `--allow-read=${[...readable].join(",")}`,
    // Without machine code there is no WebAssembly, and no compiler to attack; orchestration does not miss it. A regular
    // expression that goes back and forth without end is carried out again in linear time, where it can be.
    `--v8-flags=--max-heap-size=${heapMebibytes},--disallow-code-generation-from-strings,--jitless,` +
    "--enable-experimental-regexp-engine-on-excessive-backtracks,--regexp-backtracks-before-fallback=50000",
    pathToFileURL(boot).href,
    graph.url,
    String(budget.frameBytes),
  ];
}
