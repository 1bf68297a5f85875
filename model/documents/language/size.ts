/**
 * Amounts of memory and storage: a number and a `unit` attribute beside it.
 *
 * @module
 */
import { z } from "zod";

/** A number with a unit. The value is a number of bytes or of kibibytes. */
export interface Size {
  readonly kind: "size";
  /** Carries the type only; never set. */
  readonly valueType?: number;
  readonly expected: string;
  /** The attribute that names the unit. */
  readonly unitAttribute: string;
  /** The digits and the unit that are written. */
  spell(value: bigint): { readonly digits: bigint; readonly unit: string };
  /** The value, rounded up to the unit, or `undefined` where number, unit or product are out of bounds. */
  read(text: string, unit: string | undefined): bigint | undefined;
  schema(): z.ZodType<number>;
}

/** Settings of {@linkcode bytes} and {@linkcode kibibytes}. */
export interface SizeOptions {
  /** The spelling of the unit that is written. @default "bytes" or "KiB" */
  readonly written?: string;
  /** The unit that is meant where none is given. @default the written one */
  readonly assumed?: string;
  /** The attribute that names the unit. @default "unit" */
  readonly unitAttribute?: string;
}

/**
 * An amount in bytes.
 *
 * @example
 * ```ts
 * import { bytes, element } from "./mod.ts";
 * const capacity = element(bytes()); // <capacity unit='GiB'>1</capacity> is 1073741824
 * ```
 */
export function bytes(options: SizeOptions = {}): Size {
  const { written = "bytes" } = options;
  return sizeIn(1n, { unit: written, assumed: options.assumed ?? written, attribute: options.unitAttribute });
}

/**
 * An amount in bytes, written in the largest unit that divides it: 48 MiB as such, 48 MiB and a byte in bytes.
 *
 * @example
 * ```ts
 * import { bytesInLargestUnit, element } from "./mod.ts";
 * const tseg = element(bytesInLargestUnit({ assumed: "MiB" })); // <tseg>48</tseg> is 50331648
 * ```
 */
export function bytesInLargestUnit(options: Omit<SizeOptions, "written"> = {}): Size {
  return { ...bytes({ written: "bytes", ...options }), spell: inLargestUnit };
}

/** An amount in mebibytes, rounded up. */
export function mebibytes(options: SizeOptions = {}): Size {
  const { written = "MiB" } = options;
  return sizeIn(1024n ** 2n, {
    unit: written,
    assumed: options.assumed ?? written,
    attribute: options.unitAttribute,
  });
}

/** An amount in kibibytes, rounded up. */
export function kibibytes(options: SizeOptions = {}): Size {
  const { written = "KiB" } = options;
  return sizeIn(1024n, {
    unit: written,
    assumed: options.assumed ?? written,
    attribute: options.unitAttribute,
  });
}

interface Scale {
  readonly unit: string;
  readonly assumed: string;
  readonly attribute: string | undefined;
}

const greatest = 2n ** 64n - 1n;

function sizeIn(perUnit: bigint, scale: Scale): Size {
  return {
    kind: "size",
    expected: 'a whole number, with a unit such as "bytes", "KiB", "MiB", "GiB" or "TiB"',
    unitAttribute: scale.attribute ?? "unit",
    spell: (value) => ({ digits: value, unit: scale.unit }),
    read(text, unit): bigint | undefined {
      const digits = /^\s*\+?(\d+)$/.exec(text)?.[1];
      const factor = factorOf(unit === undefined || unit === "" ? scale.assumed : unit);
      if (digits === undefined || factor === undefined) return undefined;
      const product = BigInt(digits) * factor;
      return product <= greatest ? (product + perUnit - 1n) / perUnit : undefined;
    },
    schema: () => z.number().multipleOf(1).min(0),
  };
}

const largerUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

function inLargestUnit(value: bigint): { readonly digits: bigint; readonly unit: string } {
  let digits = value;
  let unit = "bytes";
  for (const larger of largerUnits) {
    if (digits === 0n || digits % 1024n !== 0n) break;
    digits /= 1024n;
    unit = larger;
  }
  return { digits, unit };
}

const prefixes = "kmgtpe";

/** Bytes per unit, for libvirt's spellings: a letter alone or with `iB` counts in 1024s, with `B` in 1000s. */
function factorOf(unit: string): bigint | undefined {
  const name = unit.toLowerCase();
  if (name === "b" || name === "byte" || name === "bytes") return 1n;
  const power = prefixes.indexOf(name.charAt(0)) + 1;
  if (name === "" || power === 0) return undefined;
  const suffix = name.slice(1);
  if (suffix === "" || suffix === "ib") return 1024n ** BigInt(power);
  return suffix === "b" ? 1000n ** BigInt(power) : undefined;
}
