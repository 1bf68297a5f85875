/**
 * Writes a message into a buffer that grows.
 *
 * @module
 */
import type { VirtError } from "../../model/error.ts";
import { writeFault } from "./fault.ts";

/** Up to this many characters a loop over plain ASCII beats the encoder's call. */
const shortTextLength = 48;

/** How large an emptied buffer may stay. */
const keptBytes = 1024 * 1024;

const encoder = new TextEncoder();

/** How a writer is made. */
export interface WriterOptions {
  /** Bytes of room at the beginning. @default 1024 */
  readonly room?: number;
  /** The most that a message may be, in bytes. @default 33554432, libvirt's limit for a message */
  readonly limit?: number;
}

/**
 * A growing message (RFC 4506). One writer serves many messages, one after the other.
 *
 * Every method throws {@linkcode VirtError} `protocol` for a value that does not fit; what was written before stays, and
 * {@linkcode XdrWriter.truncate} takes it back.
 *
 * @example
 * ```ts
 * import { XdrWriter } from "./writer.ts";
 * const writer = new XdrWriter();
 * writer.text("web", 64);
 * writer.copy(); // 00 00 00 03 77 65 62 00
 * ```
 */
export class XdrWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;
  readonly #room: number;
  readonly #limit: number;

  /** The structure's field that is being written, for the message of an error. */
  field = "";

  /** Makes an empty writer. */
  constructor({ room = 1024, limit = 33_554_432 }: WriterOptions = {}) {
    this.#room = Math.min(room, limit);
    this.#limit = limit;
    this.#bytes = new Uint8Array(this.#room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#at;
  }

  /** A signed 32-bit integer. */
  int(value: number): void {
    if (typeof value !== "number" || (value | 0) !== value) {
      throw this.fault(`${shown(value)} is no 32-bit integer`);
    }
    const at = this.#make(4);
    this.#view.setInt32(at, value);
  }

  /** An unsigned 32-bit integer. */
  uint(value: number): void {
    if (typeof value !== "number" || (value >>> 0) !== value) {
      throw this.fault(`${shown(value)} is no unsigned 32-bit integer`);
    }
    const at = this.#make(4);
    this.#view.setUint32(at, value);
  }

  /** A signed 64-bit integer. */
  hyper(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) {
      throw this.fault(`${shown(value)} is no 64-bit integer`);
    }
    const at = this.#make(8);
    this.#view.setBigInt64(at, value);
  }

  /** An unsigned 64-bit integer. */
  uhyper(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) {
      throw this.fault(`${shown(value)} is no unsigned 64-bit integer`);
    }
    const at = this.#make(8);
    this.#view.setBigUint64(at, value);
  }

  /** A 64-bit IEEE 754 number. */
  double(value: number): void {
    if (typeof value !== "number") throw this.fault(`${shown(value)} is no number`);
    const at = this.#make(8);
    this.#view.setFloat64(at, value);
  }

  /** A 0 or a 1 in four bytes: a truth value, or whether an optional value follows. */
  flag(value: boolean): void {
    if (typeof value !== "boolean") throw this.fault(`${shown(value)} is neither true nor false`);
    const at = this.#make(4);
    this.#view.setUint32(at, value ? 1 : 0);
  }

  /** How many items follow, at most `max`. */
  count(count: number, max: number): void {
    if (count > max) throw this.fault(`${count} items where at most ${max} may be`);
    this.uint(count);
  }

  /** Text of at most `max` bytes in UTF-8. */
  text(value: string, max: number): void {
    if (typeof value !== "string") throw this.fault(`${shown(value)} is no text`);
    if (value.length > max) {
      throw this.fault(`text of ${value.length} characters where at most ${max} may be`);
    }
    const start = this.#at;
    if (value.length <= shortTextLength && this.#shortAscii(value)) return;
    // In C a zero byte ends the text: the far side would see another one.
    if (value.includes("\0")) throw this.fault("text with a zero character inside");
    if (!value.isWellFormed()) throw this.fault("text with half of a surrogate pair");
    this.#make(4);
    this.#reserve(value.length);
    let { read, written } = encoder.encodeInto(value, this.#bytes.subarray(this.#at));
    let length = written;
    while (read < value.length) {
      // The rest has characters of several bytes; three for each unit of UTF-16 always suffice.
      const rest = value.slice(read);
      this.#at = start + 4 + length;
      this.#reserve(Math.min(rest.length * 3, max - length));
      const more = encoder.encodeInto(rest, this.#bytes.subarray(this.#at));
      if (more.read === 0) throw this.fault(`text of more than ${max} bytes`);
      read += more.read;
      written = more.written;
      length += written;
    }
    if (length > max) throw this.fault(`text of ${length} bytes where at most ${max} may be`);
    this.#at = start + 4 + length;
    this.#view.setUint32(start, length);
    this.#pad(length);
  }

  /** Exactly `length` bytes. */
  opaque(value: Uint8Array, length: number): void {
    if (!(value instanceof Uint8Array)) throw this.fault(`${shown(value)} is no array of bytes`);
    if (value.length !== length) throw this.fault(`${value.length} bytes where exactly ${length} must be`);
    this.#put(value);
  }

  /** At most `max` bytes. */
  bytes(value: Uint8Array, max: number): void {
    if (!(value instanceof Uint8Array)) throw this.fault(`${shown(value)} is no array of bytes`);
    if (value.length > max) throw this.fault(`${value.length} bytes where at most ${max} may be`);
    this.uint(value.length);
    this.#put(value);
  }

  /** Exactly `length` characters of C, each of which takes four bytes on the wire. */
  chars(value: Uint8Array, length: number): void {
    if (!(value instanceof Uint8Array)) throw this.fault(`${shown(value)} is no array of bytes`);
    if (value.length !== length) {
      throw this.fault(`${value.length} characters where exactly ${length} must be`);
    }
    this.#putChars(value);
  }

  /** At most `max` characters of C, each of which takes four bytes on the wire. */
  countedChars(value: Uint8Array, max: number): void {
    if (!(value instanceof Uint8Array)) throw this.fault(`${shown(value)} is no array of bytes`);
    this.count(value.length, max);
    this.#putChars(value);
  }

  /** The text of a UUID as sixteen bytes; hyphens are optional, case does not matter. */
  uuid(value: string): void {
    if (typeof value !== "string") throw this.fault(`${shown(value)} is no UUID`);
    const at = this.#make(16);
    let digits = 0;
    let high = 0;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code === 45) continue;
      const digit = hexDigits[code] ?? -1;
      if (digit < 0 || digits === 32) throw this.fault(`${shown(value)} is no UUID`);
      if ((digits & 1) === 0) high = digit << 4;
      else this.#bytes[at + (digits >> 1)] = high | digit;
      digits++;
    }
    if (digits !== 32) throw this.fault(`${shown(value)} is no UUID`);
  }

  /** Bytes as they are: no length, no padding. For what follows a header in the same packet. */
  raw(value: Uint8Array): void {
    const at = this.#make(value.length);
    this.#bytes.set(value, at);
  }

  /** Sets four bytes that were written before: a length that is known only at the end. */
  patchUint(offset: number, value: number): void {
    if (offset < 0 || offset + 4 > this.#at) throw this.fault(`byte ${offset} is not written yet`);
    this.#view.setUint32(offset, value);
  }

  /** Takes back what was written after `length`. */
  truncate(length: number): void {
    if (length < 0 || length > this.#at) {
      throw this.fault(`cannot go back from ${this.#at} to ${length} bytes`);
    }
    this.#at = length;
    this.field = "";
  }

  /** Begins anew. A buffer that had to become very large is given back. */
  clear(): void {
    this.#at = 0;
    this.field = "";
    if (this.#bytes.length > keptBytes) this.#grow(this.#room);
  }

  /** What was written, without a copy; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /** What was written, as a copy. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  /** The error that says what is wrong with a value. */
  fault(what: string): VirtError {
    return writeFault(what, { field: this.field, offset: this.#at });
  }

  #shortAscii(value: string): boolean {
    const length = value.length;
    const start = this.#make(4);
    let at = this.#make((length + 3) & ~3);
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code === 0 || code > 127) {
        this.#at = start;
        return false;
      }
      this.#bytes[at++] = code;
    }
    while (at < this.#at) this.#bytes[at++] = 0;
    this.#view.setUint32(start, length);
    return true;
  }

  #put(value: Uint8Array): void {
    const at = this.#make(value.length);
    this.#bytes.set(value, at);
    this.#pad(value.length);
  }

  #putChars(value: Uint8Array): void {
    const at = this.#make(value.length * 4);
    for (let index = 0; index < value.length; index++) {
      // With a sign, as libvirt on x86 has it.
      this.#view.setInt32(at + index * 4, (value[index] ?? 0) << 24 >> 24);
    }
  }

  #pad(length: number): void {
    const pad = -length & 3;
    const at = this.#make(pad);
    this.#bytes.fill(0, at, at + pad);
  }

  /** Makes room, for which the buffer may be replaced: nobody keeps it across this call. */
  #make(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) this.#reserve(length);
    this.#at = at + length;
    return at;
  }

  #reserve(length: number): void {
    const wanted = this.#at + length;
    if (wanted <= this.#bytes.length) return;
    if (wanted > this.#limit) throw this.fault(`a message of more than ${this.#limit} bytes`);
    this.#grow(Math.min(Math.max(wanted, this.#bytes.length * 2), this.#limit));
  }

  #grow(size: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** What a character is as a hexadecimal digit, by its code; -1 for what is none. */
const hexDigits = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

/** A value in an error: short, and never the whole of a long text. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
