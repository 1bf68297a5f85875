/**
 * Whole messages: from a value to bytes and back.
 *
 * @module
 */
import type { Xdr } from "./description.ts";
import { XdrReader } from "./reader.ts";
import { XdrWriter } from "./writer.ts";

const reader = new XdrReader();
const writer = new XdrWriter();

/**
 * The bytes of a value.
 *
 * @throws {VirtError} `protocol` where the value does not fit its description
 *
 * @example
 * ```ts
 * import { encode, string } from "./mod.ts";
 * encode(string(64), "web"); // 00 00 00 03 77 65 62 00
 * ```
 */
export function encode<T>(description: Xdr<T>, value: T): Uint8Array<ArrayBuffer> {
  writer.clear();
  description.write(writer, value);
  return writer.copy();
}

/**
 * The value that bytes hold. They must hold it whole and nothing after it.
 *
 * @throws {VirtError} `protocol` where they do not
 *
 * @example
 * ```ts
 * import { decode, int } from "./mod.ts";
 * decode(int, new Uint8Array([0, 0, 0, 7])); // 7
 * ```
 */
export function decode<T>(description: Xdr<T>, bytes: Uint8Array): T {
  reader.over(bytes);
  const value = description.read(reader);
  reader.end();
  return value;
}
