/**
 * Values of secrets, as they are held.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** A value: text where it is text, else bytes. */
export type SecretValue = string | Uint8Array;

/** The largest value, in bytes: that of a hypervisor's secrets. */
export const secretBytes = 65_536;

/**
 * The value in what a source gave: text where it is UTF-8, without the line's end that editors and programs put behind it.
 *
 * @throws {VirtError} `operation-failed` where it is empty or too large.
 */
export function valueFrom(bytes: Uint8Array, about: string): SecretValue {
  const refused = (why: string): VirtError =>
    new VirtError("operation-failed", `Cannot use secret "${about}": its value ${why}`);
  if (bytes.length > secretBytes) throw refused(`is larger than ${secretBytes} bytes`);
  const text = textOf(bytes);
  const value = text === undefined ? bytes.slice() : text.replace(/\r?\n$/, "");
  if (value.length === 0) throw refused("is empty");
  return value;
}

/** Bytes as text; `undefined` where they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
