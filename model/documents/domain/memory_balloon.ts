/**
 * The device through which a guest gives memory back. Facts: libvirt formatdomain, "Memory balloon device".
 *
 * @module
 */
import { attribute, element, enumeration, integer, onOff, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const balloonShape = shape({
  model: attribute(enumeration("virtio", "virtio-transitional", "virtio-non-transitional", "xen", "none")),
  autodeflate: attribute(onOff()).optional(),
  freePageReporting: attribute(onOff()).optional(),
  stats: element({ period: attribute(integer({ max: 2 ** 31 - 1 })).omitting(0) }).omittingEmpty(),
  ...deviceFields,
  driver: element(virtioDriver).omittingEmpty(),
}).stored((balloon) => {
  if (balloon.model !== "none") return balloon;
  const { alias: _, acpi: __, address: ___, ...rest } = balloon;
  return rest;
});

/** The device through which a guest gives memory back. */
export interface MemoryBalloon extends ValueOf<typeof balloonShape> {}

/** `<memballoon>`. */
export const memoryBalloon: Shape<MemoryBalloon> = balloonShape;
