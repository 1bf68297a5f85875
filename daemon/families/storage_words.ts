/**
 * Storage pools and volumes as clients name them, and what libvirt says of those that are not as they have to be.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { RemoteStoragePool, RemoteStorageVolume } from "../../protocol/procedures/mod.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { identify, poolTarget } from "../../drivers/definition.ts";
import { documentWords, rootIn } from "../dispatch/document.ts";
import { hostName, refTo } from "../dispatch/objects.ts";
import type { Words } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";

/** Source: libvirt formatstorage, the types of pools. */
const poolTypes: readonly string[] = [
  ...["dir", "fs", "netfs", "logical", "disk", "iscsi", "iscsi-direct", "scsi", "mpath", "rbd", "sheepdog"],
  ...["gluster", "zfs", "vstorage"],
];

/** The ids of pools by the names under which a session has asked for them. */
const poolIds = new WeakMap<HostSession, Map<string, string>>();

/** The error for a pool that is not there. */
export function noPool(how: "name" | "uuid" | "target path", value: string): VirtError {
  return new VirtError("not-found", `no storage pool with matching ${how} '${value}'`, {
    remoteCode: "VIR_ERR_NO_STORAGE_POOL",
  });
}

/** The error for a volume that is not there. */
export function noVolume(how: "name" | "key" | "path", value: string): VirtError {
  return new VirtError("not-found", `no storage vol with matching ${how} '${value}'`, {
    remoteCode: "VIR_ERR_NO_STORAGE_VOL",
  });
}

/**
 * The pool that a client names.
 *
 * @throws {VirtError} `not-found`
 */
export function poolOf(session: HostSession, { uuid }: Pick<RemoteStoragePool, "uuid">): ManagedObject {
  const pool = session.connection.find({ $ref: "pool", id: uuid });
  if (pool === undefined || pool.phase === "removed") throw noPool("uuid", uuid);
  return pool;
}

/** The reference to a pool that is there, whatever it does. */
export function anyPool({ pool }: { readonly pool: RemoteStoragePool }, session: HostSession): ObjectRef {
  poolOf(session, pool);
  return refTo("pool", pool);
}

/**
 * The reference to a pool that is started.
 *
 * @throws {VirtError} `wrong-state`; `not-found`
 */
export function activePool(
  { pool }: { readonly pool: RemoteStoragePool },
  session: HostSession,
): ObjectRef {
  needActive(poolOf(session, pool));
  return refTo("pool", pool);
}

/**
 * The reference to a pool that is not started.
 *
 * @throws {VirtError} `wrong-state`; `not-found`
 */
export function inactivePool(
  { pool }: { readonly pool: RemoteStoragePool },
  session: HostSession,
): ObjectRef {
  const { phase, name } = poolOf(session, pool);
  if (phase === "active") throw wrongState(`storage pool '${name}' is active`);
  return refTo("pool", pool);
}

/**
 * Refuses a pool's definition that cannot be read, where libvirt has words of its own for what is wrong with it.
 *
 * @throws {VirtError} `invalid-document`
 */
export function checkPoolDocument(xml: string): void {
  const problem = poolProblem(xml);
  if (problem === undefined) return;
  throw new VirtError("invalid-document", problem, { remoteCode: "VIR_ERR_XML_ERROR" });
}

function poolProblem(xml: string): string | undefined {
  const root = rootIn(xml);
  if (root === undefined || root.name !== "pool") return documentWords(xml, "pool")?.text;
  const type = root.attributes.get("type");
  if (type === undefined) return "Missing required attribute 'type' in element 'pool'";
  if (!poolTypes.includes(type)) {
    return `Invalid value for attribute 'type' in element 'pool': '${type}'.`;
  }
  const hasName = root.children.some(({ name }) => name === "name");
  return hasName ? undefined : "missing pool source name element";
}

/** What libvirt says of a volume's definition that cannot be read; of others it says what is wrong. */
export function volumeDocumentWords({ xml }: { readonly xml: string }): Words | undefined {
  const root = rootIn(xml);
  if (root === undefined || root.name !== "volume") return documentWords(xml, "volume");
  const code = "VIR_ERR_XML_ERROR";
  const missing = ["name", "capacity"].find((part) => !root.children.some(({ name }) => name === part));
  if (missing === undefined) return undefined;
  return { text: missing === "name" ? "missing volume name element" : "missing capacity element", code };
}

/** What libvirt says where a pool's name, UUID or target belongs to another one. */
export function takenPoolWords({ xml }: { readonly xml: string }, session: HostSession): string | undefined {
  const { name, uuid } = identify(xml);
  const id = uuid?.toLowerCase();
  const target = poolTarget(xml);
  let conflict: string | undefined;
  for (const other of session.connection.objects()) {
    if (other.objectClass !== "pool" || other.phase === "removed") continue;
    if (other.id === id && other.name !== name) {
      return `pool '${other.name}' is already defined with uuid ${other.id}`;
    }
    if (other.name === name && other.id !== id) {
      return `pool '${name}' already exists with uuid ${other.id}`;
    }
    if (target !== undefined && other.id !== id && poolTarget(other.config) === target) {
      conflict ??= `Storage source conflict with pool: '${other.name}'`;
    }
  }
  return conflict;
}

function needActive({ phase, name }: ManagedObject): void {
  if (phase !== "active") throw wrongState(`storage pool '${name}' is not active`);
}

function wrongState(message: string): VirtError {
  return new VirtError("wrong-state", message, { remoteCode: "VIR_ERR_OPERATION_INVALID" });
}

/**
 * The pool with a name.
 *
 * @throws {VirtError} `not-found`
 */
export async function poolNamed(session: HostSession, name: string): Promise<ManagedObject> {
  const known = poolIds.get(session) ?? new Map<string, string>();
  poolIds.set(session, known);
  const id = known.get(name);
  const found = id === undefined ? undefined : session.connection.find({ $ref: "pool", id });
  // It may be gone since, and another one have its name.
  if (found !== undefined && found.phase !== "removed" && found.name === name) return found;
  for (const object of session.connection.objects()) {
    if (object.objectClass !== "pool" || object.name !== name || object.phase === "removed") continue;
    known.set(name, object.id);
    return object;
  }
  // What only the far side knows yet.
  return poolOf(session, { uuid: (await lookUpPool(session, { by: "name", value: name })).id });
}

/**
 * Looks a pool up in one way.
 *
 * @throws {VirtError} `not-found`
 */
export async function lookUpPool(
  session: HostSession,
  { by, value }: { readonly by: "name" | "uuid" | "target path"; readonly value: string },
): Promise<ObjectRef<"pool">> {
  try {
    const found = await session.run("pool.lookup", { input: { name: value } });
    const asked = by === "name" ? found.name : by === "uuid" ? found.id : value;
    if (asked === value) return found;
  } catch (error) {
    if (!isVirtError(error, "not-found")) throw error;
  }
  throw noPool(by, value);
}

/**
 * The reference to a volume of a started pool.
 *
 * @throws {VirtError} `wrong-state`; `not-found`
 */
export async function volumeOf(
  { vol }: { readonly vol: RemoteStorageVolume },
  session: HostSession,
): Promise<ObjectRef<"volume">> {
  const pool = await poolNamed(session, vol.pool);
  needActive(pool);
  const ref = {
    $ref: "volume",
    connection: hostName,
    id: vol.name,
    name: vol.name,
    parent: pool.id,
  } as const;
  if (session.connection.find(ref) !== undefined) return ref;
  try {
    return await session.run("volume.lookup", { target: pool.ref(hostName), input: { name: vol.name } });
  } catch (error) {
    if (isVirtError(error, "not-found")) throw noVolume("name", vol.name);
    throw error;
  }
}

/** A volume as it is named on the wire. Its key is its path. */
export function remoteVolume(
  { name, parent = "" }: ObjectRef,
  { path, session }: { readonly path: string; readonly session: HostSession },
): RemoteStorageVolume {
  return { pool: session.connection.find({ $ref: "pool", id: parent })?.name ?? parent, name, key: path };
}
