/**
 * How objects are addressed by names: which object an operation is on, and what holds it. All from the registry.
 *
 * @module
 */
import type { ObjectClass } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";

/** The operation that finds an object of a class by its name. */
export function lookupOf(objectClass: ObjectClass): Operation | undefined {
  return operations.get(`${objectClass}.lookup`);
}

/** The operation that lists the objects of a class. */
export function listOf(objectClass: ObjectClass): Operation | undefined {
  return operations.get(`${objectClass}.list`);
}

/** The class whose objects hold those of `objectClass`: where their look-up is offered. */
export function parentClass(objectClass: ObjectClass): ObjectClass | undefined {
  const on = lookupOf(objectClass)?.on;
  return on === undefined || on === "connection" || on === objectClass ? undefined : on;
}

/** A class with those that hold it, the outermost first; empty for connections. */
export function lineage(objectClass: ObjectClass): readonly ObjectClass[] {
  if (objectClass === "connection") return [];
  const parent = parentClass(objectClass);
  return parent === undefined ? [objectClass] : [...lineage(parent), objectClass];
}

/** The classes of the names that address an operation's target, the outermost first. */
export function targetClasses(operation: Operation): readonly ObjectClass[] {
  return lineage(operation.on);
}
