/**
 * What Drover manages: classes of objects, references to single ones, and their keys.
 *
 * @module
 */
import { z } from "zod";

/** What is known about a class of objects. */
interface ClassFacts {
  /** libvirt's access-control name for the class; permissions are spelled with it. */
  readonly permissionClass: string;
  /** How people say it: `no such storage pool`. */
  readonly label: string;
  /** The class whose object's slot guards this one's writes, where it has none of its own. */
  readonly guardedBy?: string;
}

/** Every class of objects, once. */
export const objectClasses = {
  connection: { permissionClass: "connect", label: "connection" },
  domain: { permissionClass: "domain", label: "domain" },
  snapshot: { permissionClass: "domain", label: "domain snapshot", guardedBy: "domain" },
  network: { permissionClass: "network", label: "network" },
  networkPort: { permissionClass: "network_port", label: "network port" },
  pool: { permissionClass: "storage_pool", label: "storage pool" },
  volume: { permissionClass: "storage_vol", label: "storage volume" },
  interface: { permissionClass: "interface", label: "interface" },
  nodeDevice: { permissionClass: "node_device", label: "node device" },
  secret: { permissionClass: "secret", label: "secret" },
  filter: { permissionClass: "nwfilter", label: "network filter" },
  filterBinding: { permissionClass: "nwfilter_binding", label: "network filter binding" },
} as const satisfies Record<string, ClassFacts>;

/** The name of a class of objects. */
export type ObjectClass = keyof typeof objectClasses;

/**
 * A reference to one object, as it travels between recipe and runtime. It says which object is meant and
 * gives no right to it.
 */
export interface ObjectRef<C extends ObjectClass = ObjectClass> {
  /** The object's class. */
  readonly $ref: C;
  /** The name under which the run knows the connection; `host` where there is only one. */
  readonly connection: string;
  /** What does not change when the object is renamed: its UUID, or a name where the class has none. */
  readonly id: string;
  /** Its present name, for people; the id is what counts. */
  readonly name: string;
  /** The id of the object that holds this one: a snapshot's domain, a volume's pool, a port's network. */
  readonly parent?: string;
  /** What the generation was when this reference was handed out. */
  readonly generation?: number;
}

/** The schema of a reference to an object of a class. */
export function refSchema<C extends ObjectClass>(objectClass: C): z.ZodType<ObjectRef<C>, ObjectRef<C>> {
  return z.object({
    $ref: z.literal(objectClass),
    connection: z.string().max(64),
    id: z.string().max(1024),
    name: z.string().max(1024),
    parent: z.string().max(1024).optional(),
    generation: z.int().nonnegative().optional(),
  }).meta({ id: `${objectClass}Ref` }) as unknown as z.ZodType<ObjectRef<C>, ObjectRef<C>>;
}

/** The phases of an object that can run. Objects that cannot are `inactive` until they are `removed`. */
export const phases = ["inactive", "starting", "active", "stopping", "removed"] as const;

/** Where an object is in its life. */
export type Phase = typeof phases[number];

/** What identifies an object for ever, across renames, URIs and runs. */
export interface ObjectKeyParts {
  /** The host's own UUID: two URIs may lead to one host. */
  readonly host: string;
  readonly driver: string;
  readonly objectClass: ObjectClass;
  readonly id: string;
  readonly parent?: string;
}

/** The key of an object as one string; keys sort, and slots are taken in that order. */
export function objectKey(parts: ObjectKeyParts): string {
  const { host, driver, objectClass, id, parent } = parts;
  return [host, driver, objectClass, ...(parent === undefined ? [] : [parent]), id].join("/");
}
