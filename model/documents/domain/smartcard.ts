/**
 * Smart cards. Facts: libvirt formatdomain, "Smartcard devices".
 *
 * @module
 */
import { element, elements, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { chardevTypes, checkChardevWithPath } from "./chardev.ts";
import { deviceFields } from "./device.ts";

const smartcardShape = shape(deviceFields).by("mode", {
  host: {},
  "host-certificates": {
    certificates: elements("certificate", text()).atLeast(3),
    database: element(text()).optional(),
  },
  passthrough: shape({}).by("type", chardevTypes, { before: "alias" }).ignoring("target")
    .check(checkChardevWithPath),
}, { before: "alias" });

/** A smart card. */
export type Smartcard = ValueOf<typeof smartcardShape>;

/** `<smartcard>`. */
export const smartcard: Shape<Smartcard> = smartcardShape;
