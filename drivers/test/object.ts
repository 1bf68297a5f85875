/**
 * The driver's objects: what it knows of each thing that the hypervisor has.
 *
 * @module
 */
import type { ObjectClass } from "../../model/object.ts";
import type { Job } from "../../runtime/driver.ts";
import { ManagedObject } from "../../runtime/object.ts";
import type { Guest, Records } from "./world/record.ts";

/** The classes of which this driver has objects, beside the connection. */
export type TestClass = Exclude<ObjectClass, "connection" | "networkPort" | "filter" | "filterBinding">;

/** Whether this driver has objects of a class. */
export function isTestClass(objectClass: ObjectClass): objectClass is TestClass {
  return Object.hasOwn(forms, objectClass);
}

/** What is alive of an object of a class. */
export type LiveOf<C extends TestClass> = C extends "domain" ? Guest : true;

/** What the driver keeps of an object: the thing outside as it last saw it. */
export interface Facts<C extends TestClass> {
  readonly record: Records[C];
}

/** One object of the driver. */
export type TestObject<C extends TestClass = TestClass> = ManagedObject<LiveOf<C>, Facts<C>>;

/** A job on an object of a class. */
export type TestJob<C extends TestClass = TestClass> = Job<LiveOf<C>, Facts<C>>;

/** How to make an object of what was found. */
export interface Form<C extends TestClass> {
  readonly name: string;
  readonly parent?: string;
  readonly id?: string;
  /** The definition that a next start would use; absent for a transient object. */
  readonly config: string | undefined;
  /** The definition in force while it is alive. */
  readonly liveConfig?: string;
  readonly live?: LiveOf<C>;
}

/** How each class of objects follows from its records. */
export const forms: { readonly [C in TestClass]: (record: Records[C]) => Form<C> } = {
  domain: ({ name, config, guest }) => ({
    name,
    config,
    ...(guest === undefined ? {} : { live: guest, liveConfig: guest.xml }),
  }),
  snapshot: ({ name, domain, domainXml }) => ({ name, id: name, parent: domain, config: domainXml }),
  network: ({ name, config, bridge }) => ({
    name,
    config,
    ...(bridge === undefined ? {} : { live: true, liveConfig: bridge.xml }),
  }),
  pool: ({ name, config, started }) => ({
    name,
    config,
    ...(started === undefined ? {} : { live: true, liveConfig: started.xml }),
  }),
  volume: ({ name, pool }) => ({ name, id: name, parent: pool, config: "" }),
  interface: ({ name, config, up }) => ({ name, config, ...(up ? { live: true, liveConfig: config } : {}) }),
  nodeDevice: ({ name, config, present, defined }) => ({
    name,
    config: defined ? config : undefined,
    ...(present ? { live: true, liveConfig: config } : {}),
  }),
  secret: ({ name, config }) => ({ name, config }),
};
