/**
 * Images as tests make them.
 *
 * @module
 */

/** What stands in a qcow2 header. Source: QEMU, docs/interop/qcow2.txt. */
export interface Qcow2Fields {
  readonly version?: number;
  readonly backingOffset?: bigint;
  readonly clusterBits?: number;
  readonly size?: bigint;
  readonly crypt?: number;
  readonly incompatible?: bigint;
  /** Type, and content. */
  readonly extensions?: readonly (readonly [number, string])[];
  /** @default 200000 */
  readonly bytes?: number;
  /** What the image is filled with, so that two differ. @default 1 */
  readonly fill?: number;
}

/** A file that begins as a qcow2 image does. */
export function qcow2Picture(fields: Qcow2Fields = {}): Uint8Array<ArrayBuffer> {
  const { version = 3, backingOffset = 0n, clusterBits = 16, size = 1024n ** 3n, crypt = 0 } = fields;
  const { incompatible = 0n, extensions = [], bytes = 200_000, fill = 1 } = fields;
  const picture = new Uint8Array(bytes).fill(fill, 4096);
  const view = new DataView(picture.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, version);
  view.setBigUint64(8, backingOffset);
  view.setUint32(20, clusterBits);
  view.setBigUint64(24, size);
  view.setUint32(32, crypt);
  let at = 72;
  if (version > 2) {
    view.setBigUint64(72, incompatible);
    view.setUint32(100, 104);
    at = 104;
  }
  for (const [type, content] of extensions) {
    view.setUint32(at, type);
    view.setUint32(at + 4, content.length);
    picture.set(new TextEncoder().encode(content), at + 8);
    at += 8 + Math.ceil(content.length / 8) * 8;
  }
  return picture;
}

/** A checksum in hexadecimal. */
export async function sumOf(
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: "SHA-256" | "SHA-512" = "SHA-256",
): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes)).toHex();
}

/** Compressed. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
