/**
 * Units that keep devices to their memory. Facts: libvirt formatdomain, "IOMMU devices".
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
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

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
