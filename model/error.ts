/**
 * The one error of Drover, and the table of its codes.
 *
 * @module
 */
import { type ExitCode, exitCode } from "./exit_code.ts";

/** What is known about a code: libvirt's number for it, how the command leaves, whether trying again can help. */
interface CodeFacts {
  /** libvirt's `virErrorNumber`, for clients that speak its protocol. */
  readonly libvirt: number;
  readonly exit: ExitCode;
  readonly retryable: boolean;
}

/** Every error code, once. Numbers are libvirt's (`virterror.h`). */
export const errorCodes = {
  "internal": { libvirt: 1, exit: exitCode.error, retryable: false },
  "unsupported": { libvirt: 3, exit: exitCode.error, retryable: false },
  "unreachable": { libvirt: 38, exit: exitCode.someUnreachable, retryable: true },
  "invalid-argument": { libvirt: 8, exit: exitCode.usage, retryable: false },
  "operation-failed": { libvirt: 9, exit: exitCode.error, retryable: false },
  "invalid-document": { libvirt: 27, exit: exitCode.error, retryable: false },
  "not-found": { libvirt: 42, exit: exitCode.notFound, retryable: false },
  "already-exists": { libvirt: 9, exit: exitCode.conflict, retryable: false },
  "wrong-state": { libvirt: 55, exit: exitCode.conflict, retryable: false },
  "changed-outside": { libvirt: 55, exit: exitCode.conflict, retryable: false },
  "object-changed": { libvirt: 55, exit: exitCode.conflict, retryable: false },
  "object-gone": { libvirt: 9, exit: exitCode.conflict, retryable: false },
  "in-use": { libvirt: 55, exit: exitCode.conflict, retryable: true },
  "permission-denied": { libvirt: 88, exit: exitCode.denied, retryable: false },
  "slot-timeout": { libvirt: 68, exit: exitCode.slotTimeout, retryable: true },
  "deadlock": { libvirt: 68, exit: exitCode.slotTimeout, retryable: true },
  "timed-out": { libvirt: 68, exit: exitCode.timedOut, retryable: true },
  "cancelled": { libvirt: 78, exit: exitCode.interrupted, retryable: false },
  "revoked": { libvirt: 55, exit: exitCode.conflict, retryable: false },
  "outcome-unknown": { libvirt: 9, exit: exitCode.unknownOutcome, retryable: false },
  "replay-mismatch": { libvirt: 55, exit: exitCode.conflict, retryable: false },
  "budget-exceeded": { libvirt: 9, exit: exitCode.error, retryable: false },
  "protocol": { libvirt: 39, exit: exitCode.error, retryable: false },
  "recipe-failed": { libvirt: 9, exit: exitCode.error, retryable: false },
  "some-failed": { libvirt: 9, exit: exitCode.someFailed, retryable: false },
} as const satisfies Record<string, CodeFacts>;

/** A stable name for what went wrong; callers branch on it, never on the message. */
export type ErrorCode = keyof typeof errorCodes;

/** Where in a file the fault lies. Lines and columns count from 1. */
export interface SourcePlace {
  /** The file's path. */
  readonly file?: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column?: number;
}

/** What a {@linkcode VirtError} may carry beside code and message. */
export interface VirtErrorOptions {
  /** The object concerned, as people call it: `domain "web-1"`. */
  readonly target?: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where in a file the fault lies. */
  readonly at?: SourcePlace;
  /** The far side's own code, where a driver has one. */
  readonly remoteCode?: string;
  /** Whatever a program may want to read: who holds a slot, which grant is missing. Plain data. */
  readonly detail?: unknown;
  /** What led to it. */
  readonly cause?: unknown;
}

/** An error as it crosses the sandbox or a wire: plain data, never an instance. */
export interface ErrorData {
  /** The stable name for what went wrong. */
  readonly code: ErrorCode;
  /** What was being done, what was found, and what to do next. */
  readonly message: string;
  /** The object concerned, as people call it: `domain "web-1"`. */
  readonly target?: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where in a file the fault lies. */
  readonly at?: SourcePlace;
  /** The far side's own code, where a driver has one. */
  readonly remoteCode?: string;
  /** Whatever a program may want to read. */
  readonly detail?: unknown;
  /** What led to it. */
  readonly cause?: ErrorData | string;
}

/**
 * An error with a stable code.
 *
 * @example
 * ```ts
 * import { VirtError } from "./error.ts";
 * const error = new VirtError("not-found", 'Cannot start domain "web-9": no such domain', {
 *   hint: "List what is there with: drover domain list",
 * });
 * error.retryable; // false
 * ```
 */
export class VirtError extends Error {
  /** `VirtError`, or a subclass's name. */
  override readonly name: string = "VirtError";
  /** The stable name for what went wrong. */
  readonly code: ErrorCode;
  /** The object concerned, as people call it: `domain "web-1"`. */
  readonly target?: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where in a file the fault lies. */
  readonly at?: SourcePlace;
  /** The far side's own code, where a driver has one. */
  readonly remoteCode?: string;
  /** Whatever a program may want to read: who holds a slot, which grant is missing. Plain data. */
  readonly detail?: unknown;

  /**
   * Makes an error.
   *
   * @param code the stable name for what went wrong
   * @param message what was being done, what was found, and what to do next; no final period
   * @param options the object concerned, a hint, a place, a cause
   */
  constructor(code: ErrorCode, message: string, options: VirtErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.target !== undefined) this.target = options.target;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.at !== undefined) this.at = options.at;
    if (options.remoteCode !== undefined) this.remoteCode = options.remoteCode;
    if (options.detail !== undefined) this.detail = options.detail;
  }

  /** Whether the same request may succeed later without any change to it. */
  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  /** How the command leaves when this error ends it. */
  get exit(): ExitCode {
    return errorCodes[this.code].exit;
  }
}

/** Whether `value` is an error of ours with the given code. */
export function isVirtError(value: unknown, code?: ErrorCode): value is VirtError {
  return value instanceof VirtError && (code === undefined || value.code === code);
}

/** An error as plain data. What is not ours becomes `internal` with its message; stacks stay at home. */
export function toErrorData(error: unknown): ErrorData {
  if (!(error instanceof VirtError)) {
    return { code: "internal", message: error instanceof Error ? error.message : String(error) };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.target === undefined ? {} : { target: error.target }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.at === undefined ? {} : { at: error.at }),
    ...(error.remoteCode === undefined ? {} : { remoteCode: error.remoteCode }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.cause === undefined
      ? {}
      : { cause: error.cause instanceof VirtError ? toErrorData(error.cause) : String(error.cause) }),
  };
}

/** The error that {@linkcode toErrorData} took apart. An unknown code becomes `internal`. */
export function fromErrorData(data: ErrorData): VirtError {
  const { code, message, cause, ...rest } = data;
  return new VirtError(Object.hasOwn(errorCodes, code) ? code : "internal", message, {
    ...rest,
    ...(cause === undefined ? {} : { cause: typeof cause === "string" ? cause : fromErrorData(cause) }),
  });
}
