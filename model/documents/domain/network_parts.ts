/**
 * What interfaces of domains share with networks and their ports. Facts: libvirt formatnetwork and formatdomain,
 * `<virtualport>`, `<vlan>`, `<bandwidth>`, `<ip>`, `<route>`.
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Reading, Shape } from "../language/mod.ts";

const managerid = attribute(integer({ base: "any", max: 0xff })).optional();
const typeid = attribute(integer({ base: "any", max: 0xffffff })).optional();
const typeidversion = attribute(integer({ base: "any", max: 0xff })).optional();
const instanceid = attribute(uuid()).optional();
const profileid = attribute(text()).optional();
const interfaceid = attribute(uuid()).optional();

const virtualPortShape = shape({}).by("type", {
  "802.1Qbg": { parameters: element({ managerid, typeid, typeidversion, instanceid }).omittingEmpty() },
  "802.1Qbh": { parameters: element({ profileid }).omittingEmpty() },
  openvswitch: { parameters: element({ interfaceid, profileid }).omittingEmpty() },
  midonet: { parameters: element({ interfaceid: attribute(uuid()) }) },
}, {
  otherwise: {
    parameters: element({ managerid, typeid, typeidversion, instanceid, interfaceid, profileid })
      .omittingEmpty(),
  },
});

/** How a port announces itself to the switch. */
export type VirtualPort = ValueOf<typeof virtualPortShape>;

/** `<virtualport>`. */
export const virtualPort: Shape<VirtualPort> = virtualPortShape;

const vlanShape = shape({
  trunk: attribute(yesNo()).optional(),
  tags: elements("tag", {
    id: attribute(integer({ max: 4095 })),
    nativeMode: attribute(enumeration("tagged", "untagged")).optional(),
  }).atLeast(1),
}).normalise((vlan) => {
  const trunk = vlan.tags.length > 1 || vlan.tags.some((tag) => tag.nativeMode !== undefined);
  return trunk && vlan.trunk === undefined ? { ...vlan, trunk } : vlan;
}).check((vlan, { refuse }) => {
  if (vlan.trunk === false && vlan.tags.length > 1) {
    refuse("trunk", "Several tags make a trunk", { expected: '"yes"' });
  }
});

/** Which VLANs go through a port. */
export interface Vlan extends ValueOf<typeof vlanShape> {}

/** `<vlan>`. */
export const vlan: Shape<Vlan> = vlanShape;

const rate = integer({ max: 2n ** 64n - 1n });

const rateShape = shape({
  average: attribute(rate).omitting(0),
  peak: attribute(rate).omitting(0),
  floor: attribute(rate).omitting(0),
  burst: attribute(rate).omitting(0),
});

/** Rates in KiB per second, the burst in KiB. */
export interface Rate extends ValueOf<typeof rateShape> {}
const rateLimits: Shape<Rate> = rateShape;

const classID = attribute(integer({ min: 1, max: 2 ** 32 - 1 })).optional();
const limits = {
  inbound: element(rateLimits).omittingEmpty(),
  outbound: element(rateLimits).omittingEmpty(),
};

const bandwidthShape = shape({ classID: classID.transient(), ...limits });

/** How much may go through a port. */
export interface Bandwidth extends ValueOf<typeof bandwidthShape> {}

/** `<bandwidth>`. */
export const bandwidth: Shape<Bandwidth> = bandwidthShape.check(checkLimits);

/** The same of a port that a network has given away, which keeps the number of its class. */
export const portBandwidth: Shape<Bandwidth> = shape({ classID, ...limits }).check(checkLimits);

function checkLimits({ inbound, outbound }: Bandwidth, { refuse }: Reading): void {
  if (inbound !== undefined && inbound.average === undefined && inbound.floor === undefined) {
    refuse("inbound", "A rate needs an average or a floor", {
      expected: 'the attribute "average" or "floor"',
    });
  }
  if (
    inbound !== undefined && inbound.average === undefined && (inbound.peak ?? inbound.burst) !== undefined
  ) {
    refuse("inbound", "Peak and burst need an average", { expected: 'the attribute "average"' });
  }
  if (outbound !== undefined && outbound.average === undefined) {
    refuse("outbound", "A rate needs an average", { expected: 'the attribute "average"' });
  }
  if (outbound?.floor !== undefined) refuse("outbound.floor", "Only what comes in has a floor");
}

const family = attribute(enumeration("ipv4", "ipv6")).optional();

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}

const ipShape = shape({
  address: attribute(text({ pattern: /^[0-9a-fA-F:.]+$/, expected: "an IP address" })),
  family,
  prefix: attribute(integer({ max: 128 })).omitting(0),
  peer: attribute(text()).optional(),
}).normalise((ip) => ip.family === undefined ? { ...ip, family: familyOf(ip.address) } : ip);

/** An address of an interface. */
export interface IpAddress extends ValueOf<typeof ipShape> {}

/** `<ip>` of an interface. */
export const ipAddress: Shape<IpAddress> = ipShape;

const routeShape = shape({
  family,
  address: attribute(text()),
  netmask: attribute(text()).optional(),
  prefix: attribute(integer({ max: 128 })).optional(),
  gateway: attribute(text()),
  metric: attribute(integer({ min: 1, max: 2 ** 32 - 1 })).optional(),
}).check((route, { refuse }) => {
  if (route.netmask !== undefined && route.prefix !== undefined) {
    refuse("netmask", "A route has a netmask or a prefix, not both");
  }
});

/** A route. */
export interface Route extends ValueOf<typeof routeShape> {}

/** `<route>`. */
export const route: Shape<Route> = routeShape;
