/**
 * How a call is to be carried out, as recipes say it.
 *
 * @module
 */
import type { CallOptionsData } from "../model/channel.ts";
import { type Duration, duration } from "./duration.ts";

/** How far a call is. */
export interface CallProgress {
  /** From 0 to 1. A call that is begun again after a resume begins at 0 again. */
  readonly fraction: number;
  /** What it is at, for people. */
  readonly detail?: string;
}

/** How a call is to be carried out. */
export interface CallOptions {
  /**
   * How long it may take, waiting for its turn included: `"2m"`, or milliseconds.
   * @default the operation's own time-out
   */
  readonly within?: Duration;
  /** Ends the call early; the call still answers, with what became of it. */
  readonly signal?: AbortSignal;
  /**
   * Higher goes first among those that wait for the same object; -10 to 10.
   * @default 0
   */
  readonly priority?: number;
  /**
   * Go on although the object moved since its handle was obtained.
   * @default false
   */
  readonly rebase?: boolean;
  /**
   * Fail with `slot-timeout` at once instead of waiting for a busy object.
   * @default false
   */
  readonly noWait?: boolean;
  /**
   * Hears how far it is, twice a second at most, for operations that tell: migrations, saves, transfers. What it hears is
   * kept with the run and heard again, at the same points, when that is resumed. Where it throws, the call is asked to
   * end early and fails with what was thrown.
   */
  readonly onProgress?: (progress: CallProgress) => unknown;
}

/** Options of an operation that makes something. */
export interface MakeOptions extends CallOptions {
  /**
   * Take it back when the run ends, however it ends; the answer can be given to `await using`.
   * @default false
   */
  readonly temporary?: boolean;
}

/** What is kept for a temporary object: gives it back, or lets it stay. */
export interface Temporary extends AsyncDisposable {
  /** Lets the object stay after the run. */
  keep(): Promise<void>;
}

const none: CallOptionsData = {};

/** The part of the options that travels. */
export function optionsData(options: MakeOptions | undefined): CallOptionsData {
  if (options === undefined) return none;
  const { within, priority, rebase, noWait, temporary, onProgress } = options;
  return {
    ...(within === undefined ? {} : { withinMs: Math.max(1, Math.round(duration(within))) }),
    ...(priority === undefined ? {} : { priority }),
    ...(rebase === undefined ? {} : { rebase }),
    ...(noWait === undefined ? {} : { noWait }),
    ...(temporary === undefined ? {} : { temporary }),
    ...(onProgress === undefined ? {} : { progress: true }),
  };
}
