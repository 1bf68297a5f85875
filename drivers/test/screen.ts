/**
 * The picture of a simulated guest's screen.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";

const width = 640;
const height = 400;

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A grey-scale PNG image whose stripes follow from a text, so that guests differ. Source: PNG specification, 5 and 11. */
export function picture(of: string): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  const shades = new TextEncoder().encode(of);
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    const shade = shades[Math.floor(y / 8) % shades.length] ?? 0;
    rows.fill(shade, y * (width + 1) + 1, (y + 1) * (width + 1));
  }
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}
