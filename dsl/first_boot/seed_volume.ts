/**
 * Seeds as volumes of a pool: each under a name of its own, so that one that is in use is never written over.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { DesiredDisk } from "../../model/desired/mod.ts";
import { type ObjectHandle, objectsOf } from "../handle.ts";
import type { Volume } from "../handles.ts";
import type { AnswerOf } from "../method.ts";
import { digestOf, type Reading, type Seed } from "./seed.ts";

/** What one upload or download carries at most. */
const chunkBytes = 1024 * 1024;

/** A seed in a pool. */
export interface SeedVolume {
  /** The volume that holds it. */
  readonly volume: Volume;
  /** Where the host has it. */
  readonly path: string;
  /** Whether it had to be made: it was not there as it shall be. */
  readonly changed: boolean;
  /** Whether a guest that has booted before reads it again. */
  readonly reading: Reading;
  /**
   * For cloud-init: what a domain's `disks` needs to have, a small disk that is only read. For a guest without drivers for
   * virtio: `{ ...seed.disk, device: "cdrom" }`.
   */
  readonly disk?: DesiredDisk;
  /** For Ignition: what a domain's `xml` needs to have. */
  readonly xml?: string;
  /**
   * Deletes the seeds of the same name that were there before, but for those that a domain of that name still has.
   *
   * Needs `storage_vol:delete`, and `domain:read` on that domain.
   *
   * @returns how many it has deleted
   */
  tidy(): Promise<number>;
}

type Pool = ObjectHandle<"pool">;
type Entry = AnswerOf<"volume.list">[number];

/** Puts a seed into a pool, unless it is there. */
export async function seedVolume(pool: Pool, { name, seed }: SeedName): Promise<SeedVolume> {
  if (!/^[\w.-]{1,200}$/.test(name)) {
    throw new VirtError("invalid-argument", `Cannot call a seed ${JSON.stringify(name)}`, {
      hint: "Give the domain's name: letters, digits, dots and hyphens",
    });
  }
  const { bytes, suffix, kind, reading } = seed;
  const volumeName = `${name}-seed-${digestOf(bytes)}.${suffix}`;
  const known = (await seedsOf(pool, name)).find(({ volume }) => volume.name === volumeName);
  const isThere = known !== undefined && await holds(known, bytes);
  const volume = known?.volume ?? await make(pool, volumeName, bytes.length);
  if (!isThere) await fill(volume, bytes);
  const path = known?.path ?? await pathOf(pool, { name, volume });
  return {
    volume,
    path,
    changed: !isThere,
    reading,
    ...(kind === "nocloud"
      ? {
        disk: {
          // Kernels for clouds have drivers for virtio's disks, and often none for a drive on SATA.
          volume: { pool: pool.name, name: volumeName },
          format: "raw",
          readonly: true,
        },
      }
      : {
        xml: `<domain><sysinfo type='fwcfg'><entry name='opt/com.coreos/config' file='${escaped(path)}'/>` +
          "</sysinfo></domain>",
      }),
    tidy: () => tidy(pool, { name, keep: volumeName }),
  };
}

/** A seed, and whose it is. */
interface SeedName {
  /** The domain's name. */
  readonly name: string;
  readonly seed: Seed;
}

/** All seeds of a domain. */
async function seedsOf(pool: Pool, name: string): Promise<readonly Entry[]> {
  const entries = await objectsOf(pool).invoke("volume.list", pool, { name: `${name}-seed-*` });
  return entries.filter(({ volume }) =>
    /^[0-9a-f]{16}\.(?:iso|ign)$/.test(volume.name.slice(`${name}-seed-`.length))
  );
}

async function make(pool: Pool, name: string, bytes: number): Promise<Volume> {
  const xml = `<volume><name>${name}</name><capacity unit='bytes'>${bytes}</capacity>` +
    "<target><format type='raw'/></target></volume>";
  return await objectsOf(pool).invoke("volume.create", pool, { xml });
}

async function fill(volume: Volume, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    await objectsOf(volume).invoke("volume.upload", volume, {
      offset,
      bytes: bytes.slice(offset, offset + chunkBytes),
    });
  }
}

/** Whether a volume holds these bytes; what somebody died in the middle of writing does not. */
async function holds({ volume, capacityBytes }: Entry, bytes: Uint8Array): Promise<boolean> {
  // A pool may round a volume's size up.
  if (capacityBytes < bytes.length) return false;
  for (let offset = 0; offset < bytes.length;) {
    const length = Math.min(chunkBytes, bytes.length - offset);
    const piece = await objectsOf(volume).invoke("volume.download", volume, { offset, length });
    const wanted = bytes.subarray(offset, offset + piece.bytes.length);
    if (piece.bytes.length === 0 || !piece.bytes.every((byte, at) => byte === wanted[at])) return false;
    offset += piece.bytes.length;
  }
  return true;
}

async function pathOf(
  pool: Pool,
  { name, volume }: { readonly name: string; readonly volume: Volume },
): Promise<string> {
  const entry = (await seedsOf(pool, name)).find((each) => each.volume.name === volume.name);
  if (entry !== undefined) return entry.path;
  throw new VirtError("not-found", `Cannot find ${volume}: somebody has deleted it`, { target: `${volume}` });
}

async function tidy(
  pool: Pool,
  { name, keep }: { readonly name: string; readonly keep: string },
): Promise<number> {
  const used = await definitionsOf(pool, name);
  let deleted = 0;
  for (const { volume, path } of await seedsOf(pool, name)) {
    const isUsed = used.some((xml) => xml.includes(escaped(path)) || xml.includes(`'${volume.name}'`));
    if (volume.name === keep || isUsed) continue;
    await objectsOf(pool).invoke("volume.delete", volume, {});
    deleted++;
  }
  return deleted;
}

/** What a domain of a name has now, and what it will have; nothing where there is none. */
async function definitionsOf(pool: Pool, name: string): Promise<readonly string[]> {
  const objects = objectsOf(pool);
  const { connection } = pool;
  const host = objects.handle({ $ref: "connection", connection, id: connection, name: connection });
  try {
    const vm = await objects.invoke("domain.lookup", host, { name });
    return await Promise.all(
      [false, true].map((inactive) => objects.invoke("domain.xml", vm, { inactive })),
    );
  } catch (error) {
    if (isVirtError(error, "not-found")) return [];
    throw error;
  }
}

/** As an attribute's value. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&apos;");
}
