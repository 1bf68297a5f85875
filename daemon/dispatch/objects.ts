/**
 * Objects as they are named on the wire, and as references.
 *
 * @module
 */
import type { ObjectClass, ObjectRef } from "../../model/object.ts";
import type { RemoteDomain, RemoteNetwork, RemoteStoragePool } from "../../protocol/procedures/mod.ts";
import type { HostSession } from "../host_session.ts";

/** The name under which a session's calls know its one connection. */
export const hostName = "host";

/** What has a name and a UUID on the wire. */
interface NamedOnWire {
  readonly name: string;
  readonly uuid: string;
}

/** A reference to what has a name and a UUID. */
export function refTo<C extends ObjectClass>($ref: C, { name, uuid }: NamedOnWire): ObjectRef<C> {
  return { $ref, connection: hostName, id: uuid, name };
}

/** The object that the usual arguments name; none where they name none. */
export function usualTarget(args: unknown): ObjectRef | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  if ("dom" in args) return named("domain", args.dom);
  if ("net" in args) return named("network", args.net);
  if ("pool" in args) return named("pool", args.pool);
  if ("nwfilter" in args) return named("filter", args.nwfilter);
  if ("iface" in args) return byName("interface", args.iface);
  if ("secret" in args) return secret(args.secret);
  return undefined;
}

function named(objectClass: ObjectClass, value: unknown): ObjectRef | undefined {
  return isNamed(value) ? refTo(objectClass, value) : undefined;
}

function isNamed(value: unknown): value is NamedOnWire {
  return typeof value === "object" && value !== null && "name" in value && "uuid" in value;
}

/** What has no UUID is known by its name. */
function byName($ref: ObjectClass, value: unknown): ObjectRef | undefined {
  if (typeof value !== "object" || value === null || !("name" in value)) return undefined;
  const { name } = value;
  return typeof name === "string" ? { $ref, connection: hostName, id: name, name } : undefined;
}

function secret(value: unknown): ObjectRef | undefined {
  if (typeof value !== "object" || value === null || !("uuid" in value)) return undefined;
  const { uuid } = value;
  return typeof uuid === "string"
    ? { $ref: "secret", connection: hostName, id: uuid, name: uuid }
    : undefined;
}

/** A domain as it is named on the wire, with its number while it runs. */
export function remoteDomain({ id, name }: ObjectRef, session: HostSession): RemoteDomain {
  return { name, uuid: id, id: session.domainId(id) };
}

/** A network as it is named on the wire. */
export function remoteNetwork({ id, name }: ObjectRef): RemoteNetwork {
  return { name, uuid: id };
}

/** A storage pool as it is named on the wire. */
export function remotePool({ id, name }: ObjectRef): RemoteStoragePool {
  return { name, uuid: id };
}
