/**
 * Programs in guests: run, judged, and reported without taking a guest at its word for more than an exit code.
 *
 * @module
 */
import { type Domain, durationText, isVirtError, VirtError } from "drover";

/** How much of what a program prints is kept in a report, in characters. */
const mostOutput = 2_000;

/** The pauses between two looks at a guest's health, in milliseconds. */
const firstPauseMs = 500;
const longestPauseMs = 10_000;

/** A program with its arguments. */
export type Words = readonly string[];

/** How a program is run. */
export interface ProgramOptions {
  /** What it is for, in messages: "patch". */
  readonly what: string;
  /** In milliseconds. */
  readonly within: number;
  /** Exit codes that are as good as 0. */
  readonly alsoGood?: readonly number[];
}

/**
 * Runs a program in a guest, and gives what it printed.
 *
 * @throws {VirtError} `operation-failed` where it ends with an exit code that is none of the good ones, or by a signal.
 */
export async function runProgram(
  vm: Domain,
  [program = "", ...args]: Words,
  { what, within, alsoGood = [] }: ProgramOptions,
): Promise<string> {
  const { exitCode, signal, out, err } = await vm.agent.exec(program, args, { within });
  if (exitCode !== undefined && [0, ...alsoGood].includes(exitCode)) return printable(out);
  // A guest that tells neither has not said that it went well.
  const how = exitCode !== undefined
    ? `ended with ${exitCode}`
    : signal !== undefined
    ? `was ended by signal ${signal}`
    : "ended in a way that its agent does not tell";
  const said = printable(err === "" ? out : err).trim();
  throw new VirtError(
    "operation-failed",
    `The ${what} "${program}" ${how}${said === "" ? "" : `: ${said}`}`,
    {
      target: vm.toString(),
    },
  );
}

/** What waits are made of. */
export interface HealthOptions {
  /** In milliseconds, from now on. */
  readonly within: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
}

/**
 * Runs a guest's health check until it is content.
 *
 * @throws {VirtError} what the last one failed with.
 */
export async function untilHealthy(
  vm: Domain,
  health: Words | undefined,
  { within, sleep, now }: HealthOptions,
): Promise<void> {
  const deadline = now() + within;
  await vm.until.agent({ within });
  if (health === undefined) return;
  for (let pauseMs = firstPauseMs;; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    const leftMs = deadline - now();
    try {
      await runProgram(vm, health, { what: "health check", within: Math.max(1_000, leftMs) });
      return;
    } catch (error) {
      if (isVirtError(error, "outcome-unknown") || isVirtError(error, "cancelled")) throw error;
      if (now() + pauseMs >= deadline) throw unhealthy(vm, { error, within });
    }
    await sleep(pauseMs);
  }
}

function unhealthy(
  vm: Domain,
  { error, within }: { readonly error: unknown; readonly within: number },
): VirtError {
  const why = error instanceof Error ? error.message : String(error);
  const message = `${vm} is not healthy after ${durationText(within)}: ${why}`;
  return new VirtError("operation-failed", message, { target: vm.toString(), cause: error });
}

/** What a guest printed, without what a terminal would obey, and not more than a report should hold. */
export function printable(text: string): string {
  const kept = text.length > mostOutput ? `…${text.slice(-mostOutput)}` : text;
  return kept.replaceAll(/[^\P{C}\n\t]/gu, "�");
}
