/**
 * Devices that encrypt for the guest. Facts: libvirt formatdomain, "Crypto".
 *
 * @module
 */
import { attribute, element, enumeration, integer, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const positive = integer({ min: 1, max: 2 ** 32 - 1 });

const cryptoShape = shape({
  model: attribute(enumeration("virtio")),
  type: attribute(enumeration("qemu")),
  backend: element({
    model: attribute(enumeration("builtin", "lkcf")),
    queues: attribute(positive).optional(),
  }),
  driver: element(virtioDriver).omittingEmpty(),
  ...deviceFields,
});

/** A device that encrypts. */
export interface Crypto extends ValueOf<typeof cryptoShape> {}

/** `<crypto>`. */
export const crypto: Shape<Crypto> = cryptoShape;
