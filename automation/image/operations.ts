/**
 * The operations on disk images. What carries them out is loaded when it is first needed.
 *
 * @module
 */
import type { DriverMap, Job } from "../../runtime/driver.ts";
import type { ImageOptions, ImageWork } from "./work.ts";

/** What the runtime can do about images on every connection whose driver can write files into volumes. */
export function imageOperations(options: ImageOptions): DriverMap {
  let loaded: ImageWork | undefined;
  const work = async (job: Job): Promise<ImageWork> => {
    const load = (): Promise<typeof import("./work.ts")> => import("./work.ts");
    const { ImageWork } = await job.hop("load file", load, { acts: false, offline: true });
    return loaded ??= new ImageWork(options);
  };
  return {
    "connection.imageChecksum": { run: async (job, input) => await (await work(job)).checksum(job, input) },
    "connection.fetchImage": { run: async (job, input) => await (await work(job)).fetch(job, input) },
    "volume.uploadImage": {
      run: async (job, input) => await (await work(job)).upload(job, input),
      reconcile: async (job, input) => await (await work(job)).settled(job, input),
      // Which slots an upload takes does not depend on what is uploaded.
      about: (connection, _input, target) =>
        connection.implementations["volume.uploadFile"]?.about?.(
          connection,
          { path: "/", offset: 0, sparse: true },
          target,
        ) ?? [{ object: target ?? connection.self }],
    },
  };
}
