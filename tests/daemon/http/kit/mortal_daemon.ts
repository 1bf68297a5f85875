/**
 * A daemon in a process of its own that serves HTTP over a state directory that others had before it.
 *
 * @module
 */

const main = new URL("../../../../cli/main.ts", import.meta.url).pathname;

/** A daemon that a test kills. */
export class MortalDaemon implements AsyncDisposable {
  /** Where it serves HTTP. */
  readonly base: string;
  readonly #child: Deno.ChildProcess;
  readonly #rest: Promise<void>;

  private constructor(
    made: { readonly child: Deno.ChildProcess; readonly base: string; readonly rest: Promise<void> },
  ) {
    this.#child = made.child;
    this.base = made.base;
    this.#rest = made.rest;
  }

  /** Starts one, and waits until it is ready. */
  static async start(directory: string, settings: string): Promise<MortalDaemon> {
    const file = `${directory}/daemon.conf`;
    await Deno.writeTextFile(file, settings);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--quiet", main, "daemon", "--config", file],
        ...["--state-dir", `${directory}/state`, "--listen", "http:127.0.0.1:0"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines = child.stderr.pipeThrough(new TextDecoderStream());
    const reader = lines.getReader();
    let said = "";
    while (!said.includes('"ready"')) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The daemon has ended: ${said}`);
      said += value;
    }
    const rest = (async (): Promise<void> => {
      while (!(await reader.read()).done);
    })();
    const base = /"listening":"[^"]*(http:\/\/[^" ]+)/.exec(said)?.[1] ?? "";
    return new MortalDaemon({ child, base, rest });
  }

  /** Kills it as a power cut would. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has been killed before.
    }
    await this.#child.status;
    await this.#rest;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
