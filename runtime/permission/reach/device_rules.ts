/**
 * What devices reach that no single value tells.
 *
 * @module
 */
import type { TreeElement } from "../../../model/xml/mod.ts";
import { authority, isLoopback, networkUrls, pciAddress, usbAddress } from "./address.ts";
import { childrenOf } from "./element.ts";
import type { Report } from "./finding.ts";

/** Looks at an element as a whole. */
export type Rule = (element: TreeElement, report: Report) => void;

const diskTypes = ["file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa"];

function disk(element: TreeElement, report: Report): void {
  report.unlessOneOf(diskTypes, { element, attribute: "type" });
  for (const [attribute, harmless] of [["rawio", "no"], ["sgio", "filtered"]] as const) {
    const value = element.attribute(attribute);
    if (value === undefined || value === harmless) continue;
    report.reach("security", `${attribute}=${value}`, { element, attribute });
  }
}

function storage(element: TreeElement, report: Report): void {
  const hosts = childrenOf(element, "host");
  const protocol = element.attribute("protocol");
  if (protocol !== undefined || hosts.length > 0) {
    const path = element.attribute("name");
    for (const url of networkUrls(protocol ?? "network", { hosts, path })) {
      report.reach("network", url, { element });
    }
  } else {
    report.value("plain", element.attribute("name"), { element, attribute: "name" });
  }
  for (const address of childrenOf(element, "address")) {
    report.reach("device", pciAddress(address), { element: address });
  }
}

const filesystemTypes = ["mount", "template", "file", "block", "ram", "bind", "volume"];

function filesystem(element: TreeElement, report: Report): void {
  report.unlessOneOf(filesystemTypes, { element, attribute: "type" });
  for (const source of childrenOf(element, "source")) {
    const name = source.attribute("name");
    if (name === undefined) continue;
    report.value("directory", `template:${name}`, { element: source, attribute: "name" });
  }
}

const characterTypes = [
  "null",
  "vc",
  "pty",
  "dev",
  "file",
  "pipe",
  "stdio",
  "udp",
  "tcp",
  "unix",
  "spicevmc",
  "spiceport",
  "nmdm",
  "qemu-vdagent",
  "dbus",
];

/** Character devices: the type is on the device, or, for TPMs, on the source. */
function character(element: TreeElement, report: Report): void {
  report.unlessOneOf(characterTypes, { element, attribute: "type" });
  const type = element.attribute("type");
  for (const source of childrenOf(element, "source")) characterSource(source, { type, report });
}

function characterSource(
  element: TreeElement,
  { type, report }: { readonly type: string | undefined; readonly report: Report },
): void {
  const kind = type === "unix" ? "socket" : type === "dev" || type === "pty" ? "device" : "path";
  // A pipe's two ends have names of their own: granted storage does not tell who is at the other one.
  report.value(type === "pipe" ? "directory" : kind, element.attribute("path"), {
    element,
    attribute: "path",
  });
  const host = element.attribute("host");
  const service = element.attribute("service");
  if (host !== undefined || service !== undefined) {
    report.reach("network", `${type ?? "tcp"}://${authority(host ?? "", service)}`, { element });
  }
}

/** QEMU's default source of entropy, and the one that everybody writes. */
const entropy = ["/dev/random", "/dev/urandom"];

function random(element: TreeElement, report: Report): void {
  report.unlessOneOf(["random", "egd", "builtin"], { element, attribute: "model" });
  const path = element.text().trim();
  if (!entropy.includes(path)) report.value("device", path, { element });
}

const interfaceTypes = [
  "network",
  "bridge",
  "direct",
  "ethernet",
  "hostdev",
  "vhostuser",
  "vdpa",
  "user",
  "internal",
  "null",
  "vds",
  "mcast",
  "server",
  "client",
  "udp",
];

function networkInterface(element: TreeElement, report: Report): void {
  report.unlessOneOf(interfaceTypes, { element, attribute: "type" });
  const type = element.attribute("type");
  if (type === "ethernet") {
    const target = childrenOf(element, "target")[0]?.attribute("dev");
    report.reach("network", `ethernet:${target ?? ""}`, { element, attribute: "type" });
  }
  for (const source of childrenOf(element, "source")) interfaceSource(source, { type, report });
  for (const backend of childrenOf(element, "backend")) {
    report.unlessOneOf(["default", "passt"], { element: backend, attribute: "type" });
    if (backend.attribute("type") === "passt") {
      report.reach("network", "passt", { element: backend, attribute: "type" });
    }
  }
  for (const forward of childrenOf(element, "portForward")) {
    const address = authority(forward.attribute("address") ?? "", undefined);
    report.reach("network", `${forward.attribute("proto") ?? "tcp"}://${address}`, { element: forward });
  }
  if (element.attribute("trustGuestRxFilters") === "yes") {
    report.reach("security", "trustGuestRxFilters=yes", { element, attribute: "trustGuestRxFilters" });
  }
}

function interfaceSource(
  source: TreeElement,
  { type, report }: { readonly type: string | undefined; readonly report: Report },
): void {
  const bridge = source.attribute("bridge");
  // In a network's interface libvirt reports there which bridge it took; it does not read it.
  if (bridge !== undefined && type !== "network") {
    report.reach("network", bridge, { element: source, attribute: "bridge" });
  }
  const device = source.attribute("dev");
  if (device !== undefined) {
    if (type === "vdpa" || device.includes("/")) {
      report.value("device", device, { element: source, attribute: "dev" });
    } else {
      report.reach("network", device, { element: source, attribute: "dev" });
    }
  }
  for (const address of childrenOf(source, "address")) {
    report.reach("device", pciAddress(address), { element: address });
  }
  const isSocket = type === "mcast" || type === "server" || type === "client" || type === "udp";
  if (isSocket || source.attribute("address") !== undefined) {
    const where = authority(source.attribute("address") ?? "", source.attribute("port"));
    report.reach("network", `${type ?? "tcp"}://${where}`, { element: source });
  }
  for (const local of childrenOf(source, "local")) {
    const where = authority(local.attribute("address") ?? "", local.attribute("port"));
    report.reach("network", `${type ?? "udp"}://${where}`, { element: local });
  }
  const distributed = source.attribute("switchid");
  if (distributed !== undefined) {
    const group = source.attribute("portgroupid") ?? "";
    report.reach("network", `vds:${distributed}/${group}`, { element: source, attribute: "switchid" });
  }
}

function smartcard(element: TreeElement, report: Report): void {
  report.unlessOneOf(["host", "host-certificates", "passthrough"], { element, attribute: "mode" });
  const mode = element.attribute("mode");
  if (mode === "host" || mode === "host-certificates") {
    report.reach("device", "smartcard", { element, attribute: "mode" });
  }
}

function tpm(element: TreeElement, report: Report): void {
  for (const backend of childrenOf(element, "backend")) {
    report.unlessOneOf(["passthrough", "emulator", "external"], { element: backend, attribute: "type" });
    const type = backend.attribute("type");
    const named = childrenOf(backend, "device").some((device) => device.attribute("path") !== undefined);
    if (type === "passthrough" && !named) report.reach("device", "/dev/tpm0", { element: backend });
    for (const source of childrenOf(backend, "source")) {
      if (type === "external") characterSource(source, { type: source.attribute("type"), report });
      else report.value("directory", source.attribute("path"), { element: source, attribute: "path" });
    }
  }
}

const graphicsTypes = ["vnc", "spice", "rdp", "sdl", "desktop", "egl-headless", "dbus"];

function graphics(element: TreeElement, report: Report): void {
  report.unlessOneOf(graphicsTypes, { element, attribute: "type" });
  const type = element.attribute("type") ?? "";
  if (type === "sdl" || type === "desktop") {
    report.reach("device", `display:${element.attribute("display") ?? ""}`, { element, attribute: "type" });
  }
  const rendering = childrenOf(element, "gl");
  const onGpu = type === "egl-headless" || rendering.some((gl) => gl.attribute("enable") === "yes");
  if (onGpu && !rendering.some((gl) => gl.attribute("rendernode") !== undefined)) {
    report.reach("device", "gpu", { element });
  }
  listening(element, { scheme: type, attribute: "listen", report });
  for (const listen of childrenOf(element, "listen")) {
    report.unlessOneOf(["address", "network", "socket", "none"], { element: listen, attribute: "type" });
    listening(listen, { scheme: type, attribute: "address", report });
    const network = listen.attribute("network");
    if (network !== undefined) {
      report.reach("network", `${type}://network:${network}`, { element: listen, attribute: "network" });
    }
  }
}

function listening(
  element: TreeElement,
  { scheme, attribute, report }: {
    readonly scheme: string;
    readonly attribute: string;
    readonly report: Report;
  },
): void {
  const address = element.attribute(attribute)?.trim() ?? "";
  if (isLoopback(address)) return;
  report.reach("network", `${scheme}://${authority(address, undefined)}`, { element, attribute });
}

function audio(element: TreeElement, report: Report): void {
  const type = element.attribute("type") ?? "";
  if (["none", "spice", "dbus", "file"].includes(type)) return;
  report.reach("device", `audio:${type}`, { element, attribute: "type" });
}

function sharedMemory(element: TreeElement, report: Report): void {
  const name = element.attribute("name");
  if (name === undefined || name === "") return;
  report.value("directory", `/dev/shm/${name}`, { element, attribute: "name" });
}

function hostDevice(element: TreeElement, report: Report): void {
  const type = element.attribute("type") ?? "";
  for (const attribute of ["rawio", "sgio"]) {
    const value = element.attribute(attribute);
    if (value === undefined || value === "no" || value === "filtered") continue;
    report.reach("security", `${attribute}=${value}`, { element, attribute });
  }
  const sources = childrenOf(element, "source");
  if (sources.length === 0) report.reach("device", `${type}:`, { element });
  for (const source of sources) hostDeviceSource(source, { type, report });
}

function hostDeviceSource(
  source: TreeElement,
  { type, report }: { readonly type: string; readonly report: Report },
): void {
  const before = report.findings.length;
  for (const name of ["block", "char"]) {
    for (const device of childrenOf(source, name)) report.value("device", device.text(), { element: device });
  }
  for (const device of childrenOf(source, "interface")) {
    report.reach("network", device.text().trim(), { element: device });
  }
  const hosts = childrenOf(source, "host");
  const protocol = source.attribute("protocol");
  if (hosts.length > 0) {
    const path = source.attribute("name");
    for (const url of networkUrls(protocol ?? "network", { hosts, path })) {
      report.reach("network", url, { element: source });
    }
  }
  const address = childrenOf(source, "address")[0];
  if (type === "usb") {
    report.reach("device", usbAddress(source), { element: source });
  } else if (type === "pci" && address !== undefined) {
    report.reach("device", pciAddress(address), { element: address });
  } else if (type === "mdev" && address !== undefined) {
    report.reach("device", `mdev:${address.attribute("uuid") ?? ""}`, { element: address });
  } else if (type === "scsi" && hosts.length === 0) {
    const adapter = childrenOf(source, "adapter")[0]?.attribute("name") ?? "";
    const place = ["bus", "target", "unit"].map((name) => address?.attribute(name) ?? "0").join(":");
    report.reach("device", `scsi:${adapter}:${place}`, { element: source });
  }
  // Whatever else it is, a host device reaches the host.
  if (report.findings.length === before) {
    report.reach("device", `${type}:${source.attribute("wwpn") ?? source.attribute("name") ?? ""}`, {
      element: source,
    });
  }
}

/** The rules that `device_vocabulary.ts` names. */
export const deviceRules: Readonly<Record<string, Rule>> = {
  disk,
  storage,
  filesystem,
  character,
  random,
  interface: networkInterface,
  smartcard,
  tpm,
  graphics,
  audio,
  shmem: sharedMemory,
  hostdev: hostDevice,
};
