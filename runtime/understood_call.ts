/**
 * A call that has been understood: its operation, driver function, input and deadline; and what must hold before it
 * may go on.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { objectClasses, type ObjectRef } from "../model/object.ts";
import { type Operation, permissionsOf } from "../model/operation.ts";
import { type OperationName, operations } from "../model/operations/mod.ts";
import type { CallRequest, PermissionUse } from "./call.ts";
import type { Claim } from "./claim.ts";
import type { Clock } from "./clock.ts";
import type { DriverConnection, Implementation } from "./driver.ts";
import type { ManagedObject } from "./object.ts";

/** A call that has been understood. */
export interface UnderstoodCall {
  readonly request: CallRequest;
  readonly operation: Operation;
  readonly implementation: Implementation<OperationName>;
  readonly connection: DriverConnection;
  /** Checked by the operation's schema; its type is known only to the caller and the driver function. */
  readonly input: never;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** The slots and waits of one call are one party in a deadlock. */
  readonly group: number;
  /** The connection on the other side, for operations that span two hosts. */
  readonly peer?: { readonly name: string; readonly connection: DriverConnection };
}

/** A call whose target has been found. */
export interface TargetedCall extends UnderstoodCall {
  readonly target: ManagedObject | undefined;
}

/**
 * Finds operation, connection and driver function, and checks the input.
 *
 * @throws {VirtError} `unsupported`, `invalid-argument`
 */
export function understand(
  request: CallRequest,
  { clock, group }: { readonly clock: Clock; readonly group: number },
): UnderstoodCall {
  const operation = operations.get(request.operation);
  if (operation === undefined) {
    throw new VirtError("unsupported", `Cannot call "${request.operation}": there is no such operation`);
  }
  const connection = connectionNamed(request.connection, request.connections);
  const { implementations } = connection;
  const name = operation.name as OperationName;
  const implementation = Object.hasOwn(implementations, name) ? implementations[name] : undefined;
  if (implementation === undefined) {
    throw new VirtError(
      "unsupported",
      `Cannot ${name}: the ${connection.driver} driver does not support it`,
      {
        hint: `Ask first with can("${name}")`,
      },
    );
  }
  const input = parseInput(operation, request.input);
  const peerName = operation.peer === undefined ? undefined : fieldOf(input, operation.peer);
  return {
    request,
    operation,
    // A row of the registry and its driver function fit each other by construction of the driver's map.
    implementation: implementation as Implementation<OperationName>,
    connection,
    input,
    deadline: request.deadline ?? clock.now() + operation.timeoutMs,
    group,
    ...(typeof peerName === "string"
      ? { peer: { name: peerName, connection: connectionNamed(peerName, request.connections) } }
      : {}),
  };
}

/**
 * Waits at the gate of the connection where the call would see a partial world: lists, look-ups by name, and
 * everything else on a connection. `undefined` where there is nothing to wait for.
 */
export function waitAtGate(call: UnderstoodCall, clock: Clock): Promise<void> | undefined {
  const { connection, operation, request, deadline } = call;
  if (connection.ready.settled && operation.on !== "connection") return undefined;
  return connection.ready.wait({ clock, deadline, signal: request.signal ?? neverAborts });
}

/**
 * The object that a call is made on; `undefined` for calls on a connection.
 *
 * @throws {VirtError} `invalid-argument` where the reference is of another class or connection.
 */
export function targetOf({ request, operation, connection }: UnderstoodCall): ManagedObject | undefined {
  if (operation.on === "connection") return undefined;
  const { target: ref } = request;
  if (ref === undefined || ref.$ref !== operation.on || ref.connection !== request.connection) {
    throw new VirtError(
      "invalid-argument",
      `Cannot ${operation.name}: it needs a ${objectClasses[operation.on].label}`,
    );
  }
  const object = connection.find(ref);
  return object?.phase === "removed" ? undefined : object;
}

/** Asks for the permissions before the call queues, by the name that the object really has. */
export function checkAsked(
  call: UnderstoodCall,
  target: ManagedObject | undefined,
): void | Promise<unknown> {
  const { request, operation, connection, input } = call;
  const name = permissionName(connection, target ?? request.target);
  return whenAll(
    permissionsOf(operation, input).map((permission) =>
      request.authority.check({
        permission,
        operation: operation.name,
        connection: request.connection,
        when: "asked",
        ...(name === undefined || operation.on === "connection" ? {} : { name }),
      })
    ),
  );
}

/** The name that permissions on an object are granted by: a snapshot's is its domain's. */
function permissionName(
  connection: DriverConnection,
  object: ManagedObject | ObjectRef | undefined,
): string | undefined {
  if (object === undefined) return undefined;
  const objectClass = "$ref" in object ? object.$ref : object.objectClass;
  if (objectClass !== "snapshot" || object.parent === undefined) return object.name;
  return connection.find({ $ref: "domain", id: object.parent })?.name ?? "";
}

/** Waits where any of the answers is still to come. */
function whenAll(answers: readonly (void | Promise<void>)[]): Promise<unknown> | undefined {
  return answers.some((answer) => answer instanceof Promise) ? Promise.all(answers) : undefined;
}

/**
 * The permission once more, with the slots in hand: names may have changed, some are known only now, and definitions
 * are checked by what they reach.
 */
export function checkObtained(call: TargetedCall, claims: readonly Claim[]): Promise<unknown> | undefined {
  const { request, operation, connection, target, peer } = call;
  const names = target === undefined
    ? claims.filter(({ objectClass }) => objectClass === operation.objectClass).map(({ name }) => name)
    : [permissionName(connection, target) ?? ""];
  const answers: (void | Promise<void>)[] = [];
  for (const permission of permissionsOf(operation, call.input)) {
    const use: Omit<PermissionUse, "name"> = {
      permission,
      operation: operation.name,
      connection: request.connection,
      when: "obtained",
    };
    for (const name of new Set(names)) {
      answers.push(request.authority.check({ ...use, name }));
      if (peer !== undefined) answers.push(request.authority.check({ ...use, connection: peer.name, name }));
    }
    if (names.length === 0) answers.push(request.authority.check(use));
  }
  const xml = operation.reaches === undefined ? undefined : fieldOf(call.input, operation.reaches.field);
  if (operation.reaches !== undefined && typeof xml === "string") {
    const existing = target ??
      claims.find(({ object }) => object?.objectClass === operation.objectClass)?.object;
    answers.push(request.authority.checkReach({
      operation: operation.name,
      connection: request.connection,
      document: operation.reaches.document,
      xml,
      grantedPaths: connection.grantedPaths(),
      ...(existing === undefined ? {} : { name: existing.name }),
    }));
  }
  return whenAll(answers);
}

/**
 * Refuses a live write through a handle whose object moved since, unless the caller says that it does not matter.
 *
 * @throws {VirtError} `object-changed`
 */
export function refuseMoved({ request, operation }: UnderstoodCall, object: ManagedObject): void {
  const expected = request.target?.generation;
  if (request.rebase === true || expected === undefined || object.phase !== "active") return;
  if (operation.job === "destroy" || expected === object.generation) return;
  throw new VirtError(
    "object-changed",
    `Cannot ${operation.name} ${object.label}: it was changed or restarted since this recipe looked at it`,
    { target: object.label, hint: "Look it up again, or pass { rebase: true } where that does not matter" },
  );
}

/** Lists show only what the caller may see. */
export function visible({ request, operation }: UnderstoodCall, value: unknown): unknown {
  const { filter } = operation;
  if (filter === undefined || !Array.isArray(value)) return value;
  const { authority, connection } = request;
  return value.filter((item: unknown) => {
    const name = refIn(item)?.name;
    return name === undefined ||
      authority.sees({ permission: filter, operation: operation.name, connection, name, when: "listed" });
  });
}

/**
 * The object that a reference means.
 *
 * @throws {VirtError} `not-found` where it does not exist, or not any more.
 */
export function findObject(
  ref: ObjectRef,
  connections: ReadonlyMap<string, DriverConnection>,
): ManagedObject {
  const object = connectionNamed(ref.connection, connections).find(ref);
  if (object !== undefined && object.phase !== "removed") return object;
  const target = `${objectClasses[ref.$ref].label} "${ref.name}"`;
  throw new VirtError("not-found", `Cannot find ${target}: it does not exist`, { target });
}

/** A signal for calls that nobody cancels. */
export const neverAborts: AbortSignal = new AbortController().signal;

function connectionNamed(name: string, connections: ReadonlyMap<string, DriverConnection>): DriverConnection {
  const connection = connections.get(name);
  if (connection === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use connection "${name}": the run has no such connection`,
    );
  }
  return connection;
}

function parseInput(operation: Operation, input: unknown): never {
  const parsed = operation.input.safeParse(input ?? {});
  if (parsed.success) return parsed.data as never;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new VirtError(
    "invalid-argument",
    `Cannot ${operation.name}: ${path === "" ? "the input" : `"${path}"`} is wrong: ${
      issue?.message ?? "not accepted"
    }`,
    { detail: { issues: parsed.error.issues } },
  );
}

function fieldOf(input: unknown, field: string): unknown {
  if (typeof input !== "object" || input === null) return undefined;
  return Object.getOwnPropertyDescriptor(input, field)?.value;
}

function refIn(item: unknown): ObjectRef | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  if ("$ref" in item) return item as ObjectRef;
  for (const value of Object.values(item)) {
    if (typeof value === "object" && value !== null && "$ref" in value) return value as ObjectRef;
  }
  return undefined;
}
