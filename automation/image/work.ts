/**
 * What is done about disk images, with a driver that can write a file into a volume.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { webAddress } from "../../model/web_address.ts";
import type { DriverConnection, Implementation, Job, Reconciled } from "../../runtime/driver.ts";
import { ImageCache, type ImageCacheOptions, type KeptImage } from "./cache.ts";
import { checksumIn, checksumText, parseChecksum } from "./checksum.ts";
import { downloadText, type FetchFunction, shownAddress } from "./download.ts";
import { headBytes } from "./header.ts";
import { fileChecksum, type ImageSource, obtainImage } from "./obtain.ts";
import { stepsOf } from "./steps.ts";

/** What images are fetched with. */
export interface ImageOptions extends ImageCacheOptions {
  /** What asks servers. @default the function `fetch` */
  readonly fetch?: FetchFunction;
}

type Input = ParsedInputOf<Operations["connection.fetchImage"]>;
type Upload = ParsedInputOf<Operations["volume.uploadImage"]>;
type Uploaded = OutputOf<Operations["volume.uploadImage"]>;
type UploadFile = Implementation<"volume.uploadFile">;

/** The most bytes that a list of checksums may have. */
const listBytes = 4 * 1024 ** 2;

/** What is done about images, with those that are kept. */
export class ImageWork {
  readonly #cache: ImageCache;
  readonly #fetch: FetchFunction;

  constructor({ fetch = globalThis.fetch, ...options }: ImageOptions) {
    this.#cache = new ImageCache(options);
    this.#fetch = fetch;
  }

  /** Looks a checksum up in a list, or reads the file. */
  async checksum(
    job: Job,
    { checksums, name, path }: ParsedInputOf<Operations["connection.imageChecksum"]>,
  ): Promise<OutputOf<Operations["connection.imageChecksum"]>> {
    const steps = stepsOf(job);
    if (path !== undefined) return { checksum: checksumText(await fileChecksum(steps, path)) };
    if (checksums === undefined || name === undefined) {
      throw new VirtError(
        "invalid-argument",
        "Cannot look up a checksum: give a list and a name in it, or a path",
      );
    }
    const url = urlOf(checksums);
    const list = await downloadText(steps, { url, fetch: this.#fetch, maxBytes: listBytes });
    return { checksum: checksumText(checksumIn(list, { name, from: shownAddress(url) })) };
  }

  /** Sees to it that an image is here. */
  async fetch(job: Job, input: Input): Promise<OutputOf<Operations["connection.fetchImage"]>> {
    using image = await this.#image(job, input);
    const { bytes, format, capacityBytes, fetched } = image;
    return { bytes, format, capacityBytes, fetched };
  }

  /** Writes an image into the job's volume. */
  async upload(job: Job, input: Upload): Promise<Uploaded> {
    using image = await this.#image(job, input);
    const { bytes, head, rest } = image;
    if (input.compare && (await compared(job, image)).kind === "done") return { bytes };
    const { run } = uploadFile(job.connection);
    // What has no beginning yet is taken for an image by nobody.
    if (bytes > headBytes) await run(job, { path: rest, offset: headBytes, sparse: true });
    await run(job, { path: head, offset: 0, sparse: false });
    return { bytes };
  }

  /** Finds out whether the job's volume holds an image. */
  async settled(job: Job, { checksum }: Upload): Promise<Reconciled<Uploaded>> {
    using image = await this.#cache.known(parseChecksum(checksum), stepsOf(job));
    // Written again it is the same.
    if (image === undefined) return { kind: "not-done" };
    const found = await compared(job, image);
    return found.kind === "done" ? { kind: "done", value: { bytes: image.bytes } } : found;
  }

  async #image(job: Job, input: Input): Promise<KeptImage> {
    const steps = stepsOf(job);
    const source = sourceOf(input);
    const checksum = parseChecksum(input.checksum);
    const { maxBytes } = input;
    return await this.#cache.image(checksum, {
      steps,
      make: (folder) => obtainImage(steps, { source, checksum, maxBytes, fetch: this.#fetch, folder }),
    });
  }
}

/** Whether a volume holds an image. */
async function compared(job: Job, { head, rest, bytes }: KeptImage): Promise<Reconciled<unknown>> {
  const { reconcile } = uploadFile(job.connection);
  if (reconcile === undefined) return { kind: "not-done" };
  const beginning = await reconcile(job, { path: head, offset: 0, sparse: false }, {});
  if (beginning.kind !== "done" || bytes <= headBytes) return beginning;
  return await reconcile(job, { path: rest, offset: headBytes, sparse: true }, {});
}

function uploadFile({ implementations, uri }: DriverConnection): UploadFile {
  const found = implementations["volume.uploadFile"];
  if (found !== undefined) return found;
  throw new VirtError(
    "unsupported",
    `Cannot write an image into a volume: "${uri.text}" cannot write into volumes`,
  );
}

function sourceOf({ url, path }: Pick<Input, "url" | "path">): ImageSource {
  if ((url === undefined) === (path === undefined)) {
    throw new VirtError(
      "invalid-argument",
      "Cannot fetch an image: give its address or its path, one of them",
    );
  }
  return path === undefined ? { url: urlOf(url ?? "") } : { path };
}

/** @throws {VirtError} `invalid-argument` */
function urlOf(text: string): URL {
  const address = webAddress(text);
  if (address.ok) return address.url;
  throw new VirtError("invalid-argument", `Cannot fetch "${text}": there is ${address.problem}`);
}
