/**
 * Formats of disk images. Facts: libvirt formatdomain, "Hard drives, floppy disks, CDROMs", `<format>`.
 *
 * @module
 */
import { attribute, bytes, element, enumeration, shape, type ValueOf } from "../language/mod.ts";
import type { Scalar, Shape } from "../language/mod.ts";

/** The formats that libvirt can name. */
const formats = [
  ...["none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop"] as const,
  ...["cow", "qcow", "qcow2", "qed", "vmdk", "luks"] as const,
] as const;

/** A format of disk images. */
export type StorageFormat = typeof formats[number];

const known = enumeration(...formats);

/** A format; `aio` is an old word for `raw`. */
export const storageFormat: Scalar<StorageFormat> = {
  ...known,
  read: (text) => known.read(text === "aio" ? "raw" : text),
};

const metadataCacheShape = shape({ maxSize: element("max_size", bytes()).optional() });

/** How many bytes of qcow2 tables are kept in memory. */
export interface MetadataCache extends ValueOf<typeof metadataCacheShape> {}

/** `<metadata_cache>`. */
export const metadataCache: Shape<MetadataCache> = metadataCacheShape;

const formatShape = shape({
  type: attribute(storageFormat),
  metadataCache: element("metadata_cache", metadataCache).optional(),
});

/** The format of an image. */
export interface DiskFormat extends ValueOf<typeof formatShape> {}

/** `<format type='qcow2'/>`. */
export const diskFormat: Shape<DiskFormat> = formatShape;
