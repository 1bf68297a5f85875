/**
 * Single values of answers, as people read them.
 *
 * @module
 */
import { formatNumber, withoutUnit } from "../units.ts";

/** A record in an answer. */
export type Item = Readonly<Record<string, unknown>>;

/** Whether a value is a record. */
export function isItem(value: unknown): value is Item {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

/** Whether a value is a reference to an object. */
export function isReference(
  value: unknown,
): value is { readonly $ref: string; readonly name: string; readonly id: string } {
  return isItem(value) && typeof value["$ref"] === "string" && typeof value["name"] === "string";
}

/** A value in one line. The field's name says its unit. */
export function cell(name: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return formatNumber(name, value);
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (isReference(value)) return value.name;
  if (Array.isArray(value)) return value.map((one) => cell(name, one)).join(", ");
  if (!isItem(value)) return String(value);
  const { address, prefix } = value;
  if (typeof address === "string" && typeof prefix === "number") return `${address}/${prefix}`;
  return Object.entries(value).filter(([, one]) => one !== undefined)
    .map(([key, one]) => `${withoutUnit(key)}=${cell(key, one)}`).join(" ");
}
