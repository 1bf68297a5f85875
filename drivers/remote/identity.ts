/**
 * Who answers at the other end, and what there is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isVirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { canonicalUuid } from "../definition.ts";
import { readXml, textOf } from "../xml_span.ts";
import type { RemoteConnection } from "./connection.ts";
import { Line } from "./line.ts";
import { classAccess, holders } from "./look.ts";
import { type Identity, identityOf, type RemoteClass, type Sighting } from "./object.ts";

/** Who answers at the other end of a connection. */
export interface HostIdentity {
  /** The host's UUID. */
  readonly host: string;
  /** `libvirt-qemu`, `libvirt-qemu-session`: whose objects they are. */
  readonly driver: string;
  /** The hypervisor: `qemu`, `lxc`, `test`, `xen`. */
  readonly hypervisor: string;
  readonly hostname: string;
  /** The URI under which the far side knows itself. */
  readonly canonicalUri: string;
  /** libvirt's version: 11.3.0 is 11003000. */
  readonly libvirtVersion: number;
}

/** Asks who answers. */
export async function identifyHost(rpc: RpcConnection, uri: ConnectionUri): Promise<HostIdentity> {
  const [type, version, hostname, canonical, capabilities] = await Promise.all([
    rpc.call("connectGetType", undefined),
    orNothing(() => rpc.call("connectGetLibVersion", undefined)),
    rpc.call("connectGetHostname", undefined),
    orNothing(() => rpc.call("connectGetUri", undefined)),
    orNothing(() => rpc.call("connectGetCapabilities", undefined)),
  ]);
  const canonicalUri = canonical?.uri ?? `${uri.driver}://${uri.path}`;
  const hypervisor = type.type.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const session = /\/session\/?(?:\?.*)?$/.test(canonicalUri) ? "-session" : "";
  return {
    host: hostUuid(capabilities?.capabilities) ?? uuidOf(`${hostname.hostname}\n${canonicalUri}`),
    driver: `libvirt-${hypervisor}${session}`,
    hypervisor,
    hostname: hostname.hostname,
    canonicalUri,
    libvirtVersion: Number(version?.libVer ?? 0n),
  };
}

/**
 * Reads everything that there is. A class that the far side does not have is empty; one that it does not show, or of which
 * it cannot tell, stays as it was.
 *
 * @returns the classes that it does not have.
 */
export async function enumerate(
  connection: RemoteConnection,
  rpc: RpcConnection,
  signal: AbortSignal,
): Promise<ReadonlySet<RemoteClass>> {
  const { table, outsider } = connection;
  const missing = new Set<RemoteClass>();
  const listed = async (
    objectClass: RemoteClass,
    list: (line: Line) => Promise<readonly Sighting[]>,
    parent?: string,
  ): Promise<void> => {
    const line = new Line(rpc, { signal, askedAt: table.moment() });
    const sightings = await list(line).catch((error: unknown) => {
      if (isVirtError(error, "unsupported")) {
        missing.add(objectClass);
        return [];
      }
      if (parent !== undefined && isVirtError(error, "not-found")) return [];
      // Network interfaces whose files cannot be read are no reason to do without domains.
      if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
      throw error;
    });
    if (sightings === undefined) return;
    const scope = { objectClass, ...(parent === undefined ? {} : { parent }) };
    table.absorbAll(scope, sightings, { askedAt: line.askedAt, doer: outsider });
  };
  await Promise.all(classNames.map(async (objectClass) => {
    const { list } = classAccess[objectClass];
    if (list !== undefined) await listed(objectClass, list);
  }));
  // What is inside of others is read where somebody had seen it before the break.
  await Promise.all(classNames.map(async (objectClass) => {
    const { within } = classAccess[objectClass];
    if (within === undefined) return;
    await Promise.all(
      [...holdersOf(connection, objectClass)].map((holder) =>
        listed(objectClass, (line) => within(line, holder), holder.id)
      ),
    );
  }));
  return missing;
}

/** What holds objects of a class that are known. */
function holdersOf({ table }: RemoteConnection, objectClass: RemoteClass): Iterable<Identity> {
  const found = new Map<string, Identity>();
  const holderClass = holders[objectClass];
  if (holderClass === undefined) return [];
  for (const { parent } of table.all(objectClass)) {
    if (parent === undefined || found.has(parent)) continue;
    const holder = table.byId(holderClass, parent);
    if (holder !== undefined) found.set(parent, identityOf(holder));
  }
  return found.values();
}

const classNames = Object.keys(classAccess) as RemoteClass[];

function hostUuid(capabilities: string | undefined): string | undefined {
  if (capabilities === undefined) return undefined;
  return canonicalUuid(textOf(readXml(capabilities), "host", "uuid") ?? "");
}

/** A UUID that follows from a text: the same host has the same one each time. Source: RFC 9562, version 8. */
function uuidOf(text: string): string {
  const digits = createHash("sha256").update(text).digest("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isVirtError(error, "unsupported") || isVirtError(error, "permission-denied")) return undefined;
    throw error;
  }
}
