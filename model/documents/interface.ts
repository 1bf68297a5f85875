/**
 * The document of a host's network interface. Facts: libvirt's schema of network interfaces.
 *
 * @module
 */
import { ipAddressText, ipv4AddressText } from "./ip_address.ts";
import {
  attribute,
  document,
  element,
  elements,
  enumeration,
  flag,
  integer,
  lazy,
  mac,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description, Shape } from "./language/mod.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });

const linkShape = shape({
  speed: attribute(unsigned).omitting(0),
  state: attribute(
    enumeration("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"),
  ).optional(),
});

const protocolShape = shape({
  family: attribute(enumeration("ipv4", "ipv6")),
  autoconf: element(flag()).optional(),
  dhcp: element({ peerdns: attribute(yesNo()).optional() }).optional(),
  ips: elements("ip", {
    address: attribute(ipAddressText()),
    prefix: attribute(integer({ max: 128 })).optional(),
  }),
  routes: elements("route", { gateway: attribute(ipAddressText()) }),
}).check((protocol, { refuse }) => {
  for (const [index, { address, prefix }] of protocol.ips.entries()) {
    if (address.includes(":") !== (protocol.family === "ipv6")) {
      refuse(`ips.${index}.address`, "The address is not of the protocol's family", {
        expected: protocol.family,
      });
    }
    if (protocol.family === "ipv4" && (prefix ?? 0) > 32) {
      refuse(`ips.${index}.prefix`, "The prefix of an IPv4 address is at most 32");
    }
  }
  if (protocol.autoconf === true && protocol.family === "ipv4") {
    refuse("autoconf", "Only IPv6 configures itself");
  }
});

/** How an interface gets its addresses of one family. */
export interface InterfaceProtocol extends ValueOf<typeof protocolShape> {}

const parts = {
  link: element(linkShape).omittingEmpty(),
  mac: element({ address: attribute(mac()) }).optional(),
};

const vlanShape = shape({
  tag: attribute(integer({ max: 4095 })),
  interface: element({ name: attribute(text()) }),
});

const bondShape = shape({
  mode: attribute(
    enumeration(
      "balance-rr",
      "active-backup",
      "balance-xor",
      "broadcast",
      "802.3ad",
      "balance-tlb",
      "balance-alb",
    ),
  ).optional(),
  miimon: element({
    freq: attribute(unsigned),
    downdelay: attribute(unsigned).optional(),
    updelay: attribute(unsigned).optional(),
    carrier: attribute(enumeration("ioctl", "netif")).optional(),
  }).optional(),
  arpmon: element({
    interval: attribute(unsigned),
    target: attribute(ipv4AddressText()),
    validate: attribute(enumeration("none", "active", "backup", "all")).optional(),
  }).optional(),
  interfaces: elements("interface", lazy((): Shape<Member> => memberShape)),
}).check((bond, { refuse }) => {
  if (bond.miimon !== undefined && bond.arpmon !== undefined) {
    refuse("arpmon", "A bond watches its links by MII or by ARP, not both");
  }
});

/** Several interfaces that act as one. */
export interface InterfaceBond extends ValueOf<typeof bondShape> {}

/** An interface within a bridge or a bond: no start mode, no addresses of its own. */
const memberShape = shape({ name: attribute(text()).optional(), ...parts }).by("type", {
  ethernet: {},
  bond: { bond: element(bondShape) },
  vlan: { vlan: element(vlanShape) },
});

/** An interface within a bridge or a bond. */
export type Member =
  & {
    readonly name?: string;
    readonly link?: ValueOf<typeof linkShape>;
    readonly mac?: { readonly address: string };
  }
  & (
    | { readonly type: "ethernet" }
    | { readonly type: "bond"; readonly bond: InterfaceBond }
    | { readonly type: "vlan"; readonly vlan: ValueOf<typeof vlanShape> }
  );

const bridgeShape = shape({
  stp: attribute(onOff()).optional(),
  delay: attribute(text({ pattern: /^\d+(\.\d+)?$/, expected: "seconds, with decimals" })).optional(),
  interfaces: elements("interface", lazy((): Shape<Member> => memberShape)),
});

const interfaceShape = shape({
  name: attribute(text()).optional(),
  start: element({ mode: attribute(enumeration("onboot", "none", "hotplug")).optional() }).optional(),
  mtu: element({ size: attribute(unsigned) }).optional(),
  protocols: elements("protocol", protocolShape),
  ...parts,
}).by("type", {
  ethernet: {},
  bridge: { bridge: element(bridgeShape) },
  bond: { bond: element(bondShape) },
  vlan: { vlan: element(vlanShape) },
}).check((value, { refuse }) => {
  if (value.name === undefined && value.type !== "vlan") {
    refuse("", "The interface has no name", { expected: 'the attribute "name"' });
  }
  const families = new Set<string>();
  for (const [index, { family }] of value.protocols.entries()) {
    if (families.has(family)) {
      refuse(`protocols.${index}.family`, `The protocol family "${family}" is there twice`);
    }
    families.add(family);
  }
  if (value.type === "bond" && value.bond.interfaces.length === 0) {
    refuse("bond", "A bond needs an interface", { expected: "<interface>" });
  }
});

/** A network interface of the host. */
export type HostInterface = ValueOf<typeof interfaceShape>;

/** `<interface>` as the document of a host's interface. */
export const hostInterface: Description<HostInterface> = document("interface", interfaceShape, {
  title: "interface",
});
