/**
 * What single requests have in common: connections, the one who asks, and objects by their names.
 *
 * @module
 */
import { fromErrorData, VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses, type ObjectRef, refSchema } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { Authority, Caller, CallRequest } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { DriverConnection } from "../driver.ts";
import type { Kernel } from "../kernel.ts";
import type { ConnectOptions } from "../opening.ts";
import type { Person } from "../person.ts";
import { lookupOf, targetClasses } from "./addressing.ts";

/** Opens a connection, or finds the one that is open. */
export type Connect = (uri: string, options: ConnectOptions) => Promise<DriverConnection>;

/** Whoever owns the kernel may do what the kernel may: nothing stands between a person and their own hypervisor. */
const owner: Authority = { check: () => {}, checkReach: () => {}, sees: () => true };

/** What every call made here has in common. */
export interface Asking {
  readonly kernel: Kernel;
  readonly connections: ReadonlyMap<string, DriverConnection>;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970; the operation's own time-out where absent. */
  readonly deadline?: number;
  /** What the caller may do. @default everything */
  readonly authority?: Authority;
}

/** What a call is made with, whatever it does. */
export function requestBase(ask: Asking): Omit<CallRequest, "operation" | "input"> {
  const { connections, caller, signal, deadline, authority = owner } = ask;
  const base = { connections, connection: "host", caller, authority, signal };
  return deadline === undefined ? base : { ...base, deadline };
}

/** How connections are opened for one request. */
export interface ConnectInTime {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Milliseconds since 1970; as long as it takes where absent. */
  readonly deadline?: number | undefined;
  readonly connect: Connect;
  readonly person?: Person | undefined;
}

/**
 * Opens a connection, in time.
 *
 * @throws {VirtError} `timed-out` past the deadline; whatever connecting fails with; the signal's reason.
 */
export async function connectInTime(
  uri: string,
  { connect, clock, deadline, signal, person }: ConnectInTime,
): Promise<DriverConnection> {
  const whom = person === undefined ? {} : { person };
  if (deadline === undefined) return await connect(uri, { signal, ...whom });
  const late = new AbortController();
  using _timer = clock.after(
    Math.max(0, deadline - clock.now()),
    () =>
      late.abort(new VirtError("timed-out", `Cannot connect to "${uri}": the time that was given is over`)),
  );
  return await connect(uri, { signal: AbortSignal.any([signal, late.signal]), ...whom });
}

/** The object that names address; `undefined` for the connection itself. */
export async function findTarget(
  operation: Operation,
  ask: Asking & { readonly names: readonly string[] },
): Promise<ObjectRef | undefined> {
  const classes = targetClasses(operation);
  if (ask.names.length !== classes.length) {
    throw new VirtError(
      "invalid-argument",
      `Cannot call ${operation.name}: it takes ${classes.length} names, and got ${ask.names.length}`,
    );
  }
  let found: ObjectRef | undefined;
  for (const [index, objectClass] of classes.entries()) {
    found = await lookUp(objectClass, { ...ask, name: ask.names[index] ?? "", parent: found });
  }
  return found;
}

/** The object of a class by its name. */
export async function lookUp(
  objectClass: ObjectClass,
  ask: Asking & { readonly name: string; readonly parent: ObjectRef | undefined },
): Promise<ObjectRef> {
  const { label } = objectClasses[objectClass];
  const operation = lookupOf(objectClass);
  if (operation === undefined) {
    throw new VirtError(
      "unsupported",
      `Cannot find the ${label} "${ask.name}": nothing looks one up by name`,
    );
  }
  const { outcome } = await ask.kernel.call({
    ...requestBase(ask),
    operation: operation.name,
    input: { name: ask.name },
    ...(ask.parent === undefined ? {} : { target: ask.parent }),
  });
  if (outcome.kind !== "done") throw fromErrorData(outcome.error);
  const ref = refIn(objectClass, outcome.value);
  if (ref === undefined) throw new VirtError("internal", `${operation.name} answered without a ${label}`);
  return ref;
}

/** A reference in an answer. */
export function refIn(objectClass: ObjectClass, value: unknown): ObjectRef | undefined {
  const parsed = refSchema(objectClass).safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
