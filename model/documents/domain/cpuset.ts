/**
 * Sets of processors or NUMA nodes, written as ranges: `0-3,8,^2`.
 *
 * @module
 */
import { text } from "../language/mod.ts";
import type { Scalar } from "../language/mod.ts";

/** The greatest number of a processor or node that libvirt takes, and one. */
const limit = 16384;

const item = /^(\^?)(\d{1,9})(?:-(\d{1,9}))?$/;

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * A set of processors or NUMA nodes. Read with ranges and exclusions, written as libvirt does: ascending, neighbours
 * joined, nothing excluded. `0-3,^1` is `0,2-3`.
 *
 * @example
 * ```ts
 * import { attribute } from "../language/mod.ts";
 * import { cpuset } from "./cpuset.ts";
 * const pinned = attribute("cpuset", cpuset()).optional();
 * ```
 */
export function cpuset(): Scalar<string> {
  return {
    ...text(),
    expected: 'a set of numbers below 16384 such as "0-3,8"',
    read: canonical,
  };
}

/** The numbers in a set in canonical form, in ascending order. */
export function numbersIn(set: string): number[] {
  return set.split(",").flatMap((each) => {
    const [first, last] = each.split("-").map(Number);
    if (first === undefined) return [];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
  });
}

/** A set in canonical form of numbers in ascending order. */
export function setOf(numbers: readonly number[]): string {
  let ranges: Range[] = [];
  for (const number of numbers) ranges = added(ranges, { first: number, last: number });
  return ranges.map(rangeText).join(",");
}

function canonical(found: string): string | undefined {
  let ranges: Range[] = [];
  for (const part of found.split(",")) {
    const match = item.exec(part.trim());
    if (match === null) return undefined;
    const range = { first: Number(match[2]), last: Number(match[3] ?? match[2]) };
    if (range.last < range.first || range.last >= limit) return undefined;
    ranges = match[1] === "^" ? removed(ranges, range) : added(ranges, range);
  }
  return ranges.length === 0 ? undefined : ranges.map(rangeText).join(",");
}

function added(ranges: readonly Range[], range: Range): Range[] {
  const touching = (each: Range): boolean => each.first <= range.last + 1 && each.last >= range.first - 1;
  const joined = ranges.filter(touching).reduce((all, each) => ({
    first: Math.min(all.first, each.first),
    last: Math.max(all.last, each.last),
  }), range);
  return [...ranges.filter((each) => !touching(each)), joined].sort((a, b) => a.first - b.first);
}

function removed(ranges: readonly Range[], range: Range): Range[] {
  return ranges.flatMap((each) => [
    { first: each.first, last: Math.min(each.last, range.first - 1) },
    { first: Math.max(each.first, range.last + 1), last: each.last },
  ]).filter((each) => each.first <= each.last);
}

function rangeText(range: Range): string {
  return range.first === range.last ? `${range.first}` : `${range.first}-${range.last}`;
}
