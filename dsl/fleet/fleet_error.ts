/**
 * The error of a fleet that failed too often.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Handle } from "../handle.ts";
import { namesIn } from "./names_text.ts";
import {
  type Failure,
  type FleetReport,
  type MemberFailure,
  type MemberName,
  type ResumeList,
  resumeList,
} from "./report.ts";
import { isUnreachable } from "./tally.ts";

/** How many failures a message tells in full. */
const toldInFull = 3;

/**
 * More failed than the budget allows: no more were begun. It says exactly what was done, what failed, what nobody can tell
 * of, and what was never begun. Its `detail` is a {@linkcode ResumeList}.
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
  /** Those of which nobody can tell. */
  readonly unknown: readonly Failure<T>[];
  /** Those whose turn never came. */
  readonly notDone: readonly T[];
  /** Those that were taken out of service and not put back. */
  readonly drained: readonly T[];

  /**
   * Sums a report up.
   *
   * @param maxFail how many were allowed to fail
   * @param inBatch how many failed in the batch whose budget that is, where it is a batch's
   */
  constructor(report: FleetReport<T>, maxFail: number, inBatch?: number) {
    const { done, failed, unknown, notDone, drained } = report;
    const lost = [...failed, ...unknown];
    const total = done.length + lost.length + notDone.length;
    const allowed = `${maxFail} ${maxFail === 1 ? "was" : "were"} allowed to`;
    const budget = inBatch === undefined ? allowed : `${inBatch} of them in one batch, where ${allowed}`;
    const list = resumeList(report);
    const names = namesIn(everybody(list));
    const left = [
      unknown.length === 0 ? "" : `; what became of these is not known: ${names(list.unknown)}`,
      notDone.length === 0 ? "" : `; never begun: ${names(list.notBegun)}`,
      drained.length === 0 ? "" : `; still out of service: ${names(list.drained)}`,
    ];
    super(
      lost.some(({ error }) => isUnreachable(error)) ? "unreachable" : "some-failed",
      `${lost.length} of ${total} failed, ${budget}: ${reasons([...list.failed, ...list.unknown], names)}${
        left.join("")
      }`,
      { detail: { maxFail, ...list }, cause: lost[0]?.error },
    );
    this.done = done;
    this.failed = failed;
    this.unknown = unknown;
    this.notDone = notDone;
    this.drained = drained;
  }
}

function everybody({ done, failed, unknown, notBegun }: ResumeList): readonly MemberName[] {
  return [...done, ...failed, ...unknown, ...notBegun];
}

function reasons(lost: readonly MemberFailure[], names: (members: readonly MemberName[]) => string): string {
  const told = lost.slice(0, toldInFull).map((member) => `${names([member])} (${member.error.message})`);
  const rest = lost.slice(toldInFull);
  return rest.length === 0 ? told.join(", ") : `${told.join(", ")}, ${names(rest)}`;
}
