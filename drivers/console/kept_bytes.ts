/**
 * The last of what came, counted from the first byte ever.
 *
 * @module
 */

/** How much room is taken at first, in bytes. */
const firstRoom = 4096;

/** A stretch of what is kept. */
export interface Stretch {
  /** The place of its first byte. */
  readonly from: number;
  /** The place behind its last byte. */
  readonly to: number;
  readonly data: Uint8Array;
  /** How many bytes were wanted and are not kept any more. */
  readonly lost: number;
}

/** Keeps the last bytes that came, within a bound. */
export class KeptBytes {
  readonly #limit: number;
  /** The place `p` is kept at `p` modulo its length. */
  #ring: Uint8Array;
  #begin = 0;
  #end = 0;

  /** @param limit how many bytes are kept at most */
  constructor(limit: number) {
    this.#limit = limit;
    this.#ring = new Uint8Array(Math.min(limit, firstRoom));
  }

  /** The place of the first byte that is kept. */
  get begin(): number {
    return this.#begin;
  }

  /** The place at which what comes next begins. */
  get end(): number {
    return this.#end;
  }

  /** Takes what came. */
  push(data: Uint8Array): void {
    this.#makeRoom(data.length);
    const size = this.#ring.length;
    const kept = data.length > size ? data.subarray(data.length - size) : data;
    const at = (this.#end + data.length - kept.length) % size;
    const first = kept.subarray(0, size - at);
    this.#ring.set(first, at);
    this.#ring.set(kept.subarray(first.length), 0);
    this.#end += data.length;
    this.#begin = Math.max(this.#begin, this.#end - size);
  }

  /** What is kept from a place on. */
  read(from: number, most: number): Stretch {
    const start = Math.min(Math.max(from, this.#begin), this.#end);
    const to = Math.min(this.#end, start + most);
    return { from: start, to, data: this.#copy(start, to), lost: Math.max(0, start - from) };
  }

  #copy(from: number, to: number): Uint8Array {
    const data = new Uint8Array(to - from);
    const size = this.#ring.length;
    const at = from % size;
    const first = this.#ring.subarray(at, Math.min(size, at + data.length));
    data.set(first, 0);
    data.set(this.#ring.subarray(0, data.length - first.length), first.length);
    return data;
  }

  /** Room grows with what comes, so that a console that says little takes little. */
  #makeRoom(more: number): void {
    const wanted = Math.min(this.#limit, this.#end - this.#begin + more);
    let size = this.#ring.length;
    if (wanted <= size) return;
    while (size < wanted) size *= 2;
    const old = this.#copy(this.#begin, this.#end);
    this.#ring = new Uint8Array(Math.min(size, this.#limit));
    const at = this.#begin % this.#ring.length;
    const first = old.subarray(0, this.#ring.length - at);
    this.#ring.set(first, at);
    this.#ring.set(old.subarray(first.length), 0);
  }
}
