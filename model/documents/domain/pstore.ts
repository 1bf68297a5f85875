/**
 * Where a guest's last words are kept. Facts: libvirt formatdomain, "Pstore".
 *
 * @module
 */
import { attribute, element, enumeration, kibibytes, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

const pstoreShape = shape({
  backend: attribute(enumeration("acpi-erst")),
  path: element(text()).optional(),
  size: element(kibibytes()),
  ...deviceFields,
});

/** Where a guest's last words are kept; the size is in KiB. */
export interface Pstore extends ValueOf<typeof pstoreShape> {}

/** `<pstore>`. */
export const pstore: Shape<Pstore> = pstoreShape;
