/**
 * Takes packets out of a stream of bytes.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { headerBytes, lengthBytes, maxMessageBytes, type Packet } from "./packet.ts";

/** Less room than this behind what is not read yet is not worth a read. */
const leastRoomBytes = 64 * 1024;

/** How a buffer is made. */
export interface PacketBufferOptions {
  /**
   * Room for what comes by and by, in bytes. The default holds a whole packet of a stream and more; who has thousands of
   * connections takes less for each.
   * @default 524288
   */
  readonly usualBytes?: number;
}

/** A packet whose fields change as the next one is taken. */
class PacketView implements Packet {
  buffer: Uint8Array;
  start = 0;
  end = 0;
  program = 0;
  version = 0;
  procedure = 0;
  type = 0;
  serial = 0;
  status = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
  }
}

/**
 * A buffer that is filled from one end with bytes in pieces of any size, and gives out the packets among them without
 * copying. It grows as a large packet comes in, not when one is announced, and shrinks when that has been taken.
 *
 * @example
 * ```ts
 * import { PacketBuffer } from "./framing.ts";
 * const packets = new PacketBuffer();
 * const socket = await Deno.connect({ transport: "unix", path: "/run/libvirt/libvirt-sock" });
 * const count = await socket.read(packets.room());
 * packets.filled(count ?? 0);
 * for (let packet = packets.next(); packet !== undefined; packet = packets.next()) console.log(packet.procedure);
 * ```
 */
export class PacketBuffer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** From here on nothing has been taken. */
  #start = 0;
  /** From here on nothing has come. */
  #end = 0;
  readonly #packet: PacketView;
  readonly #usualBytes: number;
  readonly #leastRoomBytes: number;

  constructor({ usualBytes = 512 * 1024 }: PacketBufferOptions = {}) {
    this.#usualBytes = usualBytes;
    this.#leastRoomBytes = Math.min(usualBytes, leastRoomBytes);
    this.#bytes = new Uint8Array(usualBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#packet = new PacketView(this.#bytes);
  }

  /** Bytes that have come and are not yet part of a packet that was taken. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Where the next bytes go. What `next` gave out before is no longer valid. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#bytes.length > this.#usualBytes) this.#replace(this.#usualBytes);
      return this.#bytes;
    }
    const missing = this.#missing();
    if (this.#bytes.length - this.#end < Math.min(missing, this.#leastRoomBytes)) this.#makeRoom(missing);
    return this.#bytes.subarray(this.#end);
  }

  /** Says how many bytes were put at the front of what `room` gave. */
  filled(count: number): void {
    if (!Number.isInteger(count) || count < 0 || count > this.#bytes.length - this.#end) {
      throw new VirtError("protocol", `Cannot take ${count} bytes that a read says it put into the buffer`);
    }
    this.#end += count;
  }

  /**
   * The next packet that is there as a whole. It is valid until the next call of `next` or `room`.
   *
   * @throws {VirtError} `protocol` for a length that no packet has; the stream makes no sense any more.
   */
  next(): Packet | undefined {
    const at = this.#start;
    const pending = this.#end - at;
    if (pending < lengthBytes) return undefined;
    const view = this.#view;
    const length = checkedLength(view.getUint32(at));
    if (pending < length) return undefined;
    this.#start = at + length;
    const packet = this.#packet;
    packet.program = view.getUint32(at + 4);
    packet.version = view.getUint32(at + 8);
    packet.procedure = view.getUint32(at + 12);
    packet.type = view.getUint32(at + 16);
    packet.serial = view.getUint32(at + 20);
    packet.status = view.getUint32(at + 24);
    packet.start = at + lengthBytes + headerBytes;
    packet.end = at + length;
    return packet;
  }

  /** Bytes that the packet at the front still lacks, as far as is known. */
  #missing(): number {
    const pending = this.#end - this.#start;
    const length = pending < lengthBytes
      ? lengthBytes + headerBytes
      : checkedLength(this.#view.getUint32(this.#start));
    return Math.max(1, length - pending);
  }

  /** Moves what is there to the front, into a larger buffer where this one is full of one packet. */
  #makeRoom(missing: number): void {
    const pending = this.#end - this.#start;
    const enough = this.#bytes.length - pending >= Math.min(missing, this.#leastRoomBytes);
    if (enough) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#start = 0;
      this.#end = pending;
    } else {
      this.#replace(Math.max(this.#bytes.length, Math.min(this.#bytes.length * 2, pending + missing)));
    }
  }

  #replace(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#packet.buffer = bytes;
  }
}

function checkedLength(length: number): number {
  if (length < lengthBytes + headerBytes || length > maxMessageBytes + lengthBytes) {
    throw new VirtError(
      "protocol",
      `Cannot read a packet of ${length} bytes: lengths are from ${lengthBytes + headerBytes} to ${
        maxMessageBytes + lengthBytes
      }`,
    );
  }
  return length;
}
