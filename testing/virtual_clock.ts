/**
 * Time that stands still until a test moves it.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../runtime/clock.ts";
import { type Random, randomUuid, seededRandom } from "./random.ts";

/** What a virtual clock starts with. */
export interface VirtualClockOptions {
  /** Milliseconds since 1970. @default 1700000000000 */
  readonly start?: number;
  /** Where its chance begins. @default 1 */
  readonly seed?: number;
  /** Resolves when nothing can happen any more at the present time. @default {@linkcode settled} */
  readonly settle?: () => Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/**
 * A clock of a test's own: its time moves only when it is told to, its chance follows from a seed, and timers go
 * off in the order of their times, those of one time in the order in which they were set.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "./virtual_clock.ts";
 * const clock = new VirtualClock();
 * let rang = false;
 * clock.after(60_000, () => rang = true);
 * await clock.advance(60_000);
 * rang; // true
 * ```
 */
export class VirtualClock implements Clock {
  readonly #timers: Timer[] = [];
  readonly #random: Random;
  readonly #settle: () => Promise<void>;
  #now: number;

  /** Makes a clock that stands still until it is advanced. */
  constructor({ start = 1_700_000_000_000, seed = 1, settle = settled }: VirtualClockOptions = {}) {
    this.#now = start;
    this.#settle = settle;
    this.#random = seededRandom(seed);
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): Disposable {
    const timer = { at: this.#now + Math.max(0, ms), action };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.at > timer.at) index--;
    this.#timers.splice(index, 0, timer);
    return {
      [Symbol.dispose]: () => {
        const place = this.#timers.indexOf(timer);
        if (place >= 0) this.#timers.splice(place, 1);
      },
    };
  }

  random(): number {
    return this.#random();
  }

  uuid(): string {
    return randomUuid(this.#random);
  }

  /** When the next timer goes off, in milliseconds since 1970; `undefined` where none is set. */
  get next(): number | undefined {
    return this.#timers[0]?.at;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Goes to the next timer and lets it go off; `false` where none is set. What follows from it has yet to settle. */
  step(): boolean {
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#now = Math.max(this.#now, timer.at);
    timer.action();
    return true;
  }

  /** Moves on by `ms` milliseconds; timers go off on the way, and what follows from each settles before the next. */
  async advance(ms: number): Promise<void> {
    await this.#settle();
    const end = this.#now + ms;
    while (this.next !== undefined && this.next <= end) {
      this.step();
      await this.#settle();
    }
    this.#now = end;
  }

  /** Goes from timer to timer until `promise` settles; for code under test that sleeps as long as it likes. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let waiting = true;
    const end = (): void => void (waiting = false);
    promise.then(end, end);
    await this.#settle();
    while (waiting && this.step()) await this.#settle();
    if (waiting) throw new Error("The promise never settles: no timer is set that it could wait for");
    return await promise;
  }
}

/** Resolves when no promise of this process can go on any more without something from outside, such as a timer. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
