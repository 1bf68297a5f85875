/**
 * What the `drover` command tells the shell. Documented and stable: scripts branch on these.
 *
 * @module
 */

/** Exit codes by meaning. Where several apply the worst wins, see {@linkcode worstExit}. */
export const exitCode = {
  done: 0,
  error: 1,
  changesPending: 2,
  someFailed: 3,
  someUnreachable: 4,
  drift: 5,
  notFound: 6,
  conflict: 7,
  denied: 8,
  slotTimeout: 9,
  unknownOutcome: 10,
  usage: 64,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;

/** One of the exit codes in {@linkcode exitCode}. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];

/** Worst first: what a later answer cannot repair stands before what it can. */
const severity: readonly ExitCode[] = [10, 143, 130, 4, 3, 124, 9, 8, 7, 6, 1, 64, 5, 2, 0];

/**
 * The code to leave with when several things happened.
 *
 * @example
 * ```ts
 * import { worstExit } from "./exit_code.ts";
 * worstExit([0, 3, 10]); // 10
 * ```
 */
export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes);
  return severity.find((code) => seen.has(code)) ?? exitCode.done;
}
