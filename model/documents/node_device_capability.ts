/**
 * What a device of the host can do. Facts: libvirt formatnode, "capability".
 *
 * @module
 */
import { pciAddress } from "./domain/address.ts";
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  hexadecimalInteger,
  integer,
  mac,
  shape,
  text,
  truth,
  uuid,
  type ValueOf,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";
import { vitalProductData } from "./node_device_vpd.ts";

const unsigned = integer();
const number = integer({ base: "any", max: 2 ** 32 - 1 });
const worldWideName = text({ pattern: /^(0x)?[0-9a-fA-F]{1,16}$/, expected: "hexadecimal digits" });

const named = shape({
  id: attribute(hexadecimalInteger({ digits: 4, max: 0xffff })),
  name: content(text()).optional(),
});

const mdevTypes = {
  types: elements("type", {
    id: attribute(text()),
    name: element(text()).optional(),
    deviceApi: element("deviceAPI", enumeration("vfio-pci", "vfio-ccw", "vfio-ap")),
    availableInstances: element(unsigned),
  }).atLeast(1),
};

const channelAddress = {
  cssid: element(hexadecimalInteger({ digits: 1, max: 0xfe })),
  ssid: element(hexadecimalInteger({ digits: 1, max: 3 })),
  devno: element(hexadecimalInteger({ digits: 4, max: 0xffff })),
};

const pciPart = shape({}).by("type", {
  phys_function: { address: element(pciAddress).optional() },
  virt_functions: { maxCount: attribute(unsigned).optional(), addresses: elements("address", pciAddress) },
  "pci-bridge": {},
  "cardbus-bridge": {},
  mdev_types: mdevTypes,
  vpd: vitalProductData,
});

const pci = {
  class: element(hexadecimalInteger({ digits: 6, max: 0xffffff })).optional(),
  domain: element(number),
  bus: element(number),
  slot: element(number),
  function: element(number),
  product: element(named).optional(),
  vendor: element(named).optional(),
  capabilities: elements("capability", pciPart),
  iommuGroup: element({ number: attribute(unsigned), addresses: elements("address", pciAddress) }).optional(),
  numa: element({ node: attribute(integer({ min: -1 })).optional() }).optional(),
  pciExpress: element("pci-express", {
    links: elements("link", {
      validity: attribute(enumeration("cap", "sta")),
      port: attribute(unsigned).optional(),
      speed: attribute(enumeration("2.5", "5", "8", "16", "32", "64")).optional(),
      width: attribute(unsigned),
    }),
  }).optional(),
};

const system = {
  product: element(text()).optional(),
  hardware: element({
    vendor: element(text()).optional(),
    version: element(text()).optional(),
    serial: element(text()).optional(),
    uuid: element(uuid()),
  }),
  firmware: element({
    vendor: element(text()).optional(),
    version: element(text()).optional(),
    releaseDate: element("release_date", text()).optional(),
  }),
};

const net = {
  interface: element(text()),
  address: element(mac()).optional(),
  link: element({
    speed: attribute(unsigned).omitting(0),
    state: attribute(
      enumeration("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"),
    ).optional(),
  }).omittingEmpty(),
  features: elements("feature", { name: attribute(text()) }),
  capabilities: elements("capability", { type: attribute(enumeration("80203", "80211")) }),
};

const scsiHostPart = shape({}).by("type", {
  fc_host: {
    wwnn: element(worldWideName),
    wwpn: element(worldWideName),
    fabricWwn: element("fabric_wwn", worldWideName).optional(),
  },
  vport_ops: {
    maxVports: element("max_vports", unsigned).default(0).transient(),
    vports: element(unsigned).default(0).transient(),
  },
});

const media = {
  logicalBlockSize: element("logical_block_size", unsigned).optional(),
  blockCount: element("num_blocks", unsigned).optional(),
};

const storagePart = shape({}).by("type", {
  hotpluggable: {},
  removable: {
    mediaAvailable: element("media_available", truth({ yes: "1", no: "0" })),
    mediaSize: element("media_size", unsigned).optional(),
    mediaLabel: element("media_label", text()).optional(),
    ...media,
  },
});

const storage = {
  block: element(text()),
  bus: element(text()).optional(),
  driveType: element("drive_type", text()).optional(),
  model: element(text()).optional(),
  vendor: element(text()).optional(),
  serial: element(text()).optional(),
  capabilities: elements("capability", storagePart),
  size: element(unsigned).optional(),
  ...media,
};

const mediated = {
  mediatedType: element("type", { id: attribute(text()) }),
  uuid: element(uuid()).optional(),
  parentAddress: element("parent_addr", text()).optional().transient(),
  // A device outside all groups is written as being in group 0.
  iommuGroup: element({ number: attribute(unsigned) }).default({ number: 0 }),
  attributes: elements("attr", { name: attribute(text()), value: attribute(text()) }),
};

const ccw = {
  ...channelAddress,
  capabilities: elements(
    "capability",
    shape({}).by("type", { ccwgroup_member: { groupDevice: element("group_device", text()) } }),
  ),
};

const css = {
  ...channelAddress,
  channelDeviceAddress: element("channel_dev_addr", channelAddress).optional(),
  capabilities: elements("capability", shape({}).by("type", { mdev_types: mdevTypes })),
};

const ccwGroup = {
  state: element(enumeration("online", "offline")).optional(),
  ...channelAddress,
  members: element({
    devices: elements("ccw_device", { ref: attribute(text()), name: content(text()) }),
  }).optional(),
  capabilities: elements(
    "capability",
    shape({}).by("type", {
      qeth_generic: { cardType: element("card_type", text()).optional(), chpid: element(text()).optional() },
    }),
  ),
};

const adapter = element("ap-adapter", hexadecimalInteger({ digits: 2, max: 0xff }));

const capabilityShape = shape({}).by("type", {
  system,
  pci,
  usb_device: {
    bus: element(number),
    device: element(number),
    product: element(named).optional(),
    vendor: element(named).optional(),
  },
  usb: {
    number: element(number),
    class: element(number),
    subclass: element(number),
    protocol: element(number),
    description: element(text()).optional(),
  },
  net,
  scsi_host: {
    host: element(number),
    uniqueId: element("unique_id", number).optional(),
    capabilities: elements("capability", scsiHostPart),
  },
  scsi_target: {
    target: element(text()),
    capabilities: elements(
      "capability",
      shape({}).by("type", { fc_remote_port: { rport: element(text()), wwpn: element(worldWideName) } }),
    ),
  },
  scsi: {
    host: element(number),
    bus: element(number),
    target: element(number),
    lun: element(number),
    deviceType: element("type", text()).optional(),
  },
  scsi_generic: { character: element("char", text()) },
  storage,
  drm: { kind: element("type", enumeration("primary", "control", "render")) },
  mdev: mediated,
  ccw,
  css,
  ccwgroup: ccwGroup,
  vdpa: { characterDevice: element("chardev", text()) },
  ap_card: { adapter },
  ap_queue: { adapter, domain: element("ap-domain", hexadecimalInteger({ digits: 4, max: 0xff })) },
  ap_matrix: { capabilities: elements("capability", shape({}).by("type", { mdev_types: mdevTypes })) },
});

/** What a device of the host can do, by type. */
export type NodeDeviceCapability = ValueOf<typeof capabilityShape>;

/** `<capability>` of a node device. */
export const capability: Shape<NodeDeviceCapability> = capabilityShape;
