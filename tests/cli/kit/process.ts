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
  readonly #out: Said;
  readonly #err: Said;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#out = new Said(process.stdout);
    this.#err = new Said(process.stderr);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the process has printed `text`. */
  async printed(text: string): Promise<void> {
    if (await this.#out.has(text)) return;
    assert.fail(`It ended without "${text}": ${this.#out.text}${await this.#err.all()}`);
  }

  /** Resolves when the process has said `text` on its error stream. */
  async complained(text: string): Promise<void> {
    assert.ok(await this.#err.has(text), `It ended without "${text}": ${this.#err.text}`);
  }

  signal(name: Deno.Signal): void {
    this.#process.kill(name);
  }

  async ended(): Promise<Finished> {
    const { code, signal } = await this.#process.status;
    return { code, signal, out: await this.#out.all(), err: await this.#err.all() };
  }
}

/** What a process says on one stream. */
class Said {
  text = "";
  readonly #reading: Promise<void>;
  #waiters: { readonly text: string; readonly resolve: () => void }[] = [];
  #closed = false;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reading = this.#read(stream.pipeThrough(new TextDecoderStream()));
  }

  /** Resolves when a text has been said, or will not be said any more: whether it was. */
  async has(text: string): Promise<boolean> {
    if (!this.text.includes(text) && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push({ text, resolve });
      await promise;
    }
    return this.text.includes(text);
  }

  /** Everything, once the stream has ended. */
  async all(): Promise<string> {
    await this.#reading;
    return this.text;
  }

  async #read(chunks: ReadableStream<string>): Promise<void> {
    for await (const chunk of chunks) {
      this.text += chunk;
      this.#waiters = this.#waiters.filter(({ text, resolve }) => {
        const there = this.text.includes(text);
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
