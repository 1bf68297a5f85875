// `virsh console`, on a terminal of its own that script(1) makes.
import assert from "node:assert/strict";
import { RunningDaemon } from "../kit/running_daemon.ts";

const missing = ["virsh", "script"].find((program) => {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return false;
  } catch {
    return true;
  }
});

/** A program on a terminal. */
class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #seen = "";

  constructor(command: string) {
    this.#child = new Deno.Command("script", {
      args: ["-q", "-e", "-c", command, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      env: { LC_ALL: "C" },
    }).spawn();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /** Types something. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Waits until something stands there, and gives all that has come up to then. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#seen)) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(`It ended without ${pattern}: ${this.#seen}`);
      this.#seen += value;
    }
    const seen = this.#seen;
    this.#seen = "";
    return seen;
  }

  /** How it ended. */
  async ended(): Promise<number> {
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
  }
}

Deno.test({
  name: `virsh sits at a guest's console, and leaves it${
    missing === undefined ? "" : ` (skipped: ${missing} is not there)`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using daemon = await RunningDaemon.start();
    await using terminal = new Terminal(`virsh -c '${daemon.uri()}' console test`);
    await terminal.until(/Escape character is \^]/);
    await terminal.type("\r");
    assert.match(await terminal.until(/login:/), /login:/);
    await terminal.type("\x1d");
    assert.equal(await terminal.ended(), 0);
  },
});
