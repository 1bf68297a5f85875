/**
 * Bytes of volumes, by streams.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { RpcStream } from "../../protocol/connection.ts";
import type { Line } from "./line.ts";
import type { WireVolume } from "./wire.ts";

/** Holes are told as such. Source: libvirt, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM. */
export const sparse = 1;

/** What goes in one piece: as much as a server takes out of a file at a time. Source: libvirt, virFDStreamThread. */
export const pieceBytes = 256 * 1024;

/** A part of a volume. */
export interface VolumeRange {
  readonly vol: WireVolume;
  readonly offset: number;
  readonly length: number;
}

/** Reads a part of a volume; less than asked for where it ends before. */
export async function readBytes(line: Line, { vol, offset, length }: VolumeRange): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  if (length === 0) return bytes;
  await using stream = await line.open("storageVolDownload", {
    vol,
    offset: BigInt(offset),
    length: BigInt(length),
    flags: 0,
  });
  for await (const piece of piecesOf(stream, line.signal)) {
    const room = bytes.subarray(filled);
    const size = piece.data === undefined
      ? Math.min(piece.hole, room.length)
      : Math.min(piece.data.length, room.length);
    if (piece.data !== undefined) room.set(piece.data.subarray(0, size));
    filled += size;
  }
  await stream.finish();
  return bytes.subarray(0, filled);
}

/** What comes out of a stream: bytes, or a hole of a length. */
export type Piece = { readonly data: Uint8Array; readonly hole?: undefined } | {
  readonly data?: undefined;
  readonly hole: number;
};

/** How many bytes a piece stands for. */
export function lengthOf(piece: Piece): number {
  return piece.data === undefined ? piece.hole : piece.data.length;
}

/** Everything that comes out of a stream. */
export async function* piecesOf(stream: RpcStream<unknown>, signal: AbortSignal): AsyncGenerator<Piece> {
  while (true) {
    const piece = await stream.read(signal);
    if (piece === undefined) return;
    yield "data" in piece ? { data: piece.data } : { hole: Number(piece.hole) };
  }
}

/** Writes bytes into a volume. */
export async function writeBytes(
  line: Line,
  { vol, offset, bytes }: { readonly vol: WireVolume; readonly offset: number; readonly bytes: Uint8Array },
): Promise<void> {
  await using stream = await line.open("storageVolUpload", {
    vol,
    offset: BigInt(offset),
    length: BigInt(bytes.length),
    flags: 0,
  });
  for (let sent = 0; sent < bytes.length; sent += pieceBytes) {
    await stream.write(bytes.subarray(sent, sent + pieceBytes), line.signal);
  }
  await stream.finish();
}

/** Whether a volume holds nothing but zeros. Holes are not read. */
export async function holdsOnlyZeros(line: Line, vol: WireVolume): Promise<boolean> {
  await using stream = await line.open("storageVolDownload", { vol, offset: 0n, length: 0n, flags: sparse });
  for await (const piece of piecesOf(stream, line.signal)) {
    if (piece.data !== undefined && !isZero(piece.data)) {
      await stream.abort();
      return false;
    }
  }
  await stream.finish();
  return true;
}

const zeros = new Uint8Array(pieceBytes);

/** Whether bytes are all zero. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (!Buffer.from(part.buffer, part.byteOffset, part.length).equals(zeros.subarray(0, part.length))) {
      return false;
    }
  }
  return true;
}
