/**
 * What filters have in common: what they are given, and what they take for lists and maps.
 *
 * @module
 */
import { isMap, Missing, textOf } from "./values.ts";

/** What a filter is given beside its subject. */
export interface Given {
  readonly args: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

/** A filter: its subject, and what it is given. */
export type Filter = (subject: unknown, given: Given) => unknown;

/** The longest text that a filter makes. */
export const longest = 1 << 20;

/** A list, or what can be taken for one. */
export function listOf(subject: unknown): readonly unknown[] {
  if (Array.isArray(subject)) return subject;
  if (typeof subject === "string") return [...subject];
  if (isMap(subject)) return Object.keys(subject);
  throw new Error(`a list is needed, and there is "${textOf(subject)}"`);
}

/** A map. */
export function mapOf(subject: unknown): Record<string, unknown> {
  if (isMap(subject)) return subject;
  throw new Error(`a map is needed, and there is "${textOf(subject)}"`);
}

/** A member of a map, `a.b` for one deeper. */
export function attribute(item: unknown, path: unknown): unknown {
  return textOf(path).split(".").reduce<unknown>((of, key) => {
    if (Array.isArray(of)) return of[Number(key)] ?? new Missing(`there is no item ${key}`);
    return isMap(of) && Object.hasOwn(of, key) ? of[key] : new Missing(`there is no "${key}" in it`);
  }, item);
}

/** A value that must be there. */
export function present(value: unknown): unknown {
  if (value instanceof Missing) throw new Error(value.what);
  return value;
}
