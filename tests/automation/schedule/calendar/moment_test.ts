/**
 * Single moments, as people write them.
 */
import assert from "node:assert/strict";
import { readMoment } from "../../../../automation/schedule/calendar/mod.ts";
import { isVirtError } from "../../../../model/error.ts";

function moment(text: string): string {
  return new Date(readMoment(text, { timeZone: "Europe/Berlin" })).toISOString();
}

Deno.test("a moment with an offset or a zone of its own is that, and another one by the clocks of the zone", () => {
  assert.equal(moment("2026-12-01T04:00:00Z"), "2026-12-01T04:00:00.000Z");
  assert.equal(moment("2026-12-01T04:00+03:00"), "2026-12-01T01:00:00.000Z");
  assert.equal(moment("2026-12-01T04:00[America/New_York]"), "2026-12-01T09:00:00.000Z");
  assert.equal(moment("2026-12-01 04:00"), "2026-12-01T03:00:00.000Z");
  assert.equal(moment("2026-12-01"), "2026-11-30T23:00:00.000Z");
});

Deno.test("a moment that comes twice is the first, one that does not come is the one after the jump", () => {
  assert.equal(moment("2026-10-25 02:30"), "2026-10-25T00:30:00.000Z");
  assert.equal(moment("2026-03-29 02:30"), "2026-03-29T01:00:00.000Z");
});

Deno.test("what is no moment is refused with what to write", () => {
  for (
    const text of ["tomorrow", "", "2026-02-30 01:00", "04:00", "2026-12-01T04:00[Foo/Bar]", "9".repeat(300)]
  ) {
    assert.throws(
      () => moment(text),
      (error) => isVirtError(error, "invalid-argument") && error.hint !== undefined,
      text,
    );
  }
  assert.throws(
    () => readMoment("2011-12-30 12:00", { timeZone: "Pacific/Apia" }),
    /that day does not exist in Pacific\/Apia/,
  );
});
