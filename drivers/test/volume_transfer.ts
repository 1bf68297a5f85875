/**
 * Whole files of this machine into simulated volumes, and volumes into files, a piece at a time.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { DriverMap, Reconciled } from "../../runtime/driver.ts";
import { LocalSource, LocalTarget, type Passed, Tally } from "../../runtime/local_file.ts";
import { act, inspect } from "./act.ts";
import type { TestJob } from "./object.ts";
import type { In } from "../operation_types.ts";
import { refresh } from "./reconcile.ts";
import { badValue } from "./domain.ts";
import { claimWithPool, needPool } from "./volume.ts";

type VolumeJob = TestJob<"volume">;
type Upload = In<"volume.uploadFile">;
type Download = In<"volume.downloadFile">;

/** How much passes at once, in bytes. */
const pieceBytes = 1024 * 1024;

/** Whatever is read or written beside the hypervisor changes nothing there. */
const local = { acts: false } as const;

const zeros: Uint8Array = new Uint8Array(pieceBytes);

function isZero(piece: Uint8Array): boolean {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  return bytes.equals(zeros.subarray(0, piece.length));
}

/** A piece of a volume. */
async function pieceOf(
  job: VolumeJob,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const { id } = job.object.facts.record;
  const { data } = await inspect(job, "volume.download", { input: { id, offset, length }, offline: true });
  return Uint8Array.fromBase64(data);
}

async function upload(job: VolumeJob, { path, offset, sparse }: Upload): Promise<Passed> {
  needPool(job, "write to");
  const { object } = job;
  const { id, capacity, allocation } = object.facts.record;
  await using source = await job.hop("open file", () => LocalSource.open(path), local);
  if (offset + source.size > capacity) {
    throw badValue(
      object,
      `Cannot write ${source.size} bytes at ${offset} of ${object.label}: it has ${capacity} bytes`,
    );
  }
  // What a hole skips stays as it was.
  const leavesHoles = sparse && allocation === 0;
  const tally = new Tally();
  while (tally.bytes < source.size) {
    const at = tally.bytes;
    const wanted = Math.min(pieceBytes, source.size - at);
    const piece = await job.hop("read file", () => source.read(new Uint8Array(wanted), at), local);
    if (piece.length === 0) {
      throw new VirtError("operation-failed", `Cannot send "${path}": it became shorter meanwhile`);
    }
    if (leavesHoles && isZero(piece)) {
      tally.hole(piece.length);
    } else {
      await act(job, "volume.upload", { input: { id, offset: offset + at, data: piece.toBase64() } });
      tally.data(piece);
    }
    job.progress(tally.bytes / source.size, `${tally.bytes} of ${source.size} bytes`);
  }
  return tally.passed();
}

async function download(job: VolumeJob, input: Download): Promise<Passed> {
  needPool(job, "read");
  const { path, offset, sparse, overwrite } = input;
  const { capacity } = job.object.facts.record;
  const total = Math.max(0, Math.min(input.length ?? Infinity, capacity - offset));
  const options = { id: job.newId, overwrite };
  await using target = await job.hop("open file", () => LocalTarget.open(path, options), local);
  const tally = new Tally();
  while (tally.bytes < total) {
    const piece = await pieceOf(job, {
      offset: offset + tally.bytes,
      length: Math.min(pieceBytes, total - tally.bytes),
    });
    if (sparse && isZero(piece)) {
      tally.hole(piece.length);
      target.hole(piece.length);
    } else {
      tally.data(piece);
      await job.hop("write file", () => target.write(piece), local);
    }
    job.progress(tally.bytes / total, `${tally.bytes} of ${total} bytes`);
  }
  await job.hop("finish file", () => target.finish());
  return tally.passed();
}

/** What a file and a volume both hold; nothing where they differ. `total` is how much the file should have. */
async function compare(
  job: VolumeJob,
  { path, offset, total }: { readonly path: string; readonly offset: number; readonly total?: number },
): Promise<Passed | undefined> {
  await using source = await job.hop("open file", () => LocalSource.open(path), { ...local, offline: true });
  if (total !== undefined && total !== source.size) return undefined;
  const tally = new Tally();
  while (tally.bytes < source.size) {
    const at = tally.bytes;
    const wanted = Math.min(pieceBytes, source.size - at);
    const here = await job.hop("read file", () => source.read(new Uint8Array(wanted), at), {
      ...local,
      offline: true,
    });
    const there = await pieceOf(job, { offset: offset + at, length: wanted });
    if (!Buffer.from(here).equals(there)) return undefined;
    tally.data(here);
  }
  return tally.passed();
}

async function settled(
  job: VolumeJob,
  comparison: Parameters<typeof compare>[1],
): Promise<Reconciled<Passed>> {
  const { id } = job.object.facts.record;
  await refresh(job, [{ kind: "volume", id }]);
  const passed = await compare(job, comparison);
  return passed === undefined ? { kind: "not-done" } : { kind: "done", value: passed };
}

/** A file that is not there was not downloaded. */
async function downloaded(job: VolumeJob, { path, offset, length }: Download): Promise<Reconciled<Passed>> {
  const { capacity } = job.object.facts.record;
  const total = Math.max(0, Math.min(length ?? Infinity, capacity - offset));
  try {
    return await settled(job, { path, offset, total });
  } catch (error) {
    if (isVirtError(error, "not-found")) return { kind: "not-done" };
    throw error;
  }
}

export const volumeTransfers = {
  "volume.uploadFile": {
    run: upload,
    about: claimWithPool,
    reconcile: (job: VolumeJob, { path, offset }) => settled(job, { path, offset }),
  },
  "volume.downloadFile": {
    run: download,
    about: claimWithPool,
    reconcile: downloaded,
  },
} satisfies DriverMap;
