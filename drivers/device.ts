/**
 * Devices in a domain's definition: which is which, and what may stand beside what.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { attributeOf, childOf, childrenOf, readXml, type XmlElement } from "./xml_span.ts";

/** Something with a name for messages. */
interface Labelled {
  readonly label: string;
}

/** Where a disk's bytes are. */
export function sourceOf(disk: XmlElement): string | undefined {
  const source = childOf(disk, "source");
  const name = ["file", "dev", "dir", "name", "volume"].find((each) => source?.attributes.has(each));
  return name === undefined ? undefined : source?.attributes.get(name);
}

/** The disks of a definition. */
export function disksOf(xml: string): readonly XmlElement[] {
  return childrenOf(childOf(readXml(xml), "devices"), "disk");
}

/** The network interfaces of a definition. */
export function nicsOf(xml: string): readonly XmlElement[] {
  return childrenOf(childOf(readXml(xml), "devices"), "interface");
}

/**
 * A disk, by its target or its source.
 *
 * @throws {VirtError} `invalid-argument` where there is none.
 */
export function findDisk(
  domain: Labelled,
  { xml, disk }: { readonly xml: string; readonly disk: string },
): XmlElement {
  const found = disksOf(xml).find((each) =>
    attributeOf(each, "dev", "target") === disk || sourceOf(each) === disk
  );
  if (found === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot find disk "${disk}" in ${domain.label}: it has no such disk`,
      { target: domain.label },
    );
  }
  return found;
}

/**
 * A network interface, by its target or its MAC address.
 *
 * @throws {VirtError} `invalid-argument` where there is none.
 */
export function findNic(
  domain: Labelled,
  { xml, interface: name }: { readonly xml: string; readonly interface: string },
): XmlElement {
  const found = nicsOf(xml).find((each) =>
    attributeOf(each, "dev", "target") === name ||
    attributeOf(each, "address", "mac")?.toLowerCase() === name.toLowerCase()
  );
  if (found === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot find interface "${name}" in ${domain.label}: it has no such interface`,
      { target: domain.label },
    );
  }
  return found;
}

/** The kinds of devices that can come and go. Source: libvirt formatdomain, <devices>. */
const deviceKinds: ReadonlySet<string> = new Set([
  "disk",
  "interface",
  "controller",
  "hostdev",
  "input",
  "hub",
  "redirdev",
  "rng",
  "sound",
  "video",
  "graphics",
  "watchdog",
  "memory",
  "channel",
  "serial",
  "console",
  "parallel",
  "filesystem",
  "smartcard",
  "lease",
  "shmem",
  "vsock",
  "tpm",
  "panic",
  "memballoon",
  "iommu",
]);

/**
 * Reads a device's document.
 *
 * @throws {VirtError} `invalid-document`
 */
export function readDevice(xml: string): XmlElement {
  const device = readXml(xml, "device");
  if (!deviceKinds.has(device.name)) {
    throw new VirtError("invalid-document", `Cannot read the device: <${device.name}> is no device`);
  }
  if (device.name === "disk" && attributeOf(device, "dev", "target") === undefined) {
    throw new VirtError("invalid-document", "Cannot read the device: the disk has no <target>");
  }
  return device;
}

/** What tells one device of a kind from the others; `undefined` where only the whole document does. */
function identityOf(device: XmlElement): string | undefined {
  switch (device.name) {
    case "disk":
      return attributeOf(device, "dev", "target");
    case "interface":
      return attributeOf(device, "address", "mac")?.toLowerCase();
    case "controller":
      return `${device.attributes.get("type")} ${device.attributes.get("index") ?? "0"}`;
    case "filesystem":
      return attributeOf(device, "dir", "target");
    case "channel":
      return attributeOf(device, "name", "target");
    case "graphics":
      return device.attributes.get("type");
    case "memballoon":
    case "watchdog":
    case "tpm":
    case "vsock":
    case "iommu":
      return device.name;
    default:
      return undefined;
  }
}

/** An element without the white space between its children: what two equal devices have in common. */
function shapeOf(element: XmlElement): string {
  const attributes = [...element.attributes].sort(([a], [b]) => a < b ? -1 : 1);
  const children = element.children.filter(({ name }) => name !== "address" && name !== "alias");
  return JSON.stringify([element.name, attributes, element.text.trim(), children.map(shapeOf)]);
}

/** The device of a definition that a document, or an alias, means. */
export function matchingDevice(
  xml: string,
  { device, alias }: { readonly device?: XmlElement; readonly alias?: string },
): XmlElement | undefined {
  const devices = childOf(readXml(xml), "devices")?.children ?? [];
  if (alias !== undefined) return devices.find((each) => attributeOf(each, "name", "alias") === alias);
  if (device === undefined) return undefined;
  const identity = identityOf(device);
  return devices.find((each) =>
    each.name === device.name &&
    (identity === undefined ? shapeOf(each) === shapeOf(device) : identityOf(each) === identity)
  );
}
