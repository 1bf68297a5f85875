/**
 * Directories of the host that the guest sees. Facts: libvirt formatdomain, "Filesystems".
 *
 * @module
 */
import {
  attribute,
  bytes,
  element,
  enumeration,
  fileMode,
  flag,
  integer,
  kibibytes,
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Scalar, Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { bootableFields, virtioFields } from "./device.ts";
import { storageFormat } from "./disk_format.ts";
import { idMap } from "./idmap.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });

const driverShape = shape({
  type: attribute(enumeration("path", "handle", "loop", "nbd", "ploop", "virtiofs", "mtp")).optional(),
  format: attribute(storageFormat).optional(),
  wrpolicy: attribute(enumeration("immediate")).optional(),
  queue: attribute(unsigned).omitting(0),
  name: attribute(text()).optional(),
  ...virtioFields,
});

/** How a hypervisor serves a file system. */
export interface FilesystemDriver extends ValueOf<typeof driverShape> {}
const driver: Shape<FilesystemDriver> = driverShape;

const binaryShape = shape({
  path: attribute(text()).optional(),
  xattr: attribute(onOff()).optional(),
  cache: element({ mode: attribute(enumeration("none", "always")).optional() }).omittingEmpty(),
  sandbox: element({ mode: attribute(enumeration("namespace", "chroot")).optional() }).omittingEmpty(),
  lock: element({ posix: attribute(onOff()).optional(), flock: attribute(onOff()).optional() })
    .omittingEmpty(),
  threadPool: element("thread_pool", { size: attribute(integer({ min: -1 })).optional() }).omittingEmpty(),
  openfiles: element({ max: attribute(integer({ min: 1 })).optional() }).omittingEmpty(),
});

/** The program that serves a directory over virtiofs. */
export interface FilesystemBinary extends ValueOf<typeof binaryShape> {}
const binary: Shape<FilesystemBinary> = binaryShape;

/** With four digits, as QEMU takes it. */
const createMode: Scalar<number> = {
  ...fileMode(),
  write: (mode) => mode.toString(8).padStart(4, "0"),
};

const filesystemShape = shape({
  accessmode: attribute(enumeration("passthrough", "mapped", "squash")).default("passthrough"),
  model: attribute(virtioModel).optional(),
  multidevs: attribute(enumeration("default", "remap", "forbid", "warn")).omitting("default"),
  fmode: attribute(createMode).optional(),
  dmode: attribute(createMode).optional(),
  driver: element(driver).omittingEmpty(),
  binary: element(binary).omittingEmpty(),
  idmap: element(idMap).omittingEmpty(),
  target: element({ dir: attribute(text()) }),
  readonly: element(flag()).optional(),
  ...bootableFields,
  spaceHardLimit: element("space_hard_limit", bytes()).omitting(0),
  spaceSoftLimit: element("space_soft_limit", bytes()).omitting(0),
}).by("type", {
  mount: {
    source: element({ dir: attribute(text()).optional(), socket: attribute(text()).optional() })
      .omittingEmpty(),
  },
  block: { source: element({ dev: attribute(text()) }) },
  file: { source: element({ file: attribute(text()) }) },
  template: { source: element({ name: attribute(text()) }) },
  ram: { source: element({ usage: attribute(kibibytes({ unitAttribute: "units" })) }) },
  bind: { source: element({ dir: attribute(text()) }) },
  volume: { source: element({ pool: attribute(text()), volume: attribute(text()) }) },
}, { default: "mount", after: "idmap" }).stored((filesystem) => {
  const { binary: _, ...rest } = filesystem;
  // Only virtiofs is served by a program of its own.
  return filesystem.driver?.type === "virtiofs" ? filesystem : rest;
});

/** A directory of the host that the guest sees. */
export type Filesystem = ValueOf<typeof filesystemShape>;

/** `<filesystem>`. */
export const filesystem: Shape<Filesystem> = filesystemShape;
