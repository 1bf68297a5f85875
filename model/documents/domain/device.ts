/**
 * What devices of all kinds share. Facts: libvirt formatdomain, "Devices".
 *
 * @module
 */
import { attribute, element, integer, onOff, shape, text, type ValueOf, yesNo } from "../language/mod.ts";
import type { Scalar, Shape } from "../language/mod.ts";
import { deviceAddress } from "./address.ts";
import { cpuset } from "./cpuset.ts";

const aliasShape = shape({ name: attribute(text()) });

/** The name that a device goes by; ones that users give begin with `ua-`. */
export interface DeviceAlias extends ValueOf<typeof aliasShape> {}

const loadparmText = text({
  pattern: /^[a-zA-Z0-9. ]{1,8}$/,
  expected: "1 to 8 letters, digits, dots or blanks",
});

/** What S390 firmware is told; it knows capitals only. */
const loadparm: Scalar<string> = {
  ...loadparmText,
  read: (found) => loadparmText.read(found)?.toUpperCase(),
};

const bootShape = shape({
  order: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
  loadparm: attribute(loadparm).optional(),
});

/** When a device is tried for booting, 1 first. */
export interface DeviceBoot extends ValueOf<typeof bootShape> {}

const romShape = shape({
  enabled: attribute(yesNo()).optional(),
  bar: attribute(onOff()).optional(),
  file: attribute(text()).optional(),
}).check((rom, { refuse }) => {
  if (rom.enabled === false && (rom.bar !== undefined || rom.file !== undefined)) {
    refuse("", "Firmware that is off has settings", { expected: "enabled='no' alone" });
  }
});

/** The firmware that a PCI device brings along. */
export interface DeviceRom extends ValueOf<typeof romShape> {}

const acpiShape = shape({
  index: attribute(integer({ min: 1, max: 2 ** 32 - 1 })).optional(),
  nodeset: attribute(cpuset()).optional(),
});

/** How a device is presented in ACPI tables. */
export interface DeviceAcpi extends ValueOf<typeof acpiShape> {}

/** `<boot order='1'/>`. */
export const deviceBoot: Shape<DeviceBoot> = bootShape;
/** `<rom bar='on'/>`. */
export const deviceRom: Shape<DeviceRom> = romShape;
/** `<acpi index='1'/>`. */
export const deviceAcpi: Shape<DeviceAcpi> = acpiShape;

const alias: Shape<DeviceAlias> = aliasShape;

/** The parts in which a device ends. What names libvirt makes up is not stored. */
export const deviceFields = {
  alias: element(alias).optional().transient((given) => !given.name.startsWith("ua-")),
  acpi: element(deviceAcpi).omittingEmpty(),
  address: element(deviceAddress).optional(),
};

/** The parts in which a device ends that the guest can boot from. */
export const bootableFields = { boot: element(deviceBoot).optional(), ...deviceFields };

/** The parts in which a device ends that brings firmware. */
export const romFields = {
  boot: element(deviceBoot).optional(),
  alias: deviceFields.alias,
  rom: element(deviceRom).omittingEmpty(),
  acpi: deviceFields.acpi,
  address: deviceFields.address,
};

/** How a virtio device is driven. */
export const virtioFields = {
  iommu: attribute(onOff()).optional(),
  ats: attribute(onOff()).optional(),
  packed: attribute(onOff()).optional(),
  pagePerVq: attribute("page_per_vq", onOff()).optional(),
};

const virtioDriverShape = shape(virtioFields);

/** How a virtio device is driven. */
export interface VirtioDriver extends ValueOf<typeof virtioDriverShape> {}

/** `<driver iommu='on'/>` of a device that has no other settings there. */
export const virtioDriver: Shape<VirtioDriver> = virtioDriverShape;
