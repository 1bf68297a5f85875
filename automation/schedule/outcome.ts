/**
 * What the end of a run means for the firing that began it: whether it is done, may be tried again, or waits for a person.
 *
 * @module
 */
import { type ErrorCode, errorCodes, type ErrorData, toErrorData } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { RunRecord } from "../../runtime/journal/record.ts";

/** What came of an attempt. */
export type Verdict =
  | { readonly kind: "done"; readonly exit: number }
  /** `again`: nothing stands against another attempt but that it may fail in the same way. */
  | { readonly kind: "failed"; readonly exit: number; readonly reason: string; readonly again: boolean }
  /** Nobody knows what was done: another attempt could do it twice. */
  | { readonly kind: "unknown"; readonly exit: number; readonly reason: string }
  /** The run neither ended nor goes on. */
  | { readonly kind: "interrupted"; readonly exit: number; readonly reason: string; readonly run: string };

/** Failures that the same request has every time. */
const lasting: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "permission-denied",
  "invalid-argument",
  "unsupported",
]);

/** How runs leave that would leave so every time. */
const lastingExits: ReadonlySet<number> = new Set([exitCode.denied, exitCode.usage]);

/** What a run that has stopped means. `timedOut`: it was cancelled because it took longer than its schedule allows. */
export function verdictOf(
  run: Pick<RunRecord, "id" | "state" | "exit" | "error" | "unknownOutcome">,
  { timedOut }: { readonly timedOut: string | undefined },
): Verdict {
  const { id, state, error } = run;
  const exit = run.exit ?? exitCode.error;
  if (state === "interrupted") {
    // What to do next is said where it is known whether anything else is tried.
    return { kind: "interrupted", exit, run: id, reason: error?.message ?? "its runtime ended" };
  }
  if (run.unknownOutcome || exit === exitCode.unknownOutcome) {
    const words = wordsOf(error, "the outcome of one of its operations is not known");
    return { kind: "unknown", exit, reason: `nobody knows what it has done: ${words}` };
  }
  if (state === "done") {
    if (exit === exitCode.done) return { kind: "done", exit };
    const again = !lastingExits.has(exit);
    return { kind: "failed", exit, again, reason: `it left with ${exit}: some targets failed` };
  }
  if (timedOut !== undefined) {
    return { kind: "failed", exit: exitCode.timedOut, again: true, reason: timedOut };
  }
  if (state === "cancelled") {
    return { kind: "failed", exit, again: false, reason: wordsOf(error, "it was cancelled") };
  }
  if (state === "abandoned") {
    return { kind: "failed", exit, again: false, reason: "its run was given up by a person" };
  }
  return {
    kind: "failed",
    exit,
    again: !lastingExits.has(exit) && (error === undefined || !lasting.has(error.code)),
    reason: wordsOf(error, "it failed"),
  };
}

/** What it means that a run could not begin. */
export function verdictOfStart(error: unknown): Verdict {
  const data = toErrorData(error);
  return {
    kind: "failed",
    exit: errorCodes[data.code].exit,
    again: !lasting.has(data.code),
    reason: wordsOf(data, "it could not begin"),
  };
}

/** An error in one line, with what to do next. */
export function wordsOf(error: ErrorData | undefined, otherwise: string): string {
  if (error === undefined) return otherwise;
  const { message, hint } = error;
  return hint === undefined ? message : `${message} (${hint})`;
}
