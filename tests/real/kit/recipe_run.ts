/**
 * Recipes on real hosts: with the kernel and the channel that `drover run` has, without a sandbox.
 *
 * @module
 */
import { automationOperations } from "../../../automation/mod.ts";
import { remoteDriver } from "../../../drivers/remote/mod.ts";
import type { Recipe } from "../../../dsl/recipe.ts";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import type { LogRecord, StepRecord } from "../../../runtime/journal/record.ts";
import type { RunView } from "../../../runtime/control/methods.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import { RunManager, type StartRun } from "../../../runtime/run/manager.ts";
import { grantAuthorize } from "../../../runtime/run/authorize.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { InProcessEndpoint } from "../../../testing/in_process.ts";

/** How a recipe is run. */
export interface RecipeRunOptions {
  /** URIs by the recipe's names for its hosts. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly input?: unknown;
  /** The recipe's file: its data files are beside it. @default one in a folder that is not there */
  readonly file?: string;
  /** @default what the recipe says that it needs, also on the host itself */
  readonly grants?: readonly string[];
}

/** How a recipe's run ended. */
export interface RecipeRunEnd {
  readonly view: RunView;
  readonly logs: readonly LogRecord[];
  readonly steps: readonly StepRecord[];
}

/** A kernel for recipes on real hosts. */
export class RecipeRuns implements AsyncDisposable {
  readonly kernel: Kernel;
  /** Where images that were fetched are kept. */
  readonly #images = Deno.makeTempDirSync({ prefix: "drover-images-" });
  readonly #store = openMemoryStore();
  readonly #runs: RunManager;
  #next: unknown;

  constructor() {
    this.kernel = new Kernel({
      drivers: [remoteDriver],
      operations: automationOperations({ images: { directory: this.#images } }),
    });
    this.#runs = new RunManager({
      kernel: this.kernel,
      store: this.#store,
      versions: { drover: "0.1.0", channel: 1, operations: "" },
      authorize: grantAuthorize({ clock: systemClock, store: this.#store }),
      launch: ({ recipe }) =>
        Promise.resolve({ endpoint: new InProcessEndpoint(this.#next), recipe, hash: "hash" }),
    });
  }

  /** Begins a recipe. */
  async start<I, R>(recipe: Recipe<I, R>, options: RecipeRunOptions): ReturnType<RunManager["start"]> {
    const { hosts, input = {}, file = "/recipes/recipe.ts", grants = recipe.declaration.needs } = options;
    this.#next = recipe;
    const request: StartRun = { file, hosts, input, grants, principal: "tester" };
    return await this.#runs.start(request);
  }

  /** Runs a recipe to its end. */
  async run<I, R>(recipe: Recipe<I, R>, options: RecipeRunOptions): Promise<RecipeRunEnd> {
    const view = await (await this.start(recipe, options)).ended;
    return { view, logs: await this.#store.logs(view.id), steps: await this.#store.steps(view.id) };
  }

  /** Runs a recipe that must succeed. */
  async result<I, R>(recipe: Recipe<I, R>, options: RecipeRunOptions): Promise<unknown> {
    const { view, logs } = await this.run(recipe, options);
    if (view.state === "done") return view.result;
    const said = logs.map(({ level, message }) => `${level}: ${message}`).join("\n");
    throw new Error(`The recipe ${view.state}: ${view.error?.code}: ${view.error?.message}\n${said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runs[Symbol.asyncDispose]();
    await this.kernel.close();
    await this.#store[Symbol.asyncDispose]();
    await Deno.remove(this.#images, { recursive: true });
  }
}
