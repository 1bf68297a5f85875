/**
 * What networks and storage pools have in common: they are defined, started, stopped and undefined alike.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Job } from "../../runtime/driver.ts";
import { connectionOf } from "./connection.ts";
import { canonicalUuid, type Definition } from "../definition.ts";
import { normalDefinition, readPool, sameDefinition } from "./documents.ts";
import { notFound, wrongState } from "./domain.ts";
import type { TestClass, TestObject } from "./object.ts";

/** A class of which this is about; it is called like the root element of its definitions. */
export type DefinedClass = "network" | "pool";

/** Reads a definition, which gets the call's own id as its UUID where it has none. */
export function readDefined(job: Job, objectClass: DefinedClass, xml: string): Definition {
  const { newId } = job;
  return objectClass === "pool"
    ? readPool(xml, { newId })
    : normalDefinition(xml, { root: objectClass, newId });
}

/**
 * A definition that may be written: it is of the object that has its UUID, and based on what is there.
 *
 * @throws {VirtError} `already-exists`, `changed-outside`
 */
export function checkedDefinition(
  job: Job,
  objectClass: DefinedClass,
  { xml, basedOn }: { readonly xml: string; readonly basedOn?: string | undefined },
): Definition & { readonly expected?: string } {
  const definition = readDefined(job, objectClass, xml);
  const present = connectionOf(job).table.byId(objectClass, definition.uuid);
  if (present !== undefined && present.name !== definition.name) {
    throw new VirtError(
      "already-exists",
      `Cannot define ${objectClass} "${definition.name}": ${present.label} has its UUID`,
      { target: present.label },
    );
  }
  if (basedOn === undefined) return definition;
  const expected = present?.persistent === true ? present.persistentConfig : undefined;
  if (expected === undefined || !sameDefinition(basedOn, expected, job)) {
    throw new VirtError(
      "changed-outside",
      `Cannot define ${objectClass} "${definition.name}": its definition was changed meanwhile`,
      { hint: "Read the definition again, and apply the change to that" },
    );
  }
  return { ...definition, expected };
}

/** A reference to the object of a definition, after it was written. */
export function refTo<C extends TestClass>(
  job: Job,
  objectClass: C,
  { id, name }: { id: string; name: string },
): ObjectRef<C> {
  const object = connectionOf(job).table.byId(objectClass, id);
  if (object === undefined) throw notFound(objectClass, name);
  return job.ref(object, objectClass);
}

/** The object of a class with a name or a UUID. */
export function lookUp<C extends TestClass>(
  job: Job,
  objectClass: C,
  name: string,
): TestObject<C> | undefined {
  const { table } = connectionOf(job);
  const uuid = canonicalUuid(name);
  return table.byName(objectClass, name) ?? (uuid === undefined ? undefined : table.byId(objectClass, uuid));
}

/** Refuses what cannot be done to something that runs, or starts. */
export function refuseRunning(object: TestObject, doing: string): void {
  object.refuseWhileStarting(doing);
  if (object.live !== undefined) throw wrongState(object, { doing, found: "it is active" });
}

/** Refuses what can only be done to something that runs. */
export function needRunning(object: TestObject, doing: string): void {
  object.refuseWhileStarting(doing);
  if (object.live === undefined) throw wrongState(object, { doing, found: "it is not active" });
}

/** Refuses what only something with a definition can have. */
export function needPersistent(object: TestObject, doing: string): void {
  if (!object.persistent) throw wrongState(object, { doing, found: "it is transient" });
}
