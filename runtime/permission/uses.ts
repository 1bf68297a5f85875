/**
 * Which uses of permissions a call makes: when it is asked, with its slots in hand, and in its answer.
 *
 * @module
 */
import { type ObjectClass, objectClasses, type ObjectRef } from "../../model/object.ts";
import { type HostPlace, type Operation, permissionsOf } from "../../model/operation.ts";
import type { Permission } from "../../model/permission.ts";
import type { PermissionUse, ReachUse } from "../call.ts";
import type { Claim } from "../claim.ts";
import type { DriverConnection } from "../driver.ts";
import type { ManagedObject } from "../object.ts";
import { splitPermission, verbsOf } from "./grant.ts";

/** What of a call decides its uses. */
export interface UsingCall {
  readonly operation: Operation;
  /** As its schema gave it. */
  readonly input: unknown;
  readonly connection: Pick<DriverConnection, "find" | "grantedPaths">;
  readonly request: { readonly connection: string; readonly target?: ObjectRef };
  readonly target?: ManagedObject | undefined;
  readonly peer?: { readonly name: string; readonly connection: Pick<DriverConnection, "grantedPaths"> };
}

/** The object that a permission is about, as far as it is known. */
type Subject = Pick<PermissionUse, "name" | "parentName" | "definition">;

/** Before the call queues: by the name that the object really has. */
export function askedUses(call: UsingCall): PermissionUse[] {
  const { operation, request } = call;
  return permissionsOf(operation, call.input).map((permission) => ({
    permission,
    operation: operation.name,
    connection: request.connection,
    when: "asked",
    ...(operation.on === "connection" ? {} : subjectOf(call, {
      permission,
      object: call.target ?? request.target,
    })),
  }));
}

/** With the slots in hand: names may have changed, and some are known only now. */
export function obtainedUses(call: UsingCall, claims: readonly Claim[]): PermissionUse[] {
  const { operation, request, peer } = call;
  return permissionsOf(operation, call.input).flatMap((permission) => {
    const subjects = obtainedSubjects(call, { permission, claims });
    return [request.connection, ...(peer === undefined ? [] : [peer.name])].flatMap((connection) =>
      subjects.map((subject): PermissionUse => ({
        permission,
        operation: operation.name,
        connection,
        when: "obtained",
        ...subject,
      }))
    );
  });
}

/** What the call gives to the hypervisor; `undefined` where it gives nothing that could reach further. */
export function reachOf(call: UsingCall, claims: readonly Claim[]): ReachUse | undefined {
  const { operation, input, connection, request, peer } = call;
  const xml = operation.reaches === undefined ? undefined : textIn(input, operation.reaches.field);
  const newName = operation.renames === undefined ? undefined : textIn(input, operation.renames);
  const namespace = operation.relabels === undefined
    ? undefined
    : textIn(input, operation.relabels.namespace);
  const element = operation.relabels === undefined ? undefined : textIn(input, operation.relabels.element);
  const places = Object.entries(operation.places ?? {}).flatMap(([field, kind]): HostPlace[] => {
    const value = textIn(input, field);
    return value === undefined ? [] : [{ kind, value }];
  });
  if (xml === undefined && newName === undefined && namespace === undefined && places.length === 0) {
    return undefined;
  }
  const claimed = claims.find(({ object, kind }) =>
    object?.objectClass === operation.objectClass && kind !== "use"
  )?.object;
  const existing = subjectOf(call, { permission: operation.permission, object: call.target ?? claimed });
  return {
    operation: operation.name,
    // A definition for the other side is carried out there.
    connection: peer === undefined ? request.connection : peer.name,
    grantedPaths: (peer?.connection ?? connection).grantedPaths(),
    permissions: permissionsOf(operation, input),
    ...(xml === undefined || operation.reaches === undefined
      ? {}
      : { xml, document: operation.reaches.document }),
    ...(places.length === 0 ? {} : { places }),
    ...(newName === undefined ? {} : { newName }),
    ...(namespace === undefined ? {} : { newMetadata: { namespace, element: element ?? "" } }),
    ...existing,
  };
}

/**
 * The objects in the answer of a call that took no slot and asked for no object by name: a look-up finds out here
 * whether it may have found it.
 */
export function answeredUses(call: UsingCall, answer: unknown): PermissionUse[] {
  const { operation, request } = call;
  if (operation.filter !== undefined) return [];
  const unnamed = askedUses(call).filter(({ permission, name }) =>
    name === undefined && !permission.startsWith("connect:")
  );
  if (unnamed.length === 0) return [];
  return refsIn(answer).flatMap((object) =>
    unnamed.map(({ permission }): PermissionUse => ({
      permission,
      operation: operation.name,
      connection: request.connection,
      when: "obtained",
      ...subjectOf(call, { permission, object: call.connection.find(object) ?? object }),
    }))
  );
}

/** The use that decides whether an object shows up in a list. */
export function listedUse(
  call: UsingCall,
  { permission, ref }: { readonly permission: Permission; readonly ref: ObjectRef },
): PermissionUse {
  return {
    permission,
    operation: call.operation.name,
    connection: call.request.connection,
    when: "listed",
    ...subjectOf(call, { permission, object: call.connection.find(ref) ?? ref }),
  };
}

/** Verbs that only look. */
const looking: readonly string[] = [
  ...["getattr", "read", "read_secure", "block_read", "mem_read", "data_read", "screenshot"],
  ...["search_domains", "search_networks", "search_storage_pools", "search_storage_vols", "search_ports"],
  ...["search_node_devices", "search_interfaces", "search_secrets", "search_nwfilters"],
  "search_nwfilter_bindings",
];

/** An object outside of a call: one that something happened to, or that somebody wants for himself. */
export interface ObjectUseOptions {
  readonly operation: string;
  readonly when: PermissionUse["when"];
  /** The caller's name for the connection, and the connection. */
  readonly name: string;
  readonly connection: Pick<DriverConnection, "find">;
}

/** The use that decides whether somebody may know of an object. */
export function sightUse(object: ManagedObject | ObjectRef, options: ObjectUseOptions): PermissionUse {
  return objectUse(object, { ...options, verb: "getattr" });
}

/** The uses that would change an object; who may not do any of them has nothing to keep others from it for. */
export function changingUses(object: ManagedObject, options: ObjectUseOptions): PermissionUse[] {
  return verbsOf(objectClasses[object.objectClass].permissionClass)
    .filter((verb) => !looking.includes(verb))
    .map((verb) => objectUse(object, { ...options, verb }));
}

function objectUse(
  object: ManagedObject | ObjectRef,
  { operation, when, name, connection, verb }: ObjectUseOptions & { readonly verb: string },
): PermissionUse {
  const objectClass = "$ref" in object ? object.$ref : object.objectClass;
  // A class and one of its verbs are a permission; the compiler does not follow the two through the table.
  const permission = `${objectClasses[objectClass].permissionClass}:${verb}` as Permission;
  const found = "$ref" in object ? connection.find(object) ?? object : object;
  return {
    permission,
    operation,
    connection: name,
    when,
    ...subjectOf({ connection }, { permission, object: found }),
  };
}

/** What a permission is about, given the object that the call is made on, or one that it found. */
function subjectOf(
  call: { readonly connection: Pick<DriverConnection, "find"> },
  { permission, object }: {
    readonly permission: Permission;
    readonly object: ManagedObject | ObjectRef | undefined;
  },
): Subject {
  if (object === undefined) return {};
  const objectClass = "$ref" in object ? object.$ref : object.objectClass;
  if (objectClass === "connection") return {};
  const parentClass = parents[objectClass];
  const parent = parentClass === undefined || object.parent === undefined
    ? undefined
    : call.connection.find({ $ref: parentClass, id: object.parent });
  // A snapshot has no permissions of its own: they are its domain's.
  if (objectClass === "snapshot") return parent === undefined ? { name: "" } : named(parent);
  const [permissionClass] = splitPermission(permission);
  if (objectClasses[objectClass].permissionClass !== permissionClass) return { parentName: object.name };
  return { ...named(object), ...(parent === undefined ? {} : { parentName: parent.name }) };
}

/** The classes whose objects are held by others. */
const parents: { readonly [C in ObjectClass]?: ObjectClass } = {
  snapshot: "domain",
  volume: "pool",
  networkPort: "network",
};

function named(object: ManagedObject | ObjectRef): Subject {
  return {
    name: object.name,
    ...("config" in object && object.config !== "" ? { definition: object.config } : {}),
  };
}

function obtainedSubjects(
  call: UsingCall,
  { permission, claims }: { readonly permission: Permission; readonly claims: readonly Claim[] },
): Subject[] {
  const [permissionClass] = splitPermission(permission);
  const own = subjectOf(call, { permission, object: call.target });
  const subjects = new Map<string, Subject>();
  if (own.name !== undefined) subjects.set(own.name, own);
  for (const { objectClass, name, object, kind } of claims) {
    const isOfClass = objectClass !== "snapshot" &&
      objectClasses[objectClass].permissionClass === permissionClass;
    if (!isOfClass || kind === "use" || subjects.has(name)) continue;
    const found = object === undefined ? claimedName(call, name) : subjectOf(call, { permission, object });
    subjects.set(name, { ...(own.name === undefined ? own : {}), ...found });
  }
  if (subjects.size > 0) return [...subjects.values()];
  // What a definition names is checked by the name in it; see `reach_uses.ts`.
  return definesItsOwn(call) ? [] : [own];
}

/** A name that no object has yet; what defines it says which labels it will carry. */
function claimedName(call: UsingCall, name: string): Subject {
  const { reaches } = call.operation;
  const definition = reaches === undefined || !definesItsOwn(call)
    ? undefined
    : textIn(call.input, reaches.field);
  return { name, ...(definition === undefined ? {} : { definition }) };
}

/** Documents that name what they define. */
const naming: readonly string[] = [
  ...["domain", "network", "pool", "volume", "interface", "filter", "filterBinding"],
];

function definesItsOwn({ operation, input }: UsingCall): boolean {
  const { reaches, objectClass } = operation;
  return reaches !== undefined && reaches.document === objectClass && naming.includes(objectClass) &&
    textIn(input, reaches.field) !== undefined;
}

function textIn(input: unknown, field: string): string | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(input, field)?.value;
  return typeof value === "string" ? value : undefined;
}

/** References in an answer, at its top or one level down. */
function refsIn(answer: unknown): ObjectRef[] {
  const items = Array.isArray(answer) ? answer : [answer];
  return items.flatMap((item: unknown) => {
    if (isRef(item)) return [item];
    return typeof item === "object" && item !== null ? Object.values(item).filter(isRef) : [];
  });
}

function isRef(value: unknown): value is ObjectRef {
  return typeof value === "object" && value !== null && "$ref" in value && "id" in value && "name" in value;
}
