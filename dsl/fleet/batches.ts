/**
 * Dividing many into batches.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type Amount, countOf } from "../amount.ts";

/** How many are divided, and what may not be together. */
export interface BatchesOptions<T> {
  /**
   * Sizes, one after the other, the last of which stays. A percentage is of all, rounded down, and at least one. Where the
   * list is empty all are one batch.
   */
  readonly sizes: readonly Amount[];
  /** What no two of a batch may have in common; `undefined` where one goes with everybody. */
  readonly apart?: (member: T) => string | undefined;
}

/**
 * Divides many into batches, in their order. Where some may not be together, those who must wait come first in the next.
 *
 * @throws {VirtError} `invalid-argument` where a size is not a positive number or a percentage.
 *
 * @example
 * ```ts
 * import { batchesOf } from "drover";
 *
 * const pairs = batchesOf(["a1", "a2", "b1"], { sizes: [2], apart: (name) => name[0] });
 * console.log(pairs); // [["a1", "b1"], ["a2"]]
 * ```
 */
export function batchesOf<T>(
  members: readonly T[],
  { sizes, apart }: BatchesOptions<T>,
): readonly (readonly T[])[] {
  const counts = sizes.length === 0 ? [members.length] : batchSizes(sizes, members.length);
  const batches: (readonly T[])[] = [];
  let left = members;
  while (left.length > 0) {
    const batch = new Batch<T>(sizeAt(counts, batches.length));
    const kept: T[] = [];
    for (const member of left) {
      const key = batch.isFull ? undefined : apart?.(member);
      if (!batch.take(member, key === undefined ? [] : [key])) kept.push(member);
    }
    batches.push(batch.members);
    left = kept;
  }
  return batches;
}

/**
 * The sizes of batches as numbers.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function batchSizes(batch: Amount | readonly Amount[], total: number): readonly number[] {
  const sizes = (typeof batch === "object" ? batch : [batch])
    .map((size) => countOf(size, { of: total, what: "batch", atLeast: 1 }));
  if (sizes.length > 0) return sizes;
  throw new VirtError("invalid-argument", "Cannot roll through the fleet: batch is an empty list");
}

/** The size of the batch with a number, from 0: the last size stays. */
export function sizeAt(sizes: readonly number[], number: number): number {
  return sizes[Math.min(number, sizes.length - 1)] ?? 1;
}

/** A batch that is being filled. */
export class Batch<T> {
  readonly members: T[] = [];
  readonly #size: number;
  readonly #present = new Set<string>();

  constructor(size: number) {
    this.#size = size;
  }

  get isFull(): boolean {
    return this.members.length >= this.#size;
  }

  /** Takes a member, unless the batch is full or holds one that has a key in common with it. */
  take(member: T, keys: readonly string[]): boolean {
    if (this.isFull || keys.some((key) => this.#present.has(key))) return false;
    this.members.push(member);
    for (const key of keys) this.#present.add(key);
    return true;
  }
}
