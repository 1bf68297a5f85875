/**
 * Which slots the operations of this driver take that make or name an object.
 *
 * @module
 */
import type { DriverConnection, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { definitionClaims } from "../claim.ts";
import { RemoteConnection } from "./connection.ts";
import type { RemoteClass } from "./object.ts";

export { claimInside, claimParent } from "../claim.ts";

/** The object of a class that was last seen under a name, or with a UUID. */
export function named(
  connection: DriverConnection,
  objectClass: RemoteClass,
  { name, uuid, parent }: { readonly name?: string; readonly uuid?: string; readonly parent?: string },
): ManagedObject | undefined {
  if (!(connection instanceof RemoteConnection)) return undefined;
  const byName = name === undefined ? undefined : connection.table.byName(objectClass, name, parent);
  const found = byName ?? (uuid === undefined ? undefined : connection.table.byId(objectClass, uuid, parent));
  return found as ManagedObject | undefined;
}

/** The slots of a definition's object, or of the name that it takes. */
export function claimDefinition(
  connection: DriverConnection,
  objectClass: RemoteClass,
  xml: string,
): readonly SlotClaim[] {
  return definitionClaims(connection, {
    objectClass,
    xml,
    find: (called) => named(connection, objectClass, called),
  });
}
