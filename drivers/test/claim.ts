/**
 * The slots of what a definition is about.
 *
 * @module
 */
import type { DriverConnection, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { TestConnection } from "./connection.ts";
import { canonicalUuid, identify } from "../definition.ts";
import type { TestClass } from "./object.ts";

/** The object of a class with a name, or a UUID. */
export function named(
  connection: DriverConnection,
  objectClass: TestClass,
  { name, uuid, parent }: { readonly name?: string; readonly uuid?: string; readonly parent?: string },
): ManagedObject | undefined {
  if (!(connection instanceof TestConnection)) return undefined;
  const byName = name === undefined ? undefined : connection.table.byName(objectClass, name, parent);
  const found = byName ?? (uuid === undefined ? undefined : connection.table.byId(objectClass, uuid));
  if (found === undefined) return undefined;
  return connection.find({ $ref: objectClass, id: found.id, ...(parent === undefined ? {} : { parent }) });
}

/**
 * The slots of a definition's object: those of the object with its UUID and of the one with its name, where they
 * exist, and the name, which nobody else may take meanwhile.
 */
export function claimDefinition(
  connection: DriverConnection,
  objectClass: TestClass,
  xml: string,
): readonly SlotClaim[] {
  const { name, uuid } = identify(xml);
  const canonical = uuid === undefined ? undefined : canonicalUuid(uuid);
  const byUuid = canonical === undefined ? undefined : named(connection, objectClass, { uuid: canonical });
  const byName = name === undefined ? undefined : named(connection, objectClass, { name });
  const objects = [...new Set([byUuid, byName])].filter((object) => object !== undefined);
  if (objects.length > 0) return objects.map((object) => ({ object }));
  return name === undefined ? [{ object: connection.self }] : [{ objectClass, name }];
}

/** The slot of an object that holds another one: the domain of a snapshot. */
export function claimParent(
  connection: DriverConnection,
  parentClass: TestClass,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const parent = target?.parent === undefined
    ? undefined
    : connection.find({ $ref: parentClass, id: target.parent });
  return parent === undefined ? [{ object: target ?? connection.self }] : [{ object: parent }];
}
