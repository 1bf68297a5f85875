/**
 * Finding out what became of an operation whose link broke: by a fresh look at what it was about.
 *
 * @module
 */
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import type { Implementation, Observation } from "../../runtime/driver.ts";
import { lookAgain } from "./act.ts";
import type { Identity, RemoteJob } from "./object.ts";

/** Whether something happened, or why that cannot be told. */
export type Verdict = boolean | { readonly unknown: string };

/** How an operation's outcome shows. */
export interface ByState<N extends OperationName> {
  /** What to look at besides the job's object. */
  readonly also?: (job: RemoteJob, input: ParsedInputOf<Operations[N]>) => readonly Identity[];
  /**
   * Whether what was asked for is so now. May ask further, by the functions of `act.ts`, where that does not show on the
   * object.
   */
  readonly done: (
    job: RemoteJob,
    input: ParsedInputOf<Operations[N]>,
    before: Observation,
  ) => Verdict | Promise<Verdict>;
  /** What the operation would have answered. */
  readonly value: (
    job: RemoteJob,
    input: ParsedInputOf<Operations[N]>,
    before: Observation,
  ) => OutputOf<Operations[N]> | Promise<OutputOf<Operations[N]>>;
  /** Takes back what an operation that did not happen has left behind. */
  readonly giveBack?: (job: RemoteJob, input: ParsedInputOf<Operations[N]>) => Promise<void>;
}

/** A reconciliation by state. The session is waited for: until it is back nobody can know. */
export function byState<N extends OperationName>(
  { also, done, value, giveBack }: ByState<N>,
): NonNullable<Implementation<N>["reconcile"]> {
  return async (job: RemoteJob, input, before) => {
    await lookAgain(job, also?.(job, input) ?? []);
    const verdict = await done(job, input, before);
    if (typeof verdict === "object") return { kind: "unknown", reason: verdict.unknown };
    if (verdict) return { kind: "done", value: await value(job, input, before) };
    if (giveBack !== undefined) await giveBack(job, input);
    return { kind: "not-done" };
  };
}
