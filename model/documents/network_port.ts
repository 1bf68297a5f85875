/**
 * The network port document: what a network gives to an interface of a domain. Facts: libvirt formatnetworkport.
 *
 * @module
 */
import { pciAddress } from "./domain/address.ts";
import { portBandwidth, virtualPort, vlan } from "./domain/network_parts.ts";
import {
  attribute,
  document,
  element,
  enumeration,
  mac,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description, Shape } from "./language/mod.ts";

const deviceName = text({ pattern: /^[a-zA-Z0-9_.\-:/]+$/, expected: "the name of a network device" });

const bridge = {
  bridge: attribute(deviceName),
  macTableManager: attribute(enumeration("kernel", "libvirt")).optional(),
};

const plugShape = shape({}).by("type", {
  network: bridge,
  bridge,
  direct: {
    dev: attribute(deviceName),
    mode: attribute(enumeration("bridge", "passthrough", "private", "vepa")),
  },
  "hostdev-pci": {
    managed: attribute(yesNo()).optional(),
    driver: element({
      name: attribute(enumeration("kvm", "vfio")).optional(),
      model: attribute(text()).optional(),
    }).omittingEmpty(),
    address: element(pciAddress),
  },
});

/** What the port is plugged into. */
export type NetworkPortPlug = ValueOf<typeof plugShape>;
const plug: Shape<NetworkPortPlug> = plugShape;

const portShape = shape({
  uuid: element(uuid()).optional(),
  owner: element({ name: element(text()), uuid: element(uuid()) }),
  group: element(text()).optional(),
  mac: element({ address: attribute(mac()) }),
  virtualPort: element("virtualport", virtualPort).optional(),
  bandwidth: element(portBandwidth).omittingEmpty(),
  vlan: element(vlan).optional(),
  port: element({ isolated: attribute(yesNo()).optional() }).omittingEmpty(),
  rxFilters: element("rxfilters", { trustGuest: attribute(yesNo()) }).optional(),
  plug: element(plug).optional(),
}).normalise((port, { context }) =>
  port.uuid === undefined && context.newUuid !== undefined ? { ...port, uuid: context.newUuid() } : port
);

/** What a network gives to an interface of a domain. */
export interface NetworkPort extends ValueOf<typeof portShape> {}

/** `<networkport>`. */
export const networkPort: Description<NetworkPort> = document("networkport", portShape, {
  title: "network port",
});
