/**
 * Definitions that a next start uses, as the far side prints them.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";

/**
 * The flag of networks, pools and interfaces for it. Source: libvirt, virNetworkXMLFlags, virStorageXMLFlags,
 * virInterfaceXMLFlags.
 */
const inactive = 1;

/**
 * The definition that a next start uses, or the one in force. Drivers that keep only one know no flag for the other.
 *
 * @throws {VirtError} what the far side answers.
 */
export async function printed(
  ask: (flags: number) => Promise<{ readonly xml: string }>,
  { kept }: { readonly kept: boolean },
): Promise<string> {
  if (!kept) return (await ask(0)).xml;
  try {
    return (await ask(inactive)).xml;
  } catch (error) {
    if (!isVirtError(error, "invalid-argument") && !isVirtError(error, "unsupported")) throw error;
    return (await ask(0)).xml;
  }
}
