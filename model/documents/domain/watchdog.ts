/**
 * Watchdogs. Facts: libvirt formatdomain, "Watchdog devices".
 *
 * @module
 */
import { attribute, enumeration, shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

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
