/**
 * Values on their way out of the recipe, as plain data.
 *
 * @module
 */
import { toErrorData, VirtError } from "../model/error.ts";

/** What stands for itself on the channel: a handle stands as a reference. */
export const asReference: unique symbol = Symbol("asReference");

/** How deep a value may be nested; also what ends a cycle. */
const deepest = 64;

const { isArray } = Array;
const { keys } = Object;

/**
 * A copy of a value as plain data: handles as references, dates as ISO text, errors as data; `undefined` is dropped.
 *
 * @param what names the value in the error
 * @throws {VirtError} `invalid-argument` where the value holds a function, a symbol, a map or the like, or a cycle.
 */
export function toPlain(value: unknown, what: string): unknown {
  return plain(value, what, 0);
}

function plain(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw refused(path, `${value} has no JSON form`);
    case "bigint":
      if (Number.isSafeInteger(Number(value))) return Number(value);
      throw refused(path, `${value} is larger than a number can hold`);
    case "object":
      return value === null ? null : plainObject(value, path, depth);
    default:
      throw refused(path, `it is a ${typeof value}`);
  }
}

function plainObject(value: object, path: string, depth: number): unknown {
  if (value instanceof Uint8Array) return value;
  if (depth > deepest) throw refused(path, `it is nested deeper than ${deepest} levels, or in itself`);
  if (isArray(value)) {
    return value.map((item, index) => plain(item, `${path}[${index}]`, depth + 1) ?? null);
  }
  if (hasReference(value)) return value[asReference]();
  if (value instanceof Error) return toErrorData(value);
  if (value instanceof Map || value instanceof Set || value instanceof Promise) {
    const kind = value.constructor.name;
    throw refused(
      path,
      `it is a ${kind}`,
      kind === "Promise" ? "Is there an await missing?" : "Use an array or a plain object",
    );
  }
  if (hasJson(value)) return plain(value.toJSON(), path, depth + 1);
  const copy: Record<string, unknown> = {};
  for (const key of keys(value)) {
    const item = plain((value as Readonly<Record<string, unknown>>)[key], `${path}.${key}`, depth + 1);
    if (item !== undefined) copy[key] = item;
  }
  return copy;
}

function hasReference(value: object): value is { [asReference](): unknown } {
  return asReference in value;
}

function hasJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function refused(path: string, why: string, hint?: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot pass ${path} on: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
