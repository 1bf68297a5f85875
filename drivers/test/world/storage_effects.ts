/**
 * What can be done to storage outside: pools' definition files and directories, volumes and their bytes.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { changedOutside } from "./domain_effects.ts";
import { effect, type EffectContext, look } from "./effect.ts";
import { copyImage, extentAt, readImage, truncateImage, writeImage } from "./image.ts";
import type { PoolRecord, VolumeRecord } from "./record.ts";
import type { Transaction } from "./world.ts";

const id = z.string();
const bytes = z.int().min(0);

/** What a new pool can hold: 100 GiB, as libvirt's test driver's pools. */
const poolBytes = 100 * 1024 ** 3;

function refuseTakenName(world: Transaction, { id, name }: { id: string; name: string }): void {
  const other = world.idOf("pool", name);
  if (other === undefined || other === id) return;
  throw new VirtError(
    "already-exists",
    `Cannot define storage pool "${name}": a pool of that name exists with UUID ${other}`,
  );
}

/** The volumes of a pool. */
function volumesOf(world: Transaction, pool: string): readonly VolumeRecord[] {
  return [...world.all("volume")].filter((volume) => volume.pool === pool);
}

/** The space of a pool that nothing takes. */
function freeIn(world: Transaction, pool: PoolRecord): number {
  return pool.capacity - volumesOf(world, pool.id).reduce((sum, { allocation }) => sum + allocation, 0);
}

function refuseFull(
  world: Transaction,
  { pool, needs, name }: { pool: PoolRecord; needs: number; name: string },
): void {
  const free = freeIn(world, pool);
  if (needs > free) {
    throw new VirtError(
      "operation-failed",
      `Cannot give ${needs} bytes to volume "${name}": storage pool "${pool.name}" has ${free} bytes left`,
    );
  }
}

function needStarted(world: Transaction, id: string): PoolRecord {
  const pool = world.need("pool", id);
  if (pool.started === undefined) {
    throw new VirtError("wrong-state", `Storage pool "${pool.name}" is not active`);
  }
  return pool;
}

function startless({ started: _started, ...rest }: PoolRecord): Omit<PoolRecord, "started"> {
  return rest;
}

/** Writes a definition file. */
export const writeDefinition = effect(
  "pool",
  z.object({ id, name: z.string(), xml: z.string(), expected: z.string().optional() }),
  (world, { id, name, xml, expected }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("pool", id);
    if (expected !== undefined && known?.config !== expected) throw changedOutside(name);
    world.put("pool", {
      ...(known ?? { id, autostart: false, built: false, capacity: poolBytes }),
      name,
      config: xml,
    });
  },
);

/** Removes a definition file; what the pool consists of stays on the host. */
export const removeDefinition = effect("pool", z.object({ id }), (world, { id }) => {
  const { config: _config, ...rest } = world.need("pool", id);
  if (rest.started !== undefined) {
    world.put("pool", { ...rest, autostart: false });
    return;
  }
  for (const volume of volumesOf(world, id)) world.remove("volume", volume.id);
  world.remove("pool", id);
});

/** Makes a pool's directory. */
export const build = effect(
  "pool",
  z.object({ id, name: z.string(), overwrite: z.boolean().optional() }),
  (world, { id, name, overwrite }, { images }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("pool", id);
    if (known?.built === true && overwrite === false) {
      throw new VirtError(
        "operation-failed",
        `Cannot build storage pool "${name}": something is there already`,
      );
    }
    if (known !== undefined && overwrite === true) {
      for (const volume of volumesOf(world, id)) {
        images.remove(volume.id);
        world.remove("volume", volume.id);
      }
    }
    world.put("pool", { ...(known ?? { id, name, autostart: false, capacity: poolBytes }), built: true });
  },
);

/** Makes a pool's volumes available. */
export const start = effect(
  "pool",
  z.object({ id, name: z.string(), xml: z.string() }),
  (world, { id, name, xml }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("pool", id);
    if (known?.started !== undefined) {
      throw new VirtError("wrong-state", `Storage pool "${name}" is already active`);
    }
    world.put("pool", {
      ...(known ?? { id, name, autostart: false, built: true, capacity: poolBytes }),
      started: { xml },
    });
  },
);

/** Lets go of a pool's volumes, which stay. Nothing happens where it is not started. */
export const stop = effect("pool", z.object({ id }), (world, { id }) => {
  const record = world.get("pool", id);
  if (record?.started === undefined) return;
  if (record.config !== undefined) {
    world.put("pool", startless(record));
    return;
  }
  for (const volume of volumesOf(world, id)) world.remove("volume", volume.id);
  world.remove("pool", id);
});

/** Removes a pool's directory with all its volumes. */
export const demolish = effect("pool", z.object({ id }), (world, { id }, { images }) => {
  for (const volume of volumesOf(world, id)) {
    images.remove(volume.id);
    world.remove("volume", volume.id);
  }
  world.put("pool", { ...world.need("pool", id), built: false });
});

/** Reads a pool's directory again. */
export const scan = effect("pool", z.object({ id }), (world, { id }) => void needStarted(world, id));

/** Has a pool started with its host, or not. */
export const setAutostart = effect(
  "pool",
  z.object({ id, autostart: z.boolean() }),
  (world, { id, autostart }) => world.put("pool", { ...world.need("pool", id), autostart }),
);

const volume = z.object({
  id,
  pool: z.string(),
  name: z.string(),
  path: z.string(),
  type: z.enum(["file", "block", "dir", "network"]),
  format: z.string(),
  capacity: bytes,
  allocation: bytes,
  backing: z.object({ path: z.string(), format: z.string() }).optional(),
  /** The volume whose bytes it gets. */
  from: z.string().optional(),
});

/** Makes a volume, empty or as a copy of another. */
export const createVolume = effect("volume", volume, (world, { from, backing, ...wanted }, { images }) => {
  const pool = needStarted(world, wanted.pool);
  if (world.get("volume", wanted.id) !== undefined) {
    throw new VirtError(
      "already-exists",
      `Cannot make volume "${wanted.name}": storage pool "${pool.name}" has one of that name`,
    );
  }
  const source = from === undefined ? undefined : world.need("volume", from);
  const needs = Math.max(wanted.allocation, source?.allocation ?? 0);
  refuseFull(world, { pool, needs, name: wanted.name });
  images.remove(wanted.id);
  if (from !== undefined) copyImage(images, from, wanted.id);
  world.put("volume", { ...wanted, allocation: needs, ...(backing === undefined ? {} : { backing }) });
});

/** Deletes a volume with its bytes. */
export const deleteVolume = effect("volume", z.object({ id }), (world, { id }, { images }) => {
  images.remove(world.need("volume", id).id);
  world.remove("volume", id);
});

/** Changes a volume's capacity; what lies beyond it is gone. */
export const resizeVolume = effect(
  "volume",
  z.object({ id, capacity: bytes, allocate: z.boolean() }),
  (world, { id, capacity, allocate }, { images }) => {
    const record = world.need("volume", id);
    const allocation = allocate ? capacity : Math.min(record.allocation, capacity);
    const pool = world.need("pool", record.pool);
    refuseFull(world, { pool, needs: allocation - record.allocation, name: record.name });
    if (capacity < record.capacity) truncateImage(images, id, capacity);
    world.put("volume", { ...record, capacity, allocation });
  },
);

/** Overwrites a volume. */
export const wipeVolume = effect(
  "volume",
  z.object({ id, algorithm: z.string() }),
  (world, { id }, { images }) => {
    const record = world.need("volume", id);
    images.remove(id);
    world.put("volume", record);
  },
);

/** Writes bytes into a volume. */
export const uploadVolume = effect(
  "volume",
  z.object({ id, offset: bytes, /** Base64. */ data: z.string() }),
  (world, { id, offset, data }, context) => {
    const record = world.need("volume", id);
    const written = Uint8Array.fromBase64(data);
    if (offset + written.length > record.capacity) {
      throw new VirtError(
        "invalid-argument",
        `Cannot write ${written.length} bytes at ${offset} of volume "${record.name}": it has ${record.capacity}`,
      );
    }
    const allocation = Math.max(record.allocation, offset + written.length);
    const pool = world.need("pool", record.pool);
    refuseFull(world, { pool, needs: allocation - record.allocation, name: record.name });
    writeImage(context.images, id, { offset, bytes: written });
    world.put("volume", { ...record, allocation, ...(offset === 0 ? seenIn(written) : {}) });
  },
);

/** Where qcow2 has its magic, its version and the size of its disk. Source: QEMU, docs/interop/qcow2.txt, "Header". */
const qcow2 = { magic: 0x514649fb, versions: [2, 3], sizeAt: 24, leastBytes: 72 } as const;

/** What a hypervisor sees in a file's beginning when it reads the pool again, as it does after each upload. */
function seenIn(bytes: Uint8Array<ArrayBuffer>): Partial<Pick<VolumeRecord, "format" | "capacity">> {
  if (bytes.length < qcow2.leastBytes) return {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== qcow2.magic || !qcow2.versions.some((each) => each === view.getUint32(4))) {
    return {};
  }
  const size = view.getBigUint64(qcow2.sizeAt);
  return size > BigInt(Number.MAX_SAFE_INTEGER)
    ? { format: "qcow2" }
    : { format: "qcow2", capacity: Number(size) };
}

/** Reads bytes out of a volume, as base64; or, on request, tells how far the hole goes that they would begin with. */
export const downloadVolume = look(
  "volume",
  z.object({ id, offset: bytes, length: bytes, holes: z.boolean().default(false) }),
  (world, { id, offset, length, holes }, { images }: EffectContext) => {
    const { capacity } = world.need("volume", id);
    const left = Math.max(0, capacity - offset);
    const extent = holes ? extentAt(images, id, offset) : { kind: "data" as const, length };
    const count = Math.min(extent.length, left);
    if (extent.kind === "hole") return { data: "", hole: count, capacity };
    const data = readImage(images, id, { offset, length: Math.min(count, length) });
    return { data: data.toBase64(), hole: 0, capacity };
  },
);
