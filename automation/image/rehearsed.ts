/**
 * The operations on disk images as a rehearsal has them: nothing is fetched, since what a recipe names has not been granted yet.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";

/** Images of which nothing is known but their names. */
export const rehearsedImages: DriverMap = {
  "connection.imageChecksum": { run: () => Promise.resolve({}) },
  "connection.fetchImage": {
    run: (_job, { url, path }) => {
      const name = url === undefined ? path ?? "" : URL.parse(url)?.pathname ?? "";
      const format = /\.(?:raw|iso)(?:\.gz)?$/.test(name) ? "raw" : "qcow2";
      return Promise.resolve({ bytes: 1, format, fetched: true });
    },
  },
  "volume.uploadImage": { run: () => Promise.resolve({ bytes: 1 }) },
};
