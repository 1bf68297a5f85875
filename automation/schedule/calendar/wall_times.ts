/**
 * Times as a clock on a wall shows them, where nobody has thought of time zones yet.
 *
 * A wall time is a number: the milliseconds since 1970 that a clock would count which was never put forward or back.
 * So the arithmetic of days is that of UTC, and only `zone.ts` knows which of these times exist, and when.
 *
 * @module
 */

/** One day, in milliseconds of a clock on a wall. */
export const dayMs = 86_400_000;

/** The times on the wall that a rule means. */
export interface WallTimes {
  /** Whether it goes by real time, so that an hour that comes twice counts twice. */
  readonly repeats: boolean;
  /** Whether a time that the clock jumps over is made up for at the moment after. */
  readonly catchesUp: boolean;
  /** The first one at or after a wall time, which is a whole second; `undefined` where none comes any more. */
  next(from: number): number | undefined;
}

/**
 * How a rule's hours and minutes take it through the days on which clocks change. Written as cron has them: with an
 * asterisk or a step they go by real time, without one they name times.
 */
export function clockChanges(
  { hour, finer }: { readonly hour: string; readonly finer: readonly string[] },
): Pick<WallTimes, "repeats" | "catchesUp"> {
  const goesOn = (field: string): boolean => /[*?/]|^0+(?:-|\.\.)(?:23|59)$/.test(field);
  const everyHour = goesOn(hour);
  return { repeats: everyHour || finer.some(goesOn), catchesUp: !everyHour };
}
