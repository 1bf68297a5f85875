/**
 * Checksums: what stands in lists of them, and what bytes come to.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { VirtError } from "../../model/error.ts";

/** A kind of checksum. */
export type Algorithm = "sha256" | "sha512";

/** A checksum. */
export interface Checksum {
  readonly algorithm: Algorithm;
  /** In hexadecimal, small letters. */
  readonly hex: string;
}

const byLength: Readonly<Record<number, Algorithm>> = { 64: "sha256", 128: "sha512" };

/** A checksum as operations are given it: `sha256:…`. */
export function parseChecksum(text: string): Checksum {
  const [algorithm, hex = ""] = text.split(":");
  return { algorithm: algorithm === "sha512" ? "sha512" : "sha256", hex };
}

/** A checksum as operations are given it. */
export function checksumText({ algorithm, hex }: Checksum): string {
  return `${algorithm}:${hex}`;
}

/** Begins a checksum. */
export function begun(algorithm: Algorithm): Hash {
  return createHash(algorithm);
}

/**
 * Finds an image in a list of checksums: lines of sha256sum and sha512sum (`HEX  NAME`, `HEX *NAME`), of BSD
 * (`SHA256 (NAME) = HEX`), or one line with nothing but the checksum.
 *
 * @throws {VirtError} `not-found` where the list does not have it, `invalid-argument` where it has two for it.
 */
export function checksumIn(
  list: string,
  { name, from }: { readonly name: string; readonly from: string },
): Checksum {
  const lines = list.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  const found = lines.flatMap((line) => {
    const entry = entryIn(line);
    return entry !== undefined && baseName(entry.name) === name ? [entry.checksum] : [];
  });
  const only = lines.length === 1 ? checksumOf(lines[0] ?? "") : undefined;
  const best = found.filter(({ algorithm }) => algorithm === "sha512");
  const [first, ...others] = only !== undefined ? [only] : best.length > 0 ? best : found;
  if (first === undefined) {
    throw new VirtError(
      "not-found",
      `Cannot find the checksum of "${name}" in ${from}: the list does not have it`,
      {
        hint:
          "It has to be a list as sha256sum or sha512sum writes it, with a line for that name; or give the checksum",
      },
    );
  }
  if (others.some(({ hex }) => hex !== first.hex)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot tell the checksum of "${name}" in ${from}: the list has several`,
    );
  }
  return first;
}

interface Entry {
  readonly name: string;
  readonly checksum: Checksum;
}

function entryIn(line: string): Entry | undefined {
  const plain = /^\\?([0-9a-f]+)[ \t]+\*?(\S.*)$/i.exec(line);
  const bsd = /^SHA(?:256|512) ?\((.+)\) ?= ?([0-9a-f]+)$/i.exec(line);
  const [hex, name] = plain !== null ? [plain[1], plain[2]] : [bsd?.[2], bsd?.[1]];
  const checksum = checksumOf(hex ?? "");
  return checksum === undefined || name === undefined ? undefined : { name, checksum };
}

function checksumOf(text: string): Checksum | undefined {
  const algorithm = byLength[text.length];
  if (algorithm === undefined || !/^[0-9a-f]+$/i.test(text)) return undefined;
  return { algorithm, hex: text.toLowerCase() };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
