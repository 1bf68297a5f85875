/**
 * The calls on one connection that may take long: as many at a time as the far side takes, and the others in a queue that is
 * left where nothing moves any more.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";

/**
 * How many of them a libvirtd takes of one client: five calls, of which the last is left to those that are answered at once.
 * Source: libvirtd.conf, max_client_requests.
 */
const places = 4;

/** Where nothing was answered for so long nothing moves, in milliseconds. */
const quietMs = 300;

/** What has come meanwhile is taken first: whoever looks may have been busy himself; milliseconds. */
const secondLookMs = 50;

/** The calls on one connection. */
export class Traffic implements Disposable {
  readonly #clock: Clock;
  /** Who waits for a place, in order: told whether there is one, or that nothing moves. */
  readonly #waiting = new Set<(place: boolean) => void>();
  #taken = 0;
  #awaited = 0;
  #answers = 0;
  #stuck = false;
  #watch: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a place, if one is free. */
  tryEnter(): boolean {
    if (this.#taken >= places || this.#waiting.size > 0) return false;
    this.#take();
    return true;
  }

  /**
   * Waits for a place. `false` where nothing moves any more, at once where that is known, and when the signal aborts.
   */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (this.tryEnter()) return true;
    if (this.#stuck || signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onAbort = (): void => {
      this.#waiting.delete(resolve);
      resolve(false);
    };
    this.#waiting.add(resolve);
    this.#watch ??= this.#look(this.#answers, quietMs);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** A call was answered, or has never left: its place is free for the next one. */
  leave(): void {
    this.#taken--;
    this.#answers++;
    this.#stuck = false;
    this.#admit();
  }

  /** Nobody waits for a call any more. Where it was not answered it keeps its place over there. */
  forget(): void {
    this.#awaited--;
  }

  /** Whether nobody waits for anything. */
  get idle(): boolean {
    return this.#awaited === 0 && this.#waiting.size === 0;
  }

  /** The connection has ended. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#turnAway();
  }

  #take(): void {
    this.#taken++;
    this.#awaited++;
  }

  #admit(): void {
    for (const next of this.#waiting) {
      if (this.#taken >= places) return;
      this.#waiting.delete(next);
      this.#take();
      next(true);
    }
  }

  #turnAway(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const next of waiting) next(false);
  }

  /** Looks later whether there have been more answers than now. */
  #look(answers: number, ms: number): Disposable {
    return this.#clock.after(ms, () => {
      this.#watch = undefined;
      if (this.#waiting.size === 0) return;
      if (this.#answers !== answers) this.#watch = this.#look(this.#answers, quietMs);
      else if (ms === quietMs) this.#watch = this.#look(answers, secondLookMs);
      else {
        this.#stuck = true;
        this.#turnAway();
      }
    });
  }
}
