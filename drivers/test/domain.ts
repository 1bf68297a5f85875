/**
 * What the driver's functions share about domains: claims, checks and answers.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverConnection, SlotClaim } from "../../runtime/driver.ts";
import { TestConnection } from "./connection.ts";
import { identify } from "./definition.ts";
import type { TestClass, TestJob, TestObject } from "./object.ts";
import type { Guest } from "./world/record.ts";

/** A job on a domain. */
export type DomainJob = TestJob<"domain">;

/** A domain. */
export type DomainObject = TestObject<"domain">;

/** The state of a domain. */
export function stateOf({ live }: DomainObject): OutputOf<Operations["domain.start"]>["state"] {
  return live?.state ?? "shutoff";
}

/** What life-cycle operations answer. */
export function statusOf(domain: DomainObject): OutputOf<Operations["domain.start"]> {
  return { state: stateOf(domain), phase: domain.phase, generation: domain.generation };
}

/**
 * The domain's guest.
 *
 * @throws {VirtError} `wrong-state` where it does not run.
 */
export function needGuest(domain: DomainObject, doing: string): Guest {
  if (domain.live !== undefined) return domain.live;
  throw new VirtError("wrong-state", `Cannot ${doing} ${domain.label}: it is not running`, {
    target: domain.label,
    hint: `Start it first: drover domain start ${domain.name}`,
  });
}

/**
 * The slots of a definition's object: the one with its UUID or its name where there is one, else the name.
 */
export function claimDefinition(
  connection: DriverConnection,
  objectClass: TestClass,
  xml: string,
): readonly SlotClaim[] {
  const { name, uuid } = identify(xml);
  if (!(connection instanceof TestConnection) || name === undefined) return [{ object: connection.self }];
  const known = (uuid === undefined ? undefined : connection.find({ $ref: objectClass, id: uuid })) ??
    asObject(connection, { objectClass, name });
  return known === undefined ? [{ objectClass, name }] : [{ object: known }];
}

function asObject(
  connection: TestConnection,
  { objectClass, name }: { objectClass: TestClass; name: string },
): ReturnType<DriverConnection["find"]> {
  const object = connection.table.byName(objectClass, name);
  return object === undefined ? undefined : connection.find({ $ref: objectClass, id: object.id });
}

/** The error for something that is not there. */
export function notFound(label: string, name: string): VirtError {
  return new VirtError("not-found", `Cannot find ${label} "${name}": it does not exist`, {
    target: `${label} "${name}"`,
    hint: `List what is there with: drover ${label.split(" ").at(-1)} list`,
  });
}
