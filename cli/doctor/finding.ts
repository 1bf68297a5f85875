/**
 * What the doctor finds, and how long it looks.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** What a check came to. */
export interface Finding {
  readonly check: string;
  /** `weak`: something does not work, or not as well as it could; `missing`: nothing works without it. */
  readonly state: "ok" | "weak" | "missing";
  readonly found: string;
  readonly hint?: string;
}

/** How long one check may take, in milliseconds: whoever asks the doctor waits for the answer. */
export const checkMs = 5_000;

/** What a check finds, or that it did not come to an end. */
export async function inTime(
  check: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(
      () => resolve({ check, state: "weak", found: `no answer within ${checkMs / 1000} s` }),
      checkMs,
    );
  });
  try {
    return [await Promise.race([look(), late])].flat();
  } catch (error) {
    return [failed(check, error)];
  } finally {
    clearTimeout(timer);
  }
}

/** What a check failed with, as a finding. */
export function failed(check: string, error: unknown): Finding {
  const hint = error instanceof VirtError ? error.hint : undefined;
  return {
    check,
    state: "weak",
    found: error instanceof Error ? error.message : String(error),
    ...(hint === undefined ? {} : { hint }),
  };
}
