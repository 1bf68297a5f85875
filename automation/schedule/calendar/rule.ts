/**
 * Rules of time in the words of a calendar: when they are due next, and what people are told of them.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import type { CalendarRule } from "../schedule.ts";
import { readCalendar } from "./calendar_expression.ts";
import { readCron } from "./cron.ts";
import { shown } from "./fault.ts";
import { timeZoneNamed } from "./time_zone.ts";
import type { WallTimes } from "./wall_times.ts";
import { comesAgain, endOfRepetition, inZone, nextMoment, wallAt } from "./zone.ts";

/** A rule that has been read. */
interface ReadRule {
  readonly times: WallTimes;
  readonly timeZone: string;
  /** The rule in words. */
  readonly description: string;
}

/** How many rules are kept read; a kernel asks for the same ones again and again. */
const keptRules = 1000;

const read = new Map<string, ReadRule>();

function readRule(rule: CalendarRule): ReadRule {
  const key = JSON.stringify(
    "cron" in rule ? ["cron", rule.cron, rule.timeZone] : ["", rule.calendar, rule.timeZone],
  );
  const known = read.get(key);
  if (known !== undefined) return known;
  const made = "cron" in rule ? cronRule(rule) : calendarRule(rule);
  if (read.size >= keptRules) read.clear();
  read.set(key, made);
  return made;
}

function cronRule({ cron, timeZone }: Extract<CalendarRule, { readonly cron: string }>): ReadRule {
  const zone = timeZoneNamed(timeZone);
  return { times: readCron(cron), timeZone: zone, description: `cron ${cron.trim()} ${zone}` };
}

function calendarRule(
  { calendar, timeZone }: Extract<CalendarRule, { readonly calendar: string }>,
): ReadRule {
  const given = timeZoneNamed(timeZone);
  const times = readCalendar(calendar);
  const zone = times.timeZone ?? given;
  if (zone !== given && given !== "UTC") {
    throw new VirtError(
      "invalid-argument",
      `Cannot use calendar expression "${shown(calendar)}" in ${given}: it says itself that it is in ${zone}`,
      { hint: "Name the time zone in one place" },
    );
  }
  return { times, timeZone: zone, description: `calendar ${times.normalized} ${zone}` };
}

/**
 * Refuses a rule that cannot be used.
 *
 * @throws {VirtError} `invalid-argument` with the place in the rule, the cause, and what to write instead.
 */
export function checkRule(rule: CalendarRule): void {
  readRule(rule);
}

/**
 * When a rule is due next: the first time after a moment, both in milliseconds since 1970; `undefined` where none comes
 * any more. The same rule and moment have the same answer always.
 *
 * @throws {VirtError} what `checkRule` throws.
 *
 * @example
 * ```ts
 * import { nextAfter } from "./rule.ts";
 * // The clock is put forward from 02:00 to 03:00.
 * const due = nextAfter({ cron: "30 2 * * *", timeZone: "Europe/Berlin" }, Date.UTC(2026, 2, 28, 12));
 * new Date(due ?? NaN).toISOString(); // "2026-03-29T01:00:00.000Z"
 * ```
 */
export function nextAfter(rule: CalendarRule, instant: number): number | undefined {
  const { times, timeZone } = readRule(rule);
  return nextMoment(times, { timeZone, after: instant });
}

/** A rule in one line: its kind, what it says with nothing left out, and its zone. */
export function describeRule(rule: CalendarRule): string {
  return readRule(rule).description;
}

/** The time zone by whose clocks a rule goes: its own, or the one that was said beside it. */
export function zoneOfRule(rule: CalendarRule): string {
  return readRule(rule).timeZone;
}

/** A time at which a rule is due. */
export interface PreviewedTime {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the clocks of its zone show, with their offset: `2026-03-29T03:00:00+02:00[Europe/Berlin]`. */
  readonly local: string;
  /** What is special about it: `made-up` for times that the clock jumps over, `first` and `second` of two that are alike. */
  readonly note?: "made-up" | "first" | "second";
}

/**
 * The next times of a rule.
 *
 * @throws {VirtError} what `checkRule` throws.
 */
export function previewRule(
  rule: CalendarRule,
  { from, count }: { readonly from: number; readonly count: number },
): readonly PreviewedTime[] {
  const { times, timeZone } = readRule(rule);
  const found: PreviewedTime[] = [];
  let after = from;
  while (found.length < count) {
    const at = nextMoment(times, { timeZone, after });
    if (at === undefined) break;
    const note = noteOn(at, { times, timeZone });
    found.push({ at, local: inZone(timeZone, at).toString(), ...(note === undefined ? {} : { note }) });
    after = at;
  }
  return found;
}

function noteOn(
  at: number,
  { times, timeZone }: { readonly times: WallTimes; readonly timeZone: string },
): PreviewedTime["note"] {
  const wall = wallAt(timeZone, at);
  if (times.next(wall) !== wall) return "made-up";
  if (comesAgain(timeZone, at)) return "first";
  return endOfRepetition(timeZone, at) === undefined ? undefined : "second";
}
