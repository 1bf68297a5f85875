/**
 * Objects on which something happened whose outcome nobody knows. Writes on them are refused until somebody finds
 * out or accepts one outcome by name.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { UncertainView } from "./call.ts";

/** What is remembered of an uncertain object. */
export interface Doubt extends UncertainView {
  readonly label: string;
}

/** Hears that an object became uncertain, or, without a doubt, that it no longer is. */
export type DoubtListener = (key: string, doubt: Doubt | undefined) => void;

/** The uncertain objects of a kernel. */
export class UncertainObjects {
  readonly #doubts: Map<string, Doubt>;
  readonly #listener: DoubtListener;

  constructor(known: Iterable<readonly [string, Doubt]>, listener: DoubtListener) {
    this.#doubts = new Map(known);
    this.#listener = listener;
  }

  get all(): ReadonlyMap<string, Doubt> {
    return this.#doubts;
  }

  /** Remembers that nobody knows what became of an operation. */
  add(key: string, doubt: Doubt): void {
    this.#doubts.set(key, doubt);
    this.#listener(key, doubt);
  }

  /** Somebody found out, or accepted an outcome. */
  lift(key: string): boolean {
    const lifted = this.#doubts.delete(key);
    if (lifted) this.#listener(key, undefined);
    return lifted;
  }

  /**
   * Refuses a write on an uncertain object.
   *
   * @throws {VirtError} `outcome-unknown`
   */
  refuseWrite(key: string, operation: string): void {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return;
    throw new VirtError(
      "outcome-unknown",
      `Cannot ${operation} ${doubt.label}: the outcome of an earlier ${doubt.operation} is unknown`,
      {
        target: doubt.label,
        hint: `Look at it, then: drover jobs accept ${key} --as done|not-done`,
        detail: { uncertain: doubt },
        cause: doubt.reason,
      },
    );
  }
}
