/**
 * Why a recipe's process ended, as far as its end tells.
 *
 * @module
 */
import type { RecipeExit } from "../endpoint.ts";
import type { Budget } from "./budget.ts";

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number;
  readonly signal: string | null;
  /** The end of what it wrote to its error output. */
  readonly errorText: string;
  /** Whether the recipe has said how it ended. */
  readonly saidEnd: boolean;
  readonly budget: Budget;
}

/** Signals by their numbers on Linux (signal(7)); bwrap passes them on as 128 + number. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGXCPU: 24,
  SIGXFSZ: 25,
};

const mebibyte = 2 ** 20;

/** What the end of a process means, where nobody has ended it. */
export function exitReason(end: ProcessEnd): RecipeExit {
  if (end.saidEnd) return { kind: "finished" };
  const signal = end.signal === null ? end.code - 128 : signalNumbers[end.signal] ?? 0;
  const { heapBytes, memoryBytes, cpuSeconds } = end.budget;
  switch (signal) {
    case signalNumbers.SIGXCPU:
      return crashed(`exceeded its computing time of ${cpuSeconds} s`);
    case signalNumbers.SIGILL:
    case signalNumbers.SIGTRAP:
    case signalNumbers.SIGABRT:
    case signalNumbers.SIGSEGV:
    case signalNumbers.SIGBUS:
      // V8 ends itself by one of these when it gets no memory; it says so before, if it still can.
      if (/heap out of memory|heap limit/i.test(end.errorText)) {
        return crashed(`exceeded its heap limit of ${heapBytes / mebibyte} MiB`);
      }
      if (/out of memory|allocat|memory/i.test(end.errorText)) {
        return crashed(`exceeded its memory limit of ${memoryBytes / mebibyte} MiB`);
      }
      return crashed(`crashed with signal ${signal}`);
    case signalNumbers.SIGKILL:
      return crashed("was killed from outside, perhaps for want of memory on this machine");
    case signalNumbers.SIGXFSZ:
      return crashed("wrote a larger file than it may");
  }
  const said = end.errorText.trim().split("\n").find((line) => line.startsWith("error:"));
  if (end.code === 0) return crashed("ended without a result");
  return crashed(
    `ended without a result, with exit code ${end.code}${said === undefined ? "" : ` (${said})`}`,
  );
}

function crashed(reason: string): RecipeExit {
  return { kind: "crashed", reason };
}
