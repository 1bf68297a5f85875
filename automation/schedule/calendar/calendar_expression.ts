/**
 * Calendar expressions as systemd's timers have them: `Mon..Fri 02:30`, `*-*-1 04:00`, `hourly` (systemd.time,
 * "Calendar Events").
 *
 * @module
 */
import { type CalendarField, calendarYears, FieldError, formatField, readField } from "./calendar_field.ts";
import { checkLength, ruleFault, type RuleText } from "./fault.ts";
import { isTimeZone, timeZoneNamed } from "./time_zone.ts";
import { clockChanges, dayMs, type WallTimes } from "./wall_times.ts";

/** Expressions that have a name. */
const shorthands: Readonly<Record<string, string>> = {
  minutely: "*-*-* *:*:00",
  hourly: "*-*-* *:00:00",
  daily: "*-*-* 00:00:00",
  weekly: "Mon *-*-* 00:00:00",
  monthly: "*-*-01 00:00:00",
  quarterly: "*-01,04,07,10-01 00:00:00",
  semiannually: "*-01,07-01 00:00:00",
  "semi-annually": "*-01,07-01 00:00:00",
  biannually: "*-01,07-01 00:00:00",
  "bi-annually": "*-01,07-01 00:00:00",
  annually: "*-01-01 00:00:00",
  yearly: "*-01-01 00:00:00",
};

const weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

const months: CalendarField = { name: "month", low: 1, high: 12 };
const days: CalendarField = { name: "day of the month", low: 1, high: 31 };
const hours: CalendarField = { name: "hour", low: 0, high: 23 };
const minutes: CalendarField = { name: "minute", low: 0, high: 59 };
const seconds: CalendarField = { name: "second", low: 0, high: 59 };

/** A word of an expression, and where it begins. */
interface Word {
  readonly text: string;
  readonly offset: number;
}

/** Days as an expression means them. */
interface Dates {
  readonly years: readonly number[];
  readonly months: readonly number[];
  /** From the first of the month, or from its last, which is 1 then. */
  readonly days: readonly number[];
  readonly fromEnd: boolean;
}

/** Times of day as an expression means them. */
interface Clock {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
  /** As they were written. */
  readonly written: { readonly hour: string; readonly finer: readonly string[] };
}

/** A calendar expression, read. */
export interface CalendarTimes extends WallTimes {
  /** The zone that it names itself. */
  readonly timeZone?: string;
  /** The same with nothing left out: `Mon..Fri *-*-* 02:30:00`. */
  readonly normalized: string;
}

const example = "Mon..Fri 02:30, *-*-1 04:00 or daily";

/**
 * Reads a calendar expression.
 *
 * @throws {VirtError} `invalid-argument` with the place where it is none, and where no day is ever meant by it.
 */
export function readCalendar(text: string): CalendarTimes {
  const rule: RuleText = { kind: "calendar", text };
  checkLength(rule, example);
  const all = [...text.matchAll(/\S+/g)].map((match): Word => ({ text: match[0], offset: match.index }));
  const { timeZone, words } = withoutZone(all, rule);
  const [only, ...others] = words;
  const shorthand = only !== undefined && others.length === 0
    ? shorthands[only.text.toLowerCase()]
    : undefined;
  const parts = shorthand === undefined
    ? words
    : shorthand.split(" ").map((word): Word => ({ text: word, offset: only?.offset ?? 0 }));
  const [first, ...behind] = parts;
  const named = first !== undefined && /^[A-Za-z]/.test(first.text) ? first : undefined;
  const weekdays = named === undefined ? undefined : readWeekdays(named, rule);
  const { date, clock } = split(named === undefined ? parts : behind, rule);
  const dates = readDate(date, rule);
  const times = readClock(clock, rule);
  const next = iterate({ weekdays, dates, times });
  if (next(0) === undefined) {
    throw ruleFault(rule, {
      offset: date?.offset ?? 0,
      found: `there is no day "${date?.text ?? text}"${
        weekdays === undefined ? "" : ` on that day of the week`
      }`,
      hint: weekdays === undefined
        ? "Such a day never comes. The last day of each month is *-*~01"
        : "Such a day never comes. Leave the day of the week or the date away",
    });
  }
  return {
    next,
    ...clockChanges(times.written),
    ...(timeZone === undefined ? {} : { timeZone }),
    normalized: normalized({ weekdays, dates, times }),
  };
}

/** The zone at the end of an expression, and the words before it. */
function withoutZone(
  words: readonly Word[],
  rule: RuleText,
): { readonly timeZone?: string; readonly words: readonly Word[] } {
  const last = words.at(-1);
  if (
    last === undefined || !/^[A-Za-z]/.test(last.text) || shorthands[last.text.toLowerCase()] !== undefined
  ) {
    return { words };
  }
  if (isTimeZone(last.text)) return { timeZone: timeZoneNamed(last.text), words: words.slice(0, -1) };
  // Words that are not the first can only be meant as zones.
  if (words.length === 1) return { words };
  try {
    timeZoneNamed(last.text);
  } catch (error) {
    throw ruleFault(rule, {
      offset: last.offset,
      found: `"${last.text}" is no time zone`,
      hint: error instanceof Error && "hint" in error ? String(error.hint) : "Names are like Europe/Berlin",
    });
  }
  return { words };
}

function readWeekdays({ text, offset }: Word, rule: RuleText): ReadonlySet<number> {
  const found = new Set<number>();
  let at = offset;
  for (const item of text.replace(/,$/, "").split(",")) {
    // A dash is an older way to write ranges of days.
    const ends = item.split(/\.\.|-/);
    const [from, to] = ends.map(weekdayNamed);
    if (from === undefined || ends.length > 2 || (ends.length === 2 && to === undefined)) {
      const known = Object.keys(shorthands).join(", ");
      throw ruleFault(rule, {
        offset: at,
        found: `"${item}" is no day of the week`,
        hint:
          `Days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, with .. and commas; names of expressions are ${known}`,
      });
    }
    for (let day = from;; day = (day + 1) % 7) {
      found.add(day);
      if (day === (to ?? from)) break;
    }
    at += item.length + 1;
  }
  return found;
}

function weekdayNamed(text: string): number | undefined {
  const wanted = text.toLowerCase();
  const found = weekdayNames.findIndex((name) => {
    const lower = name.toLowerCase();
    return wanted === lower || wanted === lower.slice(0, 3);
  });
  return found < 0 ? undefined : found;
}

/** Which word is the date and which the time of day. */
function split(
  words: readonly Word[],
  rule: RuleText,
): { readonly date: Word | undefined; readonly clock: Word | undefined } {
  let date: Word | undefined;
  let clock: Word | undefined;
  for (const word of words) {
    if (word.text.includes(":") && clock === undefined) clock = word;
    else if (/[-~]/.test(word.text) && date === undefined && clock === undefined) date = word;
    else {
      throw ruleFault(rule, {
        offset: word.offset,
        found: `"${word.text.slice(0, 32)}" is neither a date nor a time of day that may stand there`,
        hint: looksLikeCron(rule.text)
          ? "This looks like a cron rule, which is given with --cron"
          : `An expression is days of the week, a date, a time of day, a zone, each if needed: ${example}`,
      });
    }
  }
  return { date, clock };
}

function looksLikeCron(text: string): boolean {
  return /^\s*@/.test(text) || (/^\s*\S+(\s+\S+){4,5}\s*$/.test(text) && !text.includes(":"));
}

function readDate(word: Word | undefined, rule: RuleText): Dates {
  const { text, offset } = word ?? { text: "*-*-*", offset: 0 };
  const [, year, month = "", separator = "-", day = ""] =
    /^(?:([^-~]*)-)?([^-~]*)([-~])([^-~]*)$/.exec(text) ??
      [];
  if (!/^(?:[^-~]*-)?[^-~]*[-~][^-~]*$/.test(text)) {
    throw ruleFault(rule, {
      offset,
      found: `"${text.slice(0, 32)}" is no date`,
      hint: "Dates are YEAR-MONTH-DAY or MONTH-DAY, with * for each; *-*~01 is the last day of each month",
    });
  }
  const monthAt = offset + (year === undefined ? 0 : year.length + 1);
  const dayAt = monthAt + month.length + 1;
  const fromEnd = separator === "~";
  return {
    years: field(year ?? "*", { field: calendarYears, offset, rule, convert: fullYear }),
    months: field(month, { field: months, offset: monthAt, rule }),
    days: field(fromEnd ? forward(day) : day, { field: days, offset: dayAt, rule }),
    fromEnd,
  };
}

/** From the seventh last day on, day by day, is the seventh to the first from the end. */
function forward(day: string): string {
  return day.split(",").map((item) => {
    const [, from, step] = /^(\d{1,2})\/(\d{1,2})$/.exec(item) ?? [];
    if (from === undefined || step === undefined || Number(step) < 1) return item;
    const found: number[] = [];
    for (let value = Number(from); value >= 1; value -= Number(step)) found.push(value);
    return found.length === 0 ? item : found.join(",");
  }).join(",");
}

/** Two digits are of this century or the last one. */
function fullYear(written: string): number {
  const value = Number(written);
  return written.length > 2 ? value : value < 70 ? 2000 + value : 1900 + value;
}

function readClock(word: Word | undefined, rule: RuleText): Clock {
  const { text, offset } = word ?? { text: "00:00:00", offset: 0 };
  const [hour = "", minute = "", second = "00", ...more] = text.split(":");
  if (more.length > 0 || /\d\.\d/.test(second)) {
    throw ruleFault(rule, {
      offset,
      found: `"${text.slice(0, 32)}" is no time of day`,
      hint: "Times are HOUR:MINUTE or HOUR:MINUTE:SECOND, in whole seconds: 02:30, *:0/15",
    });
  }
  const minuteAt = offset + hour.length + 1;
  return {
    hours: field(hour, { field: hours, offset, rule }),
    minutes: field(minute, { field: minutes, offset: minuteAt, rule }),
    seconds: field(second, { field: seconds, offset: minuteAt + minute.length + 1, rule }),
    written: { hour, finer: [minute, second] },
  };
}

function field(
  text: string,
  { field, offset, rule, convert }: {
    readonly field: CalendarField;
    readonly offset: number;
    readonly rule: RuleText;
    readonly convert?: (written: string) => number;
  },
): readonly number[] {
  try {
    return readField(text, field, convert);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw ruleFault(rule, { offset: offset + error.offset, found: error.message, hint: error.hint });
  }
}

/** What an expression means. */
interface Meaning {
  readonly weekdays: ReadonlySet<number> | undefined;
  readonly dates: Dates;
  readonly times: Clock;
}

function iterate({ weekdays, dates, times }: Meaning): WallTimes["next"] {
  return (from) => {
    const today = Math.floor(from / dayMs) * dayMs;
    const start = new Date(today);
    for (const year of dates.years) {
      if (year < start.getUTCFullYear()) continue;
      for (const month of dates.months) {
        const first = Date.UTC(year, month - 1, 1);
        const last = Date.UTC(year, month, 0);
        if (last < today) continue;
        for (const day of daysIn(dates, { first, last })) {
          if (day < today || weekdays?.has(new Date(day).getUTCDay()) === false) continue;
          const time = firstTime(times, day === today ? from - today : 0);
          if (time !== undefined) return day + time;
        }
      }
    }
    return undefined;
  };
}

/** The days of a month that are meant, in order. */
function daysIn(
  { days, fromEnd }: Dates,
  { first, last }: { readonly first: number; readonly last: number },
): readonly number[] {
  const found = days.map((day) => fromEnd ? last - (day - 1) * dayMs : first + (day - 1) * dayMs)
    .filter((day) => day >= first && day <= last);
  return fromEnd ? found.reverse() : found;
}

/** The first time of day at or after one, in milliseconds since midnight. */
function firstTime({ hours, minutes, seconds }: Clock, from: number): number | undefined {
  for (const hour of hours) {
    if ((hour + 1) * 3_600_000 <= from) continue;
    for (const minute of minutes) {
      if (hour * 3_600_000 + (minute + 1) * 60_000 <= from) continue;
      for (const second of seconds) {
        const time = hour * 3_600_000 + minute * 60_000 + second * 1000;
        if (time >= from) return time;
      }
    }
  }
  return undefined;
}

function normalized({ weekdays, dates, times }: Meaning): string {
  const date = `${formatField(dates.years, calendarYears)}-${formatField(dates.months, months)}${
    dates.fromEnd ? "~" : "-"
  }${formatField(dates.days, days)}`;
  const clock = [[times.hours, hours], [times.minutes, minutes], [times.seconds, seconds]] as const;
  return [
    ...(weekdays === undefined || weekdays.size === 7 ? [] : [formatWeekdays(weekdays)]),
    date,
    clock.map(([values, kind]) => formatField(values, kind)).join(":"),
  ].join(" ");
}

/** Days of the week from Monday on, in ranges. */
function formatWeekdays(weekdays: ReadonlySet<number>): string {
  const parts: string[][] = [];
  for (const day of [1, 2, 3, 4, 5, 6, 0]) {
    const name = weekdayNames[day]?.slice(0, 3) ?? "";
    if (!weekdays.has(day)) parts.push([]);
    else if (parts.length === 0) parts.push([name]);
    else parts.at(-1)?.push(name);
  }
  return parts.filter((part) => part.length > 0).map((part) =>
    part.length < 3 ? part.join(",") : `${part[0] ?? ""}..${part.at(-1) ?? ""}`
  ).join(",");
}
