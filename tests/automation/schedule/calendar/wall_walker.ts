/**
 * When a rule is due, found in the most simple way: minute by minute, by what a clock on the wall shows. The clock is
 * that of `Intl`, which the rules themselves do not look at.
 */

/** A rule of one of the two ways to write them, in parts that a reader of minutes can check. */
export interface NaiveRule {
  readonly minutes: (minute: number) => boolean;
  readonly hours: (hour: number) => boolean;
  readonly weekdays: (weekday: number) => boolean;
  /** Whether what comes twice counts twice. */
  readonly repeats: boolean;
  /** Whether what is jumped over counts once, after the jump. */
  readonly catchesUp: boolean;
}

/** A minute. */
export interface Minute {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the clock shows, as minutes since 1970 of a clock that is never changed. */
  readonly wall: number;
}

const minuteMs = 60_000;
const dayMinutes = 1440;

/** What the clock of a zone shows in each minute of a time. */
export function minutesOf(
  timeZone: string,
  { from, to }: { readonly from: number; readonly to: number },
): readonly Minute[] {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const minutes: Minute[] = [];
  for (let at = from; at < to; at += minuteMs) {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? NaN;
    const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
    minutes.push({ at, wall: wall / minuteMs });
  }
  return minutes;
}

/** Every minute in which a rule is due; the first minute is only there to compare with. */
export function walk(rule: NaiveRule, minutes: readonly Minute[]): readonly number[] {
  const isMeant = (wall: number): boolean =>
    rule.minutes(wall % 60) && rule.hours(Math.floor(wall / 60) % 24) &&
    rule.weekdays((Math.floor(wall / dayMinutes) + 4) % 7);
  const days = new Set(minutes.map(({ wall }) => Math.floor(wall / dayMinutes)));
  const shown = new Set<number>();
  const due: number[] = [];
  let before: Minute | undefined;
  for (const minute of minutes) {
    const again = shown.has(minute.wall);
    shown.add(minute.wall);
    if (before !== undefined) {
      let jumped = false;
      for (let wall = before.wall + 1; wall < minute.wall; wall++) {
        if (isMeant(wall) && days.has(Math.floor(wall / dayMinutes))) jumped = true;
      }
      const meant = isMeant(minute.wall) && (rule.repeats || !again);
      if (meant || (jumped && rule.catchesUp)) due.push(minute.at);
    }
    before = minute;
  }
  return due;
}
