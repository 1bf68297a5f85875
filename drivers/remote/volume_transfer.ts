/**
 * Whole files of this machine into volumes, and volumes into files.
 *
 * Each is one hop with one stream: a piece at a time is in memory. Whoever is doubted is compared afterwards, byte by byte, by
 * the same streams.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { VirtError } from "../../model/error.ts";
import type { RpcStream } from "../../protocol/connection.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverMap, Reconciled } from "../../runtime/driver.ts";
import { LocalSource, LocalTarget, type Passed, Tally } from "../../runtime/local_file.ts";
import type { In } from "../operation_types.ts";
import { actTogether, askTogether, lookAgain } from "./act.ts";
import type { Line } from "./line.ts";
import type { RemoteJob } from "./object.ts";
import { claimWithPool, refuseBeyond } from "./volume.ts";
import { isZero, lengthOf, type Piece, pieceBytes, piecesOf, sparse } from "./volume_bytes.ts";
import { askFacts, type VolumeFacts, wireVolume } from "./volume_place.ts";
import { nearest, type WireVolume } from "./wire.ts";

type Upload = In<"volume.uploadFile">;
type Download = In<"volume.downloadFile">;

/** How much of a hole is digested before others have their turn, in bytes. */
const holeBytes = 64 * 1024 ** 2;

/** How much passes between two words about it. */
const reportBytes = 4 * 1024 ** 2;

/** Says how far a transfer is. */
class Reports {
  readonly #job: RemoteJob;
  readonly #total: number;
  #next = 0;

  constructor(job: RemoteJob, total: number) {
    this.#job = job;
    this.#total = total;
  }

  at(bytes: number): void {
    if (bytes < this.#next || this.#total <= 0) return;
    this.#next = bytes + reportBytes;
    this.#job.progress(Math.min(1, bytes / this.#total), `${bytes} of ${this.#total} bytes`);
  }
}

/** Digests a hole, with turns for others in between. */
async function passHole(
  tally: Tally,
  { length, job, signal }: { readonly length: number; readonly job: RemoteJob; readonly signal: AbortSignal },
): Promise<void> {
  for (let left = length; left > 0; left -= holeBytes) {
    tally.hole(Math.min(left, holeBytes));
    if (left > holeBytes) await turn(job, signal);
  }
}

/** A turn for others. */
function turn({ clock }: RemoteJob, signal: AbortSignal): Promise<void> {
  return sleep(clock, 0, signal);
}

/** Sends a file into a volume. */
async function send(
  line: Line,
  { job, input: { path, offset, sparse: holes } }: { readonly job: RemoteJob; readonly input: Upload },
): Promise<Passed> {
  const vol = wireVolume(job, job.object);
  await using source = await LocalSource.open(path);
  const facts = await askFacts(line, vol);
  refuseBeyond(job.object, { facts, offset, length: source.size });
  const leavesHoles = holes && canHaveHoles(facts);
  const tally = new Tally();
  if (source.size === 0) return tally.passed();
  await using stream = await line.open("storageVolUpload", {
    vol,
    offset: BigInt(offset),
    length: BigInt(source.size),
    flags: leavesHoles ? sparse : 0,
  });
  const reports = new Reports(job, source.size);
  for await (const piece of piecesOfFile(source, { path, size: source.size })) {
    if (leavesHoles && isZero(piece)) {
      tally.hole(piece.length);
      await stream.hole(BigInt(piece.length));
    } else {
      tally.data(piece);
      await stream.write(piece, line.signal);
    }
    reports.at(tally.bytes);
  }
  await stream.finish();
  return tally.passed();
}

/**
 * Whether zeros may be left out: in a file what a hole skips stays as it was, so that one which holds something would become
 * a mixture of both. Onto block devices the far side writes the zeros itself.
 */
function canHaveHoles({ type, allocationBytes }: VolumeFacts): boolean {
  return type === "block" || allocationBytes === 0;
}

/** A file, piece by piece; each is in a buffer of its own, which is on its way while the next is read. */
async function* piecesOfFile(
  source: LocalSource,
  { path, size }: { readonly path: string; readonly size: number },
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const piece = await source.read(new Uint8Array(Math.min(pieceBytes, size - at)), at);
    if (piece.length === 0) {
      throw new VirtError("operation-failed", `Cannot send "${path}": it became shorter meanwhile`);
    }
    yield piece;
    at += piece.length;
  }
}

/** A volume's stream, from a place on. */
function openDownload(
  line: Line,
  { vol, offset, length = 0, holes }: {
    readonly vol: WireVolume;
    readonly offset: number;
    /** To the end where not given. */
    readonly length?: number | undefined;
    readonly holes: boolean;
  },
): Promise<RpcStream<undefined>> {
  return line.open("storageVolDownload", {
    vol,
    offset: BigInt(offset),
    length: BigInt(length),
    flags: holes ? sparse : 0,
  });
}

/** Source: libvirt, VIR_STORAGE_VOL_GET_PHYSICAL: the size of the file instead of what is taken by it. */
const physical = 1;

/** How many bytes a volume's file or device has; none where the far side cannot tell. */
async function sizeOf(line: Line, vol: WireVolume): Promise<number> {
  const info = await line.maybe("storageVolGetInfoFlags", { vol, flags: physical });
  return info === undefined ? 0 : nearest(info.allocation);
}

/** Receives a volume into a file, which has its name when all of it is there. */
async function receive(
  line: Line,
  { job, input: { path, offset, length, sparse: holes, overwrite } }: {
    readonly job: RemoteJob;
    readonly input: Download;
  },
): Promise<Passed> {
  const vol = wireVolume(job, job.object);
  const size = await sizeOf(line, vol);
  await using target = await LocalTarget.open(path, { id: job.newId, overwrite });
  await using stream = await openDownload(line, { vol, offset, length, holes });
  const tally = new Tally();
  const reports = new Reports(job, length ?? size - offset);
  for await (const piece of piecesOf(stream, line.signal)) {
    if (piece.data === undefined) {
      target.hole(piece.hole);
      await passHole(tally, { length: piece.hole, job, signal: line.signal });
    } else {
      tally.data(piece.data);
      await target.write(piece.data);
    }
    reports.at(tally.bytes);
  }
  await stream.finish();
  await target.finish();
  return tally.passed();
}

/** What a file and a volume are compared by. */
interface Comparison {
  readonly path: string;
  readonly offset: number;
  /** How much of the volume there is to be in the file; absent where the file is in the volume, which may be longer. */
  readonly upTo?: number | undefined;
}

/** Whether a file holds what a volume holds; the tally of both where they are the same. */
async function compare(
  line: Line,
  { job, path, offset, upTo }: Comparison & { readonly job: RemoteJob },
): Promise<Passed | undefined> {
  await using source = await LocalSource.open(path);
  const vol = wireVolume(job, job.object);
  // One byte more tells whether anything follows.
  await using stream = await openDownload(line, { vol, offset, length: source.size + 1, holes: true });
  const tally = new Tally();
  let seen = 0;
  for await (const piece of piecesOf(stream, line.signal)) {
    seen += lengthOf(piece);
    if (await matches(source, { tally, piece })) continue;
    await stream.abort();
    return undefined;
  }
  await stream.finish();
  const isWhole = upTo === undefined || seen === source.size || source.size === upTo;
  return isWhole && tally.bytes === source.size ? tally.passed() : undefined;
}

/** Whether the next piece of a volume is what stands in the file; what is behind the file's end is not looked at. */
async function matches(
  source: LocalSource,
  { tally, piece }: {
    readonly tally: Tally;
    readonly piece: Piece;
  },
): Promise<boolean> {
  const length = Math.min(lengthOf(piece), source.size - tally.bytes);
  for (let at = 0; at < length; at += pieceBytes) {
    const size = Math.min(pieceBytes, length - at);
    const found = await source.read(new Uint8Array(size), tally.bytes);
    const same = piece.data === undefined
      ? isZero(found)
      : Buffer.from(found.buffer, found.byteOffset, found.length).equals(piece.data.subarray(at, at + size));
    if (!same || found.length < size) return false;
    if (piece.data === undefined) tally.hole(size);
    else tally.data(found);
  }
  return true;
}

/** What a comparison tells. */
async function looksDone(job: RemoteJob, comparison: Comparison): Promise<Reconciled<Passed>> {
  await lookAgain(job);
  const passed = await askTogether(job, "compare", (line) => compare(line, { job, ...comparison }));
  return passed === undefined ? { kind: "not-done" } : { kind: "done", value: passed };
}

/** A file that is not there was not downloaded. */
async function looksDownloaded(
  job: RemoteJob,
  { path, offset, length }: Download,
): Promise<Reconciled<Passed>> {
  try {
    return await looksDone(job, { path, offset, upTo: length ?? Infinity });
  } catch (error) {
    if (error instanceof VirtError && error.remoteCode === undefined && error.code === "not-found") {
      return { kind: "not-done" };
    }
    throw error;
  }
}

export const volumeTransfers = {
  "volume.uploadFile": {
    run: (job: RemoteJob, input) =>
      actTogether(job, "volume.uploadFile", (line) => send(line, { job, input }), { doing: "write to" }),
    about: claimWithPool,
    reconcile: (job: RemoteJob, { path, offset }) => looksDone(job, { path, offset }),
  },
  "volume.downloadFile": {
    run: (job: RemoteJob, input) =>
      actTogether(job, "volume.downloadFile", (line) => receive(line, { job, input }), { doing: "read" }),
    about: claimWithPool,
    reconcile: (job: RemoteJob, input) => looksDownloaded(job, input),
  },
} satisfies DriverMap;
