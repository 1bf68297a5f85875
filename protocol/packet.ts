/**
 * Packets of libvirt's protocol: a length, a header of six words, a payload.
 *
 * Numbers and limits are the protocol's (libvirt "virnetprotocol.x", "virkeepaliveprotocol.x").
 *
 * @module
 */
import type { XdrWriter } from "./xdr/mod.ts";

/** Bytes of the length, which counts itself. */
export const lengthBytes = 4;

/** Bytes of the header: program, version, procedure, type, serial, status. */
export const headerBytes = 24;

/** The largest header and payload together, in bytes. */
export const maxMessageBytes = 33_554_432;

/** The largest payload, in bytes. */
export const maxPayloadBytes = maxMessageBytes - headerBytes;

/** The most data that one packet of a stream carries, in bytes: what servers of every age take. */
export const streamChunkBytes = 262_120;

/** What a packet is. */
export const packetType = {
  call: 0,
  reply: 1,
  message: 2,
  stream: 3,
  callWithFds: 4,
  replyWithFds: 5,
  streamHole: 6,
} as const;

/** How it stands with what the packet belongs to. */
export const packetStatus = { ok: 0, error: 1, continue: 2 } as const;

/** The program that asks whether the other side still lives. */
export const keepaliveProgram = { program: 0x6b656570, version: 1, ping: 1, pong: 2 } as const;

/** The header of a packet. */
export interface PacketHeader {
  /** A number of 32 bits without sign, as all of these. */
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  /** One of {@linkcode packetType}. */
  readonly type: number;
  /** Which call or stream it belongs to; 0 for what belongs to none. */
  readonly serial: number;
  /** One of {@linkcode packetStatus}. */
  readonly status: number;
}

/** A packet that came: its header, and where its payload stands. */
export interface Packet extends PacketHeader {
  /** A buffer that holds the payload among other things. */
  readonly buffer: Uint8Array;
  /** Where the payload begins. */
  readonly start: number;
  /** Where it ends, exclusive. */
  readonly end: number;
}

/**
 * Writes length and header of a packet; {@linkcode endPacket} closes it.
 *
 * @returns where it begins, for `endPacket` or to take it back
 *
 * @example
 * ```ts
 * import { beginPacket, endPacket, keepaliveProgram, packetStatus, packetType } from "./packet.ts";
 * import { XdrWriter } from "./xdr/mod.ts";
 * const writer = new XdrWriter();
 * const { program, version, ping } = keepaliveProgram;
 * const header = { program, version, procedure: ping, type: packetType.message, serial: 0, status: packetStatus.ok };
 * endPacket(writer, beginPacket(writer, header));
 * writer.length; // 28
 * ```
 */
export function beginPacket(writer: XdrWriter, header: PacketHeader): number {
  const start = writer.length;
  writer.uint(0);
  writer.uint(header.program);
  writer.uint(header.version);
  writer.uint(header.procedure);
  writer.uint(header.type);
  writer.uint(header.serial);
  writer.uint(header.status);
  return start;
}

/**
 * Closes the packet that begins at `start` with all that was written since.
 *
 * @throws {VirtError} `protocol` where it is too large for any server; it then is as if it had never been begun
 */
export function endPacket(writer: XdrWriter, start: number): void {
  const length = writer.length - start;
  if (length > maxMessageBytes + lengthBytes) {
    writer.truncate(start);
    throw writer.fault(`${length - lengthBytes - headerBytes} bytes where at most ${maxPayloadBytes} may be`);
  }
  writer.patchUint(start, length);
}
