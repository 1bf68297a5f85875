/**
 * Reading what definitions say, where permissions depend on it and a connection does not keep them.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { Operation } from "../model/operation.ts";
import type { Authority } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { DriverConnection } from "./driver.ts";
import type { ManagedObject } from "./object.ts";

/** On whose behalf definitions are read, and how long that may take. */
export interface DescribeOptions {
  readonly connection: DriverConnection;
  readonly authority: Authority;
  /** The operation that is to be checked; absent where only labels can count. */
  readonly operation?: Operation;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * Has a connection read the definitions of objects, so that permissions are decided by what they say now. `undefined` where
 * nothing has to be read: the connection keeps them, or nothing depends on them.
 *
 * @throws {VirtError} `timed-out` past the deadline; whatever the connection throws; the signal's reason.
 */
export function describeObjects(
  objects: Iterable<ManagedObject | undefined>,
  options: DescribeOptions,
): Promise<void> | undefined {
  const { connection, authority, operation } = options;
  if (connection.describe === undefined) return undefined;
  const { reaches, renames, relabels } = operation ?? {};
  const isChecked = reaches !== undefined || renames !== undefined || relabels !== undefined;
  if (!isChecked && authority.readsDefinitions !== true) return undefined;
  const described = new Set<ManagedObject>();
  for (const object of objects) {
    const subject = object === undefined ? undefined : subjectOf(connection, object);
    if (subject !== undefined && subject.phase !== "removed") described.add(subject);
  }
  return described.size === 0 ? undefined : describe([...described], options);
}

/** Whose definition counts: a snapshot's permissions are its domain's. */
function subjectOf(connection: DriverConnection, object: ManagedObject): ManagedObject | undefined {
  const { objectClass, parent } = object;
  if (objectClass === "connection") return undefined;
  if (objectClass !== "snapshot" || parent === undefined) return object;
  return connection.find({ $ref: "domain", id: parent });
}

async function describe(
  objects: readonly ManagedObject[],
  { connection, clock, deadline, signal }: DescribeOptions,
): Promise<void> {
  const late = new AbortController();
  using _timer = clock.after(Math.max(0, deadline - clock.now()), () =>
    late.abort(
      new VirtError("timed-out", "Cannot check what is permitted: the definitions could not be read in time"),
    ));
  await connection.describe?.(objects, AbortSignal.any([signal, late.signal]));
}
