/**
 * To what a network interface is connected. Facts: libvirt formatdomain, "Network interfaces".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  hexadecimalInteger,
  integer,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { anyBase, usbId } from "./address.ts";
import { ipAddress, route } from "./network_parts.ts";
import { reconnect } from "./socket.ts";

const port = integer({ max: 65535 });

const macvtapMode = enumeration("vepa", "private", "bridge", "passthrough");

const networkShape = shape({
  network: attribute(text()),
  portgroup: attribute(text()).optional(),
  portid: attribute(uuid()).optional().transient(),
  // Where the network is, while the domain runs.
  bridge: attribute(text()).optional().transient(),
  dev: attribute(text()).optional().transient(),
  mode: attribute(macvtapMode).optional().transient(),
  macTableManager: attribute(enumeration("kernel", "libvirt")).optional().transient(),
});

/** A virtual network, with what it is on the host while the domain runs. */
export interface InterfaceNetworkSource extends ValueOf<typeof networkShape> {}
const network: Shape<InterfaceNetworkSource> = networkShape;

/** The network through which a running domain came to its bridge or device. */
const origin = {
  network: attribute(text()).optional(),
  portgroup: attribute(text()).optional(),
  portid: attribute(uuid()).optional(),
};

const bridgeShape = shape({
  bridge: attribute(text()),
  macTableManager: attribute(enumeration("kernel", "libvirt")).optional(),
  ...origin,
});

/** A bridge of the host. */
export interface InterfaceBridgeSource extends ValueOf<typeof bridgeShape> {}
const bridge: Shape<InterfaceBridgeSource> = bridgeShape;

const directShape = shape({
  dev: attribute(text()),
  mode: attribute(macvtapMode).default("vepa"),
  ...origin,
});

/** A physical interface of the host. */
export interface InterfaceDirectSource extends ValueOf<typeof directShape> {}
const direct: Shape<InterfaceDirectSource> = directShape;

const ethernetShape = shape({ ips: elements("ip", ipAddress), routes: elements("route", route) });

/** Addresses of the host's end. */
export interface InterfaceEthernetSource extends ValueOf<typeof ethernetShape> {}
const ethernet: Shape<InterfaceEthernetSource> = ethernetShape;

const vhostUserShape = shape({
  type: attribute(enumeration("unix")).optional(),
  path: attribute(text()).optional(),
  mode: attribute(enumeration("server", "client")).optional(),
  dev: attribute(text()).optional(),
  reconnect: element(reconnect).optional(),
}).check((source, { refuse }) => {
  if (source.mode === "server" && source.reconnect !== undefined) {
    refuse("reconnect", "Only who connects can reconnect", { expected: "mode='client'" });
  }
});

/** A program of the host that does the interface's work. */
export interface InterfaceVhostUserSource extends ValueOf<typeof vhostUserShape> {}
const vhostUser: Shape<InterfaceVhostUserSource> = vhostUserShape;

const serverShape = shape({ address: attribute(text()).optional(), port: attribute(port) }).ignoring("local");

/** Where QEMU's own network waits for other guests. */
export interface InterfaceServerSource extends ValueOf<typeof serverShape> {}
const server: Shape<InterfaceServerSource> = serverShape;

const peerShape = shape({ address: attribute(text()), port: attribute(port) }).ignoring("local");

/** Where QEMU's own network finds other guests. */
export interface InterfacePeerSource extends ValueOf<typeof peerShape> {}
const peer: Shape<InterfacePeerSource> = peerShape;

const udpShape = shape({
  address: attribute(text()),
  port: attribute(port),
  local: element({ address: attribute(text()), port: attribute(port) }),
});

/** The two ends of a tunnel over UDP. */
export interface InterfaceUdpSource extends ValueOf<typeof udpShape> {}
const udp: Shape<InterfaceUdpSource> = udpShape;

const hostAddress = shape({}).ignoring("@multifunction").by("type", {
  pci: {
    domain: attribute(hexadecimalInteger({ digits: 4, max: 0xffffffff })).default(0),
    bus: attribute(hexadecimalInteger({ digits: 2, max: 0xff })).default(0),
    slot: attribute(hexadecimalInteger({ digits: 2, max: 0x1f })).default(0),
    function: attribute(hexadecimalInteger({ digits: 1, max: 7 })).default(0),
  },
  usb: { bus: attribute(anyBase), device: attribute(anyBase) },
});

const hostdevShape = shape({
  missing: attribute(yesNo()).optional(),
  startupPolicy: attribute(enumeration("mandatory", "requisite", "optional")).optional(),
  vendor: element({ id: attribute(usbId) }).optional(),
  product: element({ id: attribute(usbId) }).optional(),
  address: element(hostAddress).optional(),
}).check(({ vendor, product, address }, { refuse }) => {
  if (address === undefined && (vendor === undefined || product === undefined)) {
    refuse("", "The host's device is not named", { expected: "<address>, or <vendor> and <product>" });
  }
});

/** A network card of the host. */
export interface InterfaceHostdevSource extends ValueOf<typeof hostdevShape> {}
const hostdev: Shape<InterfaceHostdevSource> = hostdevShape;

const vdsShape = shape({
  switchid: attribute(uuid()),
  portid: attribute(integer({ min: -(2 ** 53) })).optional(),
  portgroupid: attribute(text()).optional(),
  connectionid: attribute(integer({ min: -(2 ** 53) })).optional(),
});

/** A port of VMware's distributed switch. */
export interface InterfaceVdsSource extends ValueOf<typeof vdsShape> {}
const vds: Shape<InterfaceVdsSource> = vdsShape;

const dev = { dev: attribute(text()) };

/** What `<source>` holds, by the type of the interface. */
export const interfaceSources = {
  network: { source: element(network) },
  bridge: { source: element(bridge) },
  direct: { source: element(direct) },
  ethernet: { source: element(ethernet).omittingEmpty() },
  user: { source: element(dev).optional() },
  vhostuser: { source: element(vhostUser).optional() },
  server: { source: element(server) },
  client: { source: element(peer) },
  mcast: { source: element(peer) },
  udp: { source: element(udp) },
  internal: { source: element({ name: attribute(text()) }) },
  hostdev: { managed: attribute(yesNo()).omitting(false), source: element(hostdev) },
  vdpa: { source: element(dev) },
  null: {},
  vds: { source: element(vds) },
};
