/**
 * Numbers of objects, absolute or as a part of a whole.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/** A number of objects, or a part of the fleet: `3`, `"25%"`. */
export type Amount = number | `${number}%`;

/** What an amount is taken of. */
export interface AmountOf {
  /** How many there are in all. */
  readonly of: number;
  /** What the option is called, for the error. */
  readonly what: string;
  readonly atLeast: number;
}

/**
 * An amount as a number; percentages are rounded down.
 *
 * @throws {VirtError} `invalid-argument` where it is no whole number, or no percentage from 0 to 100.
 */
export function countOf(amount: Amount, { of, what, atLeast }: AmountOf): number {
  if (typeof amount === "number") {
    if (Number.isInteger(amount) && amount >= atLeast) return amount;
  } else {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(amount);
    const percent = match === null ? NaN : Number(match[1]);
    // Rounded first, so that 29% of 100 is 29 and not 28.999….
    if (percent <= 100) return Math.max(atLeast, Math.floor(Number((percent * of / 100).toFixed(6))));
  }
  throw new VirtError("invalid-argument", `Cannot take ${JSON.stringify(amount)} for ${what}`, {
    hint: `Give a whole number from ${atLeast}, or a percentage of the fleet such as "25%"`,
  });
}
