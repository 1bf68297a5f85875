/**
 * Storage volumes.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Implementation, Job, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act, inspect } from "./act.ts";
import { TestConnection } from "./connection.ts";
import { connectionOf } from "./connection.ts";
import { needRunning } from "./defined_object.ts";
import { claimInside } from "../claim.ts";
import { poolTarget } from "../definition.ts";
import { normalised } from "./documents.ts";
import { badValue, notFound, wrongState } from "./domain.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { byState, refresh } from "./reconcile.ts";
import { readVolume, type VolumeRequest, volumeXml } from "./volume_definition.ts";
import type { VolumeRecord } from "./world/record.ts";

type VolumeJob = TestJob<"volume">;
type PoolJob = TestJob<"pool">;
type Entry = Out<"volume.info">;

function entryOf(job: Job, volume: TestObject<"volume">): Entry {
  const { path, type, format, capacity, allocation } = volume.facts.record;
  return {
    volume: job.ref(volume, "volume"),
    path,
    type,
    format,
    capacityBytes: capacity,
    allocationBytes: allocation,
  };
}

function list(job: PoolJob, { name }: In<"volume.list">): Entry[] {
  const { object } = job;
  needRunning(object, "list the volumes of");
  const glob = name === undefined ? undefined : Glob.parse(name);
  return [...connectionOf(job).table.all("volume")].filter((volume) =>
    volume.parent === object.id && (glob?.matches(volume.name) ?? true)
  ).map((volume) => entryOf(job, volume));
}

function find(job: PoolJob, name: string): ObjectRef<"volume"> {
  needRunning(job.object, "find a volume of");
  const volume = connectionOf(job).table.byId("volume", name, job.object.id);
  if (volume === undefined) throw notFound("storage volume", name);
  return job.ref(volume, "volume");
}

function byPath(job: Job, { path }: In<"volume.byPath">): ObjectRef<"volume"> {
  for (const volume of connectionOf(job).table.all("volume")) {
    if (volume.facts.record.path === path) return job.ref(volume, "volume");
  }
  throw notFound("storage volume", path);
}

/** A volume's pool, which must be started for anything that touches the volume. */
export function needPool(job: VolumeJob, doing: string): void {
  const pool = connectionOf(job).table.byId("pool", job.object.parent ?? "");
  if (pool?.live === undefined) {
    throw wrongState(job.object, { doing, found: `its storage pool "${pool?.name ?? "?"}" is not active` });
  }
}

/** The domains that run with a volume as one of their disks. */
function refuseInUse(job: VolumeJob, doing: string): void {
  const { path } = job.object.facts.record;
  for (const domain of connectionOf(job).table.all("domain")) {
    if (domain.live === undefined || !domain.config.includes(path)) continue;
    const quoted = [`'${path}'`, `"${path}"`].some((text) => domain.config.includes(text));
    if (!quoted) continue;
    throw new VirtError("in-use", `Cannot ${doing} ${job.object.label}: ${domain.label} uses it`, {
      target: job.object.label,
    });
  }
}

function requestOf({ object, newId }: PoolJob, xml: string): VolumeRequest {
  const place = { pool: object.id, target: poolTarget(object.config) ?? `/${object.name}` };
  // Whatever it is, it must be a volume before anything else is said about it.
  readVolume(xml, place);
  return readVolume(normalised(xml, { newId }), place);
}

function refuseTaken(job: PoolJob, { name }: VolumeRequest): void {
  if (connectionOf(job).table.byId("volume", name, job.object.id) === undefined) return;
  throw new VirtError(
    "already-exists",
    `Cannot make volume "${name}": ${job.object.label} has one of that name`,
    {
      target: job.object.label,
    },
  );
}

async function create(job: PoolJob, { xml }: In<"volume.create">): Promise<ObjectRef<"volume">> {
  needRunning(job.object, "make a volume in");
  const request = requestOf(job, xml);
  refuseTaken(job, request);
  await act(job, "volume.create", { input: request });
  return find(job, request.name);
}

/** The volume that is copied. */
function originOf(job: Job, { from }: In<"volume.createFrom">): VolumeRecord {
  const origin = connectionOf(job).table.byId("volume", from.id, from.parent);
  if (origin === undefined) throw notFound("storage volume", from.name);
  const pool = connectionOf(job).table.byId("pool", origin.parent ?? "");
  if (pool?.live === undefined) {
    throw wrongState(origin, {
      doing: "copy",
      found: `its storage pool "${pool?.name ?? "?"}" is not active`,
    });
  }
  return origin.facts.record;
}

async function createFrom(job: PoolJob, input: In<"volume.createFrom">): Promise<ObjectRef<"volume">> {
  needRunning(job.object, "make a volume in");
  const origin = originOf(job, input);
  const wanted = requestOf(job, input.xml);
  refuseTaken(job, wanted);
  const capacity = Math.max(wanted.capacity, origin.capacity);
  await act(job, "volume.create", { input: { ...wanted, capacity, from: origin.id } });
  return find(job, wanted.name);
}

async function resize(
  job: VolumeJob,
  { capacityBytes, allocate, shrink }: In<"volume.resize">,
): Promise<Nothing> {
  const { object } = job;
  needPool(job, "resize");
  const { record } = object.facts;
  if (capacityBytes < record.capacity && !shrink) {
    throw badValue(
      object,
      `Cannot resize ${object.label} to ${capacityBytes} bytes: it has ${record.capacity}, and shrinking must be allowed`,
    );
  }
  await act(job, "volume.resize", { input: { id: record.id, capacity: capacityBytes, allocate } });
  return {};
}

async function wipe(job: VolumeJob, { algorithm }: In<"volume.wipe">): Promise<Nothing> {
  needPool(job, "wipe");
  refuseInUse(job, "wipe");
  await act(job, "volume.wipe", { input: { id: job.object.facts.record.id, algorithm } });
  return {};
}

async function remove(job: VolumeJob): Promise<Nothing> {
  needPool(job, "delete");
  refuseInUse(job, "delete");
  await act(job, "volume.delete", { input: { id: job.object.facts.record.id } });
  return {};
}

async function upload(job: VolumeJob, { offset, bytes }: In<"volume.upload">): Promise<Out<"volume.upload">> {
  needPool(job, "write to");
  const { object } = job;
  const { id, capacity } = object.facts.record;
  if (offset + bytes.length > capacity) {
    throw badValue(
      object,
      `Cannot write ${bytes.length} bytes at ${offset} of ${object.label}: it has ${capacity} bytes`,
    );
  }
  if (bytes.length > 0) await act(job, "volume.upload", { input: { id, offset, data: bytes.toBase64() } });
  return { written: bytes.length };
}

async function download(
  job: VolumeJob,
  { offset, length, holes }: In<"volume.download">,
): Promise<Out<"volume.download">> {
  needPool(job, "read");
  const { id } = job.object.facts.record;
  const { data, hole, capacity } = await inspect(job, "volume.download", {
    input: { id, offset, length, holes },
  });
  const bytes = Uint8Array.fromBase64(data);
  return {
    bytes,
    ...(hole === 0 ? {} : { holeBytes: hole }),
    atEnd: offset + hole + bytes.length >= capacity,
  };
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
  const name = /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? "";
  return claimInside(target, { objectClass: "volume", name });
}

function claimCopy(
  connection: DriverConnection,
  input: In<"volume.createFrom">,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const origin = connection instanceof TestConnection ? connection.find(input.from) : undefined;
  return [
    ...claimNew(connection, input, target),
    ...(origin === undefined ? [] : [{ object: origin, as: "use" as const }]),
  ];
}

/** Whether a volume was made, with nothing else changed since. */
function made(job: PoolJob, xml: string): { readonly kind: "volume"; readonly id: string } {
  return { kind: "volume", id: requestOf(job, xml).id };
}

type Plain = "volume.resize" | "volume.delete";

function settled<N extends Plain>(
  done: (job: VolumeJob, input: In<N>) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState<N, LiveOf<"volume">, Facts<"volume">>({ done, value: () => ({}) as Out<N> });
}

export const volumes = {
  "volume.list": { run: (job, input) => Promise.try(list, job, input) },
  "volume.lookup": { run: (job, { name }) => Promise.try(find, job, name) },
  "volume.byPath": { run: (job, input) => Promise.try(byPath, job, input) },
  "volume.create": {
    run: create,
    about: claimNew,
    reconcile: byState<"volume.create", LiveOf<"pool">, Facts<"pool">>({
      also: (job, { xml }) => [made(job, xml)],
      done: (job, { xml }) =>
        connectionOf(job).table.byId("volume", requestOf(job, xml).name, job.object.id) !== undefined,
      value: (job, { xml }) => find(job, requestOf(job, xml).name),
    }),
  },
  "volume.createFrom": {
    run: createFrom,
    about: claimCopy,
    reconcile: byState<"volume.createFrom", LiveOf<"pool">, Facts<"pool">>({
      also: (job, { xml }) => [made(job, xml)],
      done: (job, { xml }) =>
        connectionOf(job).table.byId("volume", requestOf(job, xml).name, job.object.id) !== undefined,
      value: (job, { xml }) => find(job, requestOf(job, xml).name),
    }),
  },
  "volume.info": { run: (job: VolumeJob) => Promise.try(entryOf, job, job.object) },
  "volume.xml": { run: ({ object }: VolumeJob) => Promise.try(volumeXml, object.facts.record) },
  "volume.resize": {
    run: resize,
    about: claimWithPool,
    reconcile: settled<"volume.resize">(({ object }, { capacityBytes, allocate }) =>
      object.facts.record.capacity === capacityBytes &&
      (!allocate || object.facts.record.allocation === capacityBytes)
    ),
  },
  "volume.wipe": {
    run: wipe,
    about: claimWithPool,
    observe: ({ object }: VolumeJob) => ({ revision: object.facts.record.revision }),
    reconcile: async (job: VolumeJob, _input, before) => {
      const { id, revision } = job.object.facts.record;
      await refresh(job, [{ kind: "volume", id }]);
      const now = job.object.facts.record.revision;
      return now > Number(before["revision"] ?? revision)
        ? { kind: "done", value: {} }
        : { kind: "not-done" };
    },
  },
  "volume.delete": {
    run: remove,
    about: claimWithPool,
    reconcile: settled<"volume.delete">(({ object }) => object.phase === "removed"),
  },
  "volume.upload": {
    run: upload,
    about: claimWithPool,
    reconcile: async (job: VolumeJob, { offset, bytes }) => {
      const { id } = job.object.facts.record;
      const { data } = await inspect(job, "volume.download", {
        input: { id, offset, length: bytes.length },
        offline: true,
      });
      await refresh(job, [{ kind: "volume", id }]);
      return data === bytes.toBase64()
        ? { kind: "done", value: { written: bytes.length } }
        : { kind: "not-done" };
    },
  },
  "volume.download": { run: download, about: claimWithPool },
} satisfies DriverMap;
