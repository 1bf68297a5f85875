/**
 * What a hypervisor does to please Windows. Facts: libvirt formatdomain, "Hypervisor features", `<hyperv>`.
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { featureState } from "./feature_state.ts";

const hypervShape = shape({
  mode: attribute(enumeration("none", "custom", "passthrough", "host-model")).default("custom"),
  relaxed: element(featureState).optional(),
  vapic: element(featureState).optional(),
  spinlocks: element({
    state: attribute(onOff()),
    retries: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
  }).optional(),
  vpindex: element(featureState).optional(),
  runtime: element(featureState).optional(),
  synic: element(featureState).optional(),
  stimer: element({
    state: attribute(onOff()),
    direct: element(featureState).optional(),
  }).optional(),
  reset: element(featureState).optional(),
  vendorId: element("vendor_id", {
    state: attribute(onOff()),
    value: attribute(text({ pattern: /^[^,]{0,12}$/, expected: "at most 12 characters, no comma" }))
      .optional(),
  }).optional(),
  frequencies: element(featureState).optional(),
  reenlightenment: element(featureState).optional(),
  tlbflush: element({
    state: attribute(onOff()),
    direct: element(featureState).optional(),
    extended: element(featureState).optional(),
  }).optional(),
  ipi: element(featureState).optional(),
  evmcs: element(featureState).optional(),
  avic: element(featureState).optional(),
  emsrBitmap: element("emsr_bitmap", featureState).optional(),
  xmmInput: element("xmm_input", featureState).optional(),
}).check(({ spinlocks, vendorId }, { refuse }) => {
  if (spinlocks?.state === true && (spinlocks.retries ?? 0) < 4095) {
    refuse("spinlocks", "Spinlocks need a number of retries", { expected: 'a "retries" of at least 4095' });
  }
  if (vendorId?.state === true && vendorId.value === undefined) {
    refuse("vendorId", "The vendor is missing", { expected: 'the attribute "value"' });
  }
});

/** Hyper-V enlightenments. */
export interface HypervFeatures extends ValueOf<typeof hypervShape> {}

/** `<hyperv>`. */
export const hypervFeatures: Shape<HypervFeatures> = hypervShape;
