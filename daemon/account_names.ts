/**
 * What this machine calls its users and groups.
 *
 * Read from the files of the machine: whoever is known only to a directory service has a number here, and no name.
 *
 * @module
 */
import type { AccountNames } from "./identity.ts";

/** Reads a file as text; nothing where it cannot. */
type ReadText = (file: string) => string | undefined;

/**
 * The names of users and groups in `/etc/passwd` and `/etc/group`, as they are when they are asked for.
 *
 * @example
 * ```ts
 * import { accountNames } from "./account_names.ts";
 * accountNames((file) => file === "/etc/group" ? "ops:x:27:alice" : "").group(27); // "ops"
 * ```
 */
export function accountNames(read: ReadText = readText): AccountNames {
  return {
    user: (uid) => nameIn(read("/etc/passwd"), uid),
    group: (gid) => nameIn(read("/etc/group"), gid),
  };
}

/** Both files have the name in the first field and the number in the third (passwd(5), group(5)). */
function nameIn(text: string | undefined, number: number): string | undefined {
  for (const line of text?.split("\n") ?? []) {
    const [name, , found] = line.split(":");
    if (found === `${number}` && name !== undefined && name !== "") return name;
  }
  return undefined;
}

function readText(file: string): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return undefined;
  }
}
