/**
 * Where a device is seen by the guest. Facts: libvirt formatdomain, "Device Addresses".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  hexadecimalInteger,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Scalar, Shape } from "../language/mod.ts";

/** A number of four bytes in any base, written in decimal. */
export const anyBase: Scalar<number> = integer({ base: "any", max: 2 ** 32 - 1 });

/** The number of a controller, bus, target or unit, decimal also with a leading 0. */
const number = integer({ max: 2 ** 32 - 1 });

const pciFields = {
  domain: attribute(hexadecimalInteger({ digits: 4, max: 0xffffffff })).default(0),
  bus: attribute(hexadecimalInteger({ digits: 2, max: 0xff })).default(0),
  slot: attribute(hexadecimalInteger({ digits: 2, max: 0x1f })).default(0),
  function: attribute(hexadecimalInteger({ digits: 1, max: 7 })).default(0),
};

const pciShape = shape(pciFields).ignoring("@multifunction");

/** The address of a PCI device on the host. */
export interface PciAddress extends ValueOf<typeof pciShape> {}

/** `<address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/>` without a type. */
export const pciAddress: Shape<PciAddress> = pciShape;

/** Hubs and ports on the way to a USB device: `1.2.3`. */
export const usbPort: Scalar<string> = text({
  pattern: /^[0-9a-fA-Fx]{1,5}(\.[0-9a-fA-Fx]{1,5}){0,3}$/,
  expected: 'a USB port such as "1" or "1.2"',
});

const addressShape = shape({}).by("type", {
  pci: {
    // An address without a place asks for one to be assigned.
    domain: attribute(hexadecimalInteger({ digits: 4, max: 0xffffffff })).optional(),
    bus: attribute(hexadecimalInteger({ digits: 2, max: 0xff })).optional(),
    slot: attribute(hexadecimalInteger({ digits: 2, max: 0x1f })).optional(),
    function: attribute(hexadecimalInteger({ digits: 1, max: 7 })).optional(),
    multifunction: attribute(onOff()).optional(),
    zpci: element({
      uid: attribute(hexadecimalInteger({ digits: 4, max: 0xffff })).optional(),
      fid: attribute(hexadecimalInteger({ digits: 8, max: 0xffffffff })).optional(),
    }).optional(),
  },
  drive: {
    controller: attribute(number).default(0),
    bus: attribute(number).default(0),
    target: attribute(number).default(0),
    unit: attribute(number).default(0),
  },
  "virtio-serial": {
    controller: attribute(number).default(0),
    bus: attribute(number).default(0),
    port: attribute(number).default(0),
  },
  ccid: {
    controller: attribute(number).default(0),
    slot: attribute(number).default(0),
  },
  usb: {
    bus: attribute(number).default(0),
    port: attribute(usbPort).optional(),
  },
  "spapr-vio": {
    reg: attribute(integer({ base: 16, write: (reg) => `0x${reg.toString(16).padStart(8, "0")}` }))
      .optional(),
  },
  "virtio-s390": {},
  ccw: {
    cssid: attribute(hexadecimalInteger({ max: 0xfe })).optional(),
    ssid: attribute(hexadecimalInteger({ max: 3 })).optional(),
    devno: attribute(hexadecimalInteger({ digits: 4, max: 0xffff })).optional(),
  },
  "virtio-mmio": {},
  isa: {
    iobase: attribute(hexadecimalInteger({ max: 0xffff })).omitting(0),
    irq: attribute(hexadecimalInteger({ max: 0xff })).omitting(0),
  },
  dimm: {
    slot: attribute(integer({ max: 2 ** 32 - 1 })).default(0),
    base: attribute(hexadecimalInteger()).optional(),
  },
  unassigned: {},
}).normalise((address) => {
  if (address.type !== "pci") return address;
  const { domain, bus, slot, function: part } = address;
  if (domain === undefined && bus === undefined && slot === undefined && part === undefined) return address;
  return { ...address, domain: domain ?? 0, bus: bus ?? 0, slot: slot ?? 0, function: part ?? 0 };
}).stored((address) => {
  if (address.type !== "pci") return address;
  const { domain = 0, bus = 0, slot = 0, function: part = 0, ...rest } = address;
  // The host bridge is there: nothing but zeroes asks for a place.
  return domain === 0 && bus === 0 && slot === 0 && part === 0 ? rest : address;
});

/** Where the guest sees a device. */
export type DeviceAddress = ValueOf<typeof addressShape>;

/** `<address type='pci' …/>`. */
export const deviceAddress: Shape<DeviceAddress> = addressShape;

/** Ways in which a USB device of the host is named by its product. */
export const usbId: Scalar<number> = hexadecimalInteger({ digits: 4, max: 0xffff });

/** Kinds of virtio devices. */
export const virtioModel: Scalar<"virtio" | "virtio-transitional" | "virtio-non-transitional"> = enumeration(
  "virtio",
  "virtio-transitional",
  "virtio-non-transitional",
);
