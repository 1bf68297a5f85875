/**
 * What to do when the reader of a stream is slower than the server.
 *
 * The protocol has no window: a server sends as long as the socket takes it, and replies, events and all streams come
 * one after the other on that socket. To leave it unread slows the server down, and everybody else. To read on fills
 * memory. So:
 *
 * - While all readers keep up, the socket is read.
 * - Where a reader has more than the window before it and goes on reading, the socket waits for it: at that reader's
 *   speed everybody is served.
 * - Where it has stopped reading and nobody waits for anything else, the socket waits as long as it likes.
 * - Where it has stopped and somebody does wait, its buffer takes more, up to the limit; then the stream is given up.
 *
 * @module
 */
import type { ConnectionClock } from "./clock.ts";

/** How much of streams may wait for their readers. */
export interface StreamLimits {
  /** What one stream holds before the socket waits for its reader, in bytes. @default 4194304 */
  readonly windowBytes?: number;
  /** What one stream holds before it is given up, if its reader has stopped and others wait. @default 67108864 */
  readonly limitBytes?: number;
  /** How long a reader that takes nothing counts as reading while others wait, in milliseconds. @default 1000 */
  readonly patienceMs?: number;
}

/** A buffer in which a stream waits for its reader. */
export interface WaitingBuffer {
  /** What it holds, in bytes, with what the keeping itself costs. */
  readonly heldBytes: number;
  /** Drops what it holds and takes nothing more. */
  giveUp(limitBytes: number): void;
}

/** What back-pressure needs of its connection. */
export interface BackPressureOptions extends StreamLimits {
  readonly clock: ConnectionClock;
  /** Whether anybody waits for something else than the buffers that are full. */
  readonly someoneWaits: () => boolean;
  /** The socket is read again, or no longer. */
  readonly reading: (reading: boolean) => void;
}

/** Decides when the socket is read. */
export class BackPressure {
  readonly #clock: ConnectionClock;
  readonly #someoneWaits: () => boolean;
  readonly #reading: (reading: boolean) => void;
  readonly #windowBytes: number;
  readonly #limitBytes: number;
  readonly #patienceMs: number;
  /** Buffers beyond the window, each with when its reader last took something. */
  readonly #full = new Map<WaitingBuffer, number>();
  #paused: PromiseWithResolvers<void> | undefined;
  #timer: Disposable | undefined;
  #deciding = false;

  constructor(options: BackPressureOptions) {
    this.#clock = options.clock;
    this.#someoneWaits = options.someoneWaits;
    this.#reading = options.reading;
    this.#windowBytes = options.windowBytes ?? 4 * 1024 * 1024;
    this.#limitBytes = options.limitBytes ?? 64 * 1024 * 1024;
    this.#patienceMs = options.patienceMs ?? 1000;
  }

  /** Whether a buffer is beyond its window, so that `ready` has to be asked before the next read. */
  get behind(): boolean {
    return this.#full.size > 0;
  }

  /** Whether this buffer is beyond its window. */
  holds(buffer: WaitingBuffer): boolean {
    return this.#full.has(buffer);
  }

  /** Resolves when the socket may be read. */
  ready(): Promise<void> {
    this.#decide();
    return this.#paused?.promise ?? Promise.resolve();
  }

  /** Something was added to a buffer. */
  added(buffer: WaitingBuffer): void {
    if (buffer.heldBytes <= this.#windowBytes || this.#full.has(buffer)) return;
    this.#full.set(buffer, this.#clock.now());
  }

  /** A reader took something out of a buffer, or the buffer is no longer in use. */
  taken(buffer: WaitingBuffer): void {
    if (!this.#full.has(buffer)) return;
    if (buffer.heldBytes <= this.#windowBytes) this.#full.delete(buffer);
    else this.#full.set(buffer, this.#clock.now());
    this.waitersChanged();
  }

  /** Somebody began to wait for something. */
  waitersChanged(): void {
    if (this.#paused !== undefined) this.#decide();
  }

  /** To give a buffer up tells of new waiters, which must not have this decided within itself. */
  #decide(): void {
    if (this.#deciding) return;
    this.#deciding = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const restMs = this.#waitMs();
    if (restMs <= 0) this.#go();
    else this.#pause();
    if (restMs > 0 && restMs < Infinity) this.#timer = this.#clock.after(restMs, () => this.#decide());
    this.#deciding = false;
  }

  /** How long the socket is left unread, unless something changes. */
  #waitMs(): number {
    if (this.#full.size === 0) return 0;
    return this.#someoneWaits() ? this.#patienceLeft() : Infinity;
  }

  /** How long the socket waits for the reader that took something last. Who has stopped at the limit is given up. */
  #patienceLeft(): number {
    const now = this.#clock.now();
    let longest = 0;
    for (const [buffer, takenAt] of this.#full) {
      // A clock that was set back must not make it wait for as long.
      if (takenAt > now) this.#full.set(buffer, now);
      const restMs = Math.min(takenAt, now) + this.#patienceMs - now;
      longest = Math.max(longest, restMs);
      if (restMs > 0 || buffer.heldBytes < this.#limitBytes) continue;
      this.#full.delete(buffer);
      buffer.giveUp(this.#limitBytes);
    }
    return longest;
  }

  #pause(): void {
    if (this.#paused !== undefined) return;
    this.#paused = Promise.withResolvers();
    this.#reading(false);
  }

  #go(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const paused = this.#paused;
    if (paused === undefined) return;
    this.#paused = undefined;
    this.#reading(true);
    paused.resolve();
  }
}
