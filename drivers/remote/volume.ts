/**
 * Storage volumes.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { wipeAlgorithms } from "../../protocol/words/storage.ts";
import type { DriverConnection, DriverMap, Implementation, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { identify } from "../definition.ts";
import type { In, Out } from "../operation_types.ts";
import { actTogether, askTogether, listObjects, lookAgain, lookUpObject } from "./act.ts";
import { claimInside } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { isThere, makes, type MakingSubject, type Wanted } from "./making.ts";
import { finding, ifThere, nameFilter, showObject } from "./named_list.ts";
import { asks, does, done, isGone } from "./object_call.ts";
import { type Identity, identityOf, type RemoteJob, type RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";
import { holdsOnlyZeros, readBytes, writeBytes } from "./volume_bytes.ts";
import { askFacts, isWorkedOn, volumeFacts, volumeIdentity, wireVolume } from "./volume_place.ts";
import { wireNamed, type WireVolume } from "./wire.ts";

type Entry = Out<"volume.info">;

/** Source: libvirt, virStorageVolResizeFlags. */
const resizeFlags = { allocate: 1, shrink: 4 } as const;

/** What sizes are rounded up to: sectors in images, extents on logical volumes. */
const sector = 512;
const extent = 4 * 1024 ** 2;

async function list(job: RemoteJob, { name }: In<"volume.list">): Promise<Entry[]> {
  const pool = job.object;
  const isNamed = nameFilter(name);
  const { objects, rest } = await listObjects(
    job,
    { objectClass: "volume", parent: pool.id },
    async (line) => {
      const sightings = await classAccess.volume.within?.(line, identityOf(pool)) ?? [];
      const documents = await Promise.all(
        sightings.filter(({ name }) => isNamed(name)).map(async ({ name, key = "" }) => {
          const vol = { pool: pool.name, name, key };
          return [name, await ifThere(line.call("storageVolGetXmlDesc", { vol, flags: 0 }))] as const;
        }),
      );
      return { sightings, rest: new Map(documents) };
    },
    { doing: "list the volumes of" },
  );
  return objects.flatMap((volume) => {
    const found = rest.get(volume.name);
    return found === undefined ? [] : [{ volume: job.ref(volume, "volume"), ...volumeFacts(found.xml) }];
  });
}

async function find(job: RemoteJob, { name }: In<"volume.lookup">): Promise<ObjectRef<"volume">> {
  const pool = job.object;
  const found = await lookUpObject(job, `find ${name}`, async (line) => {
    const { vol } = await line.call("storageVolLookupByName", { pool: wireNamed(pool), name });
    return volumeIdentity(vol, pool);
  }, finding("volume", name));
  if (found === undefined) throw notFound("storage volume", name);
  return job.ref(found, "volume");
}

/** Finds a volume by its path, or by its key, which need not be one. */
async function byPath(job: RemoteJob, { path }: In<"volume.byPath">): Promise<ObjectRef<"volume">> {
  const { table } = connectionOf(job);
  const volume = await lookUpObject(job, `find ${path}`, async (line) => {
    const found = await ifThere(line.call("storageVolLookupByPath", { path })) ??
      await line.call("storageVolLookupByKey", { key: path });
    const { vol } = found;
    const known = table.byName("pool", vol.pool)?.id;
    const id = known ?? (await line.call("storagePoolLookupByName", { name: vol.pool })).pool.uuid;
    return volumeIdentity(vol, { id });
  }, finding("volume", path));
  if (volume?.parent === undefined) throw notFound("storage volume", path);
  const { parent } = volume;
  if (table.byId("pool", parent) === undefined) {
    await lookUpObject(
      job,
      "find its pool",
      (line) => classAccess.pool.look(line, { objectClass: "pool", id: parent, name: parent }, {}),
    );
  }
  return job.ref(volume, "volume");
}

/** What a document asks for; the name is for the pool to choose where it says none. */
function read(job: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const { name } = identify(xml);
  const pool = poolOf(job);
  return {
    xml,
    name: name ?? "",
    parent: pool.id,
    ...(name === undefined || name === "" ? {} : { id: name }),
  };
}

/** The pool in which something is made. */
function poolOf(job: RemoteJob): RemoteObject {
  return (job.target ?? job.object) as RemoteObject;
}

/** A volume that was made, once nothing works on it any more. */
async function made(job: RemoteJob, { id, name }: Wanted): Promise<RemoteObject | undefined> {
  const pool = poolOf(job);
  if (/^<pool\s+type=['"]disk['"]/.test(pool.persistentConfig.trim())) {
    throw new VirtError("outcome-unknown", "a pool of this type gives volumes names of its own");
  }
  const volume = id === undefined ? undefined : connectionOf(job).table.byId("volume", id, pool.id);
  if (volume === undefined) return undefined;
  const busy = await askTogether(job, "look at work", (line) => isWorkedOn(line, wireVolume(job, volume)));
  if (!busy) return volume;
  throw new VirtError("outcome-unknown", `storage volume "${name}" is still being made`);
}

async function create(
  line: Line,
  { job, wanted: { xml } }: MakingSubject<"volume.create">,
): Promise<Identity> {
  const pool = poolOf(job);
  const { vol } = await line.call("storageVolCreateXml", { pool: wireNamed(pool), xml, flags: 0 });
  return volumeIdentity(vol, pool);
}

async function createFrom(
  line: Line,
  { job, wanted: { xml }, input: { from } }: MakingSubject<"volume.createFrom">,
): Promise<Identity> {
  const pool = poolOf(job);
  const origin = from.parent === undefined ? undefined : connectionOf(job).table.byId("pool", from.parent);
  if (origin === undefined) throw notFound("storage volume", from.name);
  const clonevol: WireVolume = { pool: origin.name, name: from.id, key: "" };
  const { vol } = await line.call("storageVolCreateXmlFrom", {
    pool: wireNamed(pool),
    xml,
    clonevol,
    flags: 0,
  });
  return volumeIdentity(vol, pool);
}

/** A volume's own slot, and its pool's, which must not be stopped meanwhile. */
export function claimWithPool(
  connection: DriverConnection,
  _input: unknown,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const pool = target?.parent === undefined
    ? undefined
    : connection.find({ $ref: "pool", id: target.parent });
  const own = target ?? connection.self;
  return pool === undefined ? [{ object: own }] : [{ object: own }, { object: pool, as: "use" }];
}

/** A pool that is used and not changed, and the name of what is made in it. */
function claimNew(
  _connection: DriverConnection,
  { xml }: { readonly xml: string },
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  return claimInside(target, { objectClass: "volume", name: identify(xml).name ?? "" });
}

function claimCopy(
  connection: DriverConnection,
  input: In<"volume.createFrom">,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const origin = connection.find(input.from);
  return [
    ...claimNew(connection, input, target),
    ...(origin === undefined ? [] : [{ object: origin, as: "use" as const }]),
  ];
}

/** Whether a volume has the size that was asked for, rounded up as its kind is. */
function hasSize({ type, capacityBytes }: Omit<Entry, "volume">, wanted: number): boolean {
  const unit = type === "block" ? extent : sector;
  return capacityBytes >= wanted && capacityBytes < wanted + unit;
}

const upload: Implementation<"volume.upload"> = {
  run: async (job: RemoteJob, { offset, bytes }) => {
    const vol = wireVolume(job, job.object);
    if (bytes.length > 0) {
      await actTogether(job, "volume.upload", async (line) => {
        refuseBeyond(job.object, { facts: await askFacts(line, vol), offset, length: bytes.length });
        await writeBytes(line, { vol, offset, bytes });
      }, { doing: "write to" });
    }
    return { written: bytes.length };
  },
  about: claimWithPool,
  reconcile: async (job: RemoteJob, { offset, bytes }) => {
    await lookAgain(job);
    const vol = wireVolume(job, job.object);
    const found = await askTogether(
      job,
      "read it back",
      (line) => readBytes(line, { vol, offset, length: bytes.length }),
    );
    return found.toBase64() === bytes.toBase64()
      ? { kind: "done", value: { written: bytes.length } }
      : { kind: "not-done" };
  },
};

/**
 * The far side would let a raw volume grow by what is written behind its end. What other formats hold is not bounded by
 * what a guest sees.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function refuseBeyond(
  { label }: RemoteObject,
  { facts, offset, length }: {
    readonly facts: Omit<Entry, "volume">;
    readonly offset: number;
    readonly length: number;
  },
): void {
  const { format, capacityBytes } = facts;
  if (format !== "raw" || offset + length <= capacityBytes) return;
  throw new VirtError(
    "invalid-argument",
    `Cannot write ${length} bytes at ${offset} of ${label}: it has ${capacityBytes} bytes`,
    { target: label },
  );
}

export const volumes = {
  "volume.list": { run: list },
  "volume.lookup": { run: find },
  "volume.byPath": { run: byPath },
  "volume.create": makes({
    objectClass: "volume",
    doing: "create",
    read,
    make: create,
    find: made,
    isSo: isThere,
    about: claimNew,
  }),
  "volume.createFrom": makes({
    objectClass: "volume",
    doing: "create",
    read,
    make: createFrom,
    find: made,
    isSo: isThere,
    about: claimCopy,
  }),
  "volume.info": {
    run: async (job: RemoteJob) => {
      const { object, rest } = await showObject(
        job,
        (line, volume) => askFacts(line, wireVolume(job, volume)),
      );
      return { volume: job.ref(object, "volume"), ...rest };
    },
  },
  "volume.xml": asks("show", async (line, { job, object }) => {
    return (await line.call("storageVolGetXmlDesc", { vol: wireVolume(job, object), flags: 0 })).xml;
  }),
  "volume.resize": does({
    doing: "resize",
    act: (line, { job, object, input: { capacityBytes, allocate, shrink } }) =>
      done(line.call("storageVolResize", {
        vol: wireVolume(job, object),
        capacity: BigInt(capacityBytes),
        flags: (allocate ? resizeFlags.allocate : 0) | (shrink ? resizeFlags.shrink : 0),
      })),
    isSo: async (line, { job, object, input: { capacityBytes } }) =>
      hasSize(await askFacts(line, wireVolume(job, object)), capacityBytes),
    answer: {},
    about: claimWithPool,
  }),
  "volume.wipe": does({
    doing: "wipe",
    act: (line, { job, object, input: { algorithm } }) =>
      done(line.call("storageVolWipePattern", {
        vol: wireVolume(job, object),
        algorithm: wipeAlgorithms.indexOf(algorithm),
        flags: 0,
      })),
    isSo: async (line, { job, object, input: { algorithm } }) => {
      const vol = wireVolume(job, object);
      if (await isWorkedOn(line, vol)) return { unknown: "it is still being overwritten" };
      if (algorithm === "zero") return await holdsOnlyZeros(line, vol);
      return { unknown: "nothing tells what it was overwritten with from what it held" };
    },
    answer: {},
    about: claimWithPool,
  }),
  "volume.delete": does({
    doing: "delete",
    act: (line, { job, object }) =>
      done(line.call("storageVolDelete", { vol: wireVolume(job, object), flags: 0 })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
    about: claimWithPool,
  }),
  "volume.upload": upload,
  "volume.download": {
    run: async (job: RemoteJob, { offset, length }) => {
      const vol = wireVolume(job, job.object);
      // One byte more than asked for tells whether anything follows.
      const found = await askTogether(
        job,
        "volume.download",
        (line) => readBytes(line, { vol, offset, length: length + 1 }),
        { doing: "read" },
      );
      return { bytes: found.subarray(0, length), atEnd: found.length <= length };
    },
    about: claimWithPool,
  },
} satisfies DriverMap;
