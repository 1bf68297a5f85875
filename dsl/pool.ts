/**
 * What a storage pool's handle offers beside the registry's operations.
 *
 * @module
 */
import type { CallOptions, Temporary } from "./call_options.ts";
import { Fleet } from "./fleet.ts";
import { ObjectHandle, objectsOf } from "./handle.ts";
import type { Volume } from "./handles.ts";
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

  /** Makes volumes that are taken back when the run ends, however it ends. */
  get temporary(): TemporaryVolumes {
    return { volume: (input, options) => objectsOf(this).make("volume.create", this, input, options) };
  }
}
