/**
 * How objects are named on the command line.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";

/**
 * Takes the target's names off the front of the positional arguments: one each, or several in one with slashes
 * (`images/disk0`).
 *
 * @throws {VirtError} `invalid-argument` where one is missing.
 */
export function takeTarget(
  operation: Operation,
  positionals: readonly string[],
): { readonly target: readonly string[]; readonly rest: readonly string[] } {
  const classes = targetClasses(operation);
  const [first = "", ...others] = positionals;
  if (classes.length > 1 && first.includes("/") && !first.startsWith("/")) {
    const parts = first.split("/");
    const head = parts.slice(0, classes.length - 1);
    return { target: [...head, parts.slice(classes.length - 1).join("/")], rest: others };
  }
  if (positionals.length < classes.length) {
    const missing = classes[positionals.length] ?? operation.on;
    throw new VirtError("invalid-argument", `The name of the ${objectClasses[missing].label} is missing`, {
      hint: `See: drover ${operation.objectClass} ${operation.verb} --help`,
    });
  }
  return { target: positionals.slice(0, classes.length), rest: positionals.slice(classes.length) };
}
