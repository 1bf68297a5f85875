/**
 * A client of a daemon's socket that sends whatever it is told to.
 *
 * @module
 */
import { Answers } from "./answers.ts";
import type { Step } from "./strike.ts";

/** How long a client waits for an answer that may never come, in milliseconds. */
const patienceMs = 25;

/** A socket to a daemon. */
export class RawClient implements Disposable {
  readonly answers = new Answers();
  readonly #socket: Deno.Conn;
  readonly #room = new Uint8Array(262_144);
  #reading: Promise<void> | undefined;
  #ended = false;
  #failure: unknown;

  private constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /** Connects to a socket of this machine. */
  static async connect(path: string): Promise<RawClient> {
    return new RawClient(await Deno.connect({ transport: "unix", path }));
  }

  /** Whether the server has hung up. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Carries steps out, until the last one or until the server hangs up.
   *
   * @throws {VirtError} `protocol` where what the server sends is not as the protocol has it.
   */
  async carryOut(steps: Iterable<Step>): Promise<void> {
    for (const step of steps) {
      if (this.#ended) break;
      if (step.kind === "leave") break;
      if (step.kind === "send") await this.send(step.bytes);
      else await this.read();
    }
    this.#judge();
  }

  /** Sends bytes. A server that reads no more keeps nobody here: the rest is dropped. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const sent = await this.#within(this.#socket.write(bytes.subarray(at)));
        if (sent === undefined) break;
        at += sent;
      }
    } catch {
      this.#ended = true;
    }
  }

  /** Waits a little for something to come. */
  async read(): Promise<void> {
    this.#reading ??= this.#receive().finally(() => this.#reading = undefined);
    await this.#within(this.#reading);
    this.#judge();
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // The server was faster.
    }
  }

  async #receive(): Promise<void> {
    let count: number | null;
    try {
      count = await this.#socket.read(this.#room);
    } catch {
      count = null;
    }
    if (count === null) {
      this.#ended = true;
      return;
    }
    try {
      this.answers.take(this.#room.subarray(0, count));
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #judge(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #within<T>(promise: Promise<T>): Promise<T | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => timer = setTimeout(resolve, patienceMs, undefined));
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
