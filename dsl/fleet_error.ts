/**
 * The error of a fleet that failed too often.
 *
 * @module
 */
import { toErrorData, VirtError } from "../model/error.ts";
import type { Handle } from "./handle.ts";

/** One object whose turn failed. */
export interface Failure<T> {
  /** The object. */
  readonly target: T;
  /** What its turn threw. */
  readonly error: unknown;
}

/** What became of a fleet. */
export interface FleetReport<T> {
  /** Those whose turn went well, in the order in which they ended. */
  readonly done: readonly T[];
  /** Those whose turn failed, in the order in which they ended. */
  readonly failed: readonly Failure<T>[];
  /** Those whose turn never came, in the order of the fleet. */
  readonly notDone: readonly T[];
}

/** How many failures a message tells in full. */
const toldInFull = 3;

/** How many names a message lists. */
const namesTold = 20;

/**
 * More failed than the budget allows: no more were begun. It says exactly what was done, what failed, and what was never
 * begun.
 *
 * @example
 * ```ts
 * import { type Domain, type Fleet, FleetError } from "drover";
 *
 * export async function startAll(fleet: Fleet<Domain>): Promise<readonly string[]> {
 *   try {
 *     await fleet.forEach((vm) => vm.start());
 *     return [];
 *   } catch (error) {
 *     if (error instanceof FleetError) return error.notDone.map(({ name }) => name);
 *     throw error;
 *   }
 * }
 * ```
 */
export class FleetError<T extends Handle = Handle> extends VirtError implements FleetReport<T> {
  /** What kind of error it is, for logs. */
  override readonly name: string = "FleetError";
  /** Those whose turn went well. */
  readonly done: readonly T[];
  /** Those whose turn failed, with what it threw. */
  readonly failed: readonly Failure<T>[];
  /** Those whose turn never came. */
  readonly notDone: readonly T[];

  /**
   * Sums a report up.
   *
   * @param maxFail how many were allowed to fail
   */
  constructor({ done, failed, notDone }: FleetReport<T>, maxFail: number) {
    const total = done.length + failed.length + notDone.length;
    const left = notDone.length === 0 ? "" : `; never begun: ${names(notDone)}`;
    super(
      "some-failed",
      `${failed.length} of ${total} failed, ${maxFail} ${maxFail === 1 ? "was" : "were"} allowed to: ` +
        `${reasons(failed)}${left}`,
      {
        detail: {
          maxFail,
          done: done.map((item) => item.name),
          failed: failed.map(({ target, error }) => ({ name: target.name, error: toErrorData(error) })),
          notDone: notDone.map((item) => item.name),
        },
        cause: failed[0]?.error,
      },
    );
    this.done = done;
    this.failed = failed;
    this.notDone = notDone;
  }
}

function names(items: readonly Handle[]): string {
  const told = items.slice(0, namesTold).map((item) => `"${item.name}"`).join(", ");
  return items.length <= namesTold ? told : `${told} and ${items.length - namesTold} more`;
}

function reasons(failed: readonly Failure<Handle>[]): string {
  const told = failed.slice(0, toldInFull).map(({ target, error }) => {
    const why = error instanceof Error ? error.message : String(error);
    return `"${target.name}" (${why})`;
  });
  const rest = failed.slice(toldInFull).map(({ target }) => target);
  return rest.length === 0 ? told.join(", ") : `${told.join(", ")}, ${names(rest)}`;
}
