/**
 * Storage volumes.
 *
 * @module
 */
import { identify } from "../../drivers/definition.ts";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { RemoteStoragePool, RemoteStorageVolume } from "../../protocol/procedures/mod.ts";
import { placeOf } from "../../protocol/words/place.ts";
import { wipeAlgorithms } from "../../protocol/words/storage.ts";
import { validate } from "../dispatch/document.ts";
import { allBits } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded, type Words } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";
import {
  activePool,
  noVolume,
  poolOf,
  remoteVolume,
  volumeDocumentWords,
  volumeOf,
} from "./storage_words.ts";

/** Source: libvirt, virStorageVolCreateFlags: the definition is to be valid by its schema. */
const validateBit = 4;

/** Source: libvirt, virStorageVolResizeFlags. */
const resizeFlag = { allocate: 1, delta: 2, shrink: 4 } as const;

/** Source: libvirt, virStorageVolInfoFlags: the allocation is to be the size of the image. */
const physical = 1;

type Entry = OutputOf<Operations["volume.list"]>[number];

/** Numbers are places in this list. Source: libvirt, virStorageVolType. */
const types: readonly Entry["type"][] = ["file", "block", "dir", "network", "netdir", "ploop"];

/** What lists a pool's volumes. */
interface Listing {
  readonly pool: RemoteStoragePool;
  readonly session: HostSession;
}

async function volumesIn({ pool, session }: Listing): Promise<readonly Entry[]> {
  return await session.run("volume.list", { target: activePool({ pool }, session) });
}

async function namesIn(listing: Listing): Promise<readonly string[]> {
  return (await volumesIn(listing)).map(({ volume }) => volume.name);
}

/** The volume of a pool with a name, as it goes out: its key is in lists only. */
async function named(listing: Listing, name: string): Promise<{ vol: RemoteStorageVolume }> {
  const entry = (await volumesIn(listing)).find(({ volume }) => volume.name === name);
  if (entry === undefined) throw noVolume("name", name);
  return { vol: remoteVolume(entry.volume, { path: entry.path, session: listing.session }) };
}

/** The volume of a started pool with a path or key. */
async function byPath(
  session: HostSession,
  { how, path }: { readonly how: "path" | "key"; readonly path: string },
): Promise<{ vol: RemoteStorageVolume }> {
  try {
    const volume = await session.run("volume.byPath", { input: { path } });
    const { phase } = poolOf(session, { uuid: volume.parent ?? "" });
    if (phase === "active") return { vol: remoteVolume(volume, { path, session }) };
  } catch (error) {
    if (!isVirtError(error, "not-found")) throw error;
  }
  throw noVolume(how, path);
}

/** A size that is exact as a number. */
function bytesOf(size: bigint, what: string): number {
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(size);
  throw new VirtError("invalid-argument", `${what} of ${size} bytes is too much`, {
    remoteCode: "VIR_ERR_INVALID_ARG",
  });
}

function infoOf({ type, capacityBytes, allocationBytes }: Entry, flags = 0): {
  readonly type: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
} {
  return {
    type: placeOf(types, type),
    capacity: BigInt(capacityBytes),
    allocation: BigInt((flags & physical) === 0 ? allocationBytes : capacityBytes),
  };
}

function refuseExisting({ pool, session }: Listing, xml: string): void {
  // What cannot be read is refused by whoever reads it.
  const { name } = identify(xml);
  const known = name === undefined
    ? undefined
    : session.connection.find({ $ref: "volume", id: name, parent: pool.uuid });
  if (known === undefined || known.phase === "removed") return;
  throw new VirtError("already-exists", "storage vol already exists", {
    remoteCode: "VIR_ERR_OPERATION_FAILED",
  });
}

/** Errors of what makes a volume out of a document. */
const making = {
  "invalid-document": volumeDocumentWords,
  "operation-failed": ({ xml }: { readonly xml: string }): Words => ({
    text: `Not enough free space in pool for volume '${identify(xml).name ?? ""}'`,
    code: "VIR_ERR_INTERNAL_ERROR",
  }),
};

/** The rows. */
export const volume = {
  storagePoolNumOfVolumes: answers(async ({ pool }, session) => ({
    num: (await namesIn({ pool, session })).length,
  })),
  storagePoolListVolumes: answers(async ({ pool, maxnames: room }, session) => ({
    names: fitting(await namesIn({ pool, session }), { procedure: "storagePoolListVolumes", room }),
  })),
  storagePoolListAllVolumes: answers(async ({ pool, needResults }, session) => {
    if (poolOf(session, pool).phase !== "active") {
      throw new VirtError("wrong-state", "storage pool is not active", {
        remoteCode: "VIR_ERR_OPERATION_INVALID",
      });
    }
    const entries = await volumesIn({ pool, session });
    return {
      vols: needResults === 0
        ? []
        : entries.map(({ volume, path }) => remoteVolume(volume, { path, session })),
      ret: entries.length,
    };
  }),
  storageVolLookupByName: answers(async ({ pool, name }, session) => await named({ pool, session }, name)),
  storageVolLookupByKey: answers(async ({ key }, session) =>
    await byPath(session, { how: "key", path: key })
  ),
  storageVolLookupByPath: answers(async ({ path }, session) => await byPath(session, { how: "path", path })),
  storageVolCreateXml: worded(
    answers(async ({ pool, xml, flags }, session) => {
      const target = activePool({ pool }, session);
      if ((flags & validateBit) !== 0) await validate(xml, "volume");
      refuseExisting({ pool, session }, xml);
      const { name } = await session.run("volume.create", { target, input: { xml } });
      return await named({ pool, session }, name);
    }, { flags: validateBit }),
    making,
  ),
  storageVolCreateXmlFrom: worded(
    answers(async ({ pool, xml, clonevol, flags }, session) => {
      const target = activePool({ pool }, session);
      if ((flags & validateBit) !== 0) await validate(xml, "volume");
      refuseExisting({ pool, session }, xml);
      const from = await volumeOf({ vol: clonevol }, session);
      const { name } = await session.run("volume.createFrom", { target, input: { xml, from } });
      return await named({ pool, session }, name);
    }, { flags: validateBit }),
    making,
  ),
  storageVolDelete: calls("volume.delete", { target: volumeOf }),
  storageVolGetInfo: calls("volume.info", { target: volumeOf, result: (entry) => infoOf(entry) }),
  storageVolGetInfoFlags: calls("volume.info", {
    flags: physical,
    target: volumeOf,
    result: (entry, { args: { flags } }) => infoOf(entry, flags),
  }),
  storageVolGetXmlDesc: calls("volume.xml", { target: volumeOf, result: (xml) => ({ xml }) }),
  storageVolGetPath: calls("volume.info", { target: volumeOf, result: ({ path }) => ({ name: path }) }),
  storageVolWipe: calls("volume.wipe", { target: volumeOf }),
  storageVolWipePattern: calls("volume.wipe", {
    target: volumeOf,
    input: ({ algorithm }) => {
      const found = wipeAlgorithms[algorithm];
      if (found !== undefined) return { algorithm: found };
      throw new VirtError("invalid-argument", `wiping algorithm ${algorithm} not supported`, {
        remoteCode: "VIR_ERR_INVALID_ARG",
      });
    },
  }),
  storageVolResize: answers(async ({ vol, capacity, flags }, session) => {
    const target = await volumeOf({ vol }, session);
    const isDelta = (flags & resizeFlag.delta) !== 0;
    const shrink = (flags & resizeFlag.shrink) !== 0;
    const now = isDelta ? BigInt((await session.run("volume.info", { target })).capacityBytes) : 0n;
    const wanted = isDelta ? (shrink ? now - capacity : now + capacity) : capacity;
    if (wanted < 0n) {
      throw new VirtError("invalid-argument", "can't shrink capacity below zero", {
        remoteCode: "VIR_ERR_INVALID_ARG",
      });
    }
    await session.run("volume.resize", {
      target,
      input: {
        capacityBytes: bytesOf(wanted, "A capacity"),
        allocate: (flags & resizeFlag.allocate) !== 0,
        shrink,
      },
    });
    return undefined;
  }, { flags: allBits(resizeFlag) }),
} satisfies Family;
