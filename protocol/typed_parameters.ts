/**
 * Typed parameters as plain records and back.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { TypedParameter, TypedValue } from "./procedures/objects.ts";

/** The kinds of typed parameters with their numbers (`virTypedParameterType`). */
export const parameterKinds = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;

/** The name of a kind. */
export type ParameterKind = keyof typeof parameterKinds;

/** A value: numbers of 64 bits are always `bigint`, so that none is rounded. */
export type ParameterValue = number | bigint | boolean | string;

/** Values by their names. */
export type ParameterRecord = Readonly<Record<string, ParameterValue>>;

/** Values to send: what is undefined is left out, a list repeats its name. */
export type ParameterInput = Readonly<
  Record<string, ParameterValue | readonly ParameterValue[] | undefined>
>;

/**
 * Parameters as a record. Of a name that occurs more than once the first counts, as it does for libvirt;
 * {@linkcode parameterValues} has them all.
 *
 * @example
 * ```ts
 * import { fromTypedParameters } from "./typed_parameters.ts";
 * fromTypedParameters([{ field: "cpu_shares", value: { kind: 4, value: 1024n } }]); // { cpu_shares: 1024n }
 * ```
 */
export function fromTypedParameters(parameters: readonly TypedParameter[]): ParameterRecord {
  const values = new Map<string, ParameterValue>();
  for (const { field, value } of parameters) {
    if (!values.has(field)) values.set(field, plainValue(value));
  }
  // Not by assignment: a far side may name a parameter "__proto__".
  return Object.fromEntries(values);
}

/** All values of one name, in their order. */
export function parameterValues(
  parameters: readonly TypedParameter[],
  name: string,
): readonly ParameterValue[] {
  return parameters.filter(({ field }) => field === name).map(({ value }) => plainValue(value));
}

/**
 * A record as parameters.
 *
 * @param values what to send; numbers for kinds of 64 bits may be `number` or `bigint`
 * @param kinds of which kind each is
 *
 * @throws {VirtError} `invalid-argument` where a value does not fit its kind or a name has none
 *
 * @example
 * ```ts
 * import { toTypedParameters } from "./typed_parameters.ts";
 * toTypedParameters({ cpu_shares: 1024 }, { cpu_shares: "ullong" });
 * ```
 */
export function toTypedParameters(
  values: ParameterInput,
  kinds: Readonly<Record<string, ParameterKind>>,
): readonly TypedParameter[] {
  return Object.entries(values).flatMap(([field, given]) => {
    if (given === undefined) return [];
    const kind = Object.hasOwn(kinds, field) ? kinds[field] : undefined;
    if (kind === undefined) {
      throw new VirtError(
        "invalid-argument",
        `Cannot send parameter "${field}": there is no such parameter`,
        {
          hint: `Those that there are: ${Object.keys(kinds).join(", ")}`,
        },
      );
    }
    const all: readonly ParameterValue[] = Array.isArray(given) ? given : [given];
    return all.map((value) => ({ field, value: typedValue(kind, value, field) }));
  });
}

function plainValue({ kind, value }: TypedValue): ParameterValue {
  return kind === parameterKinds.boolean ? value !== 0 : value;
}

function typedValue(kind: ParameterKind, value: ParameterValue, field: string): TypedValue {
  switch (kind) {
    case "int":
      return { kind: 1, value: wholeNumber(value, { field, kind, from: -2147483648, to: 2147483647 }) };
    case "uint":
      return { kind: 2, value: wholeNumber(value, { field, kind, from: 0, to: 4294967295 }) };
    case "llong":
      return { kind: 3, value: longNumber(value, { field, kind, from: -(2n ** 63n), to: 2n ** 63n - 1n }) };
    case "ullong":
      return { kind: 4, value: longNumber(value, { field, kind, from: 0n, to: 2n ** 64n - 1n }) };
    case "double":
      if (typeof value !== "number") throw unfit(value, { field, kind });
      return { kind: 5, value };
    case "boolean":
      if (typeof value !== "boolean") throw unfit(value, { field, kind });
      return { kind: 6, value: value ? 1 : 0 };
    case "string":
      if (typeof value !== "string") throw unfit(value, { field, kind });
      return { kind: 7, value };
  }
}

/** A parameter as an error names it. */
interface Place {
  readonly field: string;
  readonly kind: ParameterKind;
}

interface Bounds<N> extends Place {
  readonly from: N;
  readonly to: N;
}

function wholeNumber(value: ParameterValue, bounds: Bounds<number>): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < bounds.from || number > bounds.to) {
    throw unfit(value, bounds);
  }
  return number;
}

function longNumber(value: ParameterValue, bounds: Bounds<bigint>): bigint {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw unfit(value, bounds);
  const long = BigInt(value);
  if (long < bounds.from || long > bounds.to) throw unfit(value, bounds);
  return long;
}

const kindLabels: Readonly<Record<ParameterKind, string>> = {
  int: "a whole number of 32 bits",
  uint: "a whole number of 32 bits without a sign",
  llong: "a whole number of 64 bits",
  ullong: "a whole number of 64 bits without a sign",
  double: "a number",
  boolean: "true or false",
  string: "text",
};

function unfit(value: ParameterValue, { field, kind }: Place): VirtError {
  const shown = typeof value === "string" ? "text" : String(value);
  return new VirtError(
    "invalid-argument",
    `Cannot send parameter "${field}": ${shown} was given where ${kindLabels[kind]} belongs`,
    typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value)
      ? { hint: "Give numbers beyond 2^53 as bigint, as in 9007199254740993n" }
      : {},
  );
}
