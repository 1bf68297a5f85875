/**
 * What a caller must be permitted for a call, as libvirt's access control has it.
 *
 * @module
 */
import type { Permission } from "../../model/permission.ts";
import type { Procedure } from "./row.ts";

/** A permission that is needed only for certain arguments. */
export interface Condition {
  readonly permission: Permission;
  /** Needed where the argument `flags` has all of these bits. */
  readonly allOf?: number;
  /** Needed where the argument `flags` has none of these bits. */
  readonly noneOf?: number;
  /** Needed where an argument has this value. */
  readonly field?: FieldValue;
}

/** An argument and its value. */
export interface FieldValue {
  readonly name: string;
  readonly equals: number;
}

/** The bits of `flags` on which permissions depend (libvirt's headers). */
export const aclFlag = {
  /** Of all definitions: with passwords and other secrets. */
  secureXml: 1,
  /** Of a domain's definition: as a migration wants it, which holds secrets too. */
  migratableXml: 8,
  /** Of a reboot or a shutdown: by the agent in the guest. */
  guestAgent: 2,
  /** Of virtual processors: those that the guest sees, by its agent. */
  guestVcpus: 8,
  /** Of a snapshot: with the guest's file systems frozen. */
  quiesceSnapshot: 64,
  /** Of a checkpoint: with the guest's file systems frozen. */
  quiesceCheckpoint: 2,
} as const;

/** The source of a domain's addresses that asks the agent in the guest. */
export const addressesFromAgent = 1;

const affectsLive = 1;
const affectsConfig = 2;

/** A permission that is needed where `flags` has these bits. */
export function whenFlag(permission: Permission, allOf: number): Condition {
  return { permission, allOf };
}

/** A permission that is needed where an argument has a certain value. */
export function whenField(permission: Permission, field: FieldValue): Condition {
  return { permission, field };
}

/**
 * A permission that is needed where the stored definition changes: `flags` says so, or it says neither "live" nor
 * "config" and the object's present state decides.
 */
export function whereConfig(permission: Permission): readonly Condition[] {
  return [{ permission, allOf: affectsConfig }, { permission, noneOf: affectsLive | affectsConfig }];
}

/**
 * What a caller must be permitted for a call with these arguments.
 *
 * @example
 * ```ts
 * import { procedures } from "./mod.ts";
 * import { permissionsNeeded } from "./access.ts";
 * const dom = { name: "web", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
 * permissionsNeeded(procedures.domainGetXmlDesc, { dom, flags: 1 }); // ["domain:read", "domain:read_secure"]
 * ```
 */
export function permissionsNeeded<A>(procedure: Procedure<A>, args: A): readonly Permission[] {
  const needed = procedure.acl.flatMap((need) =>
    typeof need === "string" ? [need] : applies(need, args) ? [need.permission] : []
  );
  return [...new Set(needed)];
}

/** Whether a read-only connection may make a call with these arguments. */
export function allowedReadOnly<A>(procedure: Procedure<A>, args: A): boolean {
  return procedure.readonly ?? permissionsNeeded(procedure, args).every(onlyLooks);
}

function applies(condition: Condition, args: unknown): boolean {
  const { allOf, noneOf, field } = condition;
  if (allOf !== undefined) return (bitsOf(args, "flags") & allOf) === allOf;
  if (noneOf !== undefined) return (bitsOf(args, "flags") & noneOf) === 0;
  return field !== undefined && bitsOf(args, field.name) === field.equals;
}

function bitsOf(args: unknown, field: string): number {
  const value: unknown = typeof args === "object" && args !== null ? Reflect.get(args, field) : undefined;
  return typeof value === "number" ? value : 0;
}

function onlyLooks(permission: Permission): boolean {
  return /:(getattr|read|search_\w+)$/.test(permission);
}
