/**
 * Operations that move bytes in pieces: where input or output has `bytes` beside an `offset`, the command goes on until
 * all of them have passed.
 *
 * @module
 */
import type { Io } from "../io.ts";
import { VirtError } from "../../model/error.ts";
import type { Field } from "./schema.ts";

/** The bytes that go in one call. */
const pieceBytes = 1 << 20;

/** Makes one call with an input, and answers its value. */
export type CallOnce = (input: Record<string, unknown>) => Promise<unknown>;

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

/** Sends all bytes, a piece at a time. Answers the last call's value with the bytes of all of them. */
export async function upload(input: Readonly<Record<string, unknown>>, call: CallOnce): Promise<unknown> {
  const bytes = input["bytes"] instanceof Uint8Array ? input["bytes"] : new Uint8Array();
  const start = typeof input["offset"] === "number" ? input["offset"] : 0;
  let sent = 0;
  do {
    const piece = bytes.subarray(sent, sent + pieceBytes);
    await call({ ...input, offset: start + sent, bytes: piece });
    sent += piece.length;
  } while (sent < bytes.length);
  return { written: sent };
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
