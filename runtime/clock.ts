/**
 * Time and chance, as the kernel hands them out. Nothing in `runtime/` or `drivers/` reads a clock, sets a timer
 * or draws a random number in any other way, so that a simulation owns all of them.
 *
 * @module
 */

/** A timer that has been set. */
export interface ClockTimer extends Disposable {
  /**
   * Says whether anybody still waits for it; while nobody does, it does not keep the process alive. Absent where
   * the clock knows no such thing: such timers are set and disposed instead.
   */
  readonly wanted?: (wanted: boolean) => void;
}

/** A source of time and chance. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds, unless disposed before. */
  after(ms: number, action: () => void): ClockTimer;
  /** A number from 0 (included) to 1 (excluded). */
  random(): number;
  /** A random UUID. */
  uuid(): string;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms: number, action: () => void): ClockTimer {
    const timer = setTimeout(action, Math.min(ms, 2 ** 31 - 1));
    return {
      wanted: (wanted) => wanted ? Deno.refTimer(timer) : Deno.unrefTimer(timer),
      [Symbol.dispose]: () => clearTimeout(timer),
    };
  },
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};

/**
 * Resolves after `ms` milliseconds of the clock.
 *
 * @throws the signal's reason as soon as it aborts.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve);
  const onAbort = (): void => {
    timer[Symbol.dispose]();
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise.finally(() => signal?.removeEventListener("abort", onAbort));
}
