/**
 * `drover` as a process of its own, with a state directory of the test's own.
 *
 * @module
 */
import assert from "node:assert/strict";

const main = new URL("../../../cli/main.ts", import.meta.url).pathname;

/** A process that goes on while the test looks. */
export class Started {
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #errors: Promise<string>;
  #out = "";
  #waiters: { readonly text: string; readonly resolve: () => void }[] = [];
  #closed = false;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#reading = this.#read(process.stdout.pipeThrough(new TextDecoderStream()));
    this.#errors = new Response(process.stderr).text();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the process has printed `text`. */
  async printed(text: string): Promise<void> {
    if (this.#out.includes(text)) return;
    if (!this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push({ text, resolve });
      await promise;
    }
    assert.ok(
      this.#out.includes(text),
      `It ended without "${text}": ${this.#out}${this.#closed ? await this.#errors : ""}`,
    );
  }

  signal(name: Deno.Signal): void {
    this.#process.kill(name);
  }

  async ended(): Promise<Finished> {
    const { code, signal } = await this.#process.status;
    await this.#reading;
    return { code, signal, out: this.#out, err: await this.#errors };
  }

  async #read(chunks: ReadableStream<string>): Promise<void> {
    for await (const chunk of chunks) {
      this.#out += chunk;
      this.#waiters = this.#waiters.filter(({ text, resolve }) => {
        const there = this.#out.includes(text);
        if (there) resolve();
        return !there;
      });
    }
    this.#closed = true;
    for (const { resolve } of this.#waiters) resolve();
  }
}

/** A process that has ended. */
export interface Finished {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly err: string;
}

/** A state directory, and commands in it. */
export class Place {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Starts `drover`, and leaves it running. */
  start(...args: readonly string[]): Started {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", main, ...args],
      env: { DROVER_STATE_DIR: `${this.directory}/state`, NO_COLOR: "1", TZ: "UTC" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Started(process);
  }

  /** Runs `drover` to its end. */
  run(...args: readonly string[]): Promise<Finished> {
    return this.start(...args).ended();
  }

  /** Writes a recipe, and answers its path. */
  async recipe(name: string, body: string): Promise<string> {
    const path = `${this.directory}/${name}.ts`;
    await Deno.writeTextFile(
      path,
      `import { recipe, z } from "drover";\nexport default recipe({\n${body}\n});\nvoid z;\n`,
    );
    return path;
  }
}

/** Gives a test a state directory of its own. */
export async function inPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-cli-" }));
  try {
    await test(new Place(directory));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
