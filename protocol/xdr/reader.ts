/**
 * Reads a message from front to back, never past its end.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { VirtError } from "../../model/error.ts";
import { readFault } from "./fault.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const nothing = new Uint8Array(0);

/** Where a UUID's text is put together: pieces that are added up would each stay in memory. */
const uuidText = Buffer.from("00000000-0000-0000-0000-000000000000", "latin1");

/** Where in that text each byte's two digits stand. */
const uuidPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** The two digits of each byte, the first one in the lower half. */
const hexDigits = Uint16Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, "0");
  return digits.charCodeAt(0) | digits.charCodeAt(1) << 8;
});

/** The highest bit of each byte of a word. */
const highBits = 0x80808080 | 0;

/** Which part of a buffer holds the message. */
export interface ReaderRange {
  /** Where the message begins. @default 0 */
  readonly start?: number;
  /** Where it ends, exclusive. @default the buffer's length */
  readonly end?: number;
}

/** How a reader is made. */
export interface ReaderOptions extends ReaderRange {
  /**
   * Whether everything but 0 is a 1, where only these two may be: libvirt's daemon reads so, and go-libvirt relies on it.
   * @default false
   */
  readonly lenientFlags?: boolean;
}

/**
 * A cursor over one message (RFC 4506). One reader serves many messages, one after the other.
 *
 * Every method throws {@linkcode VirtError} `protocol` where the message is too short or not as the standard has it.
 *
 * @example
 * ```ts
 * import { XdrReader } from "./reader.ts";
 * const reader = new XdrReader(new Uint8Array([0, 0, 0, 1, 0, 0, 0, 7]));
 * reader.flag(); // true
 * reader.int(); // 7
 * reader.end();
 * ```
 */
export class XdrReader {
  #bytes: Uint8Array = nothing;
  #view: DataView = new DataView(nothing.buffer);
  /** The same bytes, for its way to make text out of single bytes, which is far faster than a decoder's. */
  #latin: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #end = 0;
  readonly #lenientFlags: boolean;

  /** The structure's field that is being read, for the message of an error. */
  field = "";

  /** Makes a reader that stands at the beginning of a message. */
  constructor(bytes: Uint8Array = nothing, { lenientFlags = false, ...range }: ReaderOptions = {}) {
    this.#lenientFlags = lenientFlags;
    this.over(bytes, range);
  }

  /** Goes to another message. A buffer that is the same as before costs nothing. */
  over(bytes: Uint8Array, { start = 0, end = bytes.length }: ReaderRange = {}): void {
    if (start < 0 || start > end || end > bytes.length) {
      throw readFault(`a range from ${start} to ${end} of a buffer of ${bytes.length}`, this.#place(start));
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.field = "";
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** How many bytes were read. */
  get offset(): number {
    return this.#at - this.#start;
  }

  /** A signed 32-bit integer. */
  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** An unsigned 32-bit integer. */
  uint(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A signed 64-bit integer. */
  hyper(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** An unsigned 64-bit integer. */
  uhyper(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** A 64-bit IEEE 754 number. */
  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A 0 or a 1 in four bytes: a truth value, or whether an optional value follows. */
  flag(): boolean {
    const value = this.uint();
    if (value > 1 && !this.#lenientFlags) throw this.fault(`${value} where only 0 or 1 may be`);
    return value !== 0;
  }

  /** How many items follow: at most `max`, and no more than can be there at `least` bytes each. */
  count(max: number, least: number): number {
    const count = this.uint();
    if (count > max) throw this.fault(`${count} items where at most ${max} may be`);
    if (count * least > this.left) throw this.fault(`${count} items in the ${this.left} bytes that are left`);
    return count;
  }

  /** Text of at most `max` bytes. */
  text(max: number): string {
    const length = this.uint();
    if (length > max) throw this.fault(`text of ${length} bytes where at most ${max} may be`);
    const at = this.#takePadded(length);
    if (this.#isPlain(at, length)) return this.#latin.toString("latin1", at, at + length);
    let text: string;
    try {
      text = decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.fault("text that is not UTF-8");
    }
    // In C a zero byte ends the text: both sides would see different ones.
    if (text.includes("\0")) throw this.fault("text with a zero byte inside");
    return text;
  }

  /** Exactly `length` bytes, as a copy that outlives the message. */
  opaque(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#takePadded(length);
    // Not `slice` of the buffer itself: where that is a Buffer of Node's, its slice is a view.
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(at, at + length));
    return copy;
  }

  /** At most `max` bytes, as a copy that outlives the message. */
  bytes(max: number): Uint8Array<ArrayBuffer> {
    const length = this.uint();
    if (length > max) throw this.fault(`${length} bytes where at most ${max} may be`);
    return this.opaque(length);
  }

  /** `length` characters of C, each of which takes four bytes on the wire. */
  chars(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length * 4);
    const chars = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      const value = this.#view.getInt32(at + index * 4);
      // Whether C's `char` has a sign depends on the peer's processor.
      if (value < -128 || value > 255) throw this.fault(`${value} where a character may be`);
      chars[index] = value;
    }
    return chars;
  }

  /** Sixteen bytes as the text of a UUID: lower case, with hyphens. */
  uuid(): string {
    const at = this.#take(16);
    for (let index = 0; index < 16; index++) {
      const digits = hexDigits[this.#bytes[at + index] ?? 0] ?? 0;
      const place = uuidPlaces[index] ?? 0;
      uuidText[place] = digits & 0xff;
      uuidText[place + 1] = digits >> 8;
    }
    return uuidText.toString("latin1", 0, uuidText.length);
  }

  /** Refuses a message that goes on after what was expected. */
  end(): void {
    if (this.#at !== this.#end) throw this.fault(`${this.left} bytes too many`);
  }

  /** The error that says what is wrong at the place that was reached. */
  fault(what: string): VirtError {
    return readFault(what, this.#place(this.#at));
  }

  #place(at: number): { field: string; offset: number } {
    return { field: this.field, offset: at - this.#start };
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw this.fault(`${length} bytes wanted, ${this.left} left`);
    this.#at = at + length;
    return at;
  }

  /** Takes bytes and what fills them up to a multiple of four, which must be zero. */
  #takePadded(length: number): number {
    const at = this.#take(length);
    const pad = -length & 3;
    for (let index = this.#take(pad); index < this.#at; index++) {
      if (this.#bytes[index] !== 0) throw this.fault("padding that is not zero");
    }
    return at;
  }

  /** Whether all of these bytes are ASCII and none is zero; looks at four at a time. */
  #isPlain(at: number, length: number): boolean {
    const end = at + length;
    let marks = 0;
    let index = at;
    for (const last = end - 4; index <= last; index += 4) {
      const word = this.#view.getInt32(index);
      // The subtraction borrows into the highest bit of a byte that is zero.
      marks |= word | (word - 0x01010101);
    }
    for (; index < end; index++) {
      const byte = this.#bytes[index] ?? 0;
      marks |= byte | (byte - 1);
    }
    return (marks & highBits) === 0;
  }
}
