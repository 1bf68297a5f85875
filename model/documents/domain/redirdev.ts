/**
 * USB devices of clients. Facts: libvirt formatdomain, "Redirected devices".
 *
 * @module
 */
import {
  attribute,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Scalar, Shape } from "../language/mod.ts";
import { chardevTypes, checkChardevWithPath, normaliseChardev } from "./chardev.ts";
import { bootableFields } from "./device.ts";

const redirdevShape = shape({ bus: attribute(enumeration("usb")).default("usb"), ...bootableFields })
  .by("type", chardevTypes, { after: "bus" })
  .normalise(normaliseChardev)
  .normalise((device) =>
    device.type === "dbus" && device.source === undefined
      ? { ...device, source: { channel: "org.qemu.usbredir" } }
      : device
  )
  .check(checkChardevWithPath);

/** A USB device of whoever looks at the guest. */
export type RedirectedDevice = ValueOf<typeof redirdevShape>;

/** `<redirdev>`. */
export const redirectedDevice: Shape<RedirectedDevice> = redirdevShape;

/** A number in hexadecimal, or -1 for any. */
function numberOrAny(digits: number): Scalar<number> {
  const max = 16 ** digits - 1;
  return {
    ...integer({
      min: -1,
      max,
      base: "any",
      write: (value) => value < 0 ? "-1" : `0x${value.toString(16).toUpperCase().padStart(digits, "0")}`,
    }),
    expected: "a hexadecimal number, or -1 for any",
  };
}

/** A version of USB: two decimals, so that 1.1 is 1.10. */
const version: Scalar<string> = {
  ...text({ pattern: /^(-1|\d{1,2}\.\d{1,2})$/, expected: 'a version such as "1.10", or -1 for any' }),
  read(found): string | undefined {
    const parts = /^(\d{1,2})\.(\d{1,2})$/.exec(found);
    if (parts === null) return found === "-1" ? found : undefined;
    return `${Number(parts[1])}.${parts[2]?.padEnd(2, "0")}`;
  },
};

const filterShape = shape({
  usbdevs: elements("usbdev", {
    class: attribute(numberOrAny(2)).omitting(-1),
    vendor: attribute(numberOrAny(4)).omitting(-1),
    product: attribute(numberOrAny(4)).omitting(-1),
    version: attribute(version).omitting("-1"),
    allow: attribute(yesNo()),
  }),
});

/** Which USB devices clients may bring. */
export interface RedirectionFilter extends ValueOf<typeof filterShape> {}

/** `<redirfilter>`. */
export const redirectionFilter: Shape<RedirectionFilter> = filterShape;
