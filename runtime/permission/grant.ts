/**
 * Grants: what may be done, to which objects, through which connection, how often and until when. Needs of recipes
 * are written in the same way.
 *
 * @module
 */
import { type Permission, type PermissionClass, permissionVerbs } from "../../model/permission.ts";
import { Glob } from "./glob.ts";

/** The namespace of the labels in an object's metadata; see `labels.ts`. */
export const labelNamespace = "urn:drover:labels";

/** What a grant permits: everything but `host:*`, or verbs of one class. */
export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "verbs"; readonly permissionClass: PermissionClass; readonly verbs: readonly string[] };

/** Through which connections a grant holds: by the caller's name for them, or by URI. */
export type ConnectionScope = { readonly by: "name" | "uri"; readonly glob: Glob };

/** One grant, or one need. What is absent does not restrict. */
export interface Grant {
  readonly scope: Scope;
  readonly connection?: ConnectionScope;
  /** The object must be named like one of these. */
  readonly names?: readonly Glob[];
  /** The object must carry a label like each of these. */
  readonly labels?: readonly Glob[];
  /** How many times it may be used in one run. */
  readonly quota?: number;
  /** When it ends, in milliseconds since 1970 by the kernel's clock. */
  readonly until?: number;
}

/** What a grant is compared with. */
export interface GrantSubject {
  readonly permission: Permission;
  /** The caller's name for the connection. */
  readonly connection: string;
  readonly uri?: string;
  /** The object's name; for what a definition reaches, the path or address reached. */
  readonly name?: string;
  /** The name of what holds the object: a volume's pool. */
  readonly parentName?: string;
  readonly labels?: readonly string[];
  /** Asks whether the permission is there for any object at all; which one is not known yet. */
  readonly anyObject?: boolean;
}

/** Why a grant does not hold for a subject. */
export type Mismatch = "permission" | "connection" | "name" | "label";

/** The first respect in which the grant does not hold, in the order of {@linkcode Mismatch}; `undefined` where it does. */
export function mismatch(grant: Grant, subject: GrantSubject): Mismatch | undefined {
  if (!permits(grant.scope, subject.permission)) return "permission";
  if (grant.connection !== undefined && !connects(grant.connection, subject)) return "connection";
  if (subject.anyObject === true) return undefined;
  if (grant.names !== undefined && !grant.names.some((glob) => names(glob, subject))) return "name";
  const labels = subject.labels ?? [];
  if (grant.labels?.every((glob) => labels.some((label) => glob.matches(label))) === false) return "label";
  return undefined;
}

function permits(scope: Scope, permission: Permission): boolean {
  const [permissionClass, verb] = splitPermission(permission);
  if (scope.kind === "all") return permissionClass !== "host";
  return scope.permissionClass === permissionClass && scope.verbs.includes(verb);
}

function connects(scope: ConnectionScope, subject: GrantSubject): boolean {
  if (scope.by === "name") return scope.glob.matches(subject.connection);
  return subject.uri !== undefined && scope.glob.matches(subject.uri);
}

/** A use that concerns no single object is not covered by a grant for some objects only. */
function names(glob: Glob, subject: GrantSubject): boolean {
  const { name, parentName } = subject;
  if (name === undefined) return false;
  if (parentName === undefined) return glob.matches(name);
  // A volume called `images/x` is none of the pool `images`.
  return (!name.includes("/") && glob.matches(name)) || glob.matches(`${parentName}/${name}`);
}

/** The grant that covers a subject and nothing else. */
export function exactGrant(
  subject: GrantSubject,
  options: { readonly withConnection?: boolean } = {},
): Grant {
  const { permission, connection, name, parentName } = subject;
  const [permissionClass, verb] = splitPermission(permission);
  const exact = parentName === undefined ? name : `${parentName}/${name ?? "*"}`;
  return {
    scope: { kind: "verbs", permissionClass, verbs: [verb] },
    ...(options.withConnection === true
      ? { connection: { by: "name" as const, glob: Glob.exact(connection) } }
      : {}),
    ...(exact === undefined ? {} : {
      names: [name === undefined ? Glob.parse(`${quotedParent(parentName ?? "")}/*`) : Glob.exact(exact)],
    }),
  };
}

/** A permission's class and verb. */
export function splitPermission(permission: Permission): readonly [PermissionClass, string] {
  const colon = permission.indexOf(":");
  // The type of permissions says that what stands before the colon is a class.
  return [permission.slice(0, colon) as PermissionClass, permission.slice(colon + 1)];
}

/** A text with everything escaped that a glob would understand. */
function quotedParent(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]/gu, "\\$&");
}

/** Every verb of a class. */
export function verbsOf(permissionClass: PermissionClass): readonly string[] {
  return permissionVerbs[permissionClass];
}

/** The grant as text, in the one spelling that {@linkcode parseGrants} reads back as the same. */
export function formatGrant(grant: Grant): string {
  const connection = grant.connection === undefined ? "" : `${connectionText(grant.connection)}=`;
  const patterns = grant.names === undefined ? "" : `@${grant.names.join(",")}`;
  const labels = (grant.labels ?? []).map((glob) => `#${glob}`).join("");
  const options = [
    ...(grant.quota === undefined ? [] : [`quota=${grant.quota}`]),
    ...(grant.until === undefined
      ? []
      : [`until=${Temporal.Instant.fromEpochMilliseconds(grant.until).toString()}`]),
  ];
  return `${connection}${scopeText(grant.scope)}${patterns}${labels}${
    options.length === 0 ? "" : `(${options.join(",")})`
  }`;
}

function connectionText(scope: ConnectionScope): string {
  return scope.by === "name" ? scope.glob.text : `<${scope.glob.text}>`;
}

function scopeText(scope: Scope): string {
  if (scope.kind === "all") return "all";
  const all = verbsOf(scope.permissionClass);
  const complete = all.every((verb) => scope.verbs.includes(verb));
  return complete ? scope.permissionClass : `${scope.permissionClass}:${scope.verbs.join(",")}`;
}
