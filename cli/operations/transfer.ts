/**
 * Operations that move bytes. Whole files pass in one call; the standard input and output in pieces, where the operation
 * has `bytes` beside an `offset`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Io } from "../io.ts";
import type { Field } from "./schema.ts";

/** The bytes that go in one call. */
const pieceBytes = 1 << 20;

/** Makes one call with an input, and answers its value. */
export type CallOnce = (input: Record<string, unknown>) => Promise<unknown>;

/** The operation that does with a file what this one does with bytes: `volume.uploadFile` for `volume.upload`. */
export function withFile({ name }: Operation): Operation | undefined {
  return operations.get(`${name}File`);
}

/** Whether an operation is another one's with files. */
export function isWithFile({ name }: Operation): boolean {
  return name.endsWith("File") && operations.has(name.slice(0, -"File".length));
}

function has(fields: readonly Field[], name: string, kind: Field["kind"]["kind"]): boolean {
  return fields.some((field) => field.name === name && field.kind.kind === kind);
}

/** Whether an operation writes bytes at an offset. */
export function isUpload(fields: readonly Field[]): boolean {
  return has(fields, "bytes", "bytes") && has(fields, "offset", "number");
}

/** Whether an operation reads bytes from an offset on. */
export function isDownload(inputs: readonly Field[], outputs: readonly Field[]): boolean {
  return has(outputs, "bytes", "bytes") && has(outputs, "atEnd", "boolean") &&
    has(inputs, "offset", "number");
}

/** Sends all of the standard input, a piece at a time. */
export async function upload(
  input: Readonly<Record<string, unknown>>,
  { call, io }: { readonly call: CallOnce; readonly io: Io },
): Promise<{ readonly bytes: number }> {
  const start = typeof input["offset"] === "number" ? input["offset"] : 0;
  let sent = 0;
  for await (const bytes of io.stdin.pieces(pieceBytes)) {
    await call({ ...input, offset: start + sent, bytes });
    sent += bytes.length;
  }
  return { bytes: sent };
}

/** Writes all bytes to the standard output as they come. */
export async function download(
  input: Readonly<Record<string, unknown>>,
  { call, io }: { readonly call: CallOnce; readonly io: Io },
): Promise<void> {
  refuseTerminal(io);
  let offset = typeof input["offset"] === "number" ? input["offset"] : 0;
  let left = typeof input["length"] === "number" ? input["length"] : Infinity;
  while (left > 0) {
    const answer = await call({ ...input, offset, length: Math.min(left, pieceBytes) });
    const { bytes, atEnd } = Object(answer) as { readonly bytes?: unknown; readonly atEnd?: unknown };
    if (!(bytes instanceof Uint8Array)) return;
    io.stdout.writeBytes(bytes);
    offset += bytes.length;
    left -= bytes.length;
    if (atEnd !== false || bytes.length === 0) return;
  }
}

/** Raw bytes are not for a terminal. */
export function refuseTerminal(io: Io): void {
  if (!io.stdout.terminal) return;
  throw new VirtError("invalid-argument", "Cannot show raw bytes on a terminal", {
    hint: "Send them to a file: … > FILE, or see them as base64 with -o json",
  });
}
