/**
 * Integers as libvirt reads them: decimal, hexadecimal, octal, within a range.
 *
 * @module
 */
import { z } from "zod";
import type { Scalar } from "./scalar.ts";

/** Settings of {@linkcode integer}. */
export interface IntegerOptions {
  /** The least value. @default 0 */
  readonly min?: number;
  /** The greatest value. @default the greatest 64-bit value */
  readonly max?: number | bigint;
  /**
   * How digits are read: as decimal, as hexadecimal with or without `0x`, or, for `"any"`, decimal, `0x…` or
   * octal with a leading 0, as C does.
   * @default 10
   */
  readonly base?: 8 | 10 | 16 | "any";
  /** How it is written. @default decimal digits */
  readonly write?: (value: number | bigint) => string;
}

const decimal = /^\s*([+-]?)(\d+)$/;
const hexadecimal = /^\s*([+-]?)(?:0[xX])?([0-9a-fA-F]+)$/;
const octalDigits = /^\s*([+-]?)([0-7]+)$/;
const greatest = 2n ** 64n - 1n;

/**
 * An integer. Beyond 2^53 the number is the nearest there is, and the document keeps the exact digits for as long
 * as the number is not changed.
 *
 * @example
 * ```ts
 * import { attribute, integer } from "./mod.ts";
 * const port = attribute(integer({ min: -1, max: 65535 }));
 * ```
 */
export function integer(options: IntegerOptions = {}): Scalar<number> {
  const { min = 0, max = greatest, base = 10, write = String } = options;
  const limit = max > Number.MAX_SAFE_INTEGER ? Number(greatest) : Number(max);
  return {
    kind: "scalar",
    expected: rangeText(min, max),
    read(text): number | undefined {
      const value = readNumber(text, base);
      if (value === undefined || value < min) return undefined;
      if (value > Number.MAX_SAFE_INTEGER) {
        const big = readBig(text, base);
        return big !== undefined && big <= max && big <= greatest ? value : undefined;
      }
      return value <= limit ? value : undefined;
    },
    write: (value) => write(Number.isSafeInteger(value) ? value : BigInt(value)),
    exact: (text, value) => Number.isSafeInteger(value) ? undefined : exactly(readBig(text, base), write),
    schema: () => z.number().multipleOf(1).min(min).max(limit),
  };
}

/**
 * An integer read in any base and written as `0x` and at least so many digits, as in PCI addresses.
 *
 * @example
 * ```ts
 * import { attribute, hexadecimalInteger } from "./mod.ts";
 * const slot = attribute(hexadecimalInteger({ digits: 2, max: 0x1f }));
 * ```
 */
export function hexadecimalInteger(
  options: { readonly digits?: number; readonly min?: number; readonly max?: number | bigint } = {},
): Scalar<number> {
  const { digits = 1, min = 0, max = greatest } = options;
  return integer({
    min,
    max,
    base: "any",
    write: (value) => `0x${value.toString(16).padStart(digits, "0")}`,
  });
}

/** A file mode: octal digits, written with a leading 0. The value is the number: 0o644 for `0644`. */
export function fileMode(): Scalar<number> {
  return {
    ...integer({ max: 0o7777, base: 8, write: (value) => `0${value.toString(8)}` }),
    expected: "an octal file mode",
  };
}

function exactly(value: bigint | undefined, write: (value: bigint) => string): string | undefined {
  return value === undefined ? undefined : write(value);
}

function rangeText(min: number, max: number | bigint): string {
  if (max === greatest) return min === 0 ? "a whole number" : `a whole number, at least ${min}`;
  return `a whole number between ${min} and ${max}`;
}

type Base = 8 | 10 | 16 | "any";

function patternOf(text: string, base: Base): { readonly pattern: RegExp; readonly radix: number } {
  if (base === 8) return { pattern: octalDigits, radix: 8 };
  if (base === 16) return { pattern: hexadecimal, radix: 16 };
  if (base === "any") {
    if (/^\s*[+-]?0[xX]/.test(text)) return { pattern: hexadecimal, radix: 16 };
    if (/^\s*[+-]?0\d/.test(text)) return { pattern: octalDigits, radix: 8 };
  }
  return { pattern: decimal, radix: 10 };
}

function readNumber(text: string, base: Base): number | undefined {
  const { pattern, radix } = patternOf(text, base);
  const digits = pattern.exec(text);
  if (digits === null || digits[2] === undefined) return undefined;
  const value = Number.parseInt(digits[2], radix);
  return digits[1] === "-" && value !== 0 ? -value : value;
}

function readBig(text: string, base: Base): bigint | undefined {
  const { pattern, radix } = patternOf(text, base);
  const digits = pattern.exec(text)?.[2];
  if (digits === undefined) return undefined;
  return BigInt(radix === 16 ? `0x${digits}` : radix === 8 ? `0o${digits}` : digits);
}
