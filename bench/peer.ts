/**
 * Clients of a libvirt daemon that are measured side by side, each in a process of its own: it gets pieces of work as
 * lines of JSON and says how long each took, so that nobody's start counts.
 *
 * @module
 */

/** What a client is to do. */
export interface Work {
  /**
   * `versions`: the library's version asked `count` times; `hypervisor`: the hypervisor's; `definition`: that of one
   * domain as often; `list`: all domains listed as often; `definitions`: all domains listed, each with its definition;
   * `define`: so many domains defined, with devices of about `bytes` each.
   */
  readonly work: "versions" | "hypervisor" | "definition" | "list" | "definitions" | "define";
  readonly count: number;
  /** How many calls wait for their answer at a time, in each client. */
  readonly inFlight: number;
  /** Clients that share the work, where the peer can have more than one. @default 1 */
  readonly clients?: number;
  readonly bytes?: number;
}

/** A client in a process of its own. */
export class Peer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #work: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(program: string, args: readonly string[]) {
    this.#process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#work = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Has it do something, and says how many seconds that took. */
  async seconds(work: Work): Promise<number> {
    return (await this.#do(work)).seconds;
  }

  /** How many MiB of memory some work adds to its process; a tenth of it goes before and does not count. */
  async growth(work: Work): Promise<number> {
    const { mebibytes: before } = await this.#do({ ...work, count: work.count / 10 });
    const { mebibytes: after } = await this.#do(work);
    return after - before;
  }

  /** How many calls it makes in a second. */
  async callsPerSecond(work: Work): Promise<number> {
    return work.count / await this.seconds(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.close().catch(() => {});
    await this.#process.status;
    await this.#answers.cancel();
  }

  async #do(work: Work): Promise<{ readonly seconds: number; readonly mebibytes: number }> {
    await this.#work.write(new TextEncoder().encode(`${JSON.stringify(work)}\n`));
    const { seconds, mebibytes } = JSON.parse(await this.#line());
    if (typeof seconds !== "number") throw new Error("A client did not say how long it took");
    return { seconds, mebibytes: Number(mebibytes) };
  }

  async #line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { done, value } = await this.#answers.read();
      if (done) throw new Error("A client ended before its work did");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }
}
