/**
 * Lengths of time as people write them.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/** Milliseconds as a number, or a number with its unit: `"250ms"`, `"30s"`, `"2m"`, `"1.5h"`, `"7d"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A length of time in milliseconds.
 *
 * It takes any string, so that it reads a recipe's input too: `z.string().default("2m").transform(duration)`.
 *
 * @throws {VirtError} `invalid-argument` where `text` is negative, not a number, or has no unit.
 *
 * @example
 * ```ts
 * import { duration } from "drover";
 * import assert from "node:assert/strict";
 *
 * assert.equal(duration("2m"), 120_000);
 * assert.equal(duration(250), 250);
 * ```
 */
export function duration(text: Duration | string): number {
  const match = typeof text === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : undefined;
  const ms = typeof text === "number" ? text : Number(match?.[1]) * (unitMs[match?.[2] ?? ""] ?? NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new VirtError("invalid-argument", `Cannot read "${text}" as a length of time`, {
    hint: 'Write milliseconds as a number, or a number with its unit: "250ms", "30s", "2m", "1.5h", "7d"',
  });
}

/** A length of time for people: `2m`, `1m 30s`, `250ms`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / 1_000);
  for (const [unit, seconds] of [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(" ");
}
