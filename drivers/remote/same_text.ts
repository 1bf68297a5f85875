/**
 * Whether two definitions say the same.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { normalise } from "../../model/xml/mod.ts";

/** Whether two definitions say the same, however they are written. What cannot be read is compared as it stands. */
export function sameText(one: string, other: string, newId: string): boolean {
  if (one.trim() === other.trim()) return true;
  const context = { newUuid: () => newId, newMac: macs(), arch: "x86_64", poolType: "dir" };
  try {
    return normalise(one, { context: { ...context, newMac: macs() } }) ===
      normalise(other, { context: { ...context, newMac: macs() } });
  } catch (error) {
    if (isVirtError(error, "invalid-document")) return false;
    throw error;
  }
}

/** Hardware addresses for what names none: the same for both texts. */
function macs(): () => string {
  let next = 0;
  return () => `52:54:00:00:00:${(next++ & 0xff).toString(16).padStart(2, "0")}`;
}
