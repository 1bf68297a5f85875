/**
 * Network interfaces. Facts: libvirt formatdomain, "Network interfaces".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  mac,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { romFields, virtioFields } from "./device.ts";
import { interfaceSources } from "./interface_source.ts";
import { bandwidth, ipAddress, route, virtualPort, vlan } from "./network_parts.ts";

const positive = integer({ min: 1, max: 2 ** 32 - 1 });
const port = integer({ max: 65535 });

const macShape = shape({
  address: attribute(mac()),
  type: attribute(enumeration("generated", "static")).optional(),
  check: attribute(yesNo()).optional(),
  currentAddress: attribute(mac()).optional().transient(),
});

/** The hardware address of an interface. */
export interface InterfaceMac extends ValueOf<typeof macShape> {}
const interfaceMac: Shape<InterfaceMac> = macShape;

const driverShape = shape({
  name: attribute(enumeration("qemu", "vhost", "kvm", "vfio", "xen")).optional(),
  model: attribute(text()).optional(),
  txmode: attribute(enumeration("iothread", "timer")).optional(),
  ioeventfd: attribute(onOff()).optional(),
  eventIdx: attribute("event_idx", onOff()).optional(),
  queues: attribute(positive).optional(),
  rxQueueSize: attribute("rx_queue_size", positive).optional(),
  txQueueSize: attribute("tx_queue_size", positive).optional(),
  rss: attribute(onOff()).optional(),
  rssHashReport: attribute("rss_hash_report", onOff()).optional(),
  ...virtioFields,
  host: element({
    csum: attribute(onOff()).optional(),
    gso: attribute(onOff()).optional(),
    tso4: attribute(onOff()).optional(),
    tso6: attribute(onOff()).optional(),
    ecn: attribute(onOff()).optional(),
    ufo: attribute(onOff()).optional(),
    mrgRxbuf: attribute("mrg_rxbuf", onOff()).optional(),
  }).omittingEmpty(),
  guest: element({
    csum: attribute(onOff()).optional(),
    tso4: attribute(onOff()).optional(),
    tso6: attribute(onOff()).optional(),
    ecn: attribute(onOff()).optional(),
    ufo: attribute(onOff()).optional(),
  }).omittingEmpty(),
});

/** How a hypervisor serves an interface. */
export interface InterfaceDriver extends ValueOf<typeof driverShape> {}
const driver: Shape<InterfaceDriver> = driverShape;

const backendShape = shape({
  type: attribute(enumeration("default", "passt")).omitting("default"),
  tap: attribute(text()).optional(),
  vhost: attribute(text()).optional(),
  logFile: attribute(text()).optional(),
  hostname: attribute(text()).optional(),
  fqdn: attribute(text()).optional(),
});

/** The program or the devices of the host behind an interface. */
export interface InterfaceBackend extends ValueOf<typeof backendShape> {}
const backend: Shape<InterfaceBackend> = backendShape;

const portForwardShape = shape({
  proto: attribute(enumeration("tcp", "udp")),
  address: attribute(text()).optional(),
  dev: attribute(text()).optional(),
  ranges: elements("range", {
    start: attribute(port),
    end: attribute(port).optional(),
    to: attribute(port).optional(),
    exclude: attribute(yesNo()).optional(),
  }),
});

/** Ports of the host that lead to the guest. */
export interface PortForward extends ValueOf<typeof portForwardShape> {}
const portForward: Shape<PortForward> = portForwardShape;

const filterShape = shape({
  filter: attribute(text()),
  parameters: elements("parameter", { name: attribute(text()), value: attribute(text()) }),
});

/** The network filter of an interface. */
export interface FilterReference extends ValueOf<typeof filterShape> {}
const filterReference: Shape<FilterReference> = filterShape;

const teamingShape = shape({}).by("type", {
  persistent: {},
  transient: { persistent: attribute(text()) },
});

/** Two interfaces that make one, so that one of them may come and go. */
export type Teaming = ValueOf<typeof teamingShape>;
/** `<teaming>`. */
export const teaming: Shape<Teaming> = teamingShape;

const commonShape = shape({
  trustGuestRxFilters: attribute(yesNo()).optional(),
  mac: element(interfaceMac).optional(),
  vlan: element(vlan).optional(),
  virtualport: element(virtualPort).optional(),
  bandwidth: element(bandwidth).omittingEmpty(),
  port: element({ isolated: attribute(yesNo()).optional() }).omittingEmpty(),
  ips: elements("ip", ipAddress),
  routes: elements("route", route),
  portForwards: elements("portForward", portForward),
  script: element({ path: attribute(text()) }).optional(),
  downscript: element({ path: attribute(text()) }).optional(),
  backenddomain: element({ name: attribute(text()) }).optional(),
  target: element({
    dev: attribute(text()),
    managed: attribute(yesNo()).optional(),
  }).optional().transient(({ dev }) => /^(vnet|vif|macvtap|macvlan)\d+$/.test(dev)),
  guest: element({
    dev: attribute(text()).optional(),
    actual: attribute(text()).optional().transient(),
  }).omittingEmpty(),
  model: element({ type: attribute(text({ pattern: /^[\w-]+$/, expected: "the name of a model" })) })
    .optional(),
  driver: element(driver).omittingEmpty(),
  backend: element(backend).omittingEmpty(),
  filterref: element(filterReference).optional(),
  tune: element({ sndbuf: element(integer()).optional() }).omittingEmpty(),
  teaming: element(teaming).optional(),
  link: element({ state: attribute(enumeration("up", "down")) }).optional(),
  mtu: element({ size: attribute(positive) }).optional(),
  coalesce: element({
    rx: element({ frames: element({ max: attribute(integer()).optional() }).omittingEmpty() })
      .omittingEmpty(),
  }).omittingEmpty(),
  ...romFields,
});

const interfaceShape = commonShape.by("type", interfaceSources, { after: "mac" })
  .normalise((device, { context }) => {
    const { mac } = device;
    const cleared = mac === undefined || (mac.address === "00:00:00:00:00:00" && mac.type !== "static");
    if (!cleared || context.newMac === undefined) return device;
    return { ...device, mac: { ...device.mac, address: context.newMac() } };
  });

/** A network interface. */
export type Interface = ValueOf<typeof interfaceShape>;

/** `<interface>`. */
export const networkInterface: Shape<Interface> = interfaceShape;
