/**
 * Disk images as volumes of a pool. Each is under a name of its own, which goes by its checksum, so that none is ever written over
 * under those who are made of it.
 *
 * An image is complete when the volume beside it is there that says so. Until then its beginning is missing, so that nobody takes it
 * for an image.
 *
 * @module
 */
import type { DesiredBacking } from "../../model/desired/mod.ts";
import { isVirtError, VirtError } from "../../model/error.ts";
import { volume as volumeAs } from "../ensure/desired.ts";
import { ensure } from "../ensure/ensure.ts";
import { type Handle, type ObjectHandle, objectsOf } from "../handle.ts";
import type { Volume } from "../handles.ts";
import type { AnswerOf, GivenTo } from "../method.ts";
import { type ImageOptions, type ImageSource, imageSource, saidChecksum } from "./image_source.ts";

/** A disk image in a pool. It is what volumes are made on: `volume({ backing: image, … })`. */
export interface ImageVolume extends DesiredBacking {
  /** The volume that holds it. */
  readonly volume: Volume;
  /** Where the host has it. */
  readonly path: string;
  /** What its bytes mean. */
  readonly format: "qcow2" | "raw";
  /** What a guest sees of it, in bytes; absent in a rehearsal that would have to fetch it first. */
  readonly capacityBytes?: number;
  /** Whether it had to be written: it was not there. */
  readonly changed: boolean;
  /**
   * Deletes the images of the same name that were there before, but for those that something is made of.
   *
   * Needs `storage_vol:delete`.
   *
   * @returns how many it has deleted
   */
  tidy(): Promise<number>;
  /**
   * Deletes it.
   *
   * Needs `storage_vol:delete`.
   *
   * @throws {VirtError} `in-use` where something is made of it.
   */
  remove(): Promise<void>;
}

type Pool = ObjectHandle<"pool">;
type Entry = AnswerOf<"volume.list">[number];
type Calls = Pick<ImageOptions, "within" | "signal" | "onProgress">;

/** How the volume's name ends that says that the one beside it is complete. */
const markSuffix = ".json";

/** How much of the checksum stands in the volume's name, in hexadecimal digits. */
const nameDigits = 16;

/** Puts an image into a pool, unless it is there. */
export async function imageVolume(pool: Pool, options: ImageOptions): Promise<ImageVolume> {
  const { session } = objectsOf(pool);
  const source = imageSource(options, (file) => session.declared(file));
  return await new ImagePool(pool, { source, options }).image();
}

/** The images of one name in a pool. */
class ImagePool {
  readonly #pool: Pool;
  readonly #host: Handle<"connection">;
  readonly #source: ImageSource;
  readonly #options: ImageOptions;

  constructor(
    pool: Pool,
    { source, options }: { readonly source: ImageSource; readonly options: ImageOptions },
  ) {
    const { connection } = pool;
    this.#pool = pool;
    this.#host = objectsOf(pool).handle({ $ref: "connection", connection, id: connection, name: connection });
    this.#source = source;
    this.#options = options;
  }

  async image(): Promise<ImageVolume> {
    const checksum = await this.#checksum();
    const entries = await this.#entries();
    const known = this.#complete(entries, checksum);
    if (known !== undefined) return this.#view(known, { changed: false });
    // Only a rehearsal does not know which one it is.
    const wanted = checksum ?? `sha256:${"0".repeat(64)}`;
    return await this.#make({ name: this.#nameOf(wanted), checksum: wanted, entries });
  }

  async #checksum(): Promise<string | undefined> {
    const { checksums } = this.#options;
    const { input, file } = this.#source;
    const said = saidChecksum(this.#options, input);
    if (said !== undefined) return said;
    const asked: GivenTo<"connection.imageChecksum"> = checksums === undefined
      ? { path: input.path }
      : { checksums, name: file };
    const objects = objectsOf(this.#pool);
    return (await objects.invoke("connection.imageChecksum", this.#host, asked, this.#calls)).checksum;
  }

  /** Fetches it first: a volume is made when it is known that there is something to write into it. */
  async #make(
    { name, checksum, entries }: {
      readonly name: string;
      readonly checksum: string;
      readonly entries: readonly Entry[];
    },
  ): Promise<ImageVolume> {
    const objects = objectsOf(this.#pool);
    const { maxBytes } = this.#options;
    const source = { ...this.#source.input, checksum, ...(maxBytes === undefined ? {} : { maxBytes }) };
    const facts = await objects.invoke("connection.fetchImage", this.#host, source, this.#calls);
    // What says that it is complete is of a volume that is gone.
    const mark = entries.find((each) => each.volume.name === `${name}${markSuffix}`);
    if (mark !== undefined) await objects.invoke("volume.delete", mark.volume, {});
    const left = entries.find((each) => each.volume.name === name);
    // What is too small for it is not what an earlier run has left.
    const isTooSmall = left?.format === "raw" && left.capacityBytes < facts.bytes;
    if (left !== undefined && isTooSmall) await objects.invoke("volume.delete", left.volume, {});
    const present = isTooSmall ? undefined : left?.volume;
    const { volume, isNew } = present === undefined
      ? await this.#create(name, facts.bytes)
      : { volume: present, isNew: false };
    const entry = (await this.#entries()).find((each) => each.volume.name === name);
    if (entry === undefined) throw gone(name);
    if (entry.type === "block" && facts.format !== "raw") {
      await objects.invoke("volume.delete", volume, {});
      throw new VirtError(
        "unsupported",
        `Cannot keep the image "${name}" in ${this.#pool}: it is ${facts.format}, and volumes there are block devices`,
        { hint: "Use a pool of files, or a raw image" },
      );
    }
    // Whoever was here before, or at the same time, writes the same: it may be there already.
    await objects.invoke("volume.uploadImage", volume, { ...source, compare: !isNew }, this.#calls);
    await this.#mark(name, { ...facts, checksum });
    return this.#view({ ...entry, format: facts.format }, {
      changed: true,
      ...(facts.capacityBytes === undefined ? {} : { capacityBytes: facts.capacityBytes }),
    });
  }

  /** Makes a volume of the image's size; whoever was faster has made the same. */
  async #create(
    name: string,
    bytes: number,
  ): Promise<{ readonly volume: Volume; readonly isNew: boolean }> {
    const spec = volumeAs({
      pool: this.#pool.name,
      name,
      capacity: `${bytes}B`,
      // What a qcow2 image is, is in its bytes: the hypervisor must not make one of its own.
      format: "raw",
      xml: "<volume><allocation unit='bytes'>0</allocation></volume>",
    });
    try {
      const { object: volume, changed } = await ensure(this.#host, spec);
      return { volume, isNew: changed };
    } catch (error) {
      const made = (await this.#entries()).find(({ volume }) => volume.name === name);
      if (made === undefined) throw error;
      return { volume: made.volume, isNew: false };
    }
  }

  /** Says that an image is complete: that this volume is there says it, what is in it is for people. */
  async #mark(name: string, facts: Readonly<Record<string, unknown>>): Promise<void> {
    const objects = objectsOf(this.#pool);
    const bytes = new TextEncoder().encode(
      `${JSON.stringify({ image: name, ...facts, fetched: undefined })}\n`,
    );
    const markName = `${name}${markSuffix}`;
    const xml = `<volume><name>${markName}</name><capacity unit='bytes'>${bytes.length}</capacity>` +
      "<target><format type='raw'/></target></volume>";
    try {
      const mark = await objects.invoke("volume.create", this.#pool, { xml });
      await objects.invoke("volume.upload", mark, { bytes });
    } catch (error) {
      // Somebody who wrote the same at the same time was faster.
      if (!isVirtError(error, "already-exists")) throw error;
    }
  }

  #view(
    entry: Entry,
    { changed, capacityBytes }: { readonly changed: boolean; readonly capacityBytes?: number },
  ): ImageVolume {
    const { volume, path } = entry;
    const objects = objectsOf(this.#pool);
    const format = entry.format === "qcow2" ? "qcow2" : "raw";
    const size = changed ? capacityBytes : entry.capacityBytes;
    return {
      volume,
      path,
      format,
      changed,
      ...(size === undefined ? {} : { capacityBytes: size }),
      tidy: () => this.#tidy(volume.name),
      remove: async () => {
        const entries = await this.#entries();
        await objects.invoke("volume.delete", volume, {});
        const mark = entries.find((each) => each.volume.name === `${volume.name}${markSuffix}`);
        if (mark !== undefined) await objects.invoke("volume.delete", mark.volume, {});
      },
    };
  }

  async #tidy(keep: string): Promise<number> {
    const objects = objectsOf(this.#pool);
    const entries = await this.#entries();
    let deleted = 0;
    for (const { volume, mark } of this.#images(entries)) {
      if (volume.name === keep) continue;
      try {
        await objects.invoke("volume.delete", volume, {});
      } catch (error) {
        if (!isVirtError(error, "in-use")) throw error;
        continue;
      }
      if (mark !== undefined) await objects.invoke("volume.delete", mark, {});
      deleted++;
    }
    return deleted;
  }

  /** All images of the name. */
  async #entries(): Promise<readonly Entry[]> {
    const { stem } = this.#source;
    return await objectsOf(this.#pool).invoke("volume.list", this.#pool, { name: `${stem}-*` });
  }

  /** The images of the name, with what says that they are complete. */
  #images(entries: readonly Entry[]): readonly (Entry & { readonly mark: Volume | undefined })[] {
    const { stem, suffix } = this.#source;
    return entries.filter(({ volume: { name } }) =>
      name.length === stem.length + 1 + nameDigits + 1 + suffix.length && name.endsWith(`.${suffix}`) &&
      /^[0-9a-f]+$/.test(name.slice(stem.length + 1, stem.length + 1 + nameDigits))
    ).map((entry) => ({
      ...entry,
      mark: entries.find(({ volume }) => volume.name === `${entry.volume.name}${markSuffix}`)?.volume,
    }));
  }

  /** The image that is wanted, where it is there and complete. */
  #complete(entries: readonly Entry[], checksum: string | undefined): Entry | undefined {
    const name = checksum === undefined ? undefined : this.#nameOf(checksum);
    return this.#images(entries).find(({ volume, mark }) =>
      mark !== undefined && (name === undefined || volume.name === name)
    );
  }

  #nameOf(checksum: string): string {
    const { stem, suffix } = this.#source;
    return `${stem}-${checksum.slice(checksum.indexOf(":") + 1).slice(0, nameDigits)}.${suffix}`;
  }

  get #calls(): Calls {
    const { within, signal, onProgress } = this.#options;
    return {
      ...(within === undefined ? {} : { within }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    };
  }
}

function gone(name: string): VirtError {
  return new VirtError("not-found", `Cannot write the image "${name}": somebody has deleted its volume`);
}
