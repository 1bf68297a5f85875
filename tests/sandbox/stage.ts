/**
 * A stage for recipes: writes one into a folder of its own, launches it, and plays the runtime's side of the channel.
 *
 * @module
 */
import { dirname, join } from "node:path";
import type { FromRecipe, ToRecipe } from "../../model/channel.ts";
import { isVirtError } from "../../model/error.ts";
import type { RecipeEndpoint, RecipeExit } from "../../runtime/endpoint.ts";
import type { SandboxBundle } from "../../runtime/sandbox/bundle.ts";
import { launchBundle, type LaunchOptions, launchSandbox } from "../../runtime/sandbox/launch.ts";

/** What a recipe said from its start to its end. */
export interface Played {
  readonly messages: readonly FromRecipe[];
  readonly exit: RecipeExit;
  /** What its `run` returned. */
  readonly result: unknown;
  /** The error that it ended with. */
  readonly failure: Extract<FromRecipe, { t: "failed" }>["error"] | undefined;
  /** Its log lines. */
  readonly lines: readonly string[];
}

/** How a recipe is played. */
export interface PlayOptions extends Omit<LaunchOptions, "recipe"> {
  readonly input?: unknown;
  readonly seed?: string;
  /** What stands for "drover" instead of the real one. */
  readonly bundle?: SandboxBundle;
  /** Answers a message. Timers fire at once where this does not say otherwise. */
  readonly answer?: (
    message: FromRecipe,
    endpoint: RecipeEndpoint,
  ) => ToRecipe | undefined | Promise<ToRecipe | undefined>;
}

/** The time at which every recipe on this stage begins. */
export const beginning = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A folder with files in it, gone at the end of its scope. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async with(files: Readonly<Record<string, string>>): Promise<Folder> {
    const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-stage-" }));
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(path, name)), { recursive: true });
      await Deno.writeTextFile(join(path, name), text);
    }
    return new Folder(path);
  }

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The text of a recipe whose `run` has the given body; `imports` stand at its top. */
export function recipeText(body: string, imports = ""): string {
  return `import { recipe, z } from "drover";
${imports}
export default recipe({
  summary: "A recipe on the stage",
  input: z.looseObject({}),
  needs: [],
  async run({ host, input, log, sleep, signal }: any) {
${body}
  },
});
`;
}

/** Plays a recipe whose `run` has the given body. */
export async function playBody(body: string, options: PlayOptions = {}): Promise<Played> {
  await using folder = await Folder.with({ "recipe.ts": recipeText(body) });
  return await playFile(folder.file("recipe.ts"), options);
}

/** Plays the recipe in a file. */
export async function playFile(recipe: string, options: PlayOptions = {}): Promise<Played> {
  await using endpoint = await launch(recipe, options);
  return await playEndpoint(endpoint, options);
}

/** Launches the recipe in a file. */
export function launch(recipe: string, { bundle, ...options }: PlayOptions): Promise<RecipeEndpoint> {
  const launchOptions: LaunchOptions = { ...options, recipe };
  return bundle === undefined ? launchSandbox(launchOptions) : launchBundle(bundle, launchOptions);
}

/** Plays the runtime's side until the recipe has ended. */
export async function playEndpoint(
  endpoint: RecipeEndpoint,
  { input = {}, seed = "seed", answer }: PlayOptions = {},
): Promise<Played> {
  const messages: FromRecipe[] = [];
  let now = beginning;
  await tell(endpoint, { t: "hello", version: 1, run: "run-1", recipe: "recipe.ts", methods });
  for await (const message of endpoint.messages) {
    messages.push(message);
    const special = await answer?.(message, endpoint);
    if (special !== undefined) await tell(endpoint, special);
    else if (message.t === "recipe") await tell(endpoint, { t: "start", hosts, input, seed, now });
    else if (message.t === "timer") {
      await tell(endpoint, { t: "fired", step: message.step, now: now += message.ms });
    }
  }
  const exit = await endpoint.exited;
  const done = messages.find((message) => message.t === "done");
  const failed = messages.find((message) => message.t === "failed");
  return {
    messages,
    exit,
    result: done?.result,
    failure: failed?.error,
    lines: messages.flatMap((message) => message.t === "log" ? [message.message] : []),
  };
}

/** Sends a message; one that comes too late is nobody's fault. */
async function tell(endpoint: RecipeEndpoint, message: ToRecipe): Promise<void> {
  try {
    await endpoint.send(message);
  } catch (error) {
    if (!isVirtError(error, "cancelled")) throw error;
  }
}

const methods: Extract<ToRecipe, { t: "hello" }>["methods"] = [
  { operation: "connection.hostname", on: "connection", as: "hostname", effect: "read" },
];

const hosts: Extract<ToRecipe, { t: "start" }>["hosts"] = [{
  name: "host",
  uri: "test:///default",
  driver: "test",
  ref: { $ref: "connection", connection: "host", id: "00000000-0000-0000-0000-000000000001", name: "host" },
  supports: ["connection.hostname"],
}];
