/**
 * Ctrl-C and SIGTERM: the first one cancels in good order, a second one ends the process.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { exitCode } from "../model/exit_code.ts";
import type { DroverContext } from "./context.ts";
import type { CommandSignal } from "./io.ts";

/** What to say, and what to do, at the first signal. */
export interface InterruptOptions {
  /** Called at the first signal, after the abort. */
  readonly onFirst?: (signal: CommandSignal) => void;
}

/** How the process leaves after a signal. */
const signalExit = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated } as const;

/**
 * Runs `work` with a signal that aborts at the first Ctrl-C or SIGTERM. At the second one the process ends at once. A
 * prompt that takes Ctrl-C for itself hands it on by `interrupt`.
 * Whatever `work` then makes of it, the command leaves with 130 or 143.
 */
export async function withInterrupt<T>(
  context: DroverContext,
  work: (signal: AbortSignal, interrupt: () => void) => Promise<T>,
  options: InterruptOptions = {},
): Promise<T> {
  const { io } = context;
  const aborter = new AbortController();
  const onSignal = (signal: CommandSignal) => (): void => {
    if (aborter.signal.aborted) context.endNow(signalExit[signal]);
    context.leaveWith(signalExit[signal]);
    aborter.abort(
      new VirtError("cancelled", signal === "SIGINT" ? "Interrupted" : "Terminated by a signal"),
    );
    options.onFirst?.(signal);
  };
  using _interrupt = io.onSignal("SIGINT", onSignal("SIGINT"));
  using _terminate = io.onSignal("SIGTERM", onSignal("SIGTERM"));
  return await work(aborter.signal, onSignal("SIGINT"));
}
