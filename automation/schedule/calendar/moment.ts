/**
 * Single moments, as people write them.
 *
 * @module
 */
import { checkLength, ruleFault, type RuleText } from "./fault.ts";
import { timeZoneNamed } from "./time_zone.ts";
import { nextMoment } from "./zone.ts";

const hint =
  "Write for instance 2026-12-01T04:00:00Z, 2026-12-01T04:00+01:00, or 2026-12-01 04:00 with a time zone";

/**
 * The moment that a text means, in milliseconds since 1970. One without an offset and a zone of its own is by the clocks
 * of `timeZone`: where that time comes twice it is the first, where the clock jumps over it the moment after.
 *
 * @throws {VirtError} `invalid-argument` where it means none.
 */
export function readMoment(text: string, { timeZone }: { readonly timeZone: string }): number {
  const rule: RuleText = { kind: "at", text };
  checkLength(rule, "2026-12-01T04:00:00Z");
  const given = text.trim();
  const zone = timeZoneNamed(timeZone);
  try {
    // The last one is a local time; the others say themselves what they are.
    if (/(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(given) && given.length > 10) {
      return Temporal.Instant.from(given).epochMilliseconds;
    }
    if (given.endsWith("]")) return Temporal.ZonedDateTime.from(given).epochMilliseconds;
    const wall = Temporal.PlainDateTime.from(given).round({ smallestUnit: "second" })
      .toZonedDateTime("UTC").epochMilliseconds;
    const times = {
      repeats: false,
      catchesUp: true,
      next: (from: number) => from <= wall ? wall : undefined,
    };
    const found = nextMoment(times, { timeZone: zone, after: wall - 2 * 86_400_000 });
    if (found !== undefined) return found;
  } catch (error) {
    throw ruleFault(rule, { offset: 0, found: "it is no time that there is", hint, cause: error });
  }
  throw ruleFault(rule, { offset: 0, found: `that day does not exist in ${zone}`, hint });
}
