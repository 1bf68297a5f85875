/**
 * Frames of the channel between recipe and runtime: a 32-bit big-endian length of what follows, then one value as
 * JSON in UTF-8. Bytes in a value stand as `{"$bytes": "<base64>"}`.
 *
 * The recipe's side runs in the recipe's own realm, where built-in objects may have been tampered with by the time a
 * frame comes. What is needed of them is therefore taken when this module is loaded, and nothing here iterates.
 *
 * @module
 */

const { parse, stringify } = JSON;
const { apply, ownKeys } = Reflect;
const { isArray } = Array;
const { keys } = Object;
const Bytes = Uint8Array;
const { fromBase64 } = Uint8Array;
const { toBase64, subarray, set, copyWithin } = Uint8Array.prototype;
const { includes } = String.prototype;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const { encode } = TextEncoder.prototype;
const { decode } = TextDecoder.prototype;
const { max, min } = Math;

/** Bytes before the value: its length. */
const headerBytes = 4;

/** How deep a value may be nested. */
const deepest = 128;

/** What a frame may be. */
export interface FrameBounds {
  /** The largest value in bytes, as it stands in the frame. */
  readonly maxBytes: number;
}

/** A frame that breaks the rules of the channel. */
export class FrameError extends Error {
  override readonly name: string = "FrameError";
}

/**
 * Makes the frame that holds `value`.
 *
 * @throws {FrameError} where the value has no JSON form or is larger than `maxBytes`.
 *
 * @example
 * ```ts
 * import { encodeFrame } from "./frame.ts";
 * encodeFrame({ t: "ready" }, { maxBytes: 1024 }).length; // 4 + 13
 * ```
 */
export function encodeFrame(value: unknown, { maxBytes }: FrameBounds): Uint8Array<ArrayBuffer> {
  const text = holdsBytes(value, 0) ? stringify(value, bytesAsText) : stringify(value);
  if (text === undefined) throw new FrameError(`Cannot send a ${typeof value}: it has no JSON form`);
  const body = apply(encode, encoder, [text]);
  if (body.length > maxBytes) {
    throw new FrameError(`Cannot send a message of ${body.length} bytes: the limit is ${maxBytes} bytes`);
  }
  const frame = new Bytes(headerBytes + body.length);
  frame[0] = body.length >>> 24;
  frame[1] = body.length >>> 16;
  frame[2] = body.length >>> 8;
  frame[3] = body.length;
  apply(set, frame, [body, headerBytes]);
  return frame;
}

/**
 * Takes values out of a stream of frames that comes in pieces of any size.
 *
 * @example
 * ```ts
 * import { encodeFrame, FrameDecoder } from "./frame.ts";
 * const decoder = new FrameDecoder({ maxBytes: 1024 });
 * decoder.feed(encodeFrame({ t: "ready" }, { maxBytes: 1024 }));
 * decoder.next(); // { t: "ready" }
 * decoder.next(); // undefined
 * ```
 */
export class FrameDecoder {
  readonly #maxBytes: number;
  #buffer = new Bytes(4096);
  #start = 0;
  #end = 0;

  constructor({ maxBytes }: FrameBounds) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that no value has been made of yet. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Takes the next piece of the stream; the piece may be used again afterwards. */
  feed(piece: Uint8Array): void {
    this.#makeRoom(piece.length);
    apply(set, this.#buffer, [piece, this.#end]);
    this.#end += piece.length;
  }

  /**
   * The next value, or `undefined` until more has come.
   *
   * @throws {FrameError} where a frame is larger than the bound, empty, not UTF-8, not JSON, or holds wrong bytes.
   */
  next(): unknown {
    const size = this.#frameSize();
    if (size === undefined || this.buffered < headerBytes + size) return undefined;
    const from = this.#start + headerBytes;
    const body = apply(subarray, this.#buffer, [from, from + size]);
    this.#start = from + size;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return decodeBody(body);
  }

  /** The size of the frame at the front, as soon as its header is there. It is checked before anything is kept for it. */
  #frameSize(): number | undefined {
    if (this.buffered < headerBytes) return undefined;
    const buffer = this.#buffer;
    const at = this.#start;
    const size =
      ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
    if (size > this.#maxBytes) {
      throw new FrameError(`A frame announces ${size} bytes: the limit is ${this.#maxBytes} bytes`);
    }
    if (size === 0) throw new FrameError("A frame is empty");
    return size;
  }

  #makeRoom(more: number): void {
    const needed = this.buffered + more;
    if (this.#end + more <= this.#buffer.length) return;
    if (needed <= this.#buffer.length) {
      apply(copyWithin, this.#buffer, [0, this.#start, this.#end]);
    } else {
      const larger = new Bytes(max(needed, min(2 * this.#buffer.length, this.#maxBytes + headerBytes)));
      apply(set, larger, [apply(subarray, this.#buffer, [this.#start, this.#end]), 0]);
      this.#buffer = larger;
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}

function decodeBody(body: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = apply(decode, decoder, [body]);
    value = parse(text);
  } catch (cause) {
    throw new FrameError("A frame does not hold JSON in UTF-8", { cause });
  }
  return apply(includes, text, ["$bytes"]) ? withBytes(value, 0) : value;
}

/** Whether there are bytes in a value. Cycles end at the depth bound and are left to `stringify`, which names them. */
function holdsBytes(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Bytes) return true;
  if (depth > deepest) return false;
  const names = isArray(value) ? undefined : keys(value);
  const length = names === undefined ? (value as readonly unknown[]).length : names.length;
  for (let index = 0; index < length; index++) {
    const name = names === undefined ? index : names[index]!;
    if (holdsBytes((value as Readonly<Record<string | number, unknown>>)[name], depth + 1)) return true;
  }
  return false;
}

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Bytes ? { $bytes: apply(toBase64, value, []) } : value;
}

/** The value with its bytes put back, in place. */
function withBytes(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > deepest) throw new FrameError(`A frame is nested deeper than ${deepest} levels`);
  const parts = value as Record<string | number, unknown>;
  const names = isArray(value) ? undefined : ownKeys(value) as string[];
  const length = names === undefined ? (value as unknown as readonly unknown[]).length : names.length;
  if (names !== undefined && length === 1 && names[0] === "$bytes") return textAsBytes(parts.$bytes);
  for (let index = 0; index < length; index++) {
    const name = names === undefined ? index : names[index]!;
    const part = parts[name];
    const whole = withBytes(part, depth + 1);
    if (whole !== part) parts[name] = whole;
  }
  return value;
}

function textAsBytes(text: unknown): Uint8Array {
  if (typeof text !== "string") throw new FrameError('A frame holds "$bytes" that are not text');
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new FrameError('A frame holds "$bytes" that are not base64', { cause });
  }
}
