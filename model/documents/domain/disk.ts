/**
 * Disks. Facts: libvirt formatdomain, "Hard drives, floppy disks, CDROMs".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  flag,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { storageEncryption } from "../storage_encryption.ts";
import { bootableFields, virtioFields } from "./device.ts";
import { metadataCache, storageFormat } from "./disk_format.ts";
import { backingStore, diskAuth, diskMirror, diskSources } from "./disk_source.ts";
import { ioThreadMapping } from "./iothreads.ts";
import { ioTune } from "./iotune.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });
const positive = integer({ min: 1, max: 2 ** 32 - 1 });

const driverShape = shape({
  name: attribute(text()).optional(),
  type: attribute(storageFormat).optional(),
  cache: attribute(enumeration("default", "none", "writethrough", "writeback", "directsync", "unsafe"))
    .omitting("default"),
  errorPolicy: attribute("error_policy", enumeration("stop", "report", "ignore", "enospace")).optional(),
  rerrorPolicy: attribute("rerror_policy", enumeration("stop", "report", "ignore")).optional(),
  io: attribute(enumeration("threads", "native", "io_uring")).optional(),
  ioeventfd: attribute(onOff()).optional(),
  eventIdx: attribute("event_idx", onOff()).optional(),
  copyOnRead: attribute("copy_on_read", onOff()).optional(),
  discard: attribute(enumeration("unmap", "ignore")).optional(),
  iothread: attribute(positive).optional(),
  detectZeroes: attribute("detect_zeroes", enumeration("off", "on", "unmap")).optional(),
  discardNoUnref: attribute("discard_no_unref", onOff()).optional(),
  queues: attribute(positive).optional(),
  queueSize: attribute("queue_size", positive).optional(),
  ...virtioFields,
  iothreads: element(ioThreadMapping).optional(),
  metadataCache: element("metadata_cache", metadataCache).optional(),
  statistics: element({
    statistics: elements("statistic", { interval: attribute(unsigned) }),
    latencyHistograms: elements("latency-histogram", {
      type: attribute(enumeration("read", "write", "zone", "flush")).optional(),
      bins: elements("bin", { start: attribute(integer()) }),
    }),
  }).optional(),
}).check((driver, { refuse }) => {
  if (driver.iothread !== undefined && driver.iothreads !== undefined) {
    refuse("iothreads", "Threads are given twice", { expected: 'either "iothread" or <iothreads>' });
  }
});

/** How a hypervisor serves a disk. */
export interface DiskDriver extends ValueOf<typeof driverShape> {}
const driver: Shape<DiskDriver> = driverShape;

const targetShape = shape({
  dev: attribute(text({ pattern: /^.+$/, expected: 'a name such as "vda"' })),
  bus: attribute(
    enumeration("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd", "nvme", "none"),
  ).optional(),
  tray: attribute(enumeration("open", "closed")).optional(),
  removable: attribute(onOff()).optional(),
  rotationRate: attribute("rotation_rate", positive).optional(),
  dpofua: attribute(onOff()).optional(),
});

/** Where the guest sees a disk. */
export interface DiskTarget extends ValueOf<typeof targetShape> {}
const target: Shape<DiskTarget> = targetShape;

const geometryShape = shape({
  cyls: attribute(unsigned),
  heads: attribute(unsigned),
  secs: attribute(unsigned),
  trans: attribute(enumeration("auto", "none", "lba")).optional(),
});

/** Cylinders, heads and sectors. */
export interface DiskGeometry extends ValueOf<typeof geometryShape> {}
const geometry: Shape<DiskGeometry> = geometryShape;

const commonShape = shape({
  device: attribute(enumeration("disk", "cdrom", "floppy", "lun")).default("disk"),
  model: attribute(
    enumeration("virtio", "virtio-transitional", "virtio-non-transitional", "usb-storage", "usb-bot"),
  ).optional(),
  rawio: attribute(yesNo()).optional(),
  sgio: attribute(enumeration("filtered", "unfiltered")).optional(),
  snapshot: attribute(enumeration("no", "internal", "external", "manual")).optional(),
  driver: element(driver).omittingEmpty(),
  auth: element(diskAuth).optional(),
  backingStore: element(backingStore).optional(),
  backenddomain: element({ name: attribute(text()) }).optional(),
  geometry: element(geometry).optional(),
  blockio: element({
    logicalBlockSize: attribute("logical_block_size", unsigned).omitting(0),
    physicalBlockSize: attribute("physical_block_size", unsigned).omitting(0),
    discardGranularity: attribute("discard_granularity", unsigned).optional(),
  }).omittingEmpty(),
  mirror: element(diskMirror).optional(),
  target: element(target),
  throttlefilters: element({ filters: elements("throttlefilter", { group: attribute(text()) }) })
    .omittingEmpty(),
  iotune: element(ioTune).omittingEmpty(),
  readonly: element(flag()).optional(),
  shareable: element(flag()).optional(),
  transient: element({ shareBacking: attribute(yesNo()).optional() }).optional(),
  serial: element(text()).optional(),
  wwn: element(text({ pattern: /^(0x)?[0-9a-fA-F]{16}$/, expected: "16 hexadecimal digits" })).optional(),
  vendor: element(text({ pattern: /^[ -~]{0,8}$/, expected: "at most 8 printable characters" })).optional(),
  product: element(text({ pattern: /^[ -~]{0,40}$/, expected: "at most 40 printable characters" }))
    .optional(),
  encryption: element(storageEncryption).optional(),
  ...bootableFields,
});

const diskShape = commonShape.by("type", diskSources, { default: "file", after: "auth" })
  .check((disk, { refuse }) => {
    if (disk.encryption?.cipher !== undefined) {
      refuse("encryption.cipher", "The image itself says how it is encrypted", {
        expected: "<encryption> without <cipher>",
      });
    }
    if (disk.throttlefilters !== undefined && disk.iotune !== undefined) {
      refuse("throttlefilters", "Limits of the disk's own and of groups exclude each other", {
        expected: "either <throttlefilters> or <iotune>",
      });
    }
    if (disk.target.tray !== undefined && disk.device !== "cdrom" && disk.device !== "floppy") {
      refuse("target.tray", `A "${disk.device}" has no tray`, {
        expected: 'device="cdrom" or device="floppy"',
      });
    }
    if (disk.auth !== undefined && disk.type === "network" && disk.source.auth !== undefined) {
      refuse("auth", "Who asks for the disk is said twice", {
        expected: "<auth> of the disk or of its source",
      });
    }
  })
  .normalise((disk) => {
    const dev = disk.target.dev.replace(/^ioemu:/, "");
    const bus = disk.target.bus ?? busOf(disk.device, dev);
    return {
      ...disk,
      target: { ...disk.target, dev, ...(bus === undefined ? {} : { bus }) },
      ...(disk.device === "cdrom" ? { readonly: true } : {}),
      // A program of the host that does a disk's work takes no snapshots.
      ...(disk.type === "vhostuser" ? { snapshot: disk.snapshot ?? "no" } : {}),
    };
  })
  .normalise((disk) => {
    if (
      disk.type !== "network" || disk.source.protocol !== "iscsi" || disk.source.name?.includes("/") !== false
    ) {
      return disk;
    }
    // An iSCSI target alone means its first unit.
    return { ...disk, source: { ...disk.source, name: `${disk.source.name}/0` } };
  })
  .stored((disk) => {
    const { snapshot, ...rest } = disk;
    const { tray, ...target } = disk.target;
    // What cannot be written needs no snapshot, and trays are closed; that goes without saying.
    const shown = disk.readonly === true && snapshot === "no" ? rest : disk;
    return tray === "closed" ? { ...shown, target } : shown;
  });

/** The bus that the name of a disk's target tells. */
function busOf(device: string, dev: string): DiskTarget["bus"] {
  if (device === "floppy") return "fdc";
  if (dev.startsWith("hd")) return "ide";
  if (dev.startsWith("sd")) return "scsi";
  if (dev.startsWith("vd")) return "virtio";
  if (dev.startsWith("xvd")) return "xen";
  return dev.startsWith("ubd") ? "uml" : undefined;
}

/** A disk. */
export type Disk = ValueOf<typeof diskShape>;

/** `<disk>`. */
export const disk: Shape<Disk> = diskShape;
