/**
 * Storage volumes as the wire and their documents name them.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Out } from "../operation_types.ts";
import { attributeOf, childOf, readXml, textOf, type XmlElement } from "../xml_span.ts";
import type { Line } from "./line.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { holderOf } from "./object_call.ts";
import type { WireVolume } from "./wire.ts";

type Entry = Out<"volume.info">;

/** What a volume's document says. */
export type VolumeFacts = Omit<Entry, "volume">;

/**
 * A volume for the wire: the far side finds it by its pool's name and its own.
 *
 * @throws {VirtError} `not-found` where its pool is not known.
 */
export function wireVolume(job: RemoteJob, volume: RemoteObject): WireVolume {
  const { name, label, facts } = volume;
  const pool = holderOf(job, volume);
  if (pool === undefined) {
    throw new VirtError("not-found", `Cannot find the storage pool of ${label}`, { target: label });
  }
  return { pool: pool.name, name, key: facts.key ?? "" };
}

/** A volume of a pool, as the far side names it. */
export function volumeIdentity({ name, key }: WireVolume, pool: { readonly id: string }): Identity<"volume"> {
  return { objectClass: "volume", id: name, name, parent: pool.id, key };
}

const types: readonly Entry["type"][] = ["file", "block", "dir", "network", "netdir", "ploop"];

/** What a volume's document says. Source: libvirt formatstorage. */
export function volumeFacts(xml: string): VolumeFacts {
  const root = readXml(xml, "volume");
  const target = childOf(root, "target");
  const type = attributeOf(root, "type");
  return {
    path: (target === undefined ? undefined : textOf(target, "path")) ?? textOf(root, "key") ?? "",
    type: types.find((each) => each === type) ?? "file",
    format: (target === undefined ? undefined : attributeOf(target, "type", "format")) ?? "unknown",
    capacityBytes: bytesOf(root, "capacity"),
    allocationBytes: bytesOf(root, "allocation"),
  };
}

/** Sizes that libvirt writes are in bytes. */
function bytesOf(root: XmlElement, name: string): number {
  const text = textOf(root, name) ?? "0";
  const size = Number(text);
  if (Number.isSafeInteger(size)) return size;
  throw new VirtError("protocol", `The far side says that a volume has "${text}" bytes`);
}

/** A volume's facts, read afresh. */
export async function askFacts(line: Line, vol: WireVolume): Promise<VolumeFacts> {
  return volumeFacts((await line.call("storageVolGetXmlDesc", { vol, flags: 0 })).xml);
}

/**
 * Whether the far side works on a volume: makes it, fills it, overwrites it, without anybody waiting for that any more.
 * It tells so when it is asked for what it would refuse in any case: to shrink the volume to nothing.
 */
export async function isWorkedOn(line: Line, vol: WireVolume): Promise<boolean> {
  const { capacityBytes } = await askFacts(line, vol);
  if (capacityBytes === 0) return false;
  try {
    await line.call("storageVolResize", { vol, capacity: 0n, flags: 0 });
    return false;
  } catch (error) {
    if (!isVirtError(error) || error.remoteCode === undefined) throw error;
    return error.remoteCode === "VIR_ERR_OPERATION_INVALID" &&
      /still (being allocated|in use)/.test(error.message);
  }
}
