/**
 * What rules of network filters look for in packets of IP. Facts: libvirt formatnwfilter, "Supported protocols".
 *
 * @module
 */
import { attribute, type Field, shape, type ValueOf } from "./language/mod.ts";
import type { Reading, Shape } from "./language/mod.ts";
import { comment, frame, match } from "./network_filter_frame.ts";
import {
  type AddressScalars,
  connectionStates,
  ipSetFlags,
  ipv4,
  ipv6,
  macAddress,
  number,
  tcpFlags,
  textOrVariable,
} from "./network_filter_value.ts";

const eight = attribute(number({ max: 0xff })).optional();
const sixteen = attribute(number({ max: 0xffff })).optional();

/** Source: Protocol numbers, IANA. */
const ipProtocols: ReadonlyMap<number, string> = new Map([
  [6, "tcp"],
  [17, "udp"],
  [136, "udplite"],
  [50, "esp"],
  [51, "ah"],
  [1, "icmp"],
  [2, "igmp"],
  [132, "sctp"],
  [58, "icmpv6"],
]);

/** Protocols with ports: of these, DCCP has no name here. */
const withPorts: ReadonlySet<string> = new Set(["tcp", "udp", "sctp", "33", "0x21"]);

const ports = { srcportstart: sixteen, srcportend: sixteen, dstportstart: sixteen, dstportend: sixteen };
const protocol = attribute(number({ max: 0xff, words: ipProtocols })).optional();
const dscp = attribute(number({ max: 63 })).optional();

type Texts<K extends string> = Readonly<Record<K, Field<string, true>>>;

/** Source and destination. */
function between(
  { address, mask }: AddressScalars,
): Texts<"srcipaddr" | "srcipmask" | "dstipaddr" | "dstipmask"> {
  const one = attribute(address).optional();
  const bits = attribute(mask).optional();
  return { srcipaddr: one, srcipmask: bits, dstipaddr: one, dstipmask: bits };
}

/** Ranges of sources and destinations. */
function ranges({ address }: AddressScalars): Texts<"srcipfrom" | "srcipto" | "dstipfrom" | "dstipto"> {
  const one = attribute(address).optional();
  return { srcipfrom: one, srcipto: one, dstipfrom: one, dstipto: one };
}

const ipShape = shape({ ...frame, ...between(ipv4), protocol, ...ports, dscp, comment });

/** Packets of IPv4, in their frames. */
export interface IpRule extends ValueOf<typeof ipShape> {}

/** `<ip>` of a rule. */
export const ipRule: Shape<IpRule> = ipShape.check(checkPorts);

const ipv6Shape = shape({
  ...frame,
  ...between(ipv6),
  protocol,
  ...ports,
  type: eight,
  typeend: eight,
  code: eight,
  codeend: eight,
  dscp,
  comment,
});

/** Packets of IPv6, in their frames. */
export interface Ipv6Rule extends ValueOf<typeof ipv6Shape> {}

/** `<ipv6>` of a rule. */
export const ipv6Rule: Shape<Ipv6Rule> = ipv6Shape.check(checkPorts);

interface Ported extends Partial<Readonly<Record<keyof typeof ports, string>>> {
  readonly protocol?: string;
}

function checkPorts(rule: Ported, { refuse }: Reading): void {
  for (const port of ["srcportstart", "srcportend", "dstportstart", "dstportend"] as const) {
    if (rule[port] !== undefined && !withPorts.has(rule.protocol ?? "")) {
      refuse(port, "Ports need a protocol that has them", {
        expected: 'protocol="tcp", "udp", "sctp" or "33"',
      });
    }
  }
}

const packet = {
  match,
  srcmacaddr: attribute(macAddress()).optional(),
  dscp,
  connlimitAbove: attribute("connlimit-above", number({ max: 0xffff })).optional(),
  state: attribute(connectionStates()).optional(),
  ipset: attribute(textOrVariable(/^[a-zA-Z0-9_.:\-+ ]{1,31}$/, "the name of a set")).optional(),
  ipsetflags: attribute(ipSetFlags()).optional(),
  comment,
};

const overIpv4 = { ...packet, ...between(ipv4), ...ranges(ipv4) };
const overIpv6 = { ...packet, ...between(ipv6), ...ranges(ipv6) };

function checkSet(
  rule: { readonly ipset?: string; readonly ipsetflags?: string },
  { refuse }: Reading,
): void {
  if ((rule.ipset === undefined) === (rule.ipsetflags === undefined)) return;
  refuse(
    rule.ipset === undefined ? "ipsetflags" : "ipset",
    "A set and what is looked up in it belong together",
    {
      expected: '"ipset" and "ipsetflags"',
    },
  );
}

const packetShape = shape(overIpv4);

/** Packets. */
export interface PacketRule extends ValueOf<typeof packetShape> {}

/** `<all>`, `<igmp>`, `<esp>`, `<ah>` or `<udplite>` of a rule. */
export const packetRule: Shape<PacketRule> = packetShape.check(checkSet);

/** The same over IPv6. */
export const packetIpv6Rule: Shape<PacketRule> = shape(overIpv6).check(checkSet);

const portShape = shape({ ...overIpv4, ...ports });

/** Packets of a protocol that has ports. */
export interface PortRule extends ValueOf<typeof portShape> {}

/** `<udp>` or `<sctp>` of a rule. */
export const portRule: Shape<PortRule> = portShape.check(checkSet);

/** The same over IPv6. */
export const portIpv6Rule: Shape<PortRule> = shape({ ...overIpv6, ...ports }).check(checkSet);

const tcp = { ...ports, option: eight, flags: attribute(tcpFlags()).optional() };
const tcpShape = shape({ ...overIpv4, ...tcp });

/** Packets of TCP. */
export interface TcpRule extends ValueOf<typeof tcpShape> {}

/** `<tcp>` of a rule. */
export const tcpRule: Shape<TcpRule> = tcpShape.check(checkSet);

/** The same over IPv6. */
export const tcpIpv6Rule: Shape<TcpRule> = shape({ ...overIpv6, ...tcp }).check(checkSet);

const icmp = { type: eight, code: eight };
const icmpShape = shape({ ...overIpv4, ...icmp });

/** Packets of ICMP. */
export interface IcmpRule extends ValueOf<typeof icmpShape> {}

/** `<icmp>` of a rule. */
export const icmpRule: Shape<IcmpRule> = icmpShape.check(checkSet);

/** The same over IPv6. */
export const icmpv6Rule: Shape<IcmpRule> = shape({ ...overIpv6, ...icmp }).check(checkSet);
