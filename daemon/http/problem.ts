/**
 * Errors as HTTP has them: problem details (RFC 9457), with our code, hint and place.
 *
 * @module
 */
import { type ErrorCode, errorCodes, type ErrorData, isVirtError, toErrorData } from "../../model/error.ts";

/** The status for each code. */
const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  "internal": 500,
  "unsupported": 501,
  "unreachable": 502,
  "invalid-argument": 400,
  "operation-failed": 500,
  "invalid-document": 422,
  "not-found": 404,
  "already-exists": 409,
  "wrong-state": 409,
  "changed-outside": 409,
  "object-changed": 409,
  "object-gone": 409,
  "in-use": 409,
  "permission-denied": 403,
  "slot-timeout": 503,
  "deadlock": 409,
  "timed-out": 504,
  "cancelled": 409,
  "revoked": 409,
  "outcome-unknown": 500,
  "replay-mismatch": 409,
  "budget-exceeded": 422,
  "protocol": 502,
  "recipe-failed": 422,
  "some-failed": 500,
};

/** What HTTP itself says of the statuses that are used. */
const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** What goes with a {@linkcode Refusal}. */
export interface RefusalOptions {
  readonly hint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default by the status */
  readonly code?: ErrorCode;
}

/** A request that was not even asked of the kernel: something is wrong with it as a request. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly options: RefusalOptions;

  constructor(status: number, message: string, options: RefusalOptions = {}) {
    super(message);
    this.status = status;
    this.options = options;
  }
}

/** What a run ended with, with the run: whoever asks for more can look it up. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly run: string;
  readonly error: ErrorData;

  constructor(run: string, error: ErrorData) {
    super(error.message);
    this.run = run;
    this.error = error;
  }
}

/** Problem details. */
export interface Problem extends Omit<ErrorData, "message"> {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Which request it was. */
  readonly instance: string;
  /** Whether the same request may succeed later without any change to it. */
  readonly retryable: boolean;
  /** Whatever a program may want to read. */
  readonly facts?: unknown;
  /** The run in which it happened, where there was one. */
  readonly run?: string;
}

/** An answer to a request that failed. */
export interface ProblemAnswer {
  readonly status: number;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an error becomes. */
export function problemOf(error: unknown, request: string): ProblemAnswer {
  const data = dataOf(error);
  const status = error instanceof Refusal ? error.status : statusOfCode[data.code];
  const { message, detail, ...rest } = data;
  const { retryable } = errorCodes[data.code];
  return {
    status,
    problem: {
      type: `urn:drover:problem:${data.code}`,
      title: titles[status] ?? "Error",
      status,
      detail: message,
      instance: `urn:uuid:${request}`,
      retryable,
      ...rest,
      ...(detail === undefined ? {} : { facts: detail }),
      ...(error instanceof RunFailure ? { run: error.run } : {}),
    },
    headers: {
      ...(status === 503 || status === 429 ? { "retry-after": "1" } : {}),
      ...(error instanceof Refusal ? error.options.headers : {}),
    },
  };
}

/** What nobody foresaw is for the daemon's log; it may say more than a client should hear. */
function dataOf(error: unknown): ErrorData {
  if (error instanceof Refusal) return refusalData(error);
  if (error instanceof RunFailure) return error.error;
  if (isVirtError(error)) return toErrorData(error);
  return {
    code: "internal",
    message: "Something went wrong in the daemon that nobody foresaw",
    hint: "Its log says more, by the number of this request",
  };
}

function refusalData({ status, message, options: { code, hint } }: Refusal): ErrorData {
  return {
    code: code ?? codeOfStatus(status),
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403 || status === 421) return "permission-denied";
  if (status === 404) return "not-found";
  if (status === 405) return "unsupported";
  if (status === 408) return "timed-out";
  if (status === 429 || status === 503) return "slot-timeout";
  if (status === 409) return "wrong-state";
  return status >= 500 ? "internal" : "invalid-argument";
}
