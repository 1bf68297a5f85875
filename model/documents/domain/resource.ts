/**
 * Where a domain is among the host's resources. Facts: libvirt formatdomain, "Resource partitioning", "Fibre Channel VMID".
 *
 * @module
 */
import { attribute, element, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const resourceShape = shape({
  partition: element(text()).optional(),
  fibrechannel: element({
    appid: attribute(text({ pattern: /^[ -~]{1,128}$/, expected: "1 to 128 printable characters" })),
  }).optional(),
});

/** Where a domain is among the host's resources. */
export interface Resource extends ValueOf<typeof resourceShape> {}

/** `<resource>`. */
export const resource: Shape<Resource> = resourceShape;
