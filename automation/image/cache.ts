/**
 * Images that were fetched, by their checksums: those who need one again, on however many hosts, need not fetch it.
 *
 * Each has a lock of its own in the file system, so that kernels that share the folder do not disturb each other: who makes one
 * has it alone, who uses one shares it, and what is used is not removed.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { sleep } from "../../runtime/clock.ts";
import type { Checksum } from "./checksum.ts";
import type { ImageFacts } from "./header.ts";
import { partNames } from "./split_file.ts";
import type { Steps } from "./steps.ts";

/** What is kept, and where. */
export interface ImageCacheOptions {
  /** Made where it is not there. */
  readonly directory: string;
  /** How many bytes are kept, in all; what was not used for longest goes first. What is in use stays. @default 32 GiB */
  readonly maxBytes?: number;
}

/** An image that is here, until it is given back. */
export interface KeptImage extends ImageFacts, Disposable {
  readonly bytes: number;
  /** The path of its first bytes. */
  readonly head: string;
  /** The path of the others. */
  readonly rest: string;
  /** Whether it was made now. */
  readonly fetched: boolean;
}

/** What makes an image: in a folder in which something may be left from an earlier try. */
export type ImageMaker = (folder: string) => Promise<MadeImage>;

/** An image that was made. */
export interface MadeImage extends ImageFacts {
  /** The folder of its two files. */
  readonly folder: string;
  readonly bytes: number;
}

const defaultBytes = 32 * 1024 ** 3;

/** How often a lock that somebody else has is tried, in milliseconds. */
const lockPollMs = 250;

/** How long what was begun is kept to go on with, in milliseconds. */
const partMs = 7 * 24 * 3_600_000;

const factsFile = "image.json";

const noted = z.object({
  format: z.enum(["qcow2", "raw"]),
  capacityBytes: z.int().min(0),
  bytes: z.int().min(1),
});

type Facts = z.infer<typeof noted>;

/** A lock that may be held, and what it is worked through. */
interface Locked {
  readonly lock: Deno.FsFile;
  readonly steps: Steps;
}

/** The images that were fetched. */
export class ImageCache {
  readonly #given: string;
  readonly #maxBytes: number;

  constructor({ directory, maxBytes = defaultBytes }: ImageCacheOptions) {
    this.#given = directory;
    this.#maxBytes = maxBytes;
  }

  /** The image with a checksum, made where it is not here. */
  async image(
    checksum: Checksum,
    { steps, make }: { readonly steps: Steps; readonly make: ImageMaker },
  ): Promise<KeptImage> {
    const folder = await this.#folder(checksum, steps);
    const lock = await steps.hop("open image file", () => openLock(folder));
    try {
      while (true) {
        const known = await this.#shared(folder, { lock, steps }) ??
          await this.#made(folder, { lock, steps, make });
        if (known !== undefined) return known;
        await steps.hop("wait for who fetches it", (signal) => sleep(steps.clock, lockPollMs, signal));
      }
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The image with a checksum where it is here; else nothing is done about it. */
  async known(checksum: Checksum, steps: Steps): Promise<KeptImage | undefined> {
    const folder = await this.#folder(checksum, steps);
    const lock = await steps.hop("open image file", () => openLock(folder));
    const known = await this.#shared(folder, { lock, steps }).catch((error) => {
      lock.close();
      throw error;
    });
    if (known === undefined) lock.close();
    return known;
  }

  /** What is there, with a share in its lock. Nobody shares what is not there: whoever wants to make it finds it free. */
  async #shared(folder: string, { lock, steps }: Locked): Promise<KeptImage | undefined> {
    return await steps.hop("read image file", async () => {
      if (await factsIn(folder) === undefined || !await lock.tryLock(false)) return undefined;
      // Somebody may have removed it before.
      const facts = await factsIn(folder);
      if (facts === undefined) await lock.unlock();
      return facts === undefined
        ? undefined
        : await this.#view(folder, { lock, steps, facts, fetched: false });
    });
  }

  /** Makes it, where nobody else does. */
  async #made(
    folder: string,
    { lock, steps, make }: Locked & { readonly make: ImageMaker },
  ): Promise<KeptImage | undefined> {
    if (!await steps.hop("lock image file", () => lock.tryLock(true))) return undefined;
    const known = await steps.hop("read image file", () => factsIn(folder));
    if (known === undefined) await this.#make(folder, { steps, make });
    return await steps.hop("read image file", async () => {
      const facts = await factsIn(folder);
      if (facts === undefined || !await lock.tryLock(false)) {
        throw new VirtError("operation-failed", `Cannot keep an image in "${folder}": somebody removed it`);
      }
      return await this.#view(folder, { lock, steps, facts, fetched: known === undefined });
    });
  }

  async #folder({ algorithm, hex }: Checksum, steps: Steps): Promise<string> {
    const directory = await steps.hop("open image file", async () => {
      await Deno.mkdir(this.#given, { recursive: true, mode: 0o700 });
      // Files are sent by paths without links in them.
      return await Deno.realPath(this.#given);
    });
    return `${directory}/${algorithm}-${hex}`;
  }

  async #view(
    folder: string,
    { lock, steps, facts, fetched }: Locked & { readonly facts: Facts; readonly fetched: boolean },
  ): Promise<KeptImage> {
    const now = steps.clock.now() / 1000;
    await Deno.utime(`${folder}/${factsFile}`, now, now);
    return {
      ...facts,
      fetched,
      head: `${folder}/${partNames.head}`,
      rest: `${folder}/${partNames.rest}`,
      [Symbol.dispose]: () => lock.close(),
    };
  }

  async #make(
    folder: string,
    { steps, make }: { readonly steps: Steps; readonly make: ImageMaker },
  ): Promise<void> {
    const part = `${folder}.part`;
    await steps.hop("make image file", async () => {
      await remove(folder);
      await Deno.mkdir(part, { recursive: true, mode: 0o700 });
    });
    const { folder: made, ...facts } = await make(part);
    await steps.hop("keep image file", async () => {
      await Deno.writeTextFile(`${made}/${factsFile}`, JSON.stringify(facts), { mode: 0o600 });
      await Deno.rename(made, folder);
      await remove(part);
      await this.#makeRoom(folder, steps);
    });
  }

  /** Removes what was not used for longest, as far as nobody uses it. */
  async #makeRoom(own: string, { clock }: Steps): Promise<void> {
    const kept = await keptIn(own.slice(0, own.lastIndexOf("/")));
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes, usedAt, isPart } of kept.toSorted((a, b) => a.usedAt - b.usedAt)) {
      const isStale = isPart && clock.now() - usedAt > partMs;
      if (path === own || (total <= this.#maxBytes && !isStale)) continue;
      using lock = await openLock(path.replace(/\.part$/, ""));
      if (!await lock.tryLock(true)) continue;
      await remove(path);
      total -= bytes;
    }
  }
}

/** What a folder holds, where all of it is there. */
async function factsIn(folder: string): Promise<Facts | undefined> {
  try {
    const facts = noted.parse(JSON.parse(await Deno.readTextFile(`${folder}/${factsFile}`)));
    const sizes = await Promise.all(Object.values(partNames).map((name) => Deno.stat(`${folder}/${name}`)));
    return sizes.reduce((sum, { size }) => sum + size, 0) === facts.bytes ? facts : undefined;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound || error instanceof SyntaxError || error instanceof z.ZodError
    ) {
      return undefined;
    }
    throw error;
  }
}

interface Kept {
  readonly path: string;
  readonly bytes: number;
  readonly usedAt: number;
  readonly isPart: boolean;
}

async function keptIn(directory: string): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (!isDirectory || !/^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.part)?$/.test(name)) continue;
    const path = `${directory}/${name}`;
    kept.push({ path, isPart: name.endsWith(".part"), ...await sizeOf(path) });
  }
  return kept;
}

/** How much a folder holds, and when something in it was last touched. */
async function sizeOf(folder: string): Promise<{ readonly bytes: number; readonly usedAt: number }> {
  let bytes = 0;
  let usedAt = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      const { size, mtime } = await Deno.stat(path);
      const inside = isDirectory ? await sizeOf(path) : { bytes: size, usedAt: mtime?.getTime() ?? 0 };
      bytes += inside.bytes;
      usedAt = Math.max(usedAt, inside.usedAt);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { bytes, usedAt };
}

function openLock(folder: string): Promise<Deno.FsFile> {
  return Deno.open(`${folder}.lock`, { read: true, write: true, create: true, mode: 0o600 });
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
