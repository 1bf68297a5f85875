/**
 * The network filter document. Facts: libvirt formatnwfilter.
 *
 * @module
 */
import {
  attribute,
  document,
  element,
  enumeration,
  integer,
  sequence,
  shape,
  text,
  uuid,
  type ValueOf,
} from "./language/mod.ts";
import type { Description, Scalar, Shape } from "./language/mod.ts";
import { arpRule, macRule, stpRule, vlanRule } from "./network_filter_frame.ts";
import {
  icmpRule,
  icmpv6Rule,
  ipRule,
  ipv6Rule,
  packetIpv6Rule,
  packetRule,
  portIpv6Rule,
  portRule,
  tcpIpv6Rule,
  tcpRule,
} from "./network_filter_packet.ts";
import { networkFilterReference } from "./network_filter_reference.ts";
import { truthWord } from "./network_filter_value.ts";

const priority = integer({ min: -1000, max: 1000 });

/** Only that connections are not tracked can be said; that they are goes without saying. */
const untracked: Scalar<boolean> = {
  ...truthWord(),
  expected: '"false" or "0"',
  read: (found) => /^(false|0)$/i.test(found) ? false : undefined,
};

const protocols = {
  mac: element(macRule).optional().single(),
  vlan: element(vlanRule).optional().single(),
  stp: element(stpRule).optional().single(),
  arp: element(arpRule).optional().single(),
  rarp: element(arpRule).optional().single(),
  ip: element(ipRule).optional().single(),
  ipv6: element(ipv6Rule).optional().single(),
  tcp: element(tcpRule).optional().single(),
  udp: element(portRule).optional().single(),
  sctp: element(portRule).optional().single(),
  icmp: element(icmpRule).optional().single(),
  igmp: element(packetRule).optional().single(),
  all: element(packetRule).optional().single(),
  esp: element(packetRule).optional().single(),
  ah: element(packetRule).optional().single(),
  udplite: element(packetRule).optional().single(),
  tcpIpv6: element("tcp-ipv6", tcpIpv6Rule).optional().single(),
  udpIpv6: element("udp-ipv6", portIpv6Rule).optional().single(),
  sctpIpv6: element("sctp-ipv6", portIpv6Rule).optional().single(),
  icmpv6: element(icmpv6Rule).optional().single(),
  allIpv6: element("all-ipv6", packetIpv6Rule).optional().single(),
  espIpv6: element("esp-ipv6", packetIpv6Rule).optional().single(),
  ahIpv6: element("ah-ipv6", packetIpv6Rule).optional().single(),
  udpliteIpv6: element("udplite-ipv6", packetIpv6Rule).optional().single(),
};

const ruleShape = shape({
  action: attribute(enumeration("drop", "accept", "reject", "continue", "return")),
  direction: attribute(enumeration("in", "out", "inout")),
  priority: attribute(priority).default(500),
  statematch: attribute(untracked).optional(),
  ...protocols,
}).closed("protocol of a rule").check((rule, { refuse }) => {
  const [, second] = Object.keys(protocols).filter((name) => Object.hasOwn(rule, name));
  if (second !== undefined) {
    refuse(second, "A rule is about one protocol", { expected: "a rule for each" });
  }
});

/** What is done with which packets; without a protocol it is for all of them. */
export interface NetworkFilterRule extends ValueOf<typeof ruleShape> {}
const rule: Shape<NetworkFilterRule> = ruleShape;

/** `root`, or a name that begins with a protocol, at most 12 or 13 characters long. */
const chain = text({
  pattern: /^(?:root|(?:mac|stp|arp)[a-zA-Z0-9_.:-]{0,9}|(?:vlan|rarp|ipv4|ipv6)[a-zA-Z0-9_.:-]{0,8})$/,
  expected: '"root", or a name that begins with "mac", "stp", "vlan", "arp", "rarp", "ipv4" or "ipv6"',
});

/** Chains are gone through in this order. Source: libvirt formatnwfilter, "Filtering chains". */
const chainPriorities: ReadonlyMap<string, number> = new Map([
  ["mac", -800],
  ["vlan", -750],
  ["ipv4", -700],
  ["ipv6", -600],
  ["arp", -500],
  ["rarp", -400],
]);

const filterShape = shape({
  name: attribute(
    text({
      pattern: /^[\p{L}_][\p{L}\p{N}_.-]*$/u,
      expected: 'a letter, then letters, digits, "_", "-", "."',
    }),
  ),
  chain: attribute(chain).default("root"),
  priority: attribute(priority).optional(),
  uuid: element(uuid()).optional(),
  // Rules and references take effect in their order.
  entries: sequence({ rule, filterref: networkFilterReference }),
}).normalise((filter, { context }) => {
  const { priority: given, ...rest } = filter;
  const usual = chainPriorities.get(/^(?:mac|vlan|ipv[46]|r?arp)/.exec(filter.chain)?.[0] ?? "") ?? 0;
  const priority = given ?? usual;
  return {
    ...rest,
    ...(priority === 0 && usual === 0 ? {} : { priority }),
    ...(filter.uuid === undefined && context.newUuid !== undefined ? { uuid: context.newUuid() } : {}),
  };
});

/** Rules for the packets of an interface. */
export interface NetworkFilter extends ValueOf<typeof filterShape> {}

/** `<filter>`. */
export const networkFilter: Description<NetworkFilter> = document("filter", filterShape, {
  title: "network filter",
});
