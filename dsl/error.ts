/**
 * Errors as recipes catch them.
 *
 * @module
 */
import {
  type ErrorCode,
  type ErrorData,
  type SourcePlace,
  VirtError,
  type VirtErrorOptions,
} from "../model/error.ts";

/**
 * Nobody knows whether what was asked for has happened: the link broke and the far side may have acted.
 *
 * Until somebody has looked, further writes on the object are refused, and the run leaves with exit code 10 even if the
 * recipe catches this.
 *
 * @example
 * ```ts
 * import { type Domain, OutcomeUnknown } from "drover";
 *
 * export async function startOrReport(vm: Domain): Promise<string> {
 *   try {
 *     return (await vm.start()).state;
 *   } catch (error) {
 *     if (error instanceof OutcomeUnknown) return "nobody knows";
 *     throw error;
 *   }
 * }
 * ```
 */
export class OutcomeUnknown extends VirtError {
  /** What kind of error it is, for logs. */
  override readonly name: string = "OutcomeUnknown";

  /** Recipes catch it; they have no reason to throw it. */
  constructor(message: string, options: VirtErrorOptions = {}) {
    super("outcome-unknown", message, options);
  }
}

/**
 * The object has changed since its handle was obtained, and not by this recipe.
 *
 * Look it up again, or say `{ rebase: true }` where the change does not matter.
 *
 * @example
 * ```ts
 * import { type Domain, ObjectChanged } from "drover";
 *
 * export async function destroyAsSeen(vm: Domain): Promise<boolean> {
 *   try {
 *     await vm.destroy();
 *     return true;
 *   } catch (error) {
 *     if (error instanceof ObjectChanged) return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class ObjectChanged extends VirtError {
  /** What kind of error it is, for logs. */
  override readonly name: string = "ObjectChanged";

  /** Recipes catch it; they have no reason to throw it. */
  constructor(message: string, options: VirtErrorOptions = {}) {
    super("object-changed", message, options);
  }
}

/** Makes the error that the runtime sent, blaming the line of the recipe that asked. */
export function receivedError(data: ErrorData, at: SourcePlace | undefined): VirtError {
  const { code, message, cause, ...rest } = data;
  const options: VirtErrorOptions = {
    ...(at === undefined ? {} : { at }),
    ...rest,
    ...(cause === undefined
      ? {}
      : { cause: typeof cause === "string" ? cause : receivedError(cause, undefined) }),
  };
  const error = errorOfCode(code, message, options);
  // The stack of the moment of receipt says nothing; the place of the call does.
  if (at !== undefined) {
    error.stack = `${error.name}: ${message}\n    at ${at.file ?? "recipe"}:${at.line}:${at.column ?? 1}`;
  }
  return error;
}

function errorOfCode(code: ErrorCode, message: string, options: VirtErrorOptions): VirtError {
  if (code === "outcome-unknown") return new OutcomeUnknown(message, options);
  if (code === "object-changed") return new ObjectChanged(message, options);
  return new VirtError(code, message, options);
}
