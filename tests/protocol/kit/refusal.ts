/**
 * Errors that a test expects.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ErrorCode, isVirtError, type VirtError } from "../../../model/error.ts";

/** The error with which something is refused; the test fails where it is not, or with another code. */
export function refused(code: ErrorCode, action: () => unknown): VirtError {
  try {
    action();
  } catch (error) {
    return expected(code, error);
  }
  return assert.fail("it was not refused");
}

/** The error with which something is refused in the end. */
export async function refusedLater(code: ErrorCode, promise: Promise<unknown>): Promise<VirtError> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return expected(code, error);
  }
  return assert.fail(`it was not refused but gave ${JSON.stringify(result)}`);
}

function expected(code: ErrorCode, error: unknown): VirtError {
  if (!isVirtError(error)) throw error;
  assert.equal(error.code, code, `${error.code}: ${error.message}`);
  return error;
}
