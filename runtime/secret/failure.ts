/**
 * What went wrong with a value itself.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../model/error.ts";
import type { ErrorData } from "../../model/error.ts";

/** A value could not be had, or not be put where it should be: whoever runs the recipe is told why, the recipe is not. */
export class SecretFailure extends VirtError {
  override readonly name = "SecretFailure";

  /** Takes over what was wrong. */
  static from(error: unknown): SecretFailure {
    const { code, message, hint } = toErrorData(error);
    return new SecretFailure(code, message, hint === undefined ? {} : { hint });
  }
}

/** What the kernel says itself, before anybody has seen a value: nothing in it follows from one. */
const ownCodes: ReadonlySet<string> = new Set([
  "permission-denied",
  "slot-timeout",
  "deadlock",
  "cancelled",
  "object-changed",
]);

/**
 * What a recipe is told of a failed call into which a value was put: what the other side says may tell something of the
 * value, its length for instance. Whoever runs the recipe sees all of it, with the step.
 */
export function quietError(
  { code, message, target, hint, detail }: ErrorData,
  { operation, run }: { readonly operation: string; readonly run: string },
): ErrorData {
  if (ownCodes.has(code)) {
    return {
      code,
      message,
      ...(target === undefined ? {} : { target }),
      ...(hint === undefined ? {} : { hint }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  return {
    code,
    message: `Cannot ${operation} (${code}): why is kept from the recipe, since a secret was put in`,
    ...(target === undefined ? {} : { target }),
    hint: `See what was said with: drover runs show ${run}`,
  };
}
