/**
 * The bytes of images: sparse, in chunks, so that a volume of a terabyte costs nothing until it is written to.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Bytes in one chunk. */
export const chunkBytes = 65_536;

/** How many chunks of data are looked for at a time. */
const mostChunks = 32;

const zeros: Uint8Array = new Uint8Array(chunkBytes);

function isZero(chunk: Uint8Array): boolean {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).equals(zeros);
}

/** Where chunks are kept. An image is known by its volume's id. */
export interface ImageStore {
  read(image: string, index: number): Uint8Array | undefined;
  /** Writes a chunk, or punches a hole where `bytes` is absent. */
  write(image: string, index: number, bytes: Uint8Array | undefined): void;
  /** Indexes of the chunks that are there, in any order. */
  chunks(image: string): readonly number[];
  remove(image: string): void;
}

/** Images in memory. */
export class MemoryImageStore implements ImageStore {
  readonly #images = new Map<string, Map<number, Uint8Array>>();

  read(image: string, index: number): Uint8Array | undefined {
    return this.#images.get(image)?.get(index);
  }

  write(image: string, index: number, bytes: Uint8Array | undefined): void {
    const chunks = this.#images.get(image) ?? new Map<number, Uint8Array>();
    this.#images.set(image, chunks);
    if (bytes === undefined) chunks.delete(index);
    else chunks.set(index, bytes);
  }

  chunks(image: string): readonly number[] {
    return [...(this.#images.get(image)?.keys() ?? [])];
  }

  remove(image: string): void {
    this.#images.delete(image);
  }
}

/** Reads `length` bytes from `offset` on; what was never written is zero. */
export function readImage(
  store: ImageStore,
  image: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const index = Math.floor((offset + at) / chunkBytes);
    const within = (offset + at) % chunkBytes;
    const count = Math.min(chunkBytes - within, length - at);
    const chunk = store.read(image, index);
    if (chunk !== undefined) bytes.set(chunk.subarray(within, within + count), at);
    at += count;
  }
  return bytes;
}

/** What is alike from a place on: data, or nothing that was ever written. */
export interface Extent {
  readonly kind: "data" | "hole";
  /** In bytes; `Infinity` for a hole that nothing follows. */
  readonly length: number;
}

/** What is at a place, and how far it goes. */
export function extentAt(store: ImageStore, image: string, offset: number): Extent {
  const first = Math.floor(offset / chunkBytes);
  if (store.read(image, first) === undefined) {
    const next = store.chunks(image).reduce(
      (least, index) => index > first && index < least ? index : least,
      Infinity,
    );
    return { kind: "hole", length: next * chunkBytes - offset };
  }
  let last = first + 1;
  while (last - first < mostChunks && store.read(image, last) !== undefined) last++;
  return { kind: "data", length: last * chunkBytes - offset };
}

/** Writes bytes at `offset`. What becomes zero as a whole chunk is a hole again. */
export function writeImage(
  store: ImageStore,
  image: string,
  { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
): void {
  for (let at = 0; at < bytes.length;) {
    const index = Math.floor((offset + at) / chunkBytes);
    const within = (offset + at) % chunkBytes;
    const count = Math.min(chunkBytes - within, bytes.length - at);
    const chunk = new Uint8Array(chunkBytes);
    chunk.set(store.read(image, index) ?? []);
    chunk.set(bytes.subarray(at, at + count), within);
    store.write(image, index, isZero(chunk) ? undefined : chunk);
    at += count;
  }
}

/** Drops everything from `size` on. */
export function truncateImage(store: ImageStore, image: string, size: number): void {
  const last = Math.floor(size / chunkBytes);
  for (const index of store.chunks(image)) {
    if (index > last || (index === last && size % chunkBytes === 0)) store.write(image, index, undefined);
  }
  const chunk = store.read(image, last);
  if (chunk !== undefined && size % chunkBytes !== 0) {
    const kept = new Uint8Array(chunkBytes);
    kept.set(chunk.subarray(0, size % chunkBytes));
    store.write(image, last, kept);
  }
}

/** Copies an image. */
export function copyImage(store: ImageStore, from: string, to: string): void {
  for (const index of store.chunks(from)) {
    const chunk = store.read(from, index);
    if (chunk !== undefined) store.write(to, index, new Uint8Array(chunk));
  }
}
