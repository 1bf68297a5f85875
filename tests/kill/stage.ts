/**
 * A state directory, a host that outlives kernels, and kernels in processes of their own that are killed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { lives, readEffects } from "./effect_log.ts";
import type { KernelReport, KernelTask } from "./task.ts";

const program = fileURLToPath(new URL("mortal_kernel.ts", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** How a kernel's process is to end. */
export type Death =
  | { readonly at: number }
  | { readonly afterMs: number };

/** One run, killed and resumed. */
export class Stage implements AsyncDisposable {
  readonly #directory: string;
  readonly #recipe: string;

  private constructor(directory: string, recipe: string) {
    this.#directory = directory;
    this.#recipe = recipe;
  }

  /** @param recipe the name of a file in `recipes/` */
  static async make(recipe: string): Promise<Stage> {
    const path = fileURLToPath(new URL(`recipes/${recipe}`, import.meta.url));
    const directory = await Deno.makeTempDir({ prefix: "drover-kill-" });
    const copy = `${directory}/recipe.ts`;
    await Deno.copyFile(path, copy);
    return new Stage(directory, copy);
  }

  /** How many effects there were. */
  get effects(): number {
    return readEffects(this.#hypervisor).length;
  }

  /** What was really done to each object. */
  get lives(): readonly string[] {
    return lives(readEffects(this.#hypervisor));
  }

  /** Changes the recipe's text. */
  async edit(change: (text: string) => string): Promise<void> {
    await Deno.writeTextFile(this.#recipe, change(await Deno.readTextFile(this.#recipe)));
  }

  /** Begins or resumes the run; `undefined` where its kernel was killed. */
  async kernel(death?: Death): Promise<KernelReport | undefined> {
    const task: KernelTask = {
      stateDirectory: `${this.#directory}/state`,
      uri: `test:///default?state=${this.#hypervisor}`,
      recipe: this.#recipe,
      ...(death !== undefined && "at" in death ? { dieAt: death.at } : {}),
    };
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", `--config=${config}`, program, JSON.stringify(task)],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = death !== undefined && "afterMs" in death
      ? setTimeout(() => kill(process), death.afterMs)
      : undefined;
    const { code, signal, stdout, stderr } = await process.output();
    clearTimeout(timer);
    if (signal === "SIGKILL") return undefined;
    const text = new TextDecoder().decode(stdout);
    if (code !== 0) throw new Error(`The kernel failed: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(text);
  }

  get #hypervisor(): string {
    return `${this.#directory}/hypervisor`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Kills a process that may have ended by itself a moment ago. */
function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // "already terminated"
  }
}
