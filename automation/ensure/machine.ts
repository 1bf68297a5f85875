/**
 * What goes with a type of machine: where its devices are plugged in. Source: libvirt formatdomain, <controller>; libvirt's notes on
 * PCI addresses and hot-plugging.
 *
 * @module
 */
import { attributeOf, childOf, childrenOf, el, type Element } from "./element.ts";

/** How many devices a new machine of PCI Express can have, those that it begins with among them. */
const ports = 14;

/** Ports for devices that come later: machines with PCI Express have none but those that they are defined with. */
export function spareSlots(machine: string | undefined): readonly Element[] {
  if (machine === undefined || !/q35/.test(machine)) return [];
  const controller = (index: number, model: string): Element =>
    el("controller", { attributes: { type: "pci", index, model } });
  return [
    controller(0, "pcie-root"),
    ...Array.from({ length: ports }, (_, number) => controller(number + 1, "pcie-root-port")),
  ];
}

/**
 * A domain whose machine has become one of another family, without the places that its devices had in the other one: they are given
 * places anew.
 */
export function withFittingPlaces(after: Element, before: Element): Element {
  const [was, is] = [before, after].map((domain) => familyOf(attributeOf(domain, "machine", "os", "type")));
  const devices = childOf(after, "devices");
  if (was === undefined || is === undefined || was === is || devices === undefined) return after;
  const kept = devices.children.filter(({ name, attributes }) =>
    name !== "controller" || !["pci", "usb"].includes(attributes.get("type") ?? "")
  ).map((device) => ({
    ...device,
    children: device.children.filter(({ name, attributes }) =>
      name !== "address" || attributes.get("type") !== "pci"
    ),
  }));
  const children = after.children.map((child) => child === devices ? { ...devices, children: kept } : child);
  return { ...after, children };
}

/** A domain that gets its first disk on a SCSI bus gets the controller that guests of today have a driver for. */
export function withScsiController(domain: Element): Element {
  const devices = childOf(domain, "devices");
  const isQemu = ["kvm", "qemu"].includes(domain.attributes.get("type") ?? "");
  const hasController = childrenOf(devices, "controller").some(({ attributes }) =>
    attributes.get("type") === "scsi"
  );
  const wants = childrenOf(devices, "disk").some((disk) => attributeOf(disk, "bus", "target") === "scsi");
  if (devices === undefined || !isQemu || !wants || hasController) return domain;
  const controller = el("controller", { attributes: { type: "scsi", index: 0, model: "virtio-scsi" } });
  const whole = { ...devices, children: [...devices.children, controller] };
  return { ...domain, children: domain.children.map((child) => child === devices ? whole : child) };
}

/** `q35` of `pc-q35-7.2`, `pc` of `pc-i440fx-7.2`; the name itself of what has no versions. */
function familyOf(machine: string | undefined): string | undefined {
  if (machine === undefined) return undefined;
  if (machine.includes("q35")) return "q35";
  return machine === "pc" || machine.startsWith("pc-") ? "pc" : machine.replace(/-[\d.]+$/, "");
}
