/**
 * What an image says of itself at its beginning. Whoever made it may be hostile: what would lead the hypervisor to other
 * files than the image is refused.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** What an image is. */
export interface ImageFacts {
  readonly format: "qcow2" | "raw";
  /** What a guest sees. */
  readonly capacityBytes: number;
}

/** How much of an image's beginning is looked at, in bytes. */
export const headBytes = 64 * 1024;

/** What an image is read from. */
export interface ImageStart {
  /** As it is called in errors. */
  readonly name: string;
  /** Its first {@linkcode headBytes} bytes, or all of it. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** How many bytes it has. */
  readonly bytes: number;
}

/** Something that is known by its first bytes, and is no disk image that is taken. */
interface Foreign {
  readonly magic: string;
  /** @default 0 */
  readonly at?: number;
  readonly what: string;
  /** The command that makes one out of it. */
  readonly command: string;
}

const convert = "qemu-img convert -O qcow2 IMAGE IMAGE.qcow2";

/** Sources: the formats' own specifications, and QEMU's documentation of disk image file formats. */
const foreign: readonly Foreign[] = [
  { magic: "\xfd7zXZ\0", what: "compressed by xz", command: "xz --decompress --keep IMAGE" },
  { magic: "\x28\xb5\x2f\xfd", what: "compressed by zstd", command: "zstd --decompress IMAGE" },
  { magic: "BZh", what: "compressed by bzip2", command: "bzip2 --decompress --keep IMAGE" },
  { magic: "LZIP", what: "compressed by lzip", command: "lzip --decompress --keep IMAGE" },
  { magic: "PK\x03\x04", what: "a zip archive", command: "unzip IMAGE" },
  { magic: "7z\xbc\xaf\x27\x1c", what: "a 7z archive", command: "7z x IMAGE" },
  { magic: "ustar", at: 257, what: "a tar archive, as appliances (.ova) are", command: "tar -xf IMAGE" },
  { magic: "KDMV", what: "a VMDK image", command: convert },
  { magic: "COWD", what: "a VMDK image", command: convert },
  { magic: "# Disk DescriptorFile", what: "a VMDK descriptor, which names other files", command: convert },
  { magic: "\x7f\x10\xda\xbe", at: 64, what: "a VDI image", command: convert },
  { magic: "conectix", what: "a VHD image", command: convert },
  { magic: "vhdxfile", what: "a VHDX image", command: convert },
  { magic: "QED\0", what: "a QED image", command: convert },
  { magic: "WithoutFreeSpace", what: "a Parallels image", command: convert },
  { magic: "WithouFreSpacExt", what: "a Parallels image", command: convert },
  { magic: "LUKS\xba\xbe", what: "encrypted by LUKS", command: "qemu-img convert with --object secret" },
];

/**
 * Reads what an image is.
 *
 * @throws {VirtError} `invalid-argument` for what is no qcow2 or raw image, or reaches other files.
 */
export function imageFacts(start: ImageStart): ImageFacts {
  const { head, bytes, name } = start;
  if (bytes === 0) throw refused(name, "it is empty");
  for (const { magic, at = 0, what, command } of foreign) {
    if (begins(head, magic, at)) {
      throw refused(name, `it is ${what}`, `Make a qcow2 or raw image out of it, for instance: ${command}`);
    }
  }
  // Source: QEMU, docs/interop/qcow2.txt, "Header": all numbers are big-endian.
  if (begins(head, "QFI\xfb", 0)) return qcow2Facts(start);
  return { format: "raw", capacityBytes: bytes };
}

/** Header fields of qcow2, by their places. Source: QEMU, docs/interop/qcow2.txt, "Header". */
const qcow2 = {
  version: 4,
  backingFileOffset: 8,
  clusterBits: 20,
  size: 24,
  cryptMethod: 32,
  incompatibleFeatures: 72,
  headerLength: 100,
  leastBytes: 104,
} as const;

/** Incompatible features. Source: as above. */
const feature = { dirty: 1n, corrupt: 2n, externalData: 4n, compressionType: 8n, extendedL2: 16n } as const;

const knownFeatures = feature.dirty | feature.compressionType | feature.extendedL2;

/** Header extensions. Source: as above, "Header extensions". */
const extension = { end: 0, externalDataFile: 0x44415441 } as const;

/** The largest disk that is taken, in bytes: 256 TiB. */
const mostCapacity = 2n ** 48n;

function qcow2Facts({ head, name, bytes }: ImageStart): ImageFacts {
  if (head.length < qcow2.leastBytes) throw refused(name, "its qcow2 header is cut off");
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const version = view.getUint32(qcow2.version);
  if (version !== 2 && version !== 3) {
    throw refused(name, `it is of version ${version} of qcow2, and 2 and 3 are known`, convert);
  }
  const features = version === 2 ? 0n : view.getBigUint64(qcow2.incompatibleFeatures);
  if (view.getBigUint64(qcow2.backingFileOffset) !== 0n) {
    throw refused(name, "it names a backing file, which is not here", `Make it whole: ${convert}`);
  }
  if ((features & feature.externalData) !== 0n) {
    throw refused(name, "it keeps its data in another file, which is not here", `Make it whole: ${convert}`);
  }
  if ((features & feature.corrupt) !== 0n) {
    throw refused(
      name,
      "it is marked as corrupt",
      "Repair it where it comes from: qemu-img check -r all IMAGE",
    );
  }
  if ((features & ~knownFeatures) !== 0n) {
    throw refused(name, `it has features of qcow2 that are not known: 0x${features.toString(16)}`, convert);
  }
  if (view.getUint32(qcow2.cryptMethod) !== 0) throw refused(name, "it is encrypted");
  const clusterBits = view.getUint32(qcow2.clusterBits);
  if (clusterBits < 9 || clusterBits > 21) throw refused(name, `its clusters have 2^${clusterBits} bytes`);
  if (bytes < 2 ** clusterBits) throw refused(name, "it is cut off");
  const size = view.getBigUint64(qcow2.size);
  if (size > mostCapacity) throw refused(name, `it says that its disk has ${size} bytes`);
  refuseExtensions(view, { name, at: version === 2 ? 72 : view.getUint32(qcow2.headerLength) });
  return { format: "qcow2", capacityBytes: Number(size) };
}

/** Extensions follow the header, each with its type and length, filled up to eight bytes. */
function refuseExtensions(
  view: DataView,
  { name, at }: { readonly name: string; readonly at: number },
): void {
  for (let place = at; place + 8 <= view.byteLength;) {
    const type = view.getUint32(place);
    if (type === extension.end) return;
    if (type === extension.externalDataFile) {
      throw refused(name, "it names a file for its data, which is not here", `Make it whole: ${convert}`);
    }
    place += 8 + Math.ceil(view.getUint32(place + 4) / 8) * 8;
  }
  throw refused(name, "its qcow2 header does not end where one does");
}

function begins(head: Uint8Array, magic: string, at: number): boolean {
  if (head.length < at + magic.length) return false;
  return Array.from(magic).every((character, index) => head[at + index] === character.charCodeAt(0));
}

function refused(name: string, found: string, hint?: string): VirtError {
  return new VirtError("invalid-argument", `Cannot use the image ${name}: ${found}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
