/**
 * The timers of a run: on record with their due time, so that a resume goes on waiting for the rest of it.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Outbox } from "./outbox.ts";

/** The longest that a clock is asked to wait at once, in milliseconds. */
const longestMs = 2 ** 31 - 1;

/** The timers of one run that have not fired. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #armed = new Map<number, Disposable>();

  constructor({ clock, outbox }: { readonly clock: Clock; readonly outbox: Outbox }) {
    this.#clock = clock;
    this.#outbox = outbox;
  }

  /** How many have not fired. */
  get size(): number {
    return this.#armed.size;
  }

  /** Fires once the clock has reached `due`, in milliseconds since 1970. */
  arm(step: number, due: number): void {
    const remaining = Math.max(0, due - this.#clock.now());
    this.#armed.set(
      step,
      this.#clock.after(Math.min(remaining, longestMs), () => {
        if (this.#clock.now() < due && remaining > longestMs) return this.arm(step, due);
        this.#armed.delete(step);
        this.#outbox.deliver({ t: "fired", step }, { durable: false, notBefore: due });
      }),
    );
  }

  /** Ends a timer early, where it has not fired. */
  cancel(step: number): void {
    this.#armed.get(step)?.[Symbol.dispose]();
    this.#armed.delete(step);
  }

  /** Ends all of them. */
  cancelAll(): void {
    for (const step of [...this.#armed.keys()]) this.cancel(step);
  }
}
