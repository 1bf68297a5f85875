/**
 * Serial consoles and channels of domains, as recipes talk over them.
 *
 * @module
 */
import { type ErrorCode, isVirtError, VirtError } from "../model/error.ts";
import { type ConsoleMatch, ConsoleText, type Pattern } from "./console_text.ts";
import { type Duration, durationText } from "./duration.ts";
import { type ObjectHandle, objectsOf } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { AnswerOf } from "./method.ts";
import type { Objects } from "./objects.ts";
import { WaitClock } from "./wait_clock.ts";
import type { WaitOptions } from "./until.ts";

export type { ConsoleMatch, Pattern };

/** How a console is opened. */
export interface ConsoleOpenOptions {
  /**
   * Take it from whoever has it open outside of Drover.
   * @default false
   */
  readonly force?: boolean;
  /**
   * Fail where the hypervisor cannot keep others from taking it meanwhile; for consoles.
   * @default false
   */
  readonly safe?: boolean;
  /** How long it may take. @default the operation's own time-out */
  readonly within?: Duration;
}

/** How something is typed. */
export interface SendOptions {
  /**
   * Keep it off the record, as a password. Whether the guest echoes it is the guest's own.
   * @default false
   */
  readonly secret?: boolean;
  /** How long the hypervisor may take to accept it, waiting for its turn included. */
  readonly within?: Duration;
  /** Ends the call early, where it has not begun. */
  readonly signal?: AbortSignal;
}

/** What a recipe has not seen of a console. */
export interface ConsoleGaps {
  /** How often the console had to be opened again, so that what was printed in between is not known. */
  readonly reopened: number;
  /** Bytes that came faster than they were read, and were not kept. */
  readonly lostBytes: number;
}

/** Which console or channel of a domain. */
export type ConsoleDevice = { readonly console?: string } | { readonly channel: string };

/** How long one read waits, in milliseconds: what the operation allows. */
const readWaitMs = 60_000;

/** The longest text that goes in one call, in UTF-16 units. */
const pieceLength = 16 * 1024;

/** How much of the last output an error shows, in UTF-16 units. */
const shownTail = 200;

/** Why a console that has ended cannot be opened again. */
const overCodes: readonly ErrorCode[] = ["wrong-state", "not-found", "object-gone", "in-use"];

/** A console that is open. */
interface Opened {
  readonly lease: Lease;
  readonly reader: string;
  session: string;
  from: number;
}

/** A read that is under way. */
interface Pull {
  readonly ended: Promise<{ readonly error?: unknown }>;
  readonly controller: AbortController;
}

/**
 * A serial console or a channel of a domain. It is opened by the first thing that is asked of it, which then sees what
 * comes from there on: what a guest printed before is not there any more. It stays open until it is closed, the run ends,
 * or the domain stops; after a stop the next thing that is asked of it opens it again. Several runs can read the same
 * console at the same time.
 *
 * Text that came is kept until it is taken: by `expect`, `read` or `lines`. Of a serial console it is what a person would
 * read: colours and cursor movements are left out, lines end in `\n`. Everything that is read is on record and is
 * there again when the run is resumed; what the guest printed while no runtime was there is not, and `gaps` counts that.
 *
 * Needs `domain:open_device`.
 *
 * @example Log in and look
 * ```ts
 * import type { Domain } from "drover";
 *
 * export async function kernelOf(vm: Domain, password: string): Promise<string> {
 *   await vm.console.sendLine("");
 *   await vm.console.expect(/login: $/, { within: "2m" });
 *   await vm.console.sendLine("root");
 *   const { index } = await vm.console.expect([/assword: $/, /[#$] $/]);
 *   if (index === 0) {
 *     await vm.console.sendLine(password, { secret: true });
 *     await vm.console.expect(/[#$] $/);
 *   }
 *   await vm.console.sendLine("uname -r");
 *   const { groups: [release = ""] } = await vm.console.expect(/^(\d\S+)\n/m);
 *   return release;
 * }
 * ```
 *
 * @example From the first line on
 * ```ts
 * import type { Domain } from "drover";
 *
 * export async function startAndWatch(vm: Domain): Promise<void> {
 *   await vm.start({ paused: true });
 *   await vm.console.open();
 *   await vm.resume();
 *   await vm.console.expect("login: ", { within: "3m" });
 * }
 * ```
 */
export class DomainConsole implements AsyncDisposable {
  readonly #vm: ObjectHandle<"domain">;
  readonly #device: ConsoleDevice;
  readonly #name: string;
  readonly #lineEnd: string;
  #text: ConsoleText;
  #opened: Promise<Opened> | undefined;
  #pull: Pull | undefined;
  #readers = 0;
  /** Why nothing more comes, until it is open again. */
  #ended: string | undefined;
  #reopened = 0;
  #lostBytes = 0;

  /** Use `vm.console`, or `vm.channel(name)`. */
  constructor(vm: ObjectHandle<"domain">, device: ConsoleDevice) {
    this.#vm = vm;
    this.#device = device;
    const isChannel = "channel" in device;
    this.#name = isChannel ? `channel "${device.channel}" of ${vm}` : `the console of ${vm}`;
    // The Enter key of a terminal sends a carriage return; a channel is no terminal.
    this.#lineEnd = isChannel ? "\n" : "\r";
    this.#text = new ConsoleText({ terminal: !isChannel });
  }

  /** What was printed and this recipe has not seen. */
  get gaps(): ConsoleGaps {
    return { reopened: this.#reopened, lostBytes: this.#lostBytes + this.#text.dropped };
  }

  /**
   * Opens it, where it is not open: from now on nothing is missed. Everything else opens it by itself.
   *
   * @throws {VirtError} `in-use` where somebody else has it open and `force` does not say to take it; `wrong-state` where
   *   the domain does not run; `invalid-argument` where it has no such device.
   */
  async open(options: ConsoleOpenOptions = {}): Promise<void> {
    if (this.#ended !== undefined) await this.#release();
    await this.#open(options);
  }

  /**
   * Waits until a pattern matches what came and was not taken, and takes everything up to the end of the match. Of several
   * patterns the one that matches first in the text counts. What an expression matches is what has come so far: end it
   * with something that the guest prints behind what you want.
   *
   * @throws {VirtError} `timed-out`, with the last that came; `wrong-state` where the console ended.
   */
  async expect(
    pattern: Pattern | readonly Pattern[],
    options: WaitOptions = {},
  ): Promise<ConsoleMatch> {
    const patterns = patternsIn(pattern);
    const what = patterns.map((each) => typeof each === "string" ? JSON.stringify(each) : String(each));
    using clock = new WaitClock(this.#objects.session, options);
    for (let last = false;; last = await this.#more(clock)) {
      const found = this.#text.takeMatch(patterns);
      if (found !== undefined) return found;
      if (await this.#isOver(clock.callMs)) throw this.#endedError(what.join(" or "));
      if (last) throw this.#lateError(what.join(" or "), clock.withinMs);
    }
  }

  /**
   * Takes all that came, waiting for something where nothing is there yet. Empty where nothing came in time, and where the
   * console has ended.
   *
   * @param options with `within: 0` it does not wait
   */
  async read(options: WaitOptions = {}): Promise<string> {
    using clock = new WaitClock(this.#objects.session, options);
    for (let last = false;; last = await this.#more(clock)) {
      const text = this.#text.take();
      if (text !== "" || last || await this.#isOver(clock.callMs)) return text;
    }
  }

  /**
   * Goes through what comes line by line, without line ends, until the console or the time ends.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function firstComplaint(vm: Domain): Promise<string | undefined> {
   *   for await (const line of vm.console.lines({ within: "5m" })) {
   *     if (/error|fail/i.test(line)) return line;
   *   }
   *   return undefined;
   * }
   * ```
   */
  async *lines(options: WaitOptions = {}): AsyncGenerator<string, void, void> {
    using clock = new WaitClock(this.#objects.session, options);
    for (let last = false;; last = await this.#more(clock)) {
      for (let line = this.#text.takeLine(); line !== undefined; line = this.#text.takeLine()) yield line;
      if (last) return;
      if (!await this.#isOver(clock.callMs)) continue;
      const rest = this.#text.take();
      if (rest !== "") yield rest;
      return;
    }
  }

  /**
   * Types text, or writes bytes. Done means that the hypervisor has taken it; whether the guest reads it is the guest's own.
   *
   * @throws {OutcomeUnknown} where a link broke in between.
   */
  async send(data: string | Uint8Array, { secret = false, ...options }: SendOptions = {}): Promise<void> {
    await this.#isOver(options.within);
    const { reader } = await this.#open(options.within === undefined ? {} : { within: options.within });
    for (const piece of pieces(data)) {
      const what = secret
        ? { secret: piece }
        : typeof piece === "string"
        ? { text: piece }
        : { bytes: piece };
      const input = { ...this.#device, reader, ...what };
      await this.#objects.invoke("domain.writeConsole", this.#vm, input, options);
    }
  }

  /** Types text and presses Enter; in a channel, writes a line. */
  sendLine(text: string, options?: SendOptions): Promise<void> {
    return this.send(`${text}${this.#lineEnd}`, options);
  }

  /** Closes it, so that others can have it. What came and was not taken is dropped. It is opened again by whatever is asked next. */
  async close(): Promise<void> {
    this.#text = new ConsoleText({ terminal: !("channel" in this.#device) });
    this.#ended = undefined;
    await this.#release();
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #objects(): Objects {
    return objectsOf(this.#vm);
  }

  #open({ within, ...input }: ConsoleOpenOptions = {}): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened;
    const opening = this.#objects.hold(
      "domain.openConsole",
      this.#vm,
      { ...this.#device, ...input },
      within === undefined ? {} : { within },
    ).then(({ value: { reader, session, at }, lease }): Opened => {
      this.#ended = undefined;
      return { lease, reader, session, from: at };
    });
    this.#opened = opening;
    opening.catch(() => {
      if (this.#opened === opening) this.#opened = undefined;
    });
    return opening;
  }

  async #release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#pull?.controller.abort();
    if (opened === undefined) return;
    const { lease } = await opened;
    await lease.release();
  }

  /** Whether it has ended for good: where the domain was started again, it is opened again. */
  async #isOver(within?: Duration): Promise<boolean> {
    if (this.#ended === undefined) return false;
    // What cannot be closed now is tried again by the runtime, which has it on record.
    await this.#release().catch(() => {});
    try {
      await this.#open(within === undefined ? {} : { within });
      return false;
    } catch (error) {
      if (!overCodes.some((code) => isVirtError(error, code))) throw error;
      return true;
    }
  }

  /**
   * Waits until more has come, it has ended, or the time is up; then it looks once more without waiting, and says that
   * this was the last time.
   */
  async #more(clock: WaitClock): Promise<boolean> {
    while (this.#pull?.controller.signal.aborted === true) await this.#pull.ended;
    const last = clock.expired;
    // Where somebody else waits already, nothing is there.
    if (last && this.#pull !== undefined) return true;
    this.#pull ??= this.#begin(last ? 0 : readWaitMs, clock.callMs);
    const { ended, controller } = this.#pull;
    this.#readers++;
    let seen: { readonly error?: unknown } | undefined;
    try {
      seen = await (last ? ended : Promise.race([ended, clock.rang]));
    } finally {
      if (--this.#readers === 0) {
        controller.abort();
        // What was asked for is answered before the recipe goes on, and what came is not lost.
        await ended;
      }
    }
    clock.throwIfAborted();
    if (seen !== undefined && "error" in seen) throw seen.error;
    return last;
  }

  #begin(waitMs: number, withinMs: number): Pull {
    const controller = new AbortController();
    const { signal } = controller;
    const ended = this.#read(waitMs, { signal, withinMs }).then(() => ({}), (error: unknown) => ({ error }));
    const pull: Pull = { controller, ended };
    void ended.then(() => {
      if (this.#pull === pull) this.#pull = undefined;
    });
    return pull;
  }

  /** One read: what comes is there for all who wait. */
  async #read(
    waitMs: number,
    { signal, withinMs }: { readonly signal: AbortSignal; readonly withinMs: number },
  ): Promise<void> {
    const opened = await this.#open({ within: withinMs });
    if (signal.aborted) return;
    const { reader, session, from } = opened;
    const input = { ...this.#device, reader, session, from, waitMs };
    let answer: AnswerOf<"domain.readConsole">;
    try {
      const within = waitMs + withinMs;
      answer = await this.#objects.invoke("domain.readConsole", this.#vm, input, { signal, within });
    } catch (error) {
      if (signal.aborted && isVirtError(error, "cancelled")) return;
      if (!isVirtError(error, "not-found") && !isVirtError(error, "object-gone")) throw error;
      this.#ended = error.message;
      return;
    }
    if (this.#opened === undefined || await this.#opened !== opened) return;
    this.#take(opened, answer);
  }

  #take(opened: Opened, answer: AnswerOf<"domain.readConsole">): void {
    const { session, to, data, lostBytes, reopened, ended, why = "it was closed" } = answer;
    opened.session = session;
    opened.from = to;
    if (reopened) {
      this.#reopened++;
      this.#warn(`${this.#name} had to be opened again: ${why}; what came in between is not known`);
    }
    if (lostBytes > 0) {
      this.#lostBytes += lostBytes;
      this.#warn(`${lostBytes} bytes of ${this.#name} came faster than they were read, and are lost`);
    }
    if (reopened || lostBytes > 0) this.#text.breakOff();
    this.#text.push(data);
    if (ended) {
      this.#text.breakOff();
      this.#ended = why;
    }
  }

  #warn(message: string): void {
    this.#objects.session.say({ t: "log", level: "warn", message: capitalised(message).slice(0, 65_536) });
  }

  #lateError(what: string, withinMs: number): VirtError {
    const message = `Waited ${durationText(withinMs)} for ${what} on ${this.#name}: ${this.#lastWords()}`;
    return new VirtError("timed-out", message, {
      target: this.#vm.toString(),
      hint: 'A guest that waits for a key says nothing: send it one first, console.sendLine("")',
    });
  }

  #endedError(what: string): VirtError {
    const message = `Waited for ${what} on ${this.#name}: it has ended, ${this.#ended}; ${this.#lastWords()}`;
    this.#text.take();
    return new VirtError("wrong-state", message, { target: this.#vm.toString() });
  }

  #lastWords(): string {
    const { pending } = this.#text;
    if (pending === "") return "nothing came";
    const cut = pending.length > shownTail;
    return `the last that came was ${cut ? "…" : ""}${JSON.stringify(pending.slice(-shownTail))}`;
  }
}

const consoles = new WeakMap<Objects, Map<string, DomainConsole>>();

/** A console of a domain: the same one for every handle of the domain, so that nothing is read twice. */
export function consoleOf(vm: ObjectHandle<"domain">, device: ConsoleDevice): DomainConsole {
  const objects = objectsOf(vm);
  const known = consoles.get(objects) ?? new Map<string, DomainConsole>();
  consoles.set(objects, known);
  const key = JSON.stringify([vm.connection, vm.id, device]);
  const console = known.get(key) ?? new DomainConsole(vm, device);
  known.set(key, console);
  return console;
}

function patternsIn(pattern: Pattern | readonly Pattern[]): readonly Pattern[] {
  const patterns = typeof pattern === "string" || pattern instanceof RegExp ? [pattern] : pattern;
  const isPattern = (each: unknown): boolean => each instanceof RegExp || typeof each === "string";
  if (Array.isArray(patterns) && patterns.length > 0 && patterns.every(isPattern)) return patterns;
  throw new VirtError(
    "invalid-argument",
    "Cannot wait for it: give a text, a regular expression, or several",
  );
}

function* pieces(data: string | Uint8Array): Generator<string | Uint8Array> {
  if (data.length === 0) return;
  for (let from = 0, to = 0; from < data.length; from = to) {
    to = Math.min(data.length, from + pieceLength);
    // A character of two units stays in one piece.
    if (typeof data === "string" && /[\uD800-\uDBFF]/.test(data[to - 1] ?? "") && to < data.length) to--;
    yield typeof data === "string" ? data.slice(from, to) : data.subarray(from, to);
  }
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
