/**
 * Tests of expressions: `x is defined`.
 *
 * @module
 */
import { compare, equal, isMap, isTrue, Missing, textOf } from "./values.ts";

type Test = (subject: unknown, ...args: readonly unknown[]) => boolean;

const isSequence: Test = (subject) => Array.isArray(subject) || typeof subject === "string";
const isNumber: Test = (subject) => typeof subject === "number";
const outcome = (field: string, subject: unknown): boolean => isMap(subject) && subject[field] === true;
const failed: Test = (subject) => outcome("failed", subject);
const changed: Test = (subject) => outcome("changed", subject);
const skipped: Test = (subject) => outcome("skipped", subject);
const matching = (subject: unknown, pattern: unknown, whole: "start" | "any"): boolean =>
  new RegExp(whole === "start" ? `^(?:${textOf(pattern)})` : textOf(pattern)).test(textOf(subject));
const includes: Test = (subject, one) =>
  Array.isArray(subject)
    ? subject.some((each) => equal(each, one))
    : isMap(subject)
    ? Object.hasOwn(subject, textOf(one))
    : textOf(subject).includes(textOf(one));

/** Compares versions part by part. */
function versionOrder(left: string, right: string): number {
  const [first, second] = [left, right].map((each) => each.replace(/^v/, "").split(/[.\-+_]/));
  for (let index = 0; index < Math.max(first?.length ?? 0, second?.length ?? 0); index++) {
    const [a = "0", b = "0"] = [first?.[index], second?.[index]];
    const order = /^\d+$/.test(a) && /^\d+$/.test(b) ? Number(a) - Number(b) : compare(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

const signs: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "=": (order) => order === 0,
  "eq": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<>": (order) => order !== 0,
  "ne": (order) => order !== 0,
  "<": (order) => order < 0,
  "lt": (order) => order < 0,
  "<=": (order) => order <= 0,
  "le": (order) => order <= 0,
  ">": (order) => order > 0,
  "gt": (order) => order > 0,
  ">=": (order) => order >= 0,
  "ge": (order) => order >= 0,
};

/** Every test by its name. */
export const tests: Readonly<Record<string, Test>> = {
  defined: (subject) => !(subject instanceof Missing),
  undefined: (subject) => subject instanceof Missing,
  none: (subject) => subject === null,
  boolean: (subject) => typeof subject === "boolean",
  true: (subject) => subject === true,
  false: (subject) => subject === false,
  number: isNumber,
  integer: (subject) => Number.isInteger(subject),
  float: (subject) => isNumber(subject) && !Number.isInteger(subject),
  string: (subject) => typeof subject === "string",
  mapping: isMap,
  sequence: isSequence,
  iterable: (subject) => isSequence(subject) || isMap(subject),
  odd: (subject) => Math.abs(Number(subject) % 2) === 1,
  even: (subject) => Number(subject) % 2 === 0,
  divisibleby: (subject, by) => Number(subject) % Number(by) === 0,
  eq: equal,
  equalto: equal,
  sameas: equal,
  ne: (subject, other) => !equal(subject, other),
  lt: (subject, other) => compare(subject, other) < 0,
  le: (subject, other) => compare(subject, other) <= 0,
  gt: (subject, other) => compare(subject, other) > 0,
  ge: (subject, other) => compare(subject, other) >= 0,
  in: (subject, all) => includes(all, subject),
  contains: includes,
  match: (subject, pattern) => matching(subject, pattern, "start"),
  search: (subject, pattern) => matching(subject, pattern, "any"),
  regex: (subject, pattern) => matching(subject, pattern, "any"),
  success: (subject) => !failed(subject) && !outcome("unreachable", subject),
  succeeded: (subject) => !failed(subject) && !outcome("unreachable", subject),
  failed,
  failure: failed,
  changed,
  change: changed,
  skipped,
  skip: skipped,
  unreachable: (subject) => outcome("unreachable", subject),
  version: (subject, other, sign = "==") =>
    signs[textOf(sign)]?.(versionOrder(textOf(subject), textOf(other))) ?? false,
  subset: (subject, all) => Array.isArray(subject) && subject.every((each) => includes(all, each)),
  superset: (subject, some) => Array.isArray(some) && some.every((each) => includes(subject, each)),
  truthy: isTrue,
  falsy: (subject) => !isTrue(subject),
  any: (subject) => Array.isArray(subject) && subject.some(isTrue),
  all: (subject) => Array.isArray(subject) && subject.every(isTrue),
  lower: (subject) => textOf(subject) === textOf(subject).toLowerCase(),
  upper: (subject) => textOf(subject) === textOf(subject).toUpperCase(),
};
