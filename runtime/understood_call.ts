/**
 * A call that has been understood: its operation, driver function, input and deadline; and what must hold before it
 * may go on.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import { objectClasses, type ObjectRef } from "../model/object.ts";
import type { Operation } from "../model/operation.ts";
import { type OperationName, operations } from "../model/operations/mod.ts";
import type { CallRequest, PermissionUse } from "./call.ts";
import type { Claim } from "./claim.ts";
import type { Clock } from "./clock.ts";
import type { DriverConnection, Implementation } from "./driver.ts";
import type { ManagedObject } from "./object.ts";
import { answeredUses, askedUses, listedUse, obtainedUses, reachOf } from "./permission/uses.ts";

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
        hint: `Recipes ask first: host.can("${name}"); drover doctor says what drivers there are`,
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
): Promise<void> | undefined {
  const { authority } = call.request;
  const targeted = { ...call, target };
  const checks = askedUses(targeted).map((use) => () => authority.check(use));
  // Where there is no slot to obtain, now is the only time.
  const reach = call.operation.job === "none" ? reachOf(targeted, []) : undefined;
  return inTurn(reach === undefined ? checks : [...checks, () => authority.checkReach(reach)]);
}

/**
 * The permission once more, with the slots in hand: names may have changed, some are known only now, and definitions
 * are checked by what they reach.
 */
export function checkObtained(call: TargetedCall, claims: readonly Claim[]): Promise<void> | undefined {
  const { authority } = call.request;
  const checks = obtainedUses(call, claims).map((use) => () => authority.check(use));
  const reach = reachOf(call, claims);
  return inTurn(reach === undefined ? checks : [...checks, () => authority.checkReach(reach)]);
}

/** A look-up asks for no object by name: whether it may have found it is decided by what it found. */
export function checkAnswered(call: TargetedCall, answer: unknown): Promise<void> | undefined {
  return inTurn(answeredUses(call, answer).map((use) => () => checkFound(call, use)));
}

/** Whoever looks an object up by its id does not learn the name of one that he may not see. */
function checkFound(
  { request, operation, input }: TargetedCall,
  use: PermissionUse,
): void | Promise<void> {
  const withoutName = (error: unknown): never => {
    const asked = fieldOf(input, "name");
    if (!isVirtError(error, "permission-denied") || use.name === undefined || use.name === asked) throw error;
    throw new VirtError(
      "permission-denied",
      `Cannot call ${operation.name}: ${use.permission} is not granted for what it found`,
      { hint: "Look it up by its name" },
    );
  };
  try {
    const checked = request.authority.check(use);
    return checked instanceof Promise ? checked.catch(withoutName) : checked;
  } catch (error) {
    return withoutName(error);
  }
}

/** One check after the other, so that the first refusal ends them; waits only where one has to. */
function inTurn(checks: readonly (() => void | Promise<void>)[]): Promise<void> | undefined {
  for (const [index, check] of checks.entries()) {
    const answer = check();
    if (answer instanceof Promise) return answer.then(() => inTurn(checks.slice(index + 1)));
  }
  return undefined;
}

/**
 * Refuses a live write through a handle whose object moved since, unless the caller says that it does not matter.
 *
 * @throws {VirtError} `object-changed`
 */
export function refuseMoved({ request, operation }: UnderstoodCall, object: ManagedObject): void {
  const expected = request.target?.generation;
  if (request.rebase === true || expected === undefined || object.phase !== "active") return;
  // A snapshot's work takes its domain's slot; the reference is to the snapshot.
  if (object.objectClass !== request.target?.$ref) return;
  if (operation.job === "destroy" || expected === object.generation) return;
  throw new VirtError(
    "object-changed",
    `Cannot ${operation.name} ${object.label}: it was changed or restarted since this recipe looked at it`,
    { target: object.label, hint: "Look it up again, or pass { rebase: true } where that does not matter" },
  );
}

/** Lists show only what the caller may see. */
export function visible(call: UnderstoodCall, value: unknown): unknown {
  const { filter: permission } = call.operation;
  if (permission === undefined || !Array.isArray(value)) return value;
  const { authority } = call.request;
  if (authority.seesAll === true) return value;
  return value.filter((item: unknown) => {
    const ref = refIn(item);
    return ref === undefined || authority.sees(listedUse(call, { permission, ref }));
  });
}

/** The objects in an answer that is checked, or restricted to what the caller may see, by what it has found. */
export function objectsIn(
  { connection, operation, request: { authority } }: UnderstoodCall,
  value: unknown,
): ManagedObject[] {
  if (operation.on !== "connection" && operation.filter === undefined) return [];
  if (authority.seesAll === true && authority.readsDefinitions !== true) return [];
  const items = Array.isArray(value) ? value : [value];
  return items.flatMap((item: unknown) => {
    const ref = refIn(item);
    return (ref === undefined ? undefined : connection.find(ref)) ?? [];
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

/**
 * What a call answers that was to remove its target, or to move it to another host, where it is gone and, if it was to be
 * moved, is there; nothing where that is not so.
 *
 * @throws whatever a connection could not be read for: what nobody has seen is not gone.
 */
export async function answerWhenGone(
  { operation, connection, target, connections, input }: CallRequest,
  clock: Clock,
): Promise<unknown> {
  const { whenGone, peer } = operations.get(operation) ?? {};
  if (target === undefined || (whenGone === undefined && peer === undefined)) return undefined;
  const find = async (name: string): Promise<ManagedObject | undefined> => {
    const world = connectionNamed(name, connections);
    await world.ready.wait({ clock, deadline: clock.now(), signal: neverAborts });
    const object = world.find(target);
    return object?.phase === "removed" ? undefined : object;
  };
  if (await find(connection) !== undefined) return undefined;
  if (peer === undefined) return whenGone;
  const there = String(fieldOf(input, peer));
  return (await find(there))?.ref(there);
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
