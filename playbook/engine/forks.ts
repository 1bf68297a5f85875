/**
 * Doing something for many, so many at a time.
 *
 * @module
 */

/** Calls `body` for each, `forks` of them at a time, in their order; resolves when all have ended. */
export async function inForks<T>(
  all: readonly T[],
  forks: number,
  body: (one: T) => Promise<void>,
): Promise<void> {
  const open = all[Symbol.iterator]();
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const one of open) {
      if (errors.length > 0) return;
      try {
        await body(one);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(forks, all.length)) }, worker));
  if (errors.length > 0) throw errors[0];
}
