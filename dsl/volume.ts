/**
 * What a storage volume's handle offers beside the registry's operations.
 *
 * @module
 */
import type { recipeFileScheme } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import type { CallOptions } from "./call_options.ts";
import { ObjectHandle, objectsOf } from "./handle.ts";
import type { AnswerOf, GivenTo } from "./method.ts";
import { Task } from "./task.ts";

/** Where in a volume a file goes, and how. */
export type UploadOptions = CallOptions & Omit<GivenTo<"volume.uploadFile">, "path">;

/** What of a volume goes into a file, and how. */
export type DownloadOptions = CallOptions & Omit<GivenTo<"volume.downloadFile">, "path">;

/** What passed between a file and a volume. */
export type Transferred = AnswerOf<"volume.uploadFile">;

const own: typeof recipeFileScheme = "recipe:";

/** What a storage volume's handle offers beside the registry's operations. */
export class VolumeHandle extends ObjectHandle<"volume"> {
  /**
   * Writes a whole file into the volume. Its bytes go from the runtime to the host, not through the recipe, so that it may
   * be as large as the volume. What is under way can be awaited, followed by its `progress()`, and aborted; an upload that
   * did not come to its end has written what came before.
   *
   * @param file a data file of the recipe, by the name in its `files`; or the absolute path of a file on the machine on
   *   which Drover runs, which needs `host:local_read` on it
   *
   * Needs `storage_vol:data_write`.
   *
   * @throws {VirtError} `not-found` where there is no such file; `invalid-argument` where it is larger than the volume.
   *
   * @example
   * ```ts
   * import { recipe } from "drover";
   *
   * export default recipe({
   *   summary: "Put an image into a pool",
   *   needs: ["storage_pool:getattr", "storage_vol:create,getattr,data_write"],
   *   files: ["appliance.raw"],
   *   async run({ host, log }) {
   *     const pool = await host.pool("default");
   *     const volume = await pool.createVolume({
   *       xml: "<volume><name>appliance.raw</name><capacity unit='GiB'>2</capacity></volume>",
   *     });
   *     const sending = volume.uploadFrom("appliance.raw", { sparse: true });
   *     for await (const { fraction } of sending.progress()) log.info(`${Math.round(fraction * 100)} %`);
   *     return await sending;
   *   },
   * });
   * ```
   */
  uploadFrom(
    file: string,
    { offset, sparse, ...options }: UploadOptions = {},
  ): Task<Transferred> {
    const objects = objectsOf(this);
    const path = file.startsWith("/") ? file : `${own}${objects.session.declared(file)}`;
    const input = {
      path,
      ...(offset === undefined ? {} : { offset }),
      ...(sparse === undefined ? {} : { sparse }),
    };
    return new Task((options) => objects.invoke("volume.uploadFile", this, input, options), options);
  }

  /**
   * Writes what the volume holds into a file, which is there under its name only when it is complete. Needs
   * `storage_vol:data_read`, and `host:local_write` on the file's path.
   *
   * @param file the absolute path of a file on the machine on which Drover runs
   *
   * @throws {VirtError} `already-exists` where the file is there and `overwrite` does not say to replace it.
   *
   * @example
   * ```ts
   * import type { Volume } from "drover";
   *
   * export async function backUp(volume: Volume, folder: string): Promise<string> {
   *   const { sha256 } = await volume.downloadTo(`${folder}/${volume.name}`, { within: "6h" });
   *   return sha256;
   * }
   * ```
   */
  downloadTo(
    file: string,
    { offset, length, sparse, overwrite, ...options }: DownloadOptions = {},
  ): Task<Transferred> {
    if (!file.startsWith("/")) throw noPath(file);
    const input = {
      path: file,
      ...(offset === undefined ? {} : { offset }),
      ...(length === undefined ? {} : { length }),
      ...(sparse === undefined ? {} : { sparse }),
      ...(overwrite === undefined ? {} : { overwrite }),
    };
    return new Task(
      (options) => objectsOf(this).invoke("volume.downloadFile", this, input, options),
      options,
    );
  }
}

function noPath(file: string): VirtError {
  return new VirtError("invalid-argument", `Cannot write "${file}": it is not an absolute path`, {
    hint:
      "A recipe has no folder that it may write to: name the whole path, and grant host:local_write on it",
  });
}
