/**
 * The network document. Facts: libvirt formatnetwork.
 *
 * @module
 */
import { bandwidth, route, virtualPort, vlan } from "./domain/network_parts.ts";
import { pciAddress } from "./domain/address.ts";
import {
  attribute,
  document,
  element,
  elements,
  enumeration,
  integer,
  mac,
  namespace,
  onOff,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description } from "./language/mod.ts";
import { dhcpShape } from "./network_dhcp.ts";
import { dnsShape } from "./network_dns.ts";
import { ipAddressText, ipv4AddressText } from "./ip_address.ts";

const dnsmasq = namespace("dnsmasq", "http://libvirt.org/schemas/network/dnsmasq/1.0");

const port = integer({ min: 1, max: 65535 });
const connections = attribute(integer()).optional().transient();

const forwardModes = ["nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"] as const;

/** Modes in which libvirt makes the bridge itself. */
const ownBridgeModes: ReadonlySet<string> = new Set(["nat", "route", "open"]);

const forwardShape = shape({
  dev: attribute(text()).optional(),
  mode: attribute(enumeration(...forwardModes)).default("nat"),
  managed: attribute(yesNo()).optional(),
  driver: element({
    name: attribute(enumeration("kvm", "vfio", "xen")).optional(),
    model: attribute(text()).optional(),
  }).omittingEmpty(),
  nat: element({
    ipv6: attribute(yesNo()).optional(),
    address: element({ start: attribute(ipv4AddressText()), end: attribute(ipv4AddressText()) }).optional(),
    port: element({ start: attribute(port), end: attribute(port) }).optional(),
  }).omittingEmpty(),
  pf: element({ dev: attribute(text()) }).optional(),
  interfaces: elements("interface", { dev: attribute(text()), connections }),
  addresses: elements("address", shape({ connections }).by("type", { pci: pciAddress })),
}).normalise((forward) => {
  const [first] = forward.interfaces;
  if (forward.dev !== undefined && first === undefined) {
    return { ...forward, interfaces: [{ dev: forward.dev }] };
  }
  return first === undefined || forward.dev !== undefined ? forward : { ...forward, dev: first.dev };
}).check((forward, { refuse }) => {
  const seen = new Set<string>();
  for (const [index, { dev }] of forward.interfaces.entries()) {
    if (seen.has(dev)) refuse(`interfaces.${index}.dev`, `The interface "${dev}" is listed twice`);
    seen.add(dev);
  }
  if (forward.dev !== undefined && forward.interfaces[0]?.dev !== forward.dev) {
    refuse("dev", "The device of the forwarding is not the first of its interfaces", {
      expected: `"${forward.interfaces[0]?.dev}"`,
    });
  }
  if (forward.nat !== undefined && forward.mode !== "nat") {
    refuse("nat", "Only the mode nat translates addresses");
  }
  if (forward.mode !== "hostdev" && forward.addresses.length > 0) {
    refuse("addresses", "Only the mode hostdev takes addresses of host devices");
  }
});

/** How a network reaches the world. */
export interface NetworkForward extends ValueOf<typeof forwardShape> {}

const bridgeShape = shape({
  name: attribute(text()).optional(),
  zone: attribute(text()).optional(),
  stp: attribute(onOff()).optional(),
  delay: attribute(integer()).optional(),
  macTableManager: attribute(enumeration("kernel", "libvirt")).optional(),
});

/** The bridge of a network. */
export interface NetworkBridge extends ValueOf<typeof bridgeShape> {}

const portGroupShape = shape({
  name: attribute(text()),
  default: attribute(yesNo()).omitting(false),
  trustGuestRxFilters: attribute(yesNo()).optional(),
  vlan: element(vlan).optional(),
  virtualPort: element("virtualport", virtualPort).optional(),
  bandwidth: element(bandwidth).omittingEmpty(),
  port: element({ isolated: attribute(yesNo()).optional() }).omittingEmpty(),
});

const ipShape = shape({
  family: attribute(enumeration("ipv4", "ipv6")).optional(),
  address: attribute(ipAddressText()).optional(),
  netmask: attribute(ipv4AddressText()).optional(),
  prefix: attribute(integer({ max: 128 })).optional(),
  localPtr: attribute(yesNo()).optional(),
  tftp: element({ root: attribute(text()) }).optional(),
  dhcp: element(dhcpShape).omittingEmpty(),
}).check((ip, { refuse }) => {
  const isV6 = ip.address?.includes(":") === true;
  if (isV6 && ip.family !== "ipv6") {
    refuse("address", "An IPv6 address needs its family to be said", { expected: "family='ipv6'" });
  }
  if (!isV6 && ip.family === "ipv6") refuse("address", "The family ipv6 needs an IPv6 address");
  if (ip.netmask !== undefined && ip.prefix !== undefined) {
    refuse("netmask", "An address has a netmask or a prefix, not both");
  }
  if (isV6 && ip.netmask !== undefined) {
    refuse("netmask", "An IPv6 address has a prefix", { expected: "prefix" });
  }
  if (!isV6 && (ip.prefix ?? 0) > 32) refuse("prefix", "The prefix of an IPv4 address is at most 32");
});

/** An address of a network, and who may get one from it. */
export interface NetworkIp extends ValueOf<typeof ipShape> {}

const networkShape = shape({
  ipv6: attribute(yesNo()).omitting(false),
  trustGuestRxFilters: attribute(yesNo()).optional(),
  connections,
  name: element(text({ pattern: /^[^/\n]+$/, expected: "a name without slashes and line breaks" })),
  uuid: element(uuid()).optional(),
  title: element(text({ pattern: /^[^\n]*$/, expected: "a title of one line" })).optional(),
  description: element(text()).optional(),
  metadata: element({}).optional(),
  forward: element(forwardShape).optional(),
  bridge: element(bridgeShape).optional(),
  mtu: element({ size: attribute(integer({ min: 1, max: 2 ** 32 - 1 })) }).optional(),
  mac: element({ address: attribute(mac()) }).optional(),
  domain: element({
    name: attribute(text()),
    localOnly: attribute(yesNo()).optional(),
    register: attribute(yesNo()).optional(),
  }).optional(),
  dns: element(dnsShape).omittingEmpty(),
  vlan: element(vlan).optional(),
  bandwidth: element(bandwidth).omittingEmpty(),
  port: element({ isolated: attribute(yesNo()).optional() }).omittingEmpty(),
  ips: elements("ip", ipShape),
  routes: elements("route", route),
  virtualPort: element("virtualport", virtualPort).optional(),
  portGroups: elements("portgroup", portGroupShape),
  dnsmasqOptions: element(dnsmasq("options"), {
    options: elements(dnsmasq("option"), { value: attribute(text()) }),
  }).optional(),
}).normalise((network, { context }) => ({
  ...network,
  ...(network.uuid === undefined && context.newUuid !== undefined ? { uuid: context.newUuid() } : {}),
  ...withBridge(network),
})).check((network, { refuse }) => {
  const mode = network.forward?.mode;
  if (mode !== undefined && !ownBridgeModes.has(mode)) {
    if (network.ips.length > 0) refuse("ips", `A network of mode "${mode}" has no addresses of its own`);
    if (network.dns !== undefined) refuse("dns", `A network of mode "${mode}" serves no names`);
  }
  const names = new Set<string>();
  let defaults = 0;
  for (const [index, group] of network.portGroups.entries()) {
    if (names.has(group.name)) {
      refuse(`portGroups.${index}.name`, `The port group "${group.name}" is there twice`);
    }
    names.add(group.name);
    if (group.default === true) defaults++;
    if (defaults > 1) refuse(`portGroups.${index}.default`, "Only one port group is the default");
  }
});

/** A virtual network. */
export interface Network extends ValueOf<typeof networkShape> {}

/** `<network>`. */
export const network: Description<Network> = document("network", networkShape, { title: "network" });

/** A network as far as its bridge is concerned. */
interface Bridged {
  readonly forward?: NetworkForward;
  readonly bridge?: NetworkBridge;
}

/** A bridge that libvirt makes has its settings written out. */
function withBridge({ forward, bridge }: Bridged): { readonly bridge?: NetworkBridge } {
  const own = forward === undefined || ownBridgeModes.has(forward.mode);
  if (!own) return {};
  return { bridge: { ...bridge, stp: bridge?.stp ?? true, delay: bridge?.delay ?? 0 } };
}
