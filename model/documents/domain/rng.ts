/**
 * Sources of random numbers. Facts: libvirt formatdomain, "Random number generator device".
 *
 * @module
 */
import { attribute, content, element, integer, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { chardevTypes, checkChardevWithPath } from "./chardev.ts";
import { deviceFields, virtioDriver } from "./device.ts";

const positive = integer({ min: 1, max: 2 ** 32 - 1 });

const backendShape = shape({}).by("model", {
  random: { path: content(text()).default("/dev/random") },
  egd: shape({}).by("type", chardevTypes).check(checkChardevWithPath),
  builtin: {},
});

/** Where random numbers come from. */
export type RngBackend = ValueOf<typeof backendShape>;
const backend: Shape<RngBackend> = backendShape;

const rngShape = shape({
  model: attribute(virtioModel),
  rate: element({
    bytes: attribute(positive),
    period: attribute(positive).optional(),
  }).optional(),
  backend: element(backend),
  driver: element(virtioDriver).omittingEmpty(),
  ...deviceFields,
});

/** A source of random numbers. */
export interface Rng extends ValueOf<typeof rngShape> {}

/** `<rng>`. */
export const rng: Shape<Rng> = rngShape;
