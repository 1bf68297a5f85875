/**
 * How objects are named on the command line.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { kebab } from "../words.ts";

/**
 * Takes the target's names: each by its flag, or off the front of the arguments, one each or several in one with slashes
 * (`images/disk0`).
 *
 * @throws {VirtError} `invalid-argument` where one is missing.
 */
export function takeTarget(
  operation: Operation,
  given: {
    readonly positionals: readonly string[];
    readonly byFlag: (objectClass: ObjectClass) => string | undefined;
  },
): { readonly target: readonly string[]; readonly rest: readonly string[] } {
  const classes = targetClasses(operation);
  const open = classes.filter((objectClass) => given.byFlag(objectClass) === undefined);
  const rest = [...unslashed(given.positionals, open.length)];
  const target = classes.map((objectClass) => {
    const name = given.byFlag(objectClass) ?? rest.shift();
    if (name === undefined || name === "") {
      throw new VirtError(
        "invalid-argument",
        `The name of the ${objectClasses[objectClass].label} is missing`,
        {
          hint: `See: drover ${kebab(operation.objectClass)} ${kebab(operation.verb)} --help`,
        },
      );
    }
    return name;
  });
  return { target, rest };
}

/** The arguments with a first one such as `images/disk0` taken apart. Paths are names of their own. */
function unslashed(positionals: readonly string[], names: number): readonly string[] {
  const [first = "", ...others] = positionals;
  if (names < 2 || !first.includes("/") || first.startsWith("/")) return positionals;
  const parts = first.split("/");
  return [...parts.slice(0, names - 1), parts.slice(names - 1).join("/"), ...others];
}
