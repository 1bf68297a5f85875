/**
 * Rules on the days on which clocks are put forward and back.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { nextAfter, previewRule } from "../../../../automation/schedule/calendar/mod.ts";
import type { CalendarRule } from "../../../../automation/schedule/schedule.ts";
import { type Minute, minutesOf, type NaiveRule, walk } from "./wall_walker.ts";

/** Days on which clocks were or will be changed, each bad in its own way. */
const changes = [
  ["Europe/Berlin", "2026-03-29", "an hour forward"],
  ["Europe/Berlin", "2026-10-25", "an hour back"],
  ["America/New_York", "2026-03-08", "an hour forward"],
  ["America/New_York", "2026-11-01", "an hour back"],
  ["Australia/Lord_Howe", "2025-04-06", "half an hour back"],
  ["Australia/Lord_Howe", "2025-10-05", "half an hour forward"],
  ["Africa/Casablanca", "2024-03-10", "back before Ramadan"],
  ["Africa/Casablanca", "2024-04-14", "forward after Ramadan"],
  ["Asia/Kathmandu", "1986-01-01", "a quarter of an hour forward at midnight"],
  ["Pacific/Apia", "2011-12-30", "a whole day left out"],
  ["Pacific/Kwajalein", "1993-08-21", "a whole day left out"],
  ["America/Sao_Paulo", "2018-11-04", "forward at midnight"],
  ["America/Sao_Paulo", "2018-02-18", "back at midnight"],
  ["Antarctica/Troll", "2026-03-29", "two hours forward"],
  ["Antarctica/Troll", "2026-10-25", "two hours back"],
  ["America/Nuuk", "2024-03-31", "forward from the evening into the next day"],
  ["America/Nuuk", "2024-10-27", "back at midnight"],
  ["America/St_Johns", "2006-04-02", "forward at one minute past midnight"],
  ["America/St_Johns", "2006-10-29", "back at one minute past midnight, into the day before"],
  ["America/Havana", "2024-11-03", "back from one to midnight"],
  ["Asia/Pyongyang", "2018-05-05", "half an hour forward from the evening into the next day"],
  ["America/Caracas", "2007-12-09", "half an hour back for good"],
] as const;

type Change = typeof changes[number];

const dayMs = 86_400_000;
const walked = new Map<Change, readonly Minute[]>();

/** The minutes of the days around a change; some days before it, so that nothing else begins there. */
function minutesAround(change: Change): readonly Minute[] {
  const [timeZone, day] = change;
  const middle = Date.parse(`${day}T00:00:00Z`);
  const minutes = walked.get(change) ??
    minutesOf(timeZone, { from: middle - 2 * dayMs, to: middle + 2 * dayMs });
  walked.set(change, minutes);
  return minutes;
}

/** A part of a rule, in both ways to write it, and as what is meant. */
interface Part {
  readonly cron: string;
  readonly calendar: string;
  readonly holds: (value: number) => boolean;
  readonly goesOn: boolean;
}

function part(high: number): fc.Arbitrary<Part> {
  const value = fc.integer({ min: 0, max: high });
  return fc.oneof(
    fc.constant<Part>({ cron: "*", calendar: "*", holds: () => true, goesOn: true }),
    fc.uniqueArray(value, { minLength: 1, maxLength: 3 }).map((values): Part => ({
      cron: values.join(","),
      calendar: values.join(","),
      holds: (one) => values.includes(one),
      goesOn: false,
    })),
    fc.tuple(value, value).map(([a, b]): Part => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const all = from === 0 && to === high;
      return {
        cron: `${from}-${to}`,
        calendar: `${from}..${to}`,
        holds: (one) => one >= from && one <= to,
        goesOn: all,
      };
    }),
    fc.integer({ min: 1, max: high }).map((step): Part => ({
      cron: `*/${step}`,
      calendar: `0/${step}`,
      holds: (one) => one % step === 0,
      goesOn: true,
    })),
  );
}

/** Days of the week, mostly all of them. */
const weekdays = fc.oneof(
  { weight: 3, arbitrary: fc.constant([0, 1, 2, 3, 4, 5, 6]) },
  { weight: 1, arbitrary: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 }) },
);

const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function rules(
  { hour, minute, days, timeZone }: {
    readonly hour: Part;
    readonly minute: Part;
    readonly days: readonly number[];
    readonly timeZone: string;
  },
): { readonly written: readonly CalendarRule[]; readonly naive: NaiveRule } {
  const all = days.length === 7;
  return {
    written: [
      { cron: `${minute.cron} ${hour.cron} * * ${all ? "*" : days.join(",")}`, timeZone },
      {
        calendar: `${all ? "" : days.map((day) => names[day]).join(",")} ${hour.calendar}:${minute.calendar}`,
        timeZone,
      },
    ],
    naive: {
      hours: hour.holds,
      minutes: minute.holds,
      weekdays: (weekday) => days.includes(weekday),
      repeats: hour.goesOn || minute.goesOn,
      catchesUp: !hour.goesOn,
    },
  };
}

/** Every time of a rule after the first minute and before the end of the last one. */
function timesOf(rule: CalendarRule, minutes: readonly Minute[]): readonly number[] {
  const first = minutes[0]?.at ?? NaN;
  const end = (minutes.at(-1)?.at ?? NaN) + 60_000;
  const found: number[] = [];
  for (let at = nextAfter(rule, first); at !== undefined && at < end; at = nextAfter(rule, at)) {
    found.push(at);
  }
  return found;
}

function iso(times: readonly number[]): readonly string[] {
  return times.map((at) => new Date(at).toISOString());
}

for (const change of changes) {
  const [timeZone, day, what] = change;

  Deno.test(`${timeZone}, ${day}, ${what}: rules are due when a walker by the minute finds them`, () => {
    const minutes = minutesAround(change);
    fc.assert(
      fc.property(part(23), part(59), weekdays, (hour, minute, days) => {
        const { written, naive } = rules({ hour, minute, days, timeZone });
        const expected = iso(walk(naive, minutes));
        for (const rule of written) {
          assert.deepEqual(iso(timesOf(rule, minutes)), expected, JSON.stringify(rule));
        }
      }),
      { numRuns: 6 },
    );
  });

  Deno.test(`${timeZone}, ${day}, ${what}: a daily job at night runs once from each afternoon to the next`, () => {
    const minutes = minutesAround(change);
    const noon = (wall: number): boolean => wall % 1440 === 13 * 60;
    const noons = minutes.filter(({ wall }) => noon(wall)).map(({ at }) => at);
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 29 }), fc.integer({ min: 0, max: 59 }), (hour, minute) => {
        const times = timesOf({ cron: `${minute} ${hour % 24} * * *`, timeZone }, minutes);
        for (const [index, from] of noons.entries()) {
          const to = noons[index + 1];
          if (to === undefined) break;
          const within = times.filter((at) => at >= from && at < to);
          assert.equal(within.length, 1, `from ${new Date(from).toISOString()}: ${iso(within).join(" ")}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  Deno.test(`${timeZone}, ${day}, ${what}: from wherever one looks, the next time is the first one after`, () => {
    const minutes = minutesAround(change);
    fc.assert(
      fc.property(
        part(23),
        part(59),
        fc.integer({ min: 0, max: 2 * dayMs }),
        (hour, minute, offset) => {
          const { written: [rule], naive } = rules({ hour, minute, days: [0, 1, 2, 3, 4, 5, 6], timeZone });
          assert.ok(rule !== undefined);
          const from = (minutes[0]?.at ?? NaN) + dayMs + offset;
          const due = walk(naive, minutes).find((at) => at > from);
          const next = nextAfter(rule, from);
          if (due !== undefined) assert.equal(next, due);
          assert.ok(next === undefined || next > from);
        },
      ),
      { numRuns: 6 },
    );
  });
}

function local(rule: CalendarRule, from: string, count: number): readonly string[] {
  return previewRule(rule, { from: Date.parse(from), count })
    .map(({ local, note }) =>
      local.slice(0, 16) + local.slice(19, 25) + (note === undefined ? "" : ` ${note}`)
    );
}

const timeZone = "Europe/Berlin";

Deno.test("a time that the clock jumps over comes once, at the moment after", () => {
  const from = "2026-03-28T12:00:00Z";
  const after = "2026-03-29T03:00+02:00 made-up";
  assert.deepEqual(local({ cron: "30 2 * * *", timeZone }, from, 2), [after, "2026-03-30T02:30+02:00"]);
  assert.deepEqual(local({ calendar: "02:30", timeZone }, from, 2), [after, "2026-03-30T02:30+02:00"]);
  assert.deepEqual(
    local({ cron: "*/15 2 * * *", timeZone }, from, 2),
    [after, "2026-03-30T02:00+02:00"],
    "several of them come once",
  );
  assert.deepEqual(
    local({ cron: "30 2,3 * * *", timeZone }, from, 2),
    [after, "2026-03-29T03:30+02:00"],
  );
});

Deno.test("a time that comes twice comes once for a job at that time, and twice for one that goes by real time", () => {
  const from = "2026-10-24T23:00:00Z";
  assert.deepEqual(local({ cron: "30 2 * * *", timeZone }, from, 2), [
    "2026-10-25T02:30+02:00 first",
    "2026-10-26T02:30+01:00",
  ]);
  assert.deepEqual(local({ cron: "0 * * * *", timeZone }, from, 3), [
    "2026-10-25T02:00+02:00 first",
    "2026-10-25T02:00+01:00 second",
    "2026-10-25T03:00+01:00",
  ]);
});

Deno.test("hours that go on have nothing to make up for", () => {
  assert.deepEqual(local({ cron: "30 * * * *", timeZone }, "2026-03-29T00:00:00Z", 2), [
    "2026-03-29T01:30+01:00",
    "2026-03-29T03:30+02:00",
  ]);
});

Deno.test("a day that does not exist has no times, and none that are made up for", () => {
  assert.deepEqual(local({ cron: "30 2 * * *", timeZone: "Pacific/Apia" }, "2011-12-29T00:00:00Z", 3), [
    "2011-12-29T02:30-10:00",
    "2011-12-31T02:30+14:00",
    "2012-01-01T02:30+14:00",
  ]);
});

Deno.test("what the clock jumps over at the end of a day is made up for on the next one", () => {
  assert.deepEqual(local({ calendar: "23:30", timeZone: "America/Nuuk" }, "2024-03-30T12:00:00Z", 2), [
    "2024-03-31T00:00-01:00 made-up",
    "2024-03-31T23:30-01:00",
  ]);
});
