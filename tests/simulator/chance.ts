/**
 * Choices of a simulation, all from its seed.
 *
 * @module
 */
import { type Random, seededRandom } from "../../testing/random.ts";

/** A source of choices. */
export class Chance {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from `from` to `to`, both included. */
  number(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  /** True with a probability. */
  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of several. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.number(0, items.length - 1)];
    if (item === undefined) throw new Error("There is nothing to pick from");
    return item;
  }

  /** How long something takes, in milliseconds: mostly little, sometimes much. */
  delay(): number {
    const kind = this.#random();
    if (kind < 0.5) return this.number(0, 3);
    if (kind < 0.9) return this.number(0, 40);
    return this.number(0, 3000);
  }
}
