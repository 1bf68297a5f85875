/**
 * What a network's DHCP server hands out. Facts: libvirt formatnetwork, "Addressing".
 *
 * @module
 */
import { ipAddressText } from "./ip_address.ts";
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  mac,
  shape,
  text,
  type ValueOf,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

/** An expiry of 0 never comes, in whatever unit. */
const leaseShape = shape({
  expiry: attribute(integer({ max: 2 ** 32 - 1 })),
  unit: attribute(enumeration("seconds", "minutes", "hours")).optional(),
}).normalise((lease) => {
  const { unit, ...never } = lease;
  return lease.expiry === 0 ? never : { ...lease, unit: unit ?? "minutes" as const };
});

const rangeShape = shape({
  start: attribute(ipAddressText()),
  end: attribute(ipAddressText()),
  lease: element(leaseShape).optional(),
});

const hostShape = shape({
  id: attribute(text({ pattern: /^[0-9a-fA-F:]+$/, expected: "a DUID: hexadecimal numbers with colons" }))
    .optional(),
  mac: attribute(mac()).optional(),
  name: attribute(text()).optional(),
  ip: attribute(ipAddressText()).optional(),
  lease: element(leaseShape).optional(),
}).check((host, { refuse }) => {
  if (host.mac === undefined && host.name === undefined && host.id === undefined) {
    refuse("", "A host is known by its MAC address, its name or its DUID", { expected: "mac, name or id" });
  }
  if (host.ip === undefined && host.name === undefined) {
    refuse("", "A host gets an address or a name", { expected: "ip or name" });
  }
});

const shapeOfDhcp = shape({
  ranges: elements("range", rangeShape),
  hosts: elements("host", hostShape),
  bootp: element({ file: attribute(text()), server: attribute(text()).optional() }).optional(),
});

/** What a network's DHCP server hands out. */
export interface NetworkDhcp extends ValueOf<typeof shapeOfDhcp> {}

/** `<dhcp>`. */
export const dhcpShape: Shape<NetworkDhcp> = shapeOfDhcp;
