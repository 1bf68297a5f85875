/**
 * Counting what becomes of the members of a fleet.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { type Amount, countOf } from "../amount.ts";
import type { Handle } from "../handle.ts";
import type { Failure, FleetReport, TurnPart } from "./report.ts";

/** How a member stands that has had its turn, or has it now. */
type Standing =
  | { readonly is: "begun" | "done" }
  | { readonly is: "failed" | "unknown"; readonly error: unknown; readonly during: TurnPart };

/** How far causes are followed. */
const deepestCause = 8;

/** What a turn ended with that the run interrupted. */
const interrupted = new VirtError("cancelled", "The run ended in the middle of it");

/** Why one that was worked on does not count as done yet. */
const unchecked = new VirtError("cancelled", "It was worked on, and its health has not been checked");

/** How a tally counts. */
export interface TallyOptions {
  /** How many may fail. @default 0 */
  readonly maxFail?: Amount | undefined;
  /** What that is called, for the error. @default "maxFail" */
  readonly what?: string;
  /** Whether members are done only when their health has been checked. @default false */
  readonly checks?: boolean;
}

/**
 * Counts what became of the members of one `forEach`, or of all batches of a rolling update. Members are known by their
 * place in the fleet, so that one that moves to another host is still the same.
 */
export class Tally<T extends Handle> {
  /** How many may fail. */
  readonly maxFail: number;
  readonly #members: T[];
  readonly #standings = new Map<number, Standing>();
  readonly #drained = new Set<number>();
  readonly #unchecked = new Set<number>();
  readonly #checks: boolean;
  #failures = 0;

  constructor(
    members: readonly T[],
    { maxFail = 0, what = "maxFail", checks = false }: TallyOptions = {},
  ) {
    this.#members = [...members];
    this.maxFail = countOf(maxFail, { of: members.length, what, atLeast: 0 });
    this.#checks = checks;
  }

  /** How many failed. One of which nobody knows whether it is done counts as failed here: it is no reason to go on. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether more failed than may. */
  get exceeded(): boolean {
    return this.failures > this.maxFail;
  }

  /** Whether anything is in the middle of its turn, or out of service. */
  get isUneven(): boolean {
    return this.#drained.size > 0 || [...this.#standings.values()].some(({ is }) => is === "begun");
  }

  /** Members that were worked on and whose health is still to be checked. */
  get unchecked(): readonly number[] {
    return [...this.#unchecked];
  }

  /** A member's health is as it should be. */
  checked(index: number): void {
    this.#unchecked.delete(index);
  }

  /** A member was found through another connection. */
  found(index: number, member: T): void {
    this.#members[index] = member;
  }

  begun(index: number): void {
    // Who failed in one turn has failed, however a further one goes.
    if (!this.#isLost(index)) this.#standings.set(index, { is: "begun" });
  }

  done(index: number): void {
    if (this.#isLost(index)) return;
    this.#enter(index, { is: "done" });
    if (this.#checks) this.#unchecked.add(index);
  }

  failed(index: number, error: unknown, during: TurnPart): void {
    if (this.#isLost(index)) return;
    this.#failures++;
    this.#unchecked.delete(index);
    this.#enter(index, { is: isUnknown(error) ? "unknown" : "failed", error, during });
  }

  drained(index: number): void {
    this.#drained.add(index);
  }

  putBack(index: number): void {
    this.#drained.delete(index);
  }

  report(): FleetReport<T> {
    const ended = [...this.#standings].flatMap(([index, standing]) => {
      const target = this.#members[index];
      return target === undefined ? [] : [{ target, index, standing }];
    });
    const lost = (wanted: "failed" | "unknown"): readonly Failure<T>[] =>
      ended.flatMap(({ target, standing }) =>
        standing.is === wanted ? [{ target, error: standing.error, during: standing.during }] : []
      );
    const done = ended.filter(({ standing: { is } }) => is === "done");
    const begun = ended.filter(({ standing: { is } }) => is === "begun");
    return {
      done: done.filter(({ index }) => !this.#unchecked.has(index)).map(({ target }) => target),
      failed: lost("failed"),
      unknown: [
        ...lost("unknown"),
        ...begun.map(({ target }) => ({ target, error: interrupted, during: "work" as const })),
        ...done.filter(({ index }) => this.#unchecked.has(index))
          .map(({ target }) => ({ target, error: unchecked, during: "health" as const })),
      ],
      notDone: this.#members.filter((_, index) => !this.#standings.has(index)),
      drained: this.#members.filter((_, index) => this.#drained.has(index)),
    };
  }

  #isLost(index: number): boolean {
    const is = this.#standings.get(index)?.is;
    return is === "failed" || is === "unknown";
  }

  /** Members stand in the order in which their turns ended. */
  #enter(index: number, standing: Standing): void {
    this.#standings.delete(index);
    this.#standings.set(index, standing);
  }
}

/** Whether an error, or what led to it, is that nobody knows what came of something. */
export function isUnknown(error: unknown): boolean {
  return causes(error).some((each) => isVirtError(each, "outcome-unknown"));
}

/** Whether an error, or what led to it, is that a host cannot be reached. */
export function isUnreachable(error: unknown): boolean {
  return causes(error).some((each) => isVirtError(each, "unreachable"));
}

/** An error and what led to it. */
function causes(error: unknown, depth = deepestCause): readonly unknown[] {
  if (depth === 0 || !(error instanceof Error)) return [error];
  const further: unknown[] = [error.cause];
  if (error instanceof AggregateError) further.push(...error.errors);
  if (error instanceof SuppressedError) further.push(error.error, error.suppressed);
  return [
    error,
    ...further.filter((each) => each instanceof Error).flatMap((each) => causes(each, depth - 1)),
  ];
}
