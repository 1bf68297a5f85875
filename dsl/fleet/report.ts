/**
 * What became of a fleet: as handles while the recipe runs, and as plain names for a file and the next run.
 *
 * @module
 */
import { toErrorData } from "../../model/error.ts";
import type { Handle } from "../handle.ts";

/** In which part of its turn an object failed. */
export type TurnPart = "look-up" | "drain" | "work" | "return" | "health";

/** One object whose turn failed. */
export interface Failure<T> {
  /** The object. */
  readonly target: T;
  /** What its turn threw. */
  readonly error: unknown;
  /**
   * In which part: finding out where it is, taking it out of service, the work, putting it back, the check afterwards. What
   * failed at `return` or `health` has been worked on.
   */
  readonly during: TurnPart;
}

/** What became of a fleet. Each object is in exactly one of `done`, `failed`, `unknown` and `notDone`. */
export interface FleetReport<T> {
  /** Those whose turn went well, in the order in which they ended. */
  readonly done: readonly T[];
  /** Those whose turn failed, in the order in which they ended. */
  readonly failed: readonly Failure<T>[];
  /** Those of which nobody can tell whether they are done: an outcome is unknown, or the run ended in their middle. */
  readonly unknown: readonly Failure<T>[];
  /** Those whose turn never came, in the order of the fleet. */
  readonly notDone: readonly T[];
  /** Those that were taken out of service and have not been put back; each of them is in one of the lists above, too. */
  readonly drained: readonly T[];
}

/** An object by name, as it stands in a resume list. */
export interface MemberName {
  /** What people call it. */
  readonly name: string;
  /** What does not change when it is renamed or moves to another host. */
  readonly id: string;
  /** The run's name for the connection through which it was found last. */
  readonly host: string;
}

/** An object whose turn failed, as it stands in a resume list. */
export interface MemberFailure extends MemberName {
  /** In which part of its turn. */
  readonly during: TurnPart;
  /** What it failed with. */
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * A report as plain data: what is left for the next run, and what it need not do again. Give it to
 * {@linkcode Fleet.only} to go on from there.
 */
export interface ResumeList {
  /** Those whose turn went well. */
  readonly done: readonly MemberName[];
  /** Those whose turn failed. */
  readonly failed: readonly MemberFailure[];
  /** Those of which nobody can tell whether they are done. */
  readonly unknown: readonly MemberFailure[];
  /** Those whose turn never came. */
  readonly notBegun: readonly MemberName[];
  /** Those that are out of service. */
  readonly drained: readonly MemberName[];
}

/**
 * A report as plain data, for a recipe's result or a file.
 *
 * @example
 * ```ts
 * import { type Domain, type Fleet, type ResumeList, resumeList } from "drover";
 *
 * export async function startAll(fleet: Fleet<Domain>): Promise<ResumeList> {
 *   return resumeList(await fleet.forEach((vm) => vm.start(), { maxFail: "10%" }));
 * }
 * ```
 */
export function resumeList(report: FleetReport<Handle>): ResumeList {
  return {
    done: report.done.map(memberName),
    failed: report.failed.map(memberFailure),
    unknown: report.unknown.map(memberFailure),
    notBegun: report.notDone.map(memberName),
    drained: report.drained.map(memberName),
  };
}

function memberName(member: Handle): MemberName {
  return { name: calledInLists(member), id: member.id, host: member.connection };
}

/** What a member is called in lists: a host by the run's name for it, everything else by its own. */
export function calledInLists({ $ref, name, connection }: Handle): string {
  return $ref === "connection" ? connection : name;
}

function memberFailure({ target, error, during }: Failure<Handle>): MemberFailure {
  const { code, message } = toErrorData(error);
  return { ...memberName(target), during, error: { code, message } };
}
