/**
 * Internet addresses as documents hold them: checked, and otherwise left as they are spelled.
 *
 * @module
 */
import { z } from "zod";
import type { Scalar } from "./language/mod.ts";

function isIpv4(text: string): boolean {
  return /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(text);
}

function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`);
}

function addressText(accepts: (text: string) => boolean, expected: string): Scalar<string> {
  return {
    kind: "scalar",
    expected,
    read: (text) => accepts(text) ? text : undefined,
    write: (value) => value,
    schema: () => z.string().refine(accepts, { error: `expected ${expected}` }),
  };
}

/** An IPv4 address. */
export function ipv4AddressText(): Scalar<string> {
  return addressText(isIpv4, 'an IPv4 address such as "192.168.122.1"');
}

/** An IPv4 or IPv6 address. */
export function ipAddressText(): Scalar<string> {
  return addressText((text) => isIpv4(text) || isIpv6(text), "an IPv4 or IPv6 address");
}
