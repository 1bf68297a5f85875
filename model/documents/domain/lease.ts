/**
 * Leases that a domain holds while it runs. Facts: libvirt formatdomain, "Device leases".
 *
 * @module
 */
import { attribute, element, integer, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

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
