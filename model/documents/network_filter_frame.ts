/**
 * What rules of network filters look for in frames of Ethernet. Facts: libvirt formatnwfilter, "Supported protocols".
 *
 * @module
 */
import { attribute, shape, text, type ValueOf, yesNo } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";
import { ipv4, macAddress, macMask, number, truthWord } from "./network_filter_value.ts";

const eight = attribute(number({ max: 0xff })).optional();
const sixteen = number({ max: 0xffff });
const thirtyTwo = number({ max: 0xffffffff });
const address = attribute(macAddress()).optional();
const mask = attribute(macMask()).optional();

/** Ethernet's words for what is in a frame. Source: IEEE 802 numbers, IANA. */
const etherTypes: ReadonlyMap<number, string> = new Map([
  [0x806, "arp"],
  [0x8035, "rarp"],
  [0x800, "ipv4"],
  [0x86dd, "ipv6"],
  [0x8100, "vlan"],
]);

/** Source: ARP parameters, IANA. */
const arpOperations: ReadonlyMap<number, string> = new Map([
  [1, "Request"],
  [2, "Reply"],
  [3, "Request_Reverse"],
  [4, "Reply_Reverse"],
  [5, "DRARP_Request"],
  [6, "DRARP_Reply"],
  [7, "DRARP_Error"],
  [8, "InARP_Request"],
  [9, "ARP_NAK"],
]);

const etherType = number({ min: 0x600, max: 0xffff, words: etherTypes });

/** With `no`, the rule is for all that does not match. */
export const match = attribute(yesNo()).omitting(true);

/** What people say of a rule. */
export const comment = attribute(text()).optional();

/** Source and destination of a frame. */
export const frame = { match, srcmacaddr: address, srcmacmask: mask, dstmacaddr: address, dstmacmask: mask };

const macShape = shape({ ...frame, protocolid: attribute(etherType).optional(), comment });

/** Frames. */
export interface MacRule extends ValueOf<typeof macShape> {}

/** `<mac>` of a rule. */
export const macRule: Shape<MacRule> = macShape;

const vlanShape = shape({
  ...frame,
  vlanid: attribute(number({ max: 4095 })).optional(),
  encapProtocol: attribute("encap-protocol", etherType).optional(),
  comment,
});

/** Frames of a VLAN. */
export interface VlanRule extends ValueOf<typeof vlanShape> {}

/** `<vlan>` of a rule. */
export const vlanRule: Shape<VlanRule> = vlanShape;

const stpShape = shape({
  match,
  srcmacaddr: address,
  srcmacmask: mask,
  type: eight,
  flags: eight,
  rootPriority: attribute("root-priority", sixteen).optional(),
  rootPriorityHi: attribute("root-priority-hi", sixteen).optional(),
  rootAddress: attribute("root-address", macAddress()).optional(),
  rootAddressMask: attribute("root-address-mask", macMask()).optional(),
  rootCost: attribute("root-cost", thirtyTwo).optional(),
  rootCostHi: attribute("root-cost-hi", thirtyTwo).optional(),
  senderPriority: attribute("sender-priority", sixteen).optional(),
  senderPriorityHi: attribute("sender-priority-hi", sixteen).optional(),
  senderAddress: attribute("sender-address", macAddress()).optional(),
  senderAddressMask: attribute("sender-address-mask", macMask()).optional(),
  port: attribute(sixteen).optional(),
  portHi: attribute("port-hi", sixteen).optional(),
  age: attribute(sixteen).optional(),
  ageHi: attribute("age-hi", sixteen).optional(),
  maxAge: attribute("max-age", sixteen).optional(),
  maxAgeHi: attribute("max-age-hi", sixteen).optional(),
  helloTime: attribute("hello-time", sixteen).optional(),
  helloTimeHi: attribute("hello-time-hi", sixteen).optional(),
  forwardDelay: attribute("forward-delay", sixteen).optional(),
  forwardDelayHi: attribute("forward-delay-hi", sixteen).optional(),
  comment,
});

/** Frames of the spanning tree protocol; a value and the same with `Hi` are a range. */
export interface StpRule extends ValueOf<typeof stpShape> {}

/** `<stp>` of a rule. */
export const stpRule: Shape<StpRule> = stpShape;

const arpShape = shape({
  ...frame,
  hwtype: attribute(sixteen).optional(),
  protocoltype: attribute(sixteen).optional(),
  opcode: attribute(number({ max: 0xffff, words: arpOperations })).optional(),
  arpsrcmacaddr: address,
  arpdstmacaddr: address,
  arpsrcipaddr: attribute(ipv4.address).optional(),
  arpsrcipmask: attribute(ipv4.mask).optional(),
  arpdstipaddr: attribute(ipv4.address).optional(),
  arpdstipmask: attribute(ipv4.mask).optional(),
  gratuitous: attribute(truthWord()).optional(),
  comment,
});

/** Requests for addresses, and answers. */
export interface ArpRule extends ValueOf<typeof arpShape> {}

/** `<arp>` of a rule. */
export const arpRule: Shape<ArpRule> = arpShape;
