/**
 * How a guest says that it has crashed. Facts: libvirt formatdomain, "Panic device".
 *
 * @module
 */
import { attribute, enumeration, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

const panicShape = shape({
  model: attribute(enumeration("isa", "pseries", "hyperv", "s390", "pvpanic")).optional(),
  ...deviceFields,
});

/** The device by which a guest says that it has crashed. */
export interface Panic extends ValueOf<typeof panicShape> {}
/** `<panic>`. */
export const panic: Shape<Panic> = panicShape;
