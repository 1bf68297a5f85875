/**
 * A program on this machine whose standard input and output lead to the daemon.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionClock } from "../clock.ts";
import type { ProgramLink } from "../link.ts";
import { maxMessageBytes } from "../packet.ts";
import type { Transport } from "../transport.ts";
import { messageOf, printable } from "../wording.ts";
import type { OpenOptions } from "./socket.ts";

/** How long a program that is to end may take before it is told more firmly, in milliseconds. */
const patienceMs = 2_000;

/** How much of what a program complains about is kept: its end, in characters. */
const complaintLength = 4_096;

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number;
  readonly signal: string | null;
  /** What it wrote to its standard error, without control characters; the end of it, where it was much. */
  readonly complaint: string;
}

/** What to run, and how its failures are told. */
export interface ProgramOptions extends OpenOptions {
  readonly clock: ConnectionClock;
  readonly args?: readonly string[];
  /** Whether it keeps the terminal, so that it can ask a person. Without it, Ctrl-C does not reach it either. */
  readonly terminal?: boolean;
  /** What is at the other end, for messages. */
  readonly peer: string;
  /** Why the bytes have ended, by how the program did. */
  readonly explain: (end: ProgramEnd) => VirtError;
}

/** A running program. */
class ProgramTransport implements Transport {
  readonly peer: string;
  readonly #options: ProgramOptions;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #errors: ReadableStreamDefaultReader<Uint8Array>;
  readonly #listening: Promise<void>;
  #complaint = "";
  /** What was read and not yet asked for. */
  #rest: Uint8Array = new Uint8Array();
  #heard = false;
  #closing: Promise<void> | undefined;
  #ended: Promise<ProgramEnd> | undefined;

  constructor(child: Deno.ChildProcess, options: ProgramOptions) {
    this.#child = child;
    this.#options = options;
    this.peer = options.peer;
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.getReader();
    this.#errors = child.stderr.getReader();
    this.#listening = this.#listen();
    // Whoever writes next is told; nobody may be there to hear it here.
    this.#input.closed.catch(() => {});
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const chunk = await this.#output.read().catch(() => ({ done: true, value: undefined }));
      if (this.#closing !== undefined) return null;
      if (chunk.value === undefined) {
        const end = await this.#end();
        if (end.code === 0) return null;
        throw this.#options.explain(end);
      }
      if (!this.#heard) this.#refuseChatter(chunk.value);
      this.#heard = true;
      this.#rest = chunk.value;
    }
    const length = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
    return length;
  }

  async write(data: Uint8Array): Promise<void> {
    try {
      await this.#input.write(data);
    } catch (error) {
      throw this.#closing === undefined ? this.#options.explain(await this.#end()) : error;
    }
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#input.abort().catch(() => {});
    this.#output.cancel().catch(() => {});
    this.#kill("SIGTERM");
    await this.#end();
  }

  /** A daemon begins with the length of a packet; whoever begins with text is somebody else. */
  #refuseChatter(first: Uint8Array): void {
    if ((first[0] ?? 0) <= maxMessageBytes >>> 24) return;
    const text = printable(new TextDecoder().decode(first));
    throw new VirtError(
      "protocol",
      `Connection to "${this.#options.uri}": not the daemon but something else says "${text}"`,
      {
        hint: "A shell that starts on the way must print nothing: look into .bashrc and the like for echo",
      },
    );
  }

  /** Waits for the end of the program, hastening it where it takes too long. */
  #end(): Promise<ProgramEnd> {
    return this.#ended ??= this.#awaitEnd();
  }

  async #awaitEnd(): Promise<ProgramEnd> {
    const { clock } = this.#options;
    this.#input.close().catch(() => {});
    using _term = clock.after(patienceMs, () => this.#kill("SIGTERM"));
    using _kill = clock.after(2 * patienceMs, () => this.#kill("SIGKILL"));
    const { code, signal } = await this.#child.status;
    // A child of its own may hold the stream open; what the program itself said has been read by then.
    {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      using _late = clock.after(patienceMs / 10, resolve);
      await Promise.race([this.#listening, late]);
    }
    await this.#errors.cancel().catch(() => {});
    await this.#output.cancel().catch(() => {});
    return { code, signal, complaint: this.#complaint.trim() };
  }

  #kill(signal: Deno.Signal): void {
    try {
      // Without the terminal it leads a group, in which its own children are.
      Deno.kill(this.#options.terminal === true ? this.#child.pid : -this.#child.pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Keeps the end of what the program complains about. */
  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { value } = await this.#errors.read();
        if (value === undefined) return;
        // deno-lint-ignore no-control-regex
        const text = decoder.decode(value, { stream: true }).replaceAll(/[\x00-\x09\x0b-\x1f\x7f]/g, "");
        this.#complaint = `${this.#complaint}${text}`.slice(-complaintLength);
      }
    } catch {
      // It has been cancelled, or the stream is broken: what there is counts.
    }
  }
}

/**
 * Runs a program that carries the bytes.
 *
 * @throws {VirtError} `unreachable` where it cannot be run.
 */
export function runProgram(program: string, options: ProgramOptions): Promise<Transport> {
  options.signal.throwIfAborted();
  try {
    const child = new Deno.Command(program, {
      args: [...options.args ?? []],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: options.terminal !== true,
    }).spawn();
    return Promise.resolve(new ProgramTransport(child, options));
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new VirtError(
      "unreachable",
      `Cannot connect to "${options.uri}": the program "${program}" ${
        missing ? "is not there" : `cannot be run: ${messageOf(cause)}`
      }`,
      {
        hint: missing ? "Install it, or name another with ?command=PATH" : "Look at its mode and owner",
        cause,
      },
    );
  }
}

/** Connects by a program that the URI names. */
export function openProgram(
  link: ProgramLink,
  options: OpenOptions & { readonly clock: ConnectionClock },
): Promise<Transport> {
  return runProgram(link.program, {
    ...options,
    peer: link.program,
    explain: ({ code, signal, complaint }) => {
      const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
      return new VirtError(
        "unreachable",
        `Connection to "${options.uri}": the program "${link.program}" ${how}${
          complaint === "" ? "" : `, saying: ${complaint}`
        }`,
        { hint: "Run it by hand: it must pass its standard input and output on to the daemon's socket" },
      );
    },
  });
}
