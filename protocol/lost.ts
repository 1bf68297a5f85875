/**
 * Errors of calls and streams that got no answer.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import type { LostCall } from "./connection.ts";

/** Why a connection has ended. */
export interface Ending {
  readonly code: "unreachable" | "protocol";
  /** Goes on after a colon: `the far side closed the connection`. */
  readonly text: string;
  readonly cause?: unknown;
}

/** What was being done, and whether the far side may have done it. */
export interface Undone extends LostCall {
  /** Begins a sentence: `Cannot finish "domainCreate"`. */
  readonly what: string;
}

/** The error of a call or stream whose connection has ended. */
export function lost({ what, mayHaveActed }: Undone, { code, text, cause }: Ending): VirtError {
  const detail: LostCall = { mayHaveActed };
  return new VirtError(code, `${what}: ${text}`, {
    detail,
    ...(mayHaveActed ? { hint: "Look whether it happened before doing it again" } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error of a call or stream for which its signal ended the wait. Its code is the reason's, where that has one. */
export function signalled({ what, mayHaveActed }: Undone, { reason }: AbortSignal): VirtError {
  const detail: LostCall = { mayHaveActed };
  const code = isVirtError(reason) ? reason.code : isTimeout(reason) ? "timed-out" : "cancelled";
  const why = reason instanceof Error ? reason.message : String(reason);
  return new VirtError(code, `${what}: ${why}`, { detail, cause: reason });
}

/** What is said of something that was thrown: a transport may throw anything. */
export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
