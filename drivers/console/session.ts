/**
 * One console that is open: what came over it, and who reads it.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";
import { KeptBytes, type Stretch } from "./kept_bytes.ts";

/** The far end of a console. */
export interface ConsoleLine {
  /** Sends bytes to the guest; resolves when the hypervisor has taken them. */
  write(data: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Hangs up, so that others can have it. */
  close(): Promise<void>;
}

/** Hears what a line has to say. */
export interface ConsoleReceiver {
  /** Bytes came. */
  take(data: Uint8Array): void;
  /** Nothing comes any more: the domain stopped, or somebody else took the console. */
  end(why: string): void;
  /** The link broke; the console may be opened again. */
  drop(why: string): void;
}

/** How a session came to its end. */
export interface SessionEnd {
  readonly why: string;
  /** Whether it may be opened again without being asked for. */
  readonly dropped: boolean;
}

/** What a session is made with. */
export interface ConsoleSessionOptions {
  readonly id: string;
  /** How much is kept, in bytes. */
  readonly keptBytes: number;
}

/** How long a reader waits. */
export interface Patience {
  readonly clock: Clock;
  /** In milliseconds. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Who waits; the wait ends when he leaves. */
  readonly reader: string;
}

/** A console that is open, or was until it ended. */
export class ConsoleSession implements ConsoleReceiver {
  readonly id: string;
  readonly #kept: KeptBytes;
  /** Who reads it, and when each was last answered, in milliseconds since 1970. */
  readonly #readers = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #line: ConsoleLine | undefined;
  #over: SessionEnd | undefined;
  #hungUp = false;

  constructor({ id, keptBytes }: ConsoleSessionOptions) {
    this.id = id;
    this.#kept = new KeptBytes(keptBytes);
  }

  /** The place of the first byte that is kept. */
  get first(): number {
    return this.#kept.begin;
  }

  /** The place at which what comes next begins. */
  get next(): number {
    return this.#kept.end;
  }

  /** How it ended, once it has. */
  get over(): SessionEnd | undefined {
    return this.#over;
  }

  /** Whether anybody reads it. */
  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** The line to the guest has been opened. */
  connect(line: ConsoleLine): void {
    this.#line = line;
    if (this.#over !== undefined) void this.hangUp("it ended at once");
  }

  take(data: Uint8Array): void {
    if (data.length === 0 || this.#over !== undefined) return;
    this.#kept.push(data);
    this.#wake();
  }

  end(why: string): void {
    this.#finish({ why, dropped: false });
  }

  drop(why: string): void {
    this.#finish({ why, dropped: true });
  }

  /** Whether a reader has it. */
  hasReader(reader: string): boolean {
    return this.#readers.has(reader);
  }

  /** A reader comes. */
  join(reader: string): void {
    if (!this.#readers.has(reader)) this.#readers.set(reader, -Infinity);
  }

  /** When a reader was last answered with something. */
  answeredAt(reader: string): number {
    return this.#readers.get(reader) ?? -Infinity;
  }

  /** A reader is answered with something. */
  answered(reader: string, at: number): void {
    if (this.#readers.has(reader)) this.#readers.set(reader, at);
  }

  /** A reader goes; what it waits for ends. `false` where it was none. */
  leave(reader: string): boolean {
    const left = this.#readers.delete(reader);
    if (left) this.#wake();
    return left;
  }

  /** All readers go. */
  leaveAll(): void {
    this.#readers.clear();
    this.#wake();
  }

  /** What is kept from a place on. */
  read(from: number, most: number): Stretch {
    return this.#kept.read(from, most);
  }

  /** Sends bytes to the guest. */
  async write(data: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#line?.write(data, signal);
  }

  /**
   * Waits until something has come behind a place, nothing will come any more, the reader has left, or the time is up.
   *
   * @throws the signal's reason.
   */
  async wait(from: number, { clock, waitMs, signal, reader }: Patience): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#kept.end > from || this.#over !== undefined || !this.#readers.has(reader)) resolve();
    };
    look();
    this.#waiting.add(look);
    const timer = clock.after(waitMs, resolve);
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      this.#waiting.delete(look);
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", onAbort);
    }
    signal.throwIfAborted();
  }

  /** Hangs up; those who wait hear why. */
  async hangUp(why: string): Promise<void> {
    this.#finish({ why, dropped: false });
    if (this.#hungUp || this.#line === undefined) return;
    this.#hungUp = true;
    await this.#line.close();
  }

  #finish(over: SessionEnd): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}
