/**
 * Memory that can be plugged. Facts: libvirt formatdomain, "Memory devices".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  flag,
  hexadecimalInteger,
  integer,
  kibibytes,
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
    source: element(
      shape({ path: element(text()) }).ignoring("nodemask", "pagesize", "alignsize", "pmem"),
    ),
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
}, { after: "driver" }).normalise((memory) =>
  memory.model === "virtio-pmem" ? { ...memory, access: memory.access ?? "shared" } : memory
);

/** Memory that can be plugged; sizes are in KiB. */
export type MemoryDevice = ValueOf<typeof memoryShape>;

/** `<memory>` among the devices. */
export const memoryDevice: Shape<MemoryDevice> = memoryShape;
