/**
 * Dividing the targets of a play into batches.
 *
 * @module
 */
import type { Share } from "./program.ts";

/** How to divide. */
export interface BatchOptions<T> {
  /** Sizes, one after the other; the last one goes on. Empty: all at once. */
  readonly serial: readonly Share[];
  /** What only one target of a batch may have. */
  readonly apart?: (target: T) => string;
}

/** What a share of a number is: at least 1. */
export function countOf(share: Share, all: number): number {
  return typeof share === "number" ? share : Math.max(1, Math.floor(all * share.percent / 100));
}

/** Divides targets into batches, in their order. Where some may not be together, those who must wait come first in the next. */
export function batchesOf<T>(
  targets: readonly T[],
  { serial, apart }: BatchOptions<T>,
): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let left = [...targets];
  for (let index = 0; left.length > 0; index++) {
    const share = serial[Math.min(index, serial.length - 1)];
    const size = share === undefined ? left.length : countOf(share, targets.length);
    const taken: T[] = [];
    const kept: T[] = [];
    const present = new Set<string>();
    for (const target of left) {
      const key = apart?.(target);
      if (taken.length >= size || (key !== undefined && present.has(key))) kept.push(target);
      else {
        taken.push(target);
        if (key !== undefined) present.add(key);
      }
    }
    batches.push(taken);
    left = kept;
  }
  return batches;
}
