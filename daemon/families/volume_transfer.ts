/**
 * What volumes hold, uploaded and downloaded by streams.
 *
 * An upload waits in a file of the daemon's until all of it has come, and is written by one call then: a client that gives
 * up, goes away or sends more than it said leaves the volume as it was.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { volumeChunkBytes } from "../../model/operations/volume.ts";
import type { ServerStream } from "../../protocol/server/mod.ts";
import { type Family, opens } from "../dispatch/row.ts";
import type { HostSession } from "../host_session.ts";
import { TransferFile } from "../transfer_file.ts";
import { volumeOf } from "./storage_words.ts";

/** Holes are sent as such. Source: libvirt, virStorageVolUploadFlags, virStorageVolDownloadFlags. */
const sparse = 1;

/** A part of a volume. */
interface Part {
  readonly session: HostSession;
  readonly target: ObjectRef<"volume">;
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** How many bytes there are at most. */
  readonly length: number;
}

/**
 * The part of a volume that a client means; to the volume's end where it says no length.
 *
 * @throws {VirtError} `invalid-argument` where it is not within the volume.
 */
async function partOf(
  session: HostSession,
  { target, offset, length }: {
    readonly target: ObjectRef<"volume">;
    readonly offset: bigint;
    readonly length: bigint;
  },
): Promise<Part> {
  const { capacityBytes } = await session.run("volume.info", { target });
  const capacity = BigInt(capacityBytes);
  if (offset > capacity || offset + length > capacity) {
    throw new VirtError(
      "invalid-argument",
      `${length} bytes at ${offset} are not within volume '${target.name}', which has ${capacity}`,
      { remoteCode: "VIR_ERR_INVALID_ARG" },
    );
  }
  return {
    session,
    target,
    offset: Number(offset),
    length: Number(length === 0n ? capacity - offset : length),
  };
}

function tooMuch(): VirtError {
  return new VirtError("operation-failed", "cannot write to stream: No space left on device", {
    remoteCode: "VIR_ERR_SYSTEM_ERROR",
    detail: { from: "VIR_FROM_STREAMS" },
  });
}

/** Takes what the client sends, and writes it when all of it has come. */
async function receive(stream: ServerStream, { session, target, offset, length }: Part): Promise<void> {
  await using file = await TransferFile.create(session.transferDirectory);
  for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
    const size = "data" in piece ? BigInt(piece.data.length) : piece.hole;
    if (BigInt(file.size) + size > BigInt(length)) throw tooMuch();
    if ("data" in piece) await file.write(piece.data);
    else await file.hole(Number(size));
  }
  if (file.size === 0) return;
  const path = await file.complete();
  await session.run("volume.uploadFile", {
    target,
    input: { path, offset, sparse: stream.sparse },
    ownFile: path,
  });
}

/** Sends a part of a volume, as fast as the client takes it. */
async function send(stream: ServerStream, { session, target, offset, length }: Part): Promise<void> {
  const end = offset + length;
  for (let at = offset; at < end;) {
    const wanted = Math.min(volumeChunkBytes, end - at);
    const { bytes, holeBytes = 0, atEnd } = await session.run("volume.download", {
      target,
      input: { offset: at, length: wanted, holes: stream.sparse },
      signal: stream.signal,
    });
    const hole = Math.min(holeBytes, end - at);
    if (hole > 0) await stream.hole(BigInt(hole));
    await stream.write(bytes);
    at += hole + bytes.length;
    // It may have become smaller meanwhile.
    if (atEnd || hole + bytes.length === 0) return;
  }
}

/** The rows. */
export const volumeTransfer = {
  storageVolUpload: opens(async ({ vol, offset, length }, session) => {
    const part = await partOf(session, { target: await volumeOf({ vol }, session), offset, length });
    return { result: undefined, run: (stream) => receive(stream, part) };
  }, { flags: sparse }),
  storageVolDownload: opens(async ({ vol, offset, length }, session) => {
    const part = await partOf(session, { target: await volumeOf({ vol }, session), offset, length });
    return { result: undefined, run: (stream) => send(stream, part) };
  }, { flags: sparse }),
} satisfies Family;
