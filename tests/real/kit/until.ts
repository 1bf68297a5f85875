/**
 * Waiting for what only a look can tell.
 *
 * @module
 */

/** How a wait behaves. */
interface UntilOptions {
  /** What is waited for, for the error. */
  readonly what: string;
  /** Milliseconds; generous, since the machine may be busy. @default 60000 */
  readonly withinMs?: number;
  /** Gives up at once where this says why. */
  readonly hopeless?: () => string | undefined;
}

/**
 * Looks until there is something to see, and gives it.
 *
 * @throws {Error} when the time is over
 */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { what, withinMs = 60_000, hopeless }: UntilOptions,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (let pauseMs = 2;; pauseMs = Math.min(2 * pauseMs, 100)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    const reason = hopeless?.();
    if (reason !== undefined) throw new Error(`Waited for ${what}: ${reason}`);
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
