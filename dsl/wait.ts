/**
 * Waiting by the clock of the run.
 *
 * @module
 */
import { type Duration, duration } from "./duration.ts";
import type { Session } from "./session.ts";

/** What ends a wait early. */
export interface SleepOptions {
  /** Ends the wait, which then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Waits for a length of time; ends early, with the reason, when the run is cancelled or the signal aborts. */
export type SleepFunction = (time: Duration, options?: SleepOptions) => Promise<void>;

/** The sleep of a run. */
export function makeSleep(session: Session): SleepFunction {
  return async (time, options) => {
    const ms = duration(time);
    const signal = anySignal(session.signal, options?.signal);
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = session.timer(ms, resolve);
    const onAbort = (): void => {
      stop();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };
}

/** One signal for two. */
export function anySignal(first: AbortSignal, second: AbortSignal | undefined): AbortSignal {
  return second === undefined ? first : AbortSignal.any([first, second]);
}
