/**
 * The driver's objects: what it knows of each thing that the far side has.
 *
 * @module
 */
import type { ObjectClass } from "../../model/object.ts";
import type { DomainState } from "../../protocol/words/domain_state.ts";
import type { Job } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";

/** The classes of which this driver has objects, beside the connection. */
export type RemoteClass = Exclude<ObjectClass, "connection">;

/** What is alive of an object. */
export interface RemoteLive {
  /** The far side's number of this very guest; other classes have none. Source: libvirt, virDomainGetID. */
  readonly id?: number;
}

/** What the driver keeps of an object. */
export interface RemoteFacts {
  /** When it was last asked about, and when the answer came, by the table's own count of moments. */
  readonly askedAt: number;
  readonly seenAt: number;
  /** The definition that a next start uses, as the far side last printed it; absent where it has not been asked for. */
  readonly definition?: string;
  /** What a domain did, and why; absent where it has not been looked at. */
  readonly state?: { readonly state: DomainState; readonly reason: string };
  /** What the wire needs beside name and id: a volume's key, an interface's hardware address. */
  readonly key?: string;
}

/** One object of the driver. */
export type RemoteObject = ManagedObject<RemoteLive, RemoteFacts>;

/** A job of the driver. */
export type RemoteJob = Job<RemoteLive, RemoteFacts>;

/** What an object is called, enough to ask for it. */
export interface Identity<C extends RemoteClass = RemoteClass> {
  readonly objectClass: C;
  /** The UUID, or the name where the class has none. */
  readonly id: string;
  readonly name: string;
  /** The id of what holds it: a snapshot's domain, a volume's pool. */
  readonly parent?: string;
  readonly key?: string;
}

/** What was seen of an object. */
export interface Sighting extends Identity {
  /** Absent while it does not run. */
  readonly live?: RemoteLive;
  /** Whether it has a definition that outlives it; absent where that was not asked. */
  readonly persistent?: boolean;
  /** What a domain does, and why. */
  readonly state?: RemoteFacts["state"];
  /** The definition that a next start uses; absent where it was not asked for. */
  readonly definition?: string;
  /** The definition in force; absent where it was not asked for, or is the same. */
  readonly liveDefinition?: string;
}

/** An object's identity. */
export function identityOf({ objectClass, id, name, parent, facts }: RemoteObject): Identity {
  if (objectClass === "connection") throw new TypeError("A connection is no object of the far side");
  return {
    objectClass,
    id,
    name,
    ...(parent === undefined ? {} : { parent }),
    ...(facts.key === undefined ? {} : { key: facts.key }),
  };
}
