/**
 * The storage volume document. Facts: libvirt formatstorage, "Storage volume XML".
 *
 * @module
 */
import {
  absolutePath,
  attribute,
  bytes,
  document,
  type DocumentContext,
  element,
  elements,
  enumeration,
  flag,
  integer,
  shape,
  text,
  type ValueOf,
} from "./language/mod.ts";
import type { Description } from "./language/mod.ts";
import { storageEncryption } from "./storage_encryption.ts";
import { storagePermissions } from "./storage_permissions.ts";

const timestamp = text({
  pattern: /^\d+(\.\d{0,9})?$/,
  expected: "seconds since 1970, with up to nine decimals",
});

const timestamps = shape({
  atime: element(timestamp).optional(),
  mtime: element(timestamp).optional(),
  ctime: element(timestamp).optional(),
  btime: element(timestamp).optional(),
});

/** Formats of files, of file systems and of partitions; which may be used depends on the pool. */
const format = shape({
  type: attribute(enumeration(
    ...["none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop"] as const,
    ...["cow", "qcow", "qcow2", "qed", "vmdk", "luks", "unknown"] as const,
    ...[
      "auto",
      "ext2",
      "ext3",
      "ext4",
      "ufs",
      "iso9660",
      "udf",
      "gfs",
      "gfs2",
      "vfat",
      "hfs+",
      "xfs",
    ] as const,
    ...["ocfs2", "vmfs"] as const,
    ...["linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended"] as const,
  )),
});

const targetShape = shape({
  path: element(text()).optional(),
  format: element(format).optional(),
  permissions: element(storagePermissions).omittingEmpty(),
  timestamps: element(timestamps).optional().transient(),
  encryption: element(storageEncryption).optional(),
  compat: element(text({ pattern: /^\d+\.\d+$/, expected: 'a version such as "1.1"' })).optional(),
  nocow: element(flag()).optional().transient(),
  clusterSize: element(bytes({ written: "B" })).optional(),
  features: element(
    shape({
      lazyRefcounts: element("lazy_refcounts", flag()).optional(),
      extendedL2: element("extended_l2", flag()).optional(),
    }).closed("feature of volumes"),
  ).optional(),
}).normalise((target) =>
  target.features !== undefined && target.compat === undefined ? { ...target, compat: "1.1" } : target
);

/** Where a volume is and what is in it. */
export interface VolumeTarget extends ValueOf<typeof targetShape> {}

const backingStoreShape = shape({
  path: element(text()).optional(),
  format: element(format).optional(),
  permissions: element(storagePermissions).omittingEmpty(),
  timestamps: element(timestamps).optional().transient(),
});

/** What a volume is laid over. */
export interface VolumeBackingStore extends ValueOf<typeof backingStoreShape> {}

const sourceShape = shape({
  devices: elements("device", {
    path: attribute(absolutePath()),
    extents: elements("extent", { start: attribute(integer()), end: attribute(integer()) }),
  }),
});

const volumeShape = shape({
  type: attribute(enumeration("file", "block", "dir", "network", "netdir", "ploop")).default("file"),
  name: element(text({ pattern: /^[^\n]+$/, expected: "a name without line breaks" })),
  key: element(text()).optional(),
  source: element(sourceShape).optional().transient(),
  capacity: element(bytes()).default(0),
  allocation: element(bytes()).optional(),
  physical: element(bytes()).optional(),
  target: element(targetShape).default({}),
  backingStore: element(backingStoreShape).optional(),
}).normalise((volume, { context }) => {
  const { backingStore, ...alone } = volume;
  const initial = formatFor(volume.type, context);
  return {
    ...alone,
    allocation: volume.allocation ?? volume.capacity,
    target: withFormat(volume.target, initial),
    // libvirt takes a backing store by its path.
    ...(backingStore?.path === undefined ? {} : { backingStore: withFormat(backingStore, initial) }),
  };
});

/** A storage volume; sizes are in bytes. */
export interface StorageVolume extends ValueOf<typeof volumeShape> {}

/** `<volume>`. */
export const storageVolume: Description<StorageVolume> = document("volume", volumeShape, {
  title: "storage volume",
});

type Format = ValueOf<typeof format>;

/** What libvirt takes for a format that is not given: pools of files have a default one, others none. */
function formatFor(type: StorageVolume["type"], context: DocumentContext): Format | undefined {
  switch (context.poolType) {
    case undefined:
      return type === "file" ? { type: "raw" } : undefined;
    case "disk":
      return { type: "none" };
    case "dir":
    case "fs":
    case "netfs":
    case "gluster":
    case "vstorage":
      return { type: "raw" };
    default:
      return undefined;
  }
}

function withFormat<P extends { readonly format?: Format }>(part: P, initial: Format | undefined): P {
  return part.format === undefined && initial !== undefined ? { ...part, format: initial } : part;
}
