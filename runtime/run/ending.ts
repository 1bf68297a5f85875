/**
 * How a run ends, and how the command leaves then.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import { type ErrorCode, errorCodes, type ErrorData, toErrorData, VirtError } from "../../model/error.ts";
import { type ExitCode, exitCode, worstExit } from "../../model/exit_code.ts";
import type { RunState } from "../journal/record.ts";
import type { LeaseFailure } from "./leases.ts";
import { sourcePlace } from "./step_identity.ts";

/** Why a conversation with a recipe is over. `interrupted`: it can be resumed, and nothing is given back. */
export type Ending =
  | {
    readonly kind: "done";
    readonly result: unknown; /** Some objects failed, within a budget. */
    readonly failures?: number;
    /** Some of these since their host could not be reached. */
    readonly unreachable?: number;
  }
  | { readonly kind: "failed"; readonly error: ErrorData }
  | { readonly kind: "interrupted"; readonly error: ErrorData };

/** How a run ended. */
export interface SessionEnd {
  readonly state: RunState;
  readonly exit: ExitCode;
  readonly result?: unknown;
  readonly error?: ErrorData;
}

/** What a recipe says last. */
export type LastMessage = Extract<FromRecipe, { readonly t: "done" | "failed" }>;

/** The ending that a recipe's last message makes. */
export function endingOf(message: LastMessage): Ending {
  if (message.t === "done") {
    const { result, failures, unreachable } = message;
    return {
      kind: "done",
      result,
      ...(failures === undefined ? {} : { failures }),
      ...(unreachable === undefined ? {} : { unreachable }),
    };
  }
  const { code, message: text, target, hint, at, detail, cause } = message.error;
  return {
    kind: "failed",
    error: {
      code: isErrorCode(code) ? code : "recipe-failed",
      message: text,
      ...(target === undefined ? {} : { target }),
      ...(hint === undefined ? {} : { hint }),
      ...(at === undefined ? {} : { at: sourcePlace(at) }),
      ...(detail === undefined ? {} : { detail }),
      ...(cause === undefined ? {} : { cause }),
    },
  };
}

/** What a run's end depends on. */
export interface EndFacts {
  readonly ending: Ending;
  /** Why the run was cancelled, where it was. */
  readonly cancelled: string | undefined;
  /** Whether any outcome was unknown: the run exits 10, whatever its recipe made of it. */
  readonly unknown: boolean;
  /** Leases that could not be ended. */
  readonly failures: readonly LeaseFailure[];
}

/** The state and the exit code that a run ends with. */
export function sessionEnd({ ending, cancelled, unknown, failures }: EndFacts): SessionEnd {
  const exits = failures.map(({ error }) => error.exit);
  if (unknown) exits.push(exitCode.unknownOutcome);
  if (ending.kind === "interrupted") {
    return { state: "interrupted", exit: worstExit([...exits, exitOf(ending.error)]), error: ending.error };
  }
  if (cancelled !== undefined) {
    const error = toErrorData(new VirtError("cancelled", `The run was cancelled: ${cancelled}`));
    return { state: "cancelled", exit: worstExit([...exits, exitCode.interrupted]), error };
  }
  if (ending.kind === "failed") {
    return { state: "failed", exit: worstExit([...exits, exitOf(ending.error)]), error: ending.error };
  }
  const [failure] = failures;
  if (failure !== undefined) {
    return {
      state: "failed",
      exit: worstExit(exits),
      result: ending.result,
      error: toErrorData(failure.error),
    };
  }
  if (ending.failures !== undefined) exits.push(exitCode.someFailed);
  if (ending.unreachable !== undefined) exits.push(exitCode.someUnreachable);
  return { state: "done", exit: worstExit([...exits, exitCode.done]), result: ending.result };
}

/** How the command leaves for an error. */
export function exitOf({ code }: ErrorData): ExitCode {
  return errorCodes[code].exit;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}
