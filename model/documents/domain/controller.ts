/**
 * Buses and what drives them. Facts: libvirt formatdomain, "Controllers".
 *
 * @module
 */
import {
  attribute,
  element,
  enumeration,
  integer,
  kibibytes,
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { virtioModel } from "./address.ts";
import { deviceFields, virtioFields } from "./device.ts";
import { ioThreadMapping } from "./iothreads.ts";

const unsigned = integer({ max: 2 ** 32 - 1 });
const byte = integer({ base: "any", max: 255 });

const driverShape = shape({
  queues: attribute(unsigned).omitting(0),
  cmdPerLun: attribute("cmd_per_lun", unsigned).omitting(0),
  maxSectors: attribute("max_sectors", unsigned).omitting(0),
  ioeventfd: attribute(onOff()).optional(),
  iothread: attribute(unsigned).omitting(0),
  ...virtioFields,
  iothreads: element(ioThreadMapping).optional(),
});

/** How a hypervisor serves a controller. */
export interface ControllerDriver extends ValueOf<typeof driverShape> {}
const driver: Shape<ControllerDriver> = driverShape;

const pciTargetShape = shape({
  chassisNr: attribute(byte).optional(),
  chassis: attribute(byte).optional(),
  port: attribute(integer({ base: "any", max: 255, write: (value) => `0x${value.toString(16)}` })).optional(),
  busNr: attribute(byte).optional(),
  index: attribute(byte).optional(),
  hotplug: attribute(onOff()).optional(),
  memReserve: attribute(integer()).omitting(0),
  node: element(unsigned).optional(),
});

/** What the guest sees of a PCI controller. */
export interface PciControllerTarget extends ValueOf<typeof pciTargetShape> {}
const pciTarget: Shape<PciControllerTarget> = pciTargetShape;

const usbModel = enumeration(
  ...["piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3"] as const,
  ...["vt82c686b-uhci", "pci-ohci", "nec-xhci", "qusb1", "qusb2", "qemu-xhci", "none"] as const,
);
const scsiModel = enumeration(
  ...["auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi", "virtio-scsi"] as const,
  ...[
    "lsisas1078",
    "virtio-transitional",
    "virtio-non-transitional",
    "ncr53c90",
    "dc390",
    "am53c974",
  ] as const,
);
const pciModel = enumeration(
  ...["pci-root", "pcie-root", "pci-bridge", "dmi-to-pci-bridge", "pcie-to-pci-bridge"] as const,
  ...["pcie-root-port", "pcie-switch-upstream-port", "pcie-switch-downstream-port"] as const,
  ...["pci-expander-bus", "pcie-expander-bus"] as const,
);
const pciModelName = enumeration(
  ...[
    "none",
    "spapr-pci-host-bridge",
    "pci-bridge",
    "i82801b11-bridge",
    "pcie-pci-bridge",
    "ioh3420",
  ] as const,
  ...["pcie-root-port", "x3130-upstream", "xio3130-downstream", "pxb", "pxb-pcie"] as const,
);

const common = {
  index: attribute(unsigned).optional(),
  driver: element(driver).omittingEmpty(),
  ...deviceFields,
};

const controllerShape = shape(common).by("type", {
  ide: { model: attribute(enumeration("piix3", "piix4", "ich6")).optional() },
  fdc: {},
  scsi: { model: attribute(scsiModel).optional() },
  sata: {},
  "virtio-serial": {
    model: attribute(virtioModel).optional(),
    ports: attribute(unsigned).optional(),
    vectors: attribute(unsigned).optional(),
  },
  ccid: {},
  usb: {
    model: attribute(usbModel).optional(),
    ports: attribute(unsigned).optional(),
    alias: deviceFields.alias,
    master: element({ startport: attribute(unsigned) }).optional(),
    acpi: deviceFields.acpi,
    address: deviceFields.address,
  },
  pci: {
    model: attribute(pciModel).optional(),
    modelName: element("model", { name: attribute(pciModelName) }).optional(),
    target: element(pciTarget).omittingEmpty(),
    pcihole64: element(kibibytes()).optional(),
  },
  xenbus: {
    maxGrantFrames: attribute(unsigned).optional(),
    maxEventChannels: attribute(unsigned).optional(),
  },
  isa: {},
  nvme: { serial: element(text()).optional() },
}, { after: "driver" }).check((controller, { refuse }) => {
  if (controller.type !== "pci" || controller.index === undefined) return;
  const root = controller.model === "pci-root" || controller.model === "pcie-root";
  if (root && controller.index !== 0) {
    const spapr = controller.modelName?.name === "spapr-pci-host-bridge" ||
      controller.target?.index !== undefined;
    if (!spapr) refuse("index", "The root of PCI has the number 0", { expected: "index='0'" });
  }
});

/** A bus and what drives it. */
export type Controller = ValueOf<typeof controllerShape>;

/** `<controller>`. */
export const controller: Shape<Controller> = controllerShape;
