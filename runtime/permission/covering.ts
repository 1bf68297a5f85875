/**
 * Whether grants give away no more than others do: whoever lets something run with grants gives it none that they do not
 * have themselves.
 *
 * What cannot be compared counts as more: a pattern is within another one where it is the same, stands for one name that
 * the other one matches, or the other one is no pattern but everything.
 *
 * @module
 */
import { permissionVerbs } from "../../model/permission.ts";
import type { Glob } from "./glob.ts";
import type { Grant } from "./grant.ts";

/** Whether everything that `wanted` permits is permitted by `own` too. Each verb may be by another one of them. */
export function isCovered(wanted: Grant, own: readonly Grant[]): boolean {
  return permissionsOf(wanted).every(([permissionClass, verb]) =>
    own.some((grant) => includes(grant, permissionClass, verb) && isWithin(wanted, grant))
  );
}

/**
 * A grant that ends no later than those that cover it.
 *
 * @returns `undefined` where it is not covered
 */
export function coveredGrant(wanted: Grant, own: readonly Grant[]): Grant | undefined {
  const covering = own.filter((grant) =>
    isWithin(wanted, grant) &&
    permissionsOf(wanted).some(([permissionClass, verb]) => includes(grant, permissionClass, verb))
  );
  if (!isCovered(wanted, covering)) return undefined;
  const until = Math.min(...covering.map((grant) => grant.until ?? Infinity), wanted.until ?? Infinity);
  return until === Infinity ? wanted : { ...wanted, until };
}

function permissionsOf({ scope }: Grant): readonly (readonly [string, string])[] {
  if (scope.kind === "verbs") return scope.verbs.map((verb) => [scope.permissionClass, verb] as const);
  // Everything but what is done on the machine itself.
  return Object.entries(permissionVerbs).filter(([name]) => name !== "host")
    .flatMap(([name, verbs]) => verbs.map((verb) => [name, verb] as const));
}

function includes({ scope }: Grant, permissionClass: string, verb: string): boolean {
  if (scope.kind === "all") return permissionClass !== "host";
  return scope.permissionClass === permissionClass && scope.verbs.includes(verb);
}

function isWithin(wanted: Grant, own: Grant): boolean {
  const { connection, names, labels, quota } = own;
  if (connection !== undefined) {
    if (wanted.connection?.by !== connection.by || !isNarrower(wanted.connection.glob, connection.glob)) {
      return false;
    }
  }
  if (names !== undefined) {
    const allWithin = wanted.names?.every((glob) => names.some((each) => isNarrower(glob, each))) ?? false;
    if (!allWithin) return false;
  }
  // All labels of a grant must be there: more of them permit less.
  if (labels?.every((each) => wanted.labels?.some((glob) => isNarrower(glob, each)) === true) === false) {
    return false;
  }
  return quota === undefined || (wanted.quota !== undefined && wanted.quota <= quota);
}

function isNarrower(glob: Glob, other: Glob): boolean {
  if (other.text === "**" || glob.text === other.text) return true;
  return glob.exactText !== undefined && other.matches(glob.exactText);
}
