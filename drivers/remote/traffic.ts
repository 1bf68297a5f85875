/**
 * What goes over a connection, and whether anything moves there.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";

/**
 * How many unanswered calls fill a connection: libvirt takes five of each client, and the last place is left to those that
 * are answered at once. Source: libvirtd.conf, max_client_requests.
 */
const crowd = 4;

/** A full connection on which nothing was answered for so long is looked at, in milliseconds. */
const quietMs = 500;

/** What has come meanwhile is taken before it counts as stuck: whoever looks may have been busy himself; milliseconds. */
const secondLookMs = 100;

/** The calls on one connection. */
export class Traffic implements Disposable {
  readonly #clock: Clock;
  #unanswered = 0;
  #answers = 0;
  #stuck = false;
  #watch: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A call goes out. */
  sent(): void {
    this.#unanswered++;
    if (this.full) this.#watch ??= this.#look(this.#answers, quietMs);
  }

  /** A call was answered. What nobody waits for any more still keeps its place over there. */
  answered(): void {
    this.#unanswered--;
    this.#answers++;
    this.#stuck = false;
  }

  get idle(): boolean {
    return this.#unanswered === 0;
  }

  /** Whether the far side takes nothing more before it has answered. */
  get full(): boolean {
    return this.#unanswered >= crowd;
  }

  /** Whether nothing moves. */
  get stuck(): boolean {
    return this.#stuck;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  /** Looks later whether there have been more answers than now. */
  #look(answers: number, ms: number): Disposable {
    const timer = this.#clock.after(ms, () => {
      this.#watch = undefined;
      if (!this.full) return;
      const moved = this.#answers !== answers;
      if (!moved && ms === quietMs) this.#watch = this.#look(answers, secondLookMs);
      else if (moved) this.#watch = this.#look(this.#answers, quietMs);
      else this.#stuck = true;
    });
    timer.wanted?.(false);
    return timer;
  }
}
