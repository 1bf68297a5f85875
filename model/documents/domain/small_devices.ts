/**
 * Devices of which there is little to say. Facts: libvirt formatdomain, "Watchdog device", "Panic device", "Vsock",
 * "IOMMU devices", "Device leases", "NVRAM device".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  integer,
  kibibytes,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const watchdogShape = shape({
  model: attribute(enumeration("i6300esb", "ib700", "diag288", "itco")),
  action: attribute(
    enumeration("reset", "shutdown", "poweroff", "pause", "dump", "inject-nmi", "none"),
  ).default("reset"),
  ...deviceFields,
});

/** A watchdog. */
export interface Watchdog extends ValueOf<typeof watchdogShape> {}
/** `<watchdog>`. */
export const watchdog: Shape<Watchdog> = watchdogShape;

const panicShape = shape({
  model: attribute(enumeration("isa", "pseries", "hyperv", "s390", "pvpanic")).optional(),
  ...deviceFields,
});

/** The device by which a guest says that it has crashed. */
export interface Panic extends ValueOf<typeof panicShape> {}
/** `<panic>`. */
export const panic: Shape<Panic> = panicShape;

const vsockShape = shape({
  model: attribute(virtioModel).optional(),
  cid: element({
    auto: attribute(yesNo()).optional(),
    address: attribute(integer({ min: 3, max: 2 ** 32 - 1 })).optional(),
  }).omittingEmpty(),
  driver: element(virtioDriver).omittingEmpty(),
  ...deviceFields,
});

/** Sockets between host and guest. */
export interface Vsock extends ValueOf<typeof vsockShape> {}
/** `<vsock>`. */
export const vsock: Shape<Vsock> = vsockShape;

const iommuShape = shape({
  model: attribute(enumeration("intel", "smmuv3", "virtio", "amd")),
  driver: element({
    intremap: attribute(onOff()).optional(),
    cachingMode: attribute("caching_mode", onOff()).optional(),
    eim: attribute(onOff()).optional(),
    iotlb: attribute(onOff()).optional(),
    awBits: attribute("aw_bits", integer({ base: "any", max: 255 })).omitting(0),
    dmaTranslation: attribute("dma_translation", onOff()).optional(),
    xtsup: attribute(onOff()).optional(),
    passthrough: attribute(onOff()).optional(),
    pciBus: attribute(integer({ max: 2 ** 31 - 1 })).optional(),
    accel: attribute(onOff()).optional(),
    ats: attribute(onOff()).optional(),
    ril: attribute(onOff()).optional(),
    ssidSize: attribute(integer({ max: 2 ** 31 - 1 })).optional(),
    oas: attribute(integer({ max: 2 ** 31 - 1 })).optional(),
    granule: element({
      mode: attribute(enumeration("host")).optional(),
      size: attribute(kibibytes()).optional(),
    }).optional(),
  }).omittingEmpty(),
  ...deviceFields,
}).check(({ model, driver }, { refuse }) => {
  if (driver === undefined || (model !== "virtio" && model !== "smmuv3")) return;
  for (const key of ["intremap", "cachingMode", "eim", "iotlb", "awBits", "dmaTranslation"] as const) {
    if (driver[key] !== undefined) {
      refuse(`driver.${key}`, `An IOMMU of the model "${model}" has no such setting`, {
        expected: "another model",
      });
    }
  }
});

/** A unit that keeps devices to their memory. */
export interface Iommu extends ValueOf<typeof iommuShape> {}
/** `<iommu>`. */
export const iommu: Shape<Iommu> = iommuShape;

const leaseShape = shape({
  lockspace: element(text()).optional(),
  key: element(text()),
  target: element({
    path: attribute(text()),
    offset: attribute(integer()).omitting(0),
  }),
});

/** A lease that a domain holds while it runs. */
export interface Lease extends ValueOf<typeof leaseShape> {}
/** `<lease>`. */
export const lease: Shape<Lease> = leaseShape;

const nvramShape = shape(deviceFields);

/** The NVRAM of a pSeries guest. */
export interface NvramDevice extends ValueOf<typeof nvramShape> {}
/** `<nvram>` among the devices. */
export const nvramDevice: Shape<NvramDevice> = nvramShape;
