/**
 * Where a disk image comes from, as recipes say it.
 *
 * @module
 */
import type { recipeFileScheme } from "../../model/channel.ts";
import type { CallOptions } from "../call_options.ts";
import { VirtError } from "../../model/error.ts";
import type { GivenTo } from "../method.ts";

/** Where a disk image comes from, and how it is known to be the right one. */
export interface ImageOptions extends Pick<CallOptions, "within" | "signal" | "onProgress"> {
  /**
   * Its address (`https://…`, `http://…`), the absolute path of a file on the machine on which Drover runs (`/…` or
   * `file:///…`), or a data file of the recipe by the name in its `files`.
   */
  readonly from: string;
  /** Its SHA-256 in hexadecimal, as it is where it comes from: of a compressed image, before it is unpacked. */
  readonly sha256?: string;
  /** Its SHA-512 in hexadecimal, instead. */
  readonly sha512?: string;
  /** The address of a list of checksums as `sha256sum` writes it, in which it stands under the last part of its address. */
  readonly checksums?: string;
  /** What the volume's name begins with. @default the last part of its address */
  readonly name?: string;
  /** The most bytes that it may have, unpacked. @default 64 GiB */
  readonly maxBytes?: number;
}

/** A source as operations are given it. */
export type SourceInput = Pick<GivenTo<"connection.fetchImage">, "url" | "path">;

/** A source that was understood. */
export interface ImageSource {
  readonly input: SourceInput;
  /** The last part of its address. */
  readonly file: string;
  /** What the volume's name begins with, and how it ends. */
  readonly stem: string;
  readonly suffix: string;
}

const own: typeof recipeFileScheme = "recipe:";

/** How the names of images end; others get `.img`. */
const suffixes = ["qcow2", "img", "raw", "iso"];

/**
 * Reads where an image comes from.
 *
 * @param declared answers with a data file's name if the recipe has declared it
 * @throws {VirtError} `invalid-argument`
 */
export function imageSource(
  { from, name }: Pick<ImageOptions, "from" | "name">,
  declared: (file: string) => string,
): ImageSource {
  const input = inputOf(from, declared);
  const place = input.url === undefined ? input.path ?? "" : input.url.replace(/[?#].*$/s, "");
  const file = decoded(place.slice(place.lastIndexOf("/") + 1).replace(own, ""));
  const plain = file.replace(/\.gz$/i, "");
  const ending = /\.([a-z0-9]+)$/i.exec(plain)?.[1]?.toLowerCase() ?? "";
  const suffix = suffixes.includes(ending) ? ending : "img";
  const bare = suffixes.includes(ending) ? plain.slice(0, -ending.length - 1) : plain;
  const stem = name ?? bare.replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "").slice(0, 150);
  if (!/^\w[\w.-]{0,199}$/.test(stem)) {
    throw new VirtError("invalid-argument", `Cannot call an image ${JSON.stringify(stem)}`, {
      hint: "Give it a name of letters, digits, dots and hyphens: name",
    });
  }
  return { input, file, stem, suffix };
}

function inputOf(from: string, declared: (file: string) => string): SourceInput {
  if (/^https?:\/\//i.test(from)) return { url: from };
  if (from.startsWith("/")) return { path: from };
  if (/^file:/i.test(from)) {
    const path = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i.exec(from)?.[1];
    if (path !== undefined) return { path: decoded(path) };
    throw new VirtError("invalid-argument", `Cannot read the image "${from}": it is no address of a file`, {
      hint: "Write it as file:///srv/images/disk.qcow2, or only the path",
    });
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(from)?.[1];
  if (scheme !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot fetch the image "${from}": "${scheme}:" is not among what is fetched`,
      {
        hint: "Give an address of https: or http:, or the path of a file",
      },
    );
  }
  return { path: `${own}${declared(from)}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The checksum that somebody has said; none where it stands in a list, or is to be had from the file itself.
 *
 * @throws {VirtError} `invalid-argument` where it is none, where there are several, or none for what comes from elsewhere.
 */
export function saidChecksum(
  { from, sha256, sha512, checksums }: ImageOptions,
  { url }: SourceInput,
): string | undefined {
  const said = [sha256, sha512, checksums].filter((each) => each !== undefined);
  if (said.length > 1) {
    throw new VirtError("invalid-argument", `Cannot check the image "${from}": there are several checksums`, {
      hint: "Give one of sha256, sha512 and checksums",
    });
  }
  if (said.length === 0 && url !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use the image "${from}": nothing says which one it has to be`,
      {
        hint: "Give its sha256 or sha512, or the address of its publisher's list: checksums",
      },
    );
  }
  if (sha256 !== undefined) return checked("sha256", sha256, 64);
  return sha512 === undefined ? undefined : checked("sha512", sha512, 128);
}

function checked(algorithm: string, text: string, digits: number): string {
  const hex = text.trim().toLowerCase();
  if (hex.length === digits && /^[0-9a-f]+$/.test(hex)) return `${algorithm}:${hex}`;
  throw new VirtError(
    "invalid-argument",
    `Cannot take "${text.slice(0, 140)}" for a checksum: ${algorithm} has ${digits} hexadecimal digits`,
  );
}
