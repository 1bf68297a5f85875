/**
 * From times on the wall to moments: what happens where clocks are put forward and back.
 *
 * - A wall time that comes once is that moment.
 * - One that comes twice is the first of the two; for rules that go by real time it is both.
 * - One that never comes, because the clock jumps over it, is the moment after the jump, and several of them are that one
 *   moment; rules that go by real time have nothing to make up for. A day that does not exist at all has no times.
 *
 * @module
 */
import { dayMs, type WallTimes } from "./wall_times.ts";

const secondMs = 1000;

/** No two offsets of a zone are further apart than a day and its two halves. */
const offsetSpanMs = 2 * dayMs;

/** Nothing is due before 1970, and nobody makes schedules for what comes then. */
const endMs = Date.UTC(9990, 0, 1);

/** How often the clock is looked at for one time; a rule that needs more never comes. */
const maxLooks = 1000;

/** A moment in milliseconds since 1970 as its zone has it. */
export function inZone(timeZone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
}

/** A time in which a zone's clock is not changed. */
interface Steady {
  /** Its first moment; the clock was changed then. */
  readonly from: number;
  /** Its end; the clock is changed then. */
  readonly to: number;
  /** What the clock is ahead of UTC, in milliseconds. */
  readonly offset: number;
  /** What it was ahead before, and is ahead after. */
  readonly before: number;
  readonly after: number;
}

/** The time that was asked for last, by zone: whoever asks goes on from there mostly. */
const known = new Map<string, Steady>();

function offsetAt(timeZone: string, at: number): number {
  return inZone(timeZone, at).offsetNanoseconds / 1_000_000;
}

function steadyAt(timeZone: string, at: number): Steady {
  const last = known.get(timeZone);
  if (last !== undefined && at >= last.from && at < last.to) return last;
  const from = inZone(timeZone, at + 1).getTimeZoneTransition("previous")?.epochMilliseconds ?? -Infinity;
  const to = inZone(timeZone, at).getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
  const offset = offsetAt(timeZone, at);
  const found = {
    ...{ from, to, offset },
    before: from === -Infinity ? offset : offsetAt(timeZone, from - 1),
    after: to === Infinity ? offset : offsetAt(timeZone, to),
  };
  known.set(timeZone, found);
  return found;
}

/** The wall time of a moment. */
export function wallAt(timeZone: string, at: number): number {
  return at + steadyAt(timeZone, at).offset;
}

/** The moment at which an hour that was there before has come a second time; `undefined` where it is the first time. */
export function endOfRepetition(timeZone: string, at: number): number | undefined {
  const { from, offset, before } = steadyAt(timeZone, at);
  const end = from + before - offset;
  return at < end ? end : undefined;
}

/** Whether a wall time comes twice, and this moment is the first of the two. */
export function comesAgain(timeZone: string, at: number): boolean {
  const { to, offset, after } = steadyAt(timeZone, at);
  return at >= to - (offset - after);
}

/** Whether any of the times is one that the clock jumps over, on a day that exists. */
function missesOne(times: WallTimes, { from, to }: { readonly from: number; readonly to: number }): boolean {
  let wall = times.next(from);
  while (wall !== undefined && wall < to) {
    const day = Math.floor(wall / dayMs) * dayMs;
    if (day < from || day + dayMs > to) return true;
    wall = times.next(day + dayMs);
  }
  return false;
}

/** The first moment after `after`, both in milliseconds since 1970, at which one of the times comes in a zone. */
export function nextMoment(
  times: WallTimes,
  { timeZone, after }: { readonly timeZone: string; readonly after: number },
): number | undefined {
  let from = Math.max(0, (Math.floor(after / secondMs) + 1) * secondMs);
  if (!(from < endMs)) return undefined;
  for (let looks = 0; looks < maxLooks; looks++) {
    const { offset, to: changes, after: offsetAfter } = steadyAt(timeZone, from);
    const wall = times.next(from + offset);
    const found = wall === undefined ? Infinity : wall - offset;
    if (changes === Infinity || found < changes) {
      if (found === Infinity) return undefined;
      const again = times.repeats ? undefined : endOfRepetition(timeZone, found);
      if (again === undefined) return found;
      from = again;
      continue;
    }
    if (wall === undefined) {
      // Only what the clock shows a second time may still come.
      if (offsetAfter >= offset || times.next(changes + offsetAfter) === undefined) return undefined;
      from = changes;
      continue;
    }
    const gap = { from: changes + offset, to: changes + offsetAfter };
    if (times.catchesUp && wall < gap.to && missesOne(times, gap)) return changes;
    from = Math.max(changes, found - offsetSpanMs);
  }
  return undefined;
}
