/**
 * How fast a recipe may speak.
 *
 * @module
 */
import { type Clock, sleep } from "../clock.ts";

/** Counts messages by the second; whoever exceeds the pace is to rest until the second is over. */
export class Pace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #since: number;
  #count = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#since = clock.now();
  }

  /** Counts one message. */
  isExceeded(): boolean {
    if (++this.#count <= this.#perSecond) return false;
    if (this.#clock.now() - this.#since < 1000) return true;
    this.#restart();
    return false;
  }

  /** Waits out the second. */
  async rest(signal: AbortSignal): Promise<void> {
    const ms = Math.max(0, this.#since + 1000 - this.#clock.now());
    await sleep(this.#clock, ms, signal).catch(() => {
      // Nobody listens any more; what is left is read to the end without delay.
    });
    this.#restart();
  }

  #restart(): void {
    this.#since = this.#clock.now();
    this.#count = 0;
  }
}
