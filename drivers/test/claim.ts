/**
 * The slots of what a definition is about.
 *
 * @module
 */
import type { DriverConnection, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { definitionClaims } from "../claim.ts";
import { TestConnection } from "./connection.ts";
import type { TestClass } from "./object.ts";

export { claimParent } from "../claim.ts";

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

/** The slots of a definition's object, or of the name that it takes. */
export function claimDefinition(
  connection: DriverConnection,
  objectClass: TestClass,
  xml: string,
): readonly SlotClaim[] {
  return definitionClaims(connection, {
    objectClass,
    xml,
    find: (called) => named(connection, objectClass, called),
  });
}
