/**
 * Calendar expressions mean here what they mean to systemd: `systemd-analyze calendar` is asked for the same ones, by clocks that
 * are never changed. (Where they are, systemd leaves a daily time out or an hour without its hourly run; see docs/schedules.md.)
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describeRule, previewRule } from "../../../../automation/schedule/calendar/mod.ts";
import { isVirtError } from "../../../../model/error.ts";

const command = "systemd-analyze";
const isThere = new Deno.Command("sh", { args: ["-c", `command -v ${command}`] }).outputSync().success;
const base = "2026-01-01 00:00:00 UTC";
const count = 4;

/** A list of values, ranges and repetitions, as expressions have them. */
function field(low: number, high: number): fc.Arbitrary<string> {
  const value = fc.integer({ min: low, max: high });
  const item = fc.oneof(
    { weight: 3, arbitrary: value.map(String) },
    { weight: 1, arbitrary: fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}..${Math.max(a, b)}`) },
    {
      weight: 1,
      arbitrary: fc.tuple(value, fc.integer({ min: 1, max: high })).map(([a, step]) => `${a}/${step}`),
    },
  );
  return fc.oneof(
    fc.constant("*"),
    fc.uniqueArray(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(",")),
  );
}

const names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const weekday = fc.integer({ min: 0, max: 6 });
const weekdays = fc.oneof(
  fc.uniqueArray(weekday, { minLength: 1, maxLength: 3 }).map((days) =>
    days.map((day) => names[day]).join(",")
  ),
  fc.tuple(weekday, weekday).map(([a, b]) => `${names[Math.min(a, b)]}..${names[Math.max(a, b)]}`),
);
const lastDay = fc.oneof(
  fc.integer({ min: 1, max: 31 }).map(String),
  fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 1, max: 7 })).map(([day, step]) =>
    `${day}/${step}`
  ),
);
const date = fc.oneof(
  fc.tuple(field(1, 12), field(1, 31)).map(([month, day]) => `*-${month}-${day}`),
  fc.tuple(field(1, 12), lastDay).map(([month, day]) => `*-${month}~${day}`),
  fc.tuple(fc.integer({ min: 2026, max: 2040 }), field(1, 12), field(1, 31)).map((parts) => parts.join("-")),
);
const clock = fc.oneof(
  fc.tuple(field(0, 23), field(0, 59)).map((parts) => parts.join(":")),
  fc.tuple(field(0, 23), field(0, 59), field(0, 59)).map((parts) => parts.join(":")),
);
const expression = fc.oneof(
  fc.tuple(weekdays, date, clock).map((parts) => parts.join(" ")),
  fc.tuple(weekdays, clock).map((parts) => parts.join(" ")),
  fc.tuple(date, clock).map((parts) => parts.join(" ")),
  date,
  clock,
  weekdays,
  fc.constantFrom("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly"),
);

/** What systemd says of each expression that it takes: its next times, none for one that never comes. */
function asked(expressions: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const { stdout, stderr } = new Deno.Command(command, {
    args: ["calendar", `--iterations=${count}`, `--base-time=${base}`, ...expressions],
    env: { TZ: "UTC", LC_ALL: "C" },
  }).outputSync();
  const said = new TextDecoder().decode(stdout);
  const blocks = said.split(/^(?=\s*(?:Original|Normalized) form:)/m);
  // An expression that is in its normal form already has no line for the original one.
  const joined = blocks.reduce<string[]>((all, block) => {
    const last = all.at(-1);
    if (last !== undefined && /Original form:/.test(last) && !/Normalized form:/.test(last)) {
      all[all.length - 1] += block;
    } else if (block.trim() !== "") all.push(block);
    return all;
  }, []);
  const refused = new TextDecoder().decode(stderr);
  const taken = expressions.filter((each) => !refused.includes(`specification '${each}'`));
  assert.equal(joined.length, taken.length, refused);
  assert.ok(taken.length > expressions.length / 2, refused);
  return new Map(joined.map((block, index) => [
    taken[index] ?? "",
    [...block.matchAll(/(?:Next elapse|Iter\. #\d+): \w+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g)]
      .map(([, day, time]) => `${day}T${time}Z`),
  ]));
}

function ours(calendar: string): readonly string[] {
  try {
    return previewRule({ calendar, timeZone: "UTC" }, { from: Date.parse("2026-01-01T00:00:00Z"), count })
      .map(({ at }) => new Date(at).toISOString().replace(".000Z", "Z"));
  } catch (error) {
    if (isVirtError(error) && error.hint?.includes("never comes") === true) return [];
    throw error;
  }
}

Deno.test({
  name: `calendar expressions are due when systemd says it${
    isThere ? "" : ` (skipped: ${command} is not there)`
  }`,
  ignore: !isThere,
  fn: () => {
    fc.assert(
      fc.property(fc.array(expression, { minLength: 60, maxLength: 60 }), (expressions) => {
        for (const [each, times] of asked(expressions)) {
          assert.deepEqual(ours(each), times, each);
          // What it means with nothing left out is understood by itself.
          if (times.length > 0) {
            assert.deepEqual(ours(describeRule({ calendar: each, timeZone: "UTC" }).slice(9)), times);
          }
        }
      }),
      { numRuns: 20, endOnFailure: true },
    );
  },
});
