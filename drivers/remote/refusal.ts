/**
 * The far side's errors in our words, and our own refusals.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ManagedObject } from "../../runtime/object.ts";

/** What the far side refused. */
export interface Refused {
  /** `start`: what was being done. */
  readonly doing: string;
  /** What it was being done to; absent where what was being done says that already. */
  readonly target?: { readonly label: string };
  /** Says what to do about it, where that is known. */
  readonly hint?: (error: VirtError) => string | undefined;
}

/**
 * libvirt's texts begin with the general meaning of the code, which the code tells already: `internal error:`,
 * `Requested operation is not valid:`. Source: libvirt, virErrorMsg.
 */
const generalMeaning = /^(?:[A-Za-z][A-Za-z -]{3,48}): (?=\S)/;

/** What the far side answered, as what became of what was being done; other errors are as they were. */
export function refusal(error: unknown, { doing, target, hint }: Refused): unknown {
  if (!isVirtError(error) || error.remoteCode === undefined || error.target !== undefined) return error;
  const found = error.message.replace(generalMeaning, "");
  const advice = hint?.(error);
  const what = target === undefined ? doing : `${doing} ${target.label}`;
  const code = isOtherTimeout(error) ? "operation-failed" : error.code;
  return new VirtError(code, `Cannot ${what}: ${found}`, {
    ...(target === undefined ? {} : { target: target.label }),
    remoteCode: error.remoteCode,
    ...(advice === undefined ? {} : { hint: advice }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    cause: error,
  });
}

/**
 * Whether somebody else works on the object for longer than libvirt waits for it. Source: libvirt,
 * VIR_ERR_OPERATION_TIMEOUT of virDomainObjBeginJob.
 */
export function isLockTimeout(error: unknown): error is VirtError {
  return isVirtError(error) && error.remoteCode === lockTimeout && !isOtherTimeout(error);
}

const lockTimeout = "VIR_ERR_OPERATION_TIMEOUT";

/**
 * Whether it was the guest or a helper program that did not do its part in time: nobody holds a lock then, and to try again
 * may do it twice. Source: libvirt, the other places where VIR_ERR_OPERATION_TIMEOUT is reported.
 */
function isOtherTimeout({ remoteCode, message }: VirtError): boolean {
  return remoteCode === lockTimeout && /\b(?:unplug request|show up|invocation)\b/.test(message);
}

/** Whether the far side may have acted although no answer came. */
export function isDoubt(error: unknown): boolean {
  if (!isVirtError(error)) return false;
  if (error.code === "timed-out" || error.code === "revoked") return true;
  if (error.cause !== undefined && isDoubt(error.cause)) return true;
  const { detail } = error;
  return typeof detail === "object" && detail !== null && "mayHaveActed" in detail &&
    detail.mayHaveActed === true;
}

/** The error for something that does not go in the state in which an object is. libvirt: code 55. */
export function wrongState(
  object: Pick<ManagedObject, "label">,
  { doing, found, hint }: { readonly doing: string; readonly found: string; readonly hint?: string },
): VirtError {
  return new VirtError("wrong-state", `Cannot ${doing} ${object.label}: ${found}`, {
    target: object.label,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The error for something that is not there. */
export function notFound(label: string, name: string): VirtError {
  return new VirtError("not-found", `Cannot find ${label} "${name}": it does not exist`, {
    target: `${label} "${name}"`,
  });
}
