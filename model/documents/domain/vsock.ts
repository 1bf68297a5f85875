/**
 * Sockets between host and guest. Facts: libvirt formatdomain, "Vsock".
 *
 * @module
 */
import { attribute, element, integer, shape, type ValueOf, yesNo } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const vsockShape = shape({
  model: attribute(virtioModel).optional(),
  cid: element({
    auto: attribute(yesNo()).optional(),
    address: attribute(integer({ min: 3, max: 2 ** 32 - 1 })).optional(),
  }).omittingEmpty(),
  ...deviceFields,
  driver: element(virtioDriver).omittingEmpty(),
}).normalise((vsock) => {
  const { auto, address } = vsock.cid ?? {};
  return auto === undefined ? { ...vsock, cid: { ...vsock.cid, auto: address === undefined } } : vsock;
});

/** Sockets between host and guest. */
export interface Vsock extends ValueOf<typeof vsockShape> {}
/** `<vsock>`. */
export const vsock: Shape<Vsock> = vsockShape;
