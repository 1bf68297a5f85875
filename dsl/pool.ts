/**
 * What a storage pool's handle offers beside the registry's operations.
 *
 * @module
 */
import type { CallOptions, Temporary } from "./call_options.ts";
import type { Seed } from "./first_boot/seed.ts";
import { type SeedVolume, seedVolume } from "./first_boot/seed_volume.ts";
import { Fleet } from "./fleet.ts";
import { ObjectHandle, objectsOf } from "./handle.ts";
import type { Volume } from "./handles.ts";
import type { ImageOptions } from "./image/image_source.ts";
import { type ImageVolume, imageVolume } from "./image/image_volume.ts";
import type { GivenTo } from "./method.ts";

/** Makes volumes that are taken back when the run ends. */
export interface TemporaryVolumes {
  /** Makes a volume; when it is given back it is deleted with what it holds. */
  volume(input: GivenTo<"volume.create">, options?: CallOptions): Promise<Volume & Temporary>;
}

/** What a storage pool's handle offers beside the registry's operations. */
export class PoolHandle extends ObjectHandle<"pool"> {
  /**
   * The volumes of the pool, as a fleet. For their sizes as well see `listVolumes`.
   *
   * Needs `storage_pool:search_storage_vols`, and `storage_vol:getattr` on each.
   *
   * @example
   * ```ts
   * import type { Host } from "drover";
   *
   * export async function images(host: Host): Promise<string[]> {
   *   return (await (await host.pool("default")).volumes({ name: "*.qcow2" })).names;
   * }
   * ```
   */
  async volumes(which: GivenTo<"volume.list"> = {}, options?: CallOptions): Promise<Fleet<Volume>> {
    const entries = await objectsOf(this).invoke("volume.list", this, which, options);
    return new Fleet(entries.map(({ volume }) => volume));
  }

  /**
   * Puts what a guest is told at its first boot into the pool, unless it is there already. Other settings make another
   * volume, so that a guest's drive is never written under it: the domain's plan then shows the change of its disk.
   *
   * @param name the domain's name
   * @param seed made by `cloudInit` or `ignition`
   *
   * Needs `storage_pool:search_storage_vols`, and `storage_vol:create,getattr,data_read,data_write`.
   *
   * @throws {VirtError} `invalid-argument` for a name that a volume cannot have.
   *
   * @example
   * ```ts
   * import { cloudInit, domain, recipe } from "drover";
   *
   * export default recipe({
   *   summary: "Keep a web server that sets itself up",
   *   needs: [
   *     "storage_pool:getattr,search_storage_vols",
   *     "storage_vol:create,delete,getattr,data_read,data_write",
   *     "domain:getattr,read,write,save,start",
   *     "connect:getattr,read",
   *   ],
   *   async run({ host, log }) {
   *     const pool = await host.pool("default");
   *     const seed = await pool.seed("web-1", cloudInit({ hostname: "web-1", userData: { packages: ["nginx"] } }));
   *     await host.ensure(domain({
   *       name: "web-1",
   *       disks: [{ volume: { pool: "default", name: "web-1.qcow2" } }, seed.disk!],
   *       interfaces: ["default"],
   *     }));
   *     if (seed.changed) log.info(`read again: ${seed.reading.again ? "yes" : "no"}, ${seed.reading.why}`);
   *     await seed.tidy();
   *   },
   * });
   * ```
   */
  seed(name: string, seed: Seed): Promise<SeedVolume> {
    return seedVolume(this, { name, seed });
  }

  /**
   * Puts a disk image into the pool, unless it is there already: from an address, or from a file of the machine on which
   * Drover runs. It is checked before it gets there, kept for further hosts, and never written over: another image makes
   * another volume, beside those that are in use. What is compressed by gzip is unpacked.
   *
   * Needs `connect:getattr`, `storage_pool:getattr,search_storage_vols`, `storage_vol:getattr,create,data_write,delete`, and
   * `host:fetch` on the address (and on that of `checksums`), or `host:local_read` on the path.
   *
   * @throws {VirtError} `invalid-argument` where it is no qcow2 or raw image, or names other files; `operation-failed` where its
   *   checksum is another; `not-found` where it is not there; `budget-exceeded` where it is too large.
   *
   * @example
   * ```ts
   * import { recipe, volume } from "drover";
   *
   * const images = "https://cloud.debian.org/images/cloud/bookworm/latest";
   *
   * export default recipe({
   *   summary: "Keep a disk made on Debian's image",
   *   needs: [
   *     "connect:getattr",
   *     "storage_pool:getattr,search_storage_vols",
   *     "storage_vol:getattr,read,create,data_write,delete",
   *     "host:fetch@https://cloud.debian.org/images/**",
   *   ],
   *   async run({ host }) {
   *     const pool = await host.pool("default");
   *     const base = await pool.image({
   *       from: `${images}/debian-12-generic-amd64.qcow2`,
   *       checksums: `${images}/SHA512SUMS`,
   *     });
   *     await host.ensure(volume({ pool: "default", name: "web-1.qcow2", capacity: "20GiB", backing: base }));
   *   },
   * });
   * ```
   */
  image(options: ImageOptions): Promise<ImageVolume> {
    return imageVolume(this, options);
  }

  /** Makes volumes that are taken back when the run ends, however it ends. */
  get temporary(): TemporaryVolumes {
    return { volume: (input, options) => objectsOf(this).make("volume.create", this, input, options) };
  }
}
