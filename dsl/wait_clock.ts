/**
 * The time that a wait has, and what ends it early.
 *
 * @module
 */
import { duration } from "./duration.ts";
import type { Session } from "./session.ts";
import type { WaitOptions } from "./until.ts";
import { anySignal } from "./wait.ts";

/** How long waits take at most where nobody says, in milliseconds. */
export const defaultWithinMs = 300_000;

/** What a call has at least that a wait needs, also where the time is up; milliseconds. */
export const leastCallMs = 2000;

/** Rings once: when the time is up, when the run ends, or when the wait's own signal aborts. */
export class WaitClock implements Disposable {
  /** How long it may take, in milliseconds. */
  readonly withinMs: number;
  /** Resolves when it rings. */
  readonly rang: Promise<undefined>;
  readonly #session: Session;
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  readonly #endsAt: number;
  #expired: boolean;

  /** @throws the signal's reason, where it has aborted already; `invalid-argument` for a length of time that is none. */
  constructor(session: Session, options: WaitOptions) {
    this.#session = session;
    this.withinMs = options.within === undefined ? defaultWithinMs : duration(options.within);
    this.#signal = anySignal(session.signal, options.signal);
    this.#signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.rang = promise;
    const ring = (): void => resolve(undefined);
    this.#endsAt = session.now + this.withinMs;
    this.#expired = this.withinMs <= 0;
    if (this.#expired) ring();
    const endTimer = this.#expired ? undefined : session.timer(this.withinMs, () => {
      this.#expired = true;
      ring();
    });
    this.#signal.addEventListener("abort", ring, { once: true });
    this.#stop = (): void => {
      endTimer?.();
      this.#signal.removeEventListener("abort", ring);
    };
  }

  /** How long a call may take that the wait needs: as long as the wait, but never so short that it has no chance. */
  get callMs(): number {
    return Math.max(leastCallMs, this.#endsAt - this.#session.now);
  }

  /** Whether the time is up. */
  get expired(): boolean {
    return this.#expired;
  }

  /**
   * Waits for a while, or until it rings.
   *
   * @throws the reason of what ended it early.
   */
  async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const endTimer = this.#session.timer(ms, resolve);
    await Promise.race([promise, this.rang]);
    endTimer();
    this.throwIfAborted();
  }

  /** Throws the reason of what ended it early. */
  throwIfAborted(): void {
    this.#signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
