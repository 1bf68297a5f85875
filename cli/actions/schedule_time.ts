/**
 * Times and durations of schedules, as the command line has them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { parseNumber } from "../units.ts";

/** Whether a text is written as a duration. */
export function isDuration(text: string): boolean {
  return /^(?:\d+(?:\.\d+)?\s*(?:ms|s|m|min|h|d)\s*)+$/i.test(text.trim());
}

/**
 * A duration with its unit, in milliseconds.
 *
 * @throws {VirtError} `invalid-argument` where it is none.
 */
export function durationMs(text: string, flag: string): number {
  if (isDuration(text)) return Math.round(parseNumber("durationMs", text));
  throw new VirtError("invalid-argument", `Cannot use "${text}" for --${flag}: it is not a duration`, {
    hint: /^\d+$/.test(text.trim())
      ? `Say the unit: ${text.trim()}s, ${text.trim()}m or ${text.trim()}h`
      : "Write for instance 90s, 15m, 6h, 2d or 1h30m",
  });
}
