/**
 * Memory that can be plugged, shared or kept. Facts: libvirt formatdomain, "Memory devices", "Shared memory device",
 * "Pstore".
 *
 * @module
 */
import {
  attribute,
  bytes,
  element,
  enumeration,
  flag,
  hexadecimalInteger,
  integer,
  kibibytes,
  onOff,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { cpuset } from "./cpuset.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const node = element(integer({ max: 2 ** 32 - 1 })).optional();
const size = element(kibibytes());
const base = element({ base: attribute(hexadecimalInteger()) }).optional();

const ramSource = element(
  shape({
    nodemask: element(cpuset()).optional(),
    pagesize: element(kibibytes()).optional(),
  }).ignoring("path", "alignsize", "pmem"),
).omittingEmpty();

const fileSource = element(
  shape({
    path: element(text()),
    alignsize: element(kibibytes()).optional(),
    pmem: element(flag()).optional(),
  }).ignoring("nodemask", "pagesize"),
);

const access = attribute(enumeration("shared", "private")).optional();
const discard = attribute(yesNo()).optional();

/** What some kinds of memory do not have. */
const elsewhere = ["@dynamicMemslots", "block", "requested", "current", "label", "readonly", "address"];

const dimmTarget = element(shape({ size, node }).ignoring(...elsewhere));

const memoryShape = shape({
  access,
  discard,
  uuid: element(uuid()).optional(),
  driver: element(virtioDriver).omittingEmpty(),
  ...deviceFields,
}).by("model", {
  dimm: { source: ramSource, target: dimmTarget },
  nvdimm: {
    source: fileSource,
    target: element(
      shape({
        size,
        node,
        label: element({ size: element(kibibytes()) }).optional(),
        readonly: element(flag()).optional(),
      }).ignoring(...elsewhere),
    ),
  },
  "virtio-pmem": {
    source: fileSource,
    target: element(shape({ size, node, address: base }).ignoring(...elsewhere)),
  },
  "virtio-mem": {
    source: ramSource,
    target: element(
      shape({
        dynamicMemslots: attribute(yesNo()).optional(),
        size,
        node,
        block: element(kibibytes()).optional(),
        requested: element(kibibytes()).optional(),
        current: element(kibibytes()).optional().transient(),
        address: base,
      }).ignoring(...elsewhere),
    ),
  },
  "sgx-epc": { source: ramSource, target: dimmTarget },
}, { after: "driver" });

/** Memory that can be plugged; sizes are in KiB. */
export type MemoryDevice = ValueOf<typeof memoryShape>;

/** `<memory>` among the devices. */
export const memoryDevice: Shape<MemoryDevice> = memoryShape;

/** libvirt counts such memory in mebibytes, as all sizes that QEMU takes are. */
function inMebibytes(size: bigint): { readonly digits: bigint; readonly unit: string } {
  const mebibyte = 1024n ** 2n;
  return size % mebibyte === 0n ? { digits: size / mebibyte, unit: "M" } : { digits: size, unit: "bytes" };
}

const shmemShape = shape({
  name: attribute(text({ pattern: /^[^/]+$/, expected: "a name without a slash" })),
  role: attribute(enumeration("master", "peer")).optional(),
  model: element({
    type: attribute(enumeration("ivshmem", "ivshmem-plain", "ivshmem-doorbell")),
  }).default({ type: "ivshmem" }),
  size: element({ ...bytes(), spell: inMebibytes }).optional(),
  server: element({ path: attribute(text()).optional() }).optional(),
  msi: element({
    vectors: attribute(integer({ max: 2 ** 32 - 1 })).omitting(0),
    ioeventfd: attribute(onOff()).optional(),
  }).optional(),
  ...deviceFields,
});

/** Memory that guests share; the size is in bytes. */
export interface Shmem extends ValueOf<typeof shmemShape> {}

/** `<shmem>`. */
export const shmem: Shape<Shmem> = shmemShape;

const pstoreShape = shape({
  backend: attribute(enumeration("acpi-erst")),
  path: element(text()).optional(),
  size: element(kibibytes()),
  ...deviceFields,
});

/** Where a guest's last words are kept; the size is in KiB. */
export interface Pstore extends ValueOf<typeof pstoreShape> {}

/** `<pstore>`. */
export const pstore: Shape<Pstore> = pstoreShape;

const balloonShape = shape({
  model: attribute(enumeration("virtio", "virtio-transitional", "virtio-non-transitional", "xen", "none")),
  autodeflate: attribute(onOff()).optional(),
  freePageReporting: attribute(onOff()).optional(),
  stats: element({ period: attribute(integer({ max: 2 ** 31 - 1 })).omitting(0) }).omittingEmpty(),
  ...deviceFields,
  driver: element(virtioDriver).omittingEmpty(),
});

/** The device through which a guest gives memory back. */
export interface MemoryBalloon extends ValueOf<typeof balloonShape> {}

/** `<memballoon>`. */
export const memoryBalloon: Shape<MemoryBalloon> = balloonShape;
