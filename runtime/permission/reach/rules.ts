/**
 * What definitions reach that no single value tells, outside devices.
 *
 * @module
 */
import type { TreeElement } from "../../../model/xml/mod.ts";
import { authority, networkUrls, pciAddress } from "./address.ts";
import { deviceRules, type Rule } from "./device_rules.ts";
import { childrenOf, descendants } from "./element.ts";
import type { Report } from "./finding.ts";

const domainTypes = [
  "kvm",
  "qemu",
  "hvf",
  "xen",
  "lxc",
  "openvz",
  "vz",
  "parallels",
  "bhyve",
  "test",
  "vmware",
  "hyperv",
  "vbox",
  "phyp",
];

function domain(element: TreeElement, report: Report): void {
  report.unlessOneOf(domainTypes, { element, attribute: "type" });
  const isContainer = element.attribute("type") === "lxc" ||
    descendants(element, "os", "type").some((type) => type.text().trim() === "exe");
  if (!isContainer) return;
  // A container without a root of its own has the host's (libvirt, LXC driver, "Default container setup").
  const hasRoot = descendants(element, "devices", "filesystem", "target").some((target) =>
    target.attribute("dir")?.trim() === "/"
  );
  if (!hasRoot) report.reach("path", "/", { element });
  const hasNetwork = descendants(element, "devices", "interface").length > 0 ||
    descendants(element, "features", "privnet").length > 0;
  if (!hasNetwork) report.reach("network", "shared", { element });
}

function memorySource(element: TreeElement, report: Report): void {
  report.unlessOneOf(["file", "anonymous", "memfd"], { element, attribute: "type" });
  if (element.attribute("type") !== "file") return;
  report.reach("path", "memory-backing", { element, attribute: "type" });
}

function partition(element: TreeElement, report: Report): void {
  const text = element.text().trim();
  // Where libvirt puts all guests when nothing is said.
  if (text !== "" && text !== "/machine") report.reach("security", `partition:${text}`, { element });
}

function features(element: TreeElement, report: Report): void {
  for (const capabilities of childrenOf(element, "capabilities")) {
    const policy = capabilities.attribute("policy");
    if (policy !== undefined && policy !== "default" && policy !== "deny") {
      report.reach("security", `capabilities=${policy}`, { element: capabilities, attribute: "policy" });
    }
    for (const capability of childrenOf(capabilities)) {
      if (capability.attribute("state") === "off") continue;
      report.reach("security", `capability:${capability.name}`, { element: capability });
    }
  }
}

function launchSecurity(element: TreeElement, report: Report): void {
  report.reach("security", `launch:${element.attribute("type") ?? ""}`, { element });
}

/** A domain's security label: what is not made up by libvirt takes confinement away or chooses it. */
function securityLabel(element: TreeElement, report: Report): void {
  const model = element.attribute("model") ?? "";
  const type = element.attribute("type") ?? "dynamic";
  const note = (text: string): void => report.reach("security", `${model}:${text}`, { element });
  if (type !== "dynamic") {
    note([type, ...childrenOf(element, "label").map((label) => label.text().trim())].join(":"));
  }
  for (const label of childrenOf(element, "baselabel")) note(`baselabel:${label.text().trim()}`);
  if (element.attribute("relabel") === "no") note("relabel=no");
}

function deviceLabel(element: TreeElement, report: Report): void {
  const model = element.attribute("model") ?? "";
  for (const label of childrenOf(element, "label")) {
    report.reach("security", `${model}:label:${label.text().trim()}`, { element: label });
  }
  if (element.attribute("relabel") === "no") report.reach("security", `${model}:relabel=no`, { element });
}

const forwardModes = ["nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"];

function network(element: TreeElement, report: Report): void {
  const forwards = childrenOf(element, "forward");
  for (const forward of forwards) {
    report.unlessOneOf(forwardModes, { element: forward, attribute: "mode" });
    for (const address of childrenOf(forward, "address")) {
      report.reach("device", pciAddress(address), { element: address });
    }
  }
  trustedFilters(element, report);
  const isHosts = forwards.some((forward) => forward.attribute("mode") === "bridge");
  for (const bridge of childrenOf(element, "bridge")) {
    const zone = bridge.attribute("zone");
    if (zone !== undefined) {
      report.reach("network", `zone:${zone}`, { element: bridge, attribute: "zone" });
    }
    const name = bridge.attribute("name")?.trim() ?? "";
    // The names that libvirt gives the bridges it makes.
    if (name === "" || (!isHosts && /^virbr[A-Za-z0-9_-]*$/.test(name))) continue;
    report.reach("network", name, { element: bridge, attribute: "name" });
  }
}

/** A guest that may change filters changes what the host's interface takes in. */
function trustedFilters(element: TreeElement, report: Report): void {
  if (element.attribute("trustGuestRxFilters") !== "yes") return;
  report.reach("security", "trustGuestRxFilters=yes", { element, attribute: "trustGuestRxFilters" });
}

/** In a port's document that trust is an element of its own. */
function portTrust(element: TreeElement, report: Report): void {
  if (element.attribute("trustGuest") !== "yes") return;
  report.reach("security", "trustGuestRxFilters=yes", { element, attribute: "trustGuest" });
}

function portPlug(element: TreeElement, report: Report): void {
  report.unlessOneOf(["network", "bridge", "direct", "hostdev-pci"], { element, attribute: "type" });
  for (const address of childrenOf(element, "address")) {
    report.reach("device", pciAddress(address), { element: address });
  }
}

/** A network's routes are routes of the host. */
function networkRoute(element: TreeElement, report: Report): void {
  const size = element.attribute("prefix") ?? element.attribute("netmask") ?? "";
  report.reach("network", `route:${element.attribute("address") ?? ""}/${size}`, { element });
}

const poolTypes = [
  "dir",
  "fs",
  "netfs",
  "logical",
  "disk",
  "iscsi",
  "iscsi-direct",
  "scsi",
  "mpath",
  "rbd",
  "sheepdog",
  "gluster",
  "zfs",
  "vstorage",
];

/** What a pool's name stands for on the host. */
const poolNames: Readonly<Record<string, string>> = { logical: "vg", zfs: "zpool" };

function pool(element: TreeElement, report: Report): void {
  report.unlessOneOf(poolTypes, { element, attribute: "type" });
  const type = element.attribute("type") ?? "";
  if (type === "mpath") report.reach("device", "mpath", { element, attribute: "type" });
  for (const source of childrenOf(element, "source")) poolSource(source, { type, report });
}

function poolSource(
  source: TreeElement,
  { type, report }: { readonly type: string; readonly report: Report },
): void {
  const hosts = childrenOf(source, "host");
  const paths = ["dir", "device"].flatMap((name) => childrenOf(source, name));
  const names = childrenOf(source, "name");
  if (hosts.length > 0) {
    const path = paths[0]?.attribute("path") ?? names[0]?.text().trim();
    for (const url of networkUrls(type, { hosts, path })) report.reach("network", url, { element: source });
  }
  for (const element of paths) {
    const path = element.attribute("path")?.trim() ?? "";
    if (hosts.length > 0 && !(element.name === "device" && path.startsWith("/"))) continue;
    report.value(element.name === "device" ? "device" : "directory", path, { element, attribute: "path" });
  }
  for (const name of names) {
    const kind = poolNames[type];
    if (kind !== undefined) report.reach("device", `${kind}:${name.text().trim()}`, { element: name });
    else if (hosts.length === 0) {
      report.reach("network", `${type}:///${name.text().trim()}`, { element: name });
    }
  }
  for (const adapter of childrenOf(source, "adapter")) {
    const name = adapter.attribute("name") ?? adapter.attribute("wwpn") ?? adapter.attribute("parent") ?? "";
    report.reach("device", `scsi:${name}`, { element: adapter });
  }
}

/** A volume may be based on its neighbours by their file names; all else is looked at as a path. */
function volumeBacking(element: TreeElement, report: Report): void {
  for (const path of childrenOf(element, "path")) {
    const text = path.text().trim();
    if (/^[\p{L}\p{N}_][\p{L}\p{N}_.+-]*$/u.test(text)) continue;
    report.value("path", text, { element: path });
  }
}

function backupServer(element: TreeElement, report: Report): void {
  report.unlessOneOf(["tcp", "unix", "fd"], { element, attribute: "transport" });
  if (element.attribute("transport") === "unix") return;
  const where = authority(element.attribute("name") ?? "", element.attribute("port"));
  report.reach("network", `nbd://${where}`, { element });
}

/** A node device is made on the host, below its parent. */
function nodeDevice(element: TreeElement, report: Report): void {
  const parents = childrenOf(element, "parent");
  const names = parents.map((parent) => parent.text().trim()).filter((name) => name !== "");
  for (const name of names.length > 0 ? names : ["nodedev:"]) report.reach("device", name, { element });
}

/** The rules that vocabularies name. */
export const rules: Readonly<Record<string, Rule>> = {
  ...deviceRules,
  domain,
  memorySource,
  partition,
  features,
  launchSecurity,
  seclabel: securityLabel,
  deviceLabel,
  network,
  trustedFilters,
  portTrust,
  portPlug,
  networkRoute,
  pool,
  poolSource: (element, report) => poolSource(element, { type: "source", report }),
  volumeBacking,
  backupServer,
  nodeDevice,
};
