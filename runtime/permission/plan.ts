/**
 * The least that a simulated run needs: what it used, as grants.
 *
 * @module
 */
import type { Permission } from "../../model/permission.ts";
import type { Authority, PermissionUse, ReachUse } from "../call.ts";
import { Glob } from "./glob.ts";
import { type Grant, mismatch, splitPermission, verbsOf } from "./grant.ts";
import type { Gain } from "./reach_uses.ts";
import { unspeakable } from "./refusal.ts";

/** What a run used, and what its new names and labels would have given it. */
export interface RecordedUses {
  readonly uses: readonly PermissionUse[];
  readonly gains?: readonly Gain[];
}

/** How a plan is made. */
export interface PlanOptions {
  /**
   * What lists showed: the objects by name, or any object, since another day there are others.
   * @default "named"
   */
  readonly listed?: "named" | "any";
}

/** Allows everything and takes down what it was asked for; for runs in the simulated hypervisor, and nowhere else. */
export class RecordingAuthority implements Authority, RecordedUses {
  readonly uses: PermissionUse[] = [];
  readonly gains: Gain[] = [];

  check(use: PermissionUse): void {
    this.uses.push(use);
  }

  async checkReach(use: ReachUse): Promise<void> {
    const { gainsOf, reachUsesOf, unspeakableIn } = await import("./reach_uses.ts");
    for (const { use: refused, problem } of unspeakableIn(use)) throw unspeakable(refused, problem);
    this.uses.push(...reachUsesOf(use));
    this.gains.push(...gainsOf(use));
  }

  sees(use: PermissionUse): boolean {
    // What is asked outside of lists is asked to know, and not to do it.
    if (use.when === "listed") this.uses.push(use);
    return true;
  }
}

/**
 * The least grants, and needs, that cover what a run did: by exact names, verbs of one class together where they are
 * used on the same objects.
 *
 * @example
 * ```ts
 * import { formatGrant } from "./grant.ts";
 * import { planPermissions } from "./plan.ts";
 * const use = { connection: "host", operation: "domain.start", when: "obtained", name: "web-1" } as const;
 * const uses = [{ ...use, permission: "domain:start" }, { ...use, permission: "domain:getattr" }] as const;
 * planPermissions({ uses, gains: [] }).map(formatGrant); // ["domain:getattr,start@web-1"]
 * ```
 */
export function planPermissions({ uses, gains = [] }: RecordedUses, options: PlanOptions = {}): Grant[] {
  const needed = options.listed === "any" ? uses.map(unlisted) : [...uses];
  let grants = leastGrants(needed);
  // What a new name brings under a grant must be granted under the old one too, which may bring more under it.
  while (true) {
    const missing = gains.filter(({ now, then }) => covered(grants, then) && !covered(grants, now));
    if (missing.length === 0) return grants;
    needed.push(...missing.map(({ now }) => now));
    grants = leastGrants(needed);
  }
}

function unlisted(use: PermissionUse): PermissionUse {
  if (use.when !== "listed") return use;
  const { name: _name, parentName: _parentName, ...any } = use;
  return any;
}

/** On which objects a permission was used; `undefined` for uses that concern no single one. */
type Names = ReadonlySet<string> | undefined;

interface Wanted {
  readonly connection: string;
  readonly permission: Permission;
  readonly names: Names;
}

function leastGrants(uses: readonly PermissionUse[]): Grant[] {
  const wanted = wantedOf(uses);
  const several = new Set(wanted.map(({ connection }) => connection)).size > 1;
  const groups = Map.groupBy(
    wanted,
    ({ connection, permission, names }) =>
      JSON.stringify([
        connection,
        splitPermission(permission)[0],
        names === undefined ? null : [...names].sort(),
      ]),
  );
  return [...groups.values()].map((group) => grantOf(group, several)).sort(byPlace);
}

/** One entry for each permission on each connection. */
function wantedOf(uses: readonly PermissionUse[]): Wanted[] {
  const byPermission = Map.groupBy(
    uses,
    ({ connection, permission }) => JSON.stringify([connection, permission]),
  );
  return [...byPermission.values()].flatMap((same): Wanted[] => {
    const [first] = same;
    if (first === undefined) return [];
    const { connection, permission } = first;
    const named = same.flatMap((use) => nameOf(use) ?? []);
    // Before the object was known, any object's permission did; the uses by name say which it was.
    const unnamed = same.filter((use) =>
      nameOf(use) === undefined && (named.length === 0 || !isPreliminary(use))
    );
    return [{ connection, permission, names: unnamed.length > 0 ? undefined : new Set(named) }];
  });
}

function isPreliminary({ when, permission }: PermissionUse): boolean {
  return when === "asked" && !permission.startsWith("connect:");
}

function nameOf({ reached, name, parentName }: PermissionUse): string | undefined {
  if (reached !== undefined) return reached;
  if (name === undefined || name === "") return undefined;
  return parentName === undefined ? name : `${parentName}/${name}`;
}

function grantOf(group: readonly Wanted[], withConnection: boolean): Grant {
  // A group is never empty, and all in it are of one class.
  const [{ connection, permission, names }] = group as readonly [Wanted];
  const [permissionClass] = splitPermission(permission);
  const used = new Set(group.map((each) => splitPermission(each.permission)[1]));
  return {
    scope: {
      kind: "verbs",
      permissionClass,
      verbs: verbsOf(permissionClass).filter((verb) => used.has(verb)),
    },
    ...(withConnection ? { connection: { by: "name" as const, glob: Glob.exact(connection) } } : {}),
    ...(names === undefined ? {} : { names: [...names].sort().map((name) => Glob.exact(name)) }),
  };
}

function byPlace(a: Grant, b: Grant): number {
  const key = ({ connection, scope, names }: Grant): string =>
    [
      connection?.glob.text ?? "",
      // What reaches into the host comes last, where it is seen.
      scope.kind === "verbs" && scope.permissionClass === "host" ? "1" : "0",
      scope.kind === "verbs" ? `${scope.permissionClass}:${scope.verbs.join()}` : "",
      names?.join() ?? "",
    ].join(" ");
  return key(a) < key(b) ? -1 : 1;
}

function covered(grants: readonly Grant[], use: PermissionUse): boolean {
  const { permission, connection, parentName, reached, labels } = use;
  const name = reached ?? use.name;
  return grants.some((grant) =>
    mismatch(grant, {
      permission,
      connection,
      ...(name === undefined ? {} : { name }),
      ...(parentName === undefined ? {} : { parentName }),
      ...(labels === undefined ? {} : { labels }),
    }) === undefined
  );
}
