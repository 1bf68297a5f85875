/**
 * Cron rules and calendar expressions: what they mean, and what is said about those that mean nothing.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkRule,
  describeRule,
  nextAfter,
  previewRule,
} from "../../../../automation/schedule/calendar/mod.ts";
import type { CalendarRule } from "../../../../automation/schedule/schedule.ts";
import { isVirtError, type VirtError } from "../../../../model/error.ts";

const from = Date.parse("2026-01-01T00:00:00Z");

function times(rule: CalendarRule, count = 3): readonly string[] {
  return previewRule(rule, { from, count }).map(({ at }) => new Date(at).toISOString().slice(0, 19));
}

function cron(rule: string, timeZone = "UTC"): CalendarRule {
  return { cron: rule, timeZone };
}

function calendar(rule: string, timeZone = "UTC"): CalendarRule {
  return { calendar: rule, timeZone };
}

function faultOf(rule: CalendarRule): VirtError {
  try {
    checkRule(rule);
  } catch (error) {
    if (isVirtError(error, "invalid-argument")) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(rule)} was taken` });
}

const cronTimes: Readonly<Record<string, readonly string[]>> = {
  "30 2 * * *": ["2026-01-01T02:30:00", "2026-01-02T02:30:00"],
  "15 30 2 * * *": ["2026-01-01T02:30:15", "2026-01-02T02:30:15"],
  "0 0 L * *": ["2026-01-31T00:00:00", "2026-02-28T00:00:00"],
  "0 0 LW 5 *": ["2026-05-29T00:00:00", "2027-05-31T00:00:00"],
  "0 0 15W 8 *": ["2026-08-14T00:00:00", "2027-08-16T00:00:00"],
  "0 0 * * MON#2": ["2026-01-12T00:00:00", "2026-02-09T00:00:00"],
  "0 0 * * 5L": ["2026-01-30T00:00:00", "2026-02-27T00:00:00"],
  "0 0 * JAN-FEB sun,7": ["2026-01-04T00:00:00", "2026-01-11T00:00:00"],
  "0 0 13 * 5": ["2026-01-02T00:00:00", "2026-01-09T00:00:00", "2026-01-13T00:00:00"],
  "0 0 13 * +5": ["2026-02-13T00:00:00", "2026-03-13T00:00:00"],
  "@daily": ["2026-01-02T00:00:00", "2026-01-03T00:00:00"],
  "@Weekly": ["2026-01-04T00:00:00", "2026-01-11T00:00:00"],
  "0 0 29 2 *": ["2028-02-29T00:00:00", "2032-02-29T00:00:00"],
};

for (const [rule, expected] of Object.entries(cronTimes)) {
  Deno.test(`cron "${rule}" is due when crontab says it is`, () => {
    assert.deepEqual(times(cron(rule), expected.length), expected);
  });
}

const calendarTimes: Readonly<Record<string, readonly string[]>> = {
  "Mon..Fri 02:30": ["2026-01-01T02:30:00", "2026-01-02T02:30:00", "2026-01-05T02:30:00"],
  "Sun *-*-1..7 03:00": ["2026-01-04T03:00:00", "2026-02-01T03:00:00"],
  "*-*-1 04:00": ["2026-01-01T04:00:00", "2026-02-01T04:00:00"],
  "*:2/3": ["2026-01-01T00:02:00", "2026-01-01T00:05:00"],
  "*-02~03": ["2026-02-26T00:00:00", "2027-02-26T00:00:00", "2028-02-27T00:00:00"],
  "Mon *-05~07/1": ["2026-05-25T00:00:00", "2027-05-31T00:00:00"],
  "*-*~1,3 05:00": ["2026-01-29T05:00:00", "2026-01-31T05:00:00"],
  "28-2-29 1:2:3": ["2028-02-29T01:02:03"],
  "Fri..Mon 1:00": ["2026-01-02T01:00:00", "2026-01-03T01:00:00"],
  "quarterly": ["2026-04-01T00:00:00", "2026-07-01T00:00:00"],
  "Saturday, 17:48": ["2026-01-03T17:48:00"],
  "*:*:*/20": ["2026-01-01T00:00:20", "2026-01-01T00:00:40"],
};

for (const [rule, expected] of Object.entries(calendarTimes)) {
  Deno.test(`calendar "${rule}" is due when systemd says it is`, () => {
    assert.deepEqual(times(calendar(rule), expected.length), expected);
  });
}

/** From the table of examples in systemd.time. */
const normalized: Readonly<Record<string, string>> = {
  "Sat,Thu,Mon..Wed,Sat..Sun": "Mon..Thu,Sat,Sun *-*-* 00:00:00",
  "Mon,Sun 12-*-* 2,1:23": "Mon,Sun 2012-*-* 01,02:23:00",
  "Wed..Wed,Wed *-1": "Wed *-*-01 00:00:00",
  "Wed, 17:48": "Wed *-*-* 17:48:00",
  "Mon-Fri 02:30": "Mon..Fri *-*-* 02:30:00",
  "bi-annually": "*-01,07-01 00:00:00",
  "10-15": "*-10-15 00:00:00",
  "monday *-12-* 17:00": "Mon *-12-* 17:00:00",
  "12,14,13,12:20,10,30": "*-*-* 12..14:10,20,30:00",
  "2003-02..04-05": "2003-02..04-05 00:00:00",
  "05:40": "*-*-* 05:40:00",
  "yearly": "*-01-01 00:00:00",
};

Deno.test("a calendar expression says what it means with nothing left out, as systemd does", () => {
  for (const [rule, expected] of Object.entries(normalized)) {
    assert.equal(describeRule(calendar(rule)), `calendar ${expected} UTC`);
    assert.equal(describeRule(calendar(expected)), `calendar ${expected} UTC`, "which means the same");
  }
});

Deno.test("a zone at the end of a calendar expression counts, and another one beside it is refused", () => {
  assert.equal(
    describeRule(calendar("weekly pacific/auckland")),
    "calendar Mon *-*-* 00:00:00 Pacific/Auckland",
  );
  assert.deepEqual(times(calendar("05:40 Asia/Kathmandu"), 1), ["2026-01-01T23:55:00"]);
  assert.match(
    faultOf(calendar("05:40 Asia/Kathmandu", "Europe/Berlin")).message,
    /it says itself that it is in/,
  );
});

/** The rule, the column that is told, and a word of what is told. */
const faults: readonly (readonly [CalendarRule, number | undefined, RegExp])[] = [
  [cron(""), undefined, /empty/],
  [cron("61 * * * *"), 1, /"61" is no minute/],
  [cron("0 24 * * *"), 3, /"24" is no hour/],
  [cron("* * 1,32 * *"), 7, /"32" is no day of the month/],
  [cron("0 22-4 * * *"), 3, /22-23,0-4/],
  [cron("1/5 * * * *"), 1, /1-59\/5/],
  [cron("*/0 * * * *"), 1, /step/],
  [cron("0 0 31 2 *"), 5, /never comes/],
  [cron("0 0 30,31 2 *"), 5, /never comes/],
  [cron("* * *"), 6, /3 fields/],
  [cron("* * * * * * *"), 13, /7 fields/],
  [cron("Mon..Fri 02:30"), 15, /--calendar/],
  [cron("@reboot"), 1, /--on-event/],
  [cron("0 0 * * MONDAY"), 9, /Write MON/],
  [cron("0 0 * * 1#6"), 9, /MON#5/],
  [cron("0 0 L-3 * *"), 5, /calendar expression/],
  [cron("0 0 LW,3 * *"), 5, /LW/],
  [cron("1,,2 * * * *"), 3, /missing/],
  [cron("a".repeat(300)), 257, /256/],
  [calendar("02-31"), 1, /never comes/],
  [calendar("Tue 2026-11-21"), 5, /day of the week/],
  [calendar("Mon-Funday 02:30"), 1, /"Mon-Funday"/],
  [calendar("Mon,Funday 02:30"), 5, /"Funday"/],
  [calendar("25:00"), 1, /"25" is no hour/],
  [calendar("2:5,60"), 5, /"60" is no minute|"5,60"/],
  [calendar("2026-13-01"), 6, /"13" is no month/],
  [calendar("0 2 * * *"), 1, /--cron/],
  [calendar("2:30 Europe/Berln"), 6, /Europe\/Berlin/],
  [calendar("02:30 03:30"), 7, /may stand there/],
  [calendar("1:0/0"), 3, /step/],
  [calendar("1:00:00.5"), 1, /whole seconds/],
];

for (const [rule, column, told] of faults) {
  Deno.test(`${JSON.stringify(rule).slice(0, 60)} is refused with its place and what to write instead`, () => {
    const error = faultOf(rule);
    assert.match(`${error.message}\n${error.hint ?? ""}`, told);
    assert.ok((error.hint ?? "") !== "");
    assert.deepEqual(error.at, column === undefined ? undefined : { line: 1, column });
  });
}

const zones: Readonly<Record<string, RegExp>> = {
  "Berlin": /Europe\/Berlin\?/,
  "New York": /America\/New_York\?/,
  "Europe/Berln": /Europe\/Berlin\?/,
  "PST": /America\/Los_Angeles\?/,
  "+02:00": /Names are like/,
  "UTC+2": /Names are like/,
  "": /Names are like/,
  "../../etc/passwd": /Names are like/,
};

Deno.test("an unknown time zone is refused with the one that may be meant", () => {
  for (const [zone, hint] of Object.entries(zones)) {
    assert.match(faultOf(cron("@daily", zone)).hint ?? "", hint, zone);
  }
});

Deno.test("other names of a zone, and names in other letters, are taken", () => {
  for (const zone of ["US/Eastern", "asia/calcutta", "CET", "utc", "Etc/GMT-2"]) {
    checkRule(cron("@daily", zone));
  }
  assert.equal(describeRule(cron("0 0 * * *", "europe/berlin")), "cron 0 0 * * * Europe/Berlin");
});

Deno.test("a rule whose years are over has no time any more", () => {
  assert.equal(nextAfter(calendar("2024-12-24 18:00"), from), undefined);
  assert.deepEqual(times(calendar("2026-12-24 18:00")), ["2026-12-24T18:00:00"]);
});

Deno.test("whatever is given, it is taken or refused, and what is taken goes on forward", () => {
  const piece = fc.constantFrom(
    ..."0123456789*/,-.:~#@LW+ ?MonFeb29".split(""),
    "..",
    " * ",
    "59",
    "Mon",
    "31",
    "/1",
  );
  const zone = fc.constantFrom(
    "UTC",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), zone, (pieces, isCron, timeZone) => {
      const text = pieces.join("");
      const rule = isCron ? cron(text, timeZone) : calendar(text, timeZone);
      try {
        checkRule(rule);
      } catch (error) {
        assert.ok(isVirtError(error, "invalid-argument"), String(error));
        assert.ok(error.hint !== undefined);
        return;
      }
      let last = from;
      for (const { at } of previewRule(rule, { from, count: 3 })) {
        assert.ok(at > last);
        last = at;
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the rarest of rules end their search", () => {
  const rare = ["59 59 23 29 2 +MON#5", "0 0 31 2 *", "0 0 29 2 +SUN#5", "59 59 23 31W 12 +0", "0 0 31W 2 *"];
  for (const rule of rare) {
    try {
      assert.ok(times(cron(rule, "Europe/Berlin"), 2).length <= 2);
    } catch (error) {
      assert.ok(isVirtError(error, "invalid-argument"));
    }
  }
  assert.equal(times(calendar("Mon 1970..2199-02-29 *:*:*", "Europe/Berlin"), 2).length, 2);
  assert.equal(nextAfter(cron("* * * * * *"), 8.64e15 - 5000), undefined, "at the end of all time");
});
