/**
 * Devices of the host given to the guest. Facts: libvirt formatdomain, "Host device assignment".
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  flag,
  integer,
  onOff,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { anyBase, pciAddress, usbId, usbPort, virtioModel } from "./address.ts";
import { romFields } from "./device.ts";
import { diskAuth } from "./disk_source.ts";
import { diskHost } from "./disk_source_network.ts";
import { teaming } from "./interface.ts";
import { ipAddress, route } from "./network_parts.ts";

const startupPolicy = attribute(enumeration("mandatory", "requisite", "optional")).optional();

const driverShape = shape({
  name: attribute(enumeration("kvm", "vfio", "xen")).optional(),
  model: attribute(text()).optional(),
  iommufd: attribute(yesNo()).optional(),
});

/** With which driver of the host a device is given away. */
export interface HostdevDriver extends ValueOf<typeof driverShape> {}
const driver: Shape<HostdevDriver> = driverShape;

const usbSourceShape = shape({
  startupPolicy,
  guestReset: attribute(enumeration("off", "uninitialized", "on")).optional(),
  vendor: element({ id: attribute(usbId) }).optional(),
  product: element({ id: attribute(usbId) }).optional(),
  address: element({
    bus: attribute(anyBase),
    device: attribute(anyBase).optional(),
    port: attribute(usbPort).optional(),
  }).optional(),
}).check(({ vendor, product, address }, { refuse }) => {
  if ((vendor === undefined) !== (product === undefined)) {
    refuse("", "A USB device has a vendor and a product", { expected: "<vendor> and <product>" });
  }
  if (vendor === undefined && address === undefined) {
    refuse("", "The USB device is not named", { expected: "<vendor> and <product>, or <address>" });
  }
  if (address !== undefined && address.device === undefined && address.port === undefined) {
    refuse("address", "The USB device is not named", { expected: 'the attribute "device" or "port"' });
  }
});

/** A USB device of the host. */
export interface HostdevUsbSource extends ValueOf<typeof usbSourceShape> {}
const usbSource: Shape<HostdevUsbSource> = usbSourceShape;

const pciSourceShape = shape({
  startupPolicy,
  writeFiltering: attribute(yesNo()).optional(),
  address: element(pciAddress),
});

/** A PCI device of the host. */
export interface HostdevPciSource extends ValueOf<typeof pciSourceShape> {}
const pciSource: Shape<HostdevPciSource> = pciSourceShape;

const scsiNumber = integer({ max: 2n ** 64n - 1n });

const scsiSourceShape = shape({}).by("protocol", {
  adapter: {
    adapter: element(shape({ name: attribute(text()) }).ignoring("@type")),
    address: element({
      bus: attribute(integer({ max: 2 ** 32 - 1 })),
      target: attribute(integer({ max: 2 ** 32 - 1 })),
      unit: attribute(scsiNumber),
    }),
  },
  iscsi: {
    name: attribute(text()),
    hosts: elements("host", diskHost).atLeast(1),
    auth: element(diskAuth).optional(),
    initiator: element({ iqn: element({ name: attribute(text()) }) }).optional(),
  },
}, {
  otherwise: {
    adapter: element(shape({ name: attribute(text()) }).ignoring("@type")),
    address: element({
      bus: attribute(integer({ max: 2 ** 32 - 1 })),
      target: attribute(integer({ max: 2 ** 32 - 1 })),
      unit: attribute(scsiNumber),
    }),
  },
});

/** A SCSI device of the host or of a server. */
export type HostdevScsiSource = ValueOf<typeof scsiSourceShape>;
const scsiSource: Shape<HostdevScsiSource> = scsiSourceShape.normalise((source) => {
  if (source.protocol !== "iscsi") return source;
  return {
    ...source,
    name: source.name.includes("/") ? source.name : `${source.name}/0`,
    hosts: source.hosts.map((host) =>
      host.port === undefined && host.transport === undefined ? { ...host, port: 3260 } : host
    ),
  };
});

const vfioDisplay = {
  display: attribute(onOff()).optional(),
  ramfb: attribute(onOff()).optional(),
};

const subsystem = shape({
  managed: attribute(yesNo()).default(false),
  sgio: attribute(enumeration("filtered", "unfiltered")).optional(),
  rawio: attribute(yesNo()).optional(),
}).by("type", {
  usb: { source: element(usbSource) },
  pci: {
    ...vfioDisplay,
    driver: element(driver).omittingEmpty(),
    source: element(pciSource),
    teaming: element(teaming).optional(),
  },
  scsi: {
    source: element(scsiSource),
    readonly: element(flag()).optional(),
    shareable: element(flag()).optional(),
  },
  scsi_host: {
    model: attribute(virtioModel).optional(),
    source: element({
      protocol: attribute(enumeration("vhost")),
      wwpn: attribute(
        text({ pattern: /^naa\.[0-9a-fA-F]{16}$/, expected: 'a name such as "naa.5123456789abcde0"' }),
      ),
    }),
  },
  mdev: {
    model: attribute(enumeration("vfio-pci", "vfio-ccw", "vfio-ap")),
    ...vfioDisplay,
    source: element({ address: element({ uuid: attribute(uuid()) }) }),
  },
}, { before: "boot" }).check((hostdev, { refuse }) => {
  for (const key of ["sgio", "rawio"] as const) {
    if (hostdev.type !== "scsi" && hostdev[key] !== undefined) {
      refuse(key, `Only a device of the type "scsi" has "${key}"`);
    }
  }
  if (hostdev.type === "pci" && hostdev.teaming?.type === "persistent") {
    refuse("teaming.type", "A device of the host comes and goes", { expected: '"transient"' });
  }
});

const capabilities = shape({}).by("type", {
  storage: { source: element({ block: element(text()) }) },
  misc: { source: element({ char: element(text()) }) },
  net: {
    source: element({ interface: element(text()) }),
    ips: elements("ip", ipAddress),
    routes: elements("route", route),
  },
}, { before: "boot" });

const hostdevShape = shape({
  ...romFields,
}).ignoring("readonly", "shareable").by("mode", { subsystem, capabilities }, {
  default: "subsystem",
  before: "boot",
});

/** A device of the host given to the guest. */
export type Hostdev = ValueOf<typeof hostdevShape>;

/** `<hostdev>`. */
export const hostdev: Shape<Hostdev> = hostdevShape;
