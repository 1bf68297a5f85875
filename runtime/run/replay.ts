/**
 * A resume's look at the record: which steps were issued, and which deliveries the recipe has yet to see again.
 *
 * @module
 */
import type { Delivery } from "../../model/channel.ts";
import { VirtError } from "../../model/error.ts";
import type { DeliveryRecord, StepRecord } from "../journal/record.ts";
import { describeStep, difference } from "./step_identity.ts";

/** What a resume starts from. */
export interface RunHistory {
  /** By number, without a gap. */
  readonly steps: readonly StepRecord[];
  /** In the order of delivery. */
  readonly deliveries: readonly DeliveryRecord[];
}

/** The record of a run, being played again. */
export class Replay {
  readonly #run: string;
  readonly #steps: readonly StepRecord[];
  readonly #deliveries: readonly Delivery[];
  #issued = 0;
  #next = 0;

  /** @param run the run's id, for messages */
  constructor(run: string, { steps, deliveries }: RunHistory) {
    this.#run = run;
    this.#steps = steps;
    this.#deliveries = deliveries.map(({ delivery }) => delivery);
  }

  /** Whether every recorded delivery has been taken, and every recorded step been issued again. */
  get ended(): boolean {
    return this.#next >= this.#deliveries.length && this.#issued >= this.#steps.length;
  }

  /** Whether there is nothing on record that the recipe could be told. */
  get empty(): boolean {
    return this.#deliveries.length === 0;
  }

  /** The step on record with this number. */
  recorded(number: number): StepRecord | undefined {
    return this.#steps[number];
  }

  /**
   * Compares a step with the record.
   *
   * @returns the step on record, or `undefined` where the record does not reach that far.
   * @throws {VirtError} `replay-mismatch`, with the recipe's source line.
   */
  issue(step: StepRecord): StepRecord | undefined {
    this.#issued = step.number + 1;
    const recorded = this.#steps[step.number];
    if (recorded === undefined) return undefined;
    const different = difference(step, recorded);
    if (different === undefined) return recorded;
    throw this.#mismatch(
      `step ${step.number} differs from the first time: ${different}`,
      step.at ?? recorded.at,
    );
  }

  /** The next recorded delivery, taken off the record, if the recipe has issued the step that it belongs to. */
  take(): Delivery | undefined {
    const delivery = this.#deliveries[this.#next];
    if (delivery === undefined || !this.#isDue(delivery)) return undefined;
    this.#next++;
    return delivery;
  }

  /**
   * Hears that the recipe issues nothing more, or waits for what will not come.
   *
   * @throws {VirtError} `replay-mismatch` where the record has steps that it did not issue.
   */
  refuseMissing(doing: string): void {
    const missing = this.#steps[this.#issued];
    if (missing === undefined) return;
    throw this.#mismatch(
      `the recipe ${doing} and has not issued step ${missing.number} (${describeStep(missing)}) again`,
      missing.at,
    );
  }

  #isDue(delivery: Delivery): boolean {
    return !("step" in delivery) || delivery.step < this.#issued;
  }

  #mismatch(what: string, at: StepRecord["at"]): VirtError {
    return new VirtError("replay-mismatch", `Cannot resume the run: ${what}`, {
      hint: `Resume with the recipe as it was, or give the run up with: drover runs abandon ${this.#run}`,
      ...(at === undefined ? {} : { at }),
    });
  }
}
