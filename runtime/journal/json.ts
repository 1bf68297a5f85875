/**
 * Values as text for the journal, and their hashes.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The text of a value. Bytes stand as `{"$bytes": "<base64>"}`, as on the channel. */
export function toText(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => item instanceof Uint8Array ? bytesToText(item) : item,
  ) ??
    "null";
}

/** The value that {@linkcode toText} wrote. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => isBytesText(item) ? textToBytes(item) : item);
}

/** The text of a value with the keys of every object in order: equal for equal values. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Uint8Array) return bytesToText(item);
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
  }) ?? "null";
}

/** SHA-256 of a text, in hexadecimal. */
export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

interface BytesText {
  readonly $bytes: string;
}

function bytesToText(bytes: Uint8Array): BytesText {
  return { $bytes: bytes.toBase64() };
}

/** What only looks like bytes stays what it is. */
function textToBytes(text: BytesText): Uint8Array | BytesText {
  try {
    return Uint8Array.fromBase64(text.$bytes);
  } catch {
    return text;
  }
}

function isBytesText(item: unknown): item is BytesText {
  return typeof item === "object" && item !== null && "$bytes" in item && typeof item.$bytes === "string" &&
    Object.keys(item).length === 1;
}
