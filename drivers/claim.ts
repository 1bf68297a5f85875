/**
 * The slots of what a definition is about.
 *
 * @module
 */
import type { ObjectClass } from "../model/object.ts";
import type { DriverConnection, SlotClaim } from "../runtime/driver.ts";
import type { ManagedObject } from "../runtime/object.ts";
import { canonicalUuid, identify } from "./definition.ts";

/** Finds the object of a class with a name, or a UUID, where the connection knows one. */
export type FindNamed = (
  called: { readonly name?: string; readonly uuid?: string },
) => ManagedObject | undefined;

/** A definition, and how what it is of is found. */
export interface DefinitionClaim {
  readonly objectClass: ObjectClass;
  readonly xml: string;
  readonly find: FindNamed;
}

/**
 * The slots of a definition's object: those of the object with its UUID and of the one with its name, where they
 * exist, and the name, which nobody else may take meanwhile.
 */
export function definitionClaims(
  connection: DriverConnection,
  { objectClass, xml, find }: DefinitionClaim,
): readonly SlotClaim[] {
  const { name, uuid } = identify(xml);
  const canonical = uuid === undefined ? undefined : canonicalUuid(uuid);
  const byUuid = canonical === undefined ? undefined : find({ uuid: canonical });
  const byName = name === undefined ? undefined : find({ name });
  const objects = [...new Set([byUuid, byName])].filter((object) => object !== undefined);
  if (objects.length > 0) return objects.map((object) => ({ object }));
  return name === undefined ? [{ object: connection.self }] : [{ objectClass, name }];
}

/** The slot of an object that holds another one: the domain of a snapshot. */
export function claimParent(
  connection: DriverConnection,
  parentClass: ObjectClass,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const parent = target?.parent === undefined
    ? undefined
    : connection.find({ $ref: parentClass, id: target.parent });
  return parent === undefined ? [{ object: target ?? connection.self }] : [{ object: parent }];
}

/** The name of what is made in something, and what it is made in, which is used and not changed. */
export function claimInside(
  holder: ManagedObject | undefined,
  made: { readonly objectClass: ObjectClass; readonly name: string },
): readonly SlotClaim[] {
  return holder === undefined ? [made] : [{ ...made, parent: holder.id }, { object: holder, as: "use" }];
}
