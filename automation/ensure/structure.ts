/**
 * What is known of lists in documents: which element of one is which of the other.
 *
 * @module
 */
import { attributeOf, childOf, type Element } from "./element.ts";

/** How elements of a name are told apart, and what a list of them means. */
export interface ListRule {
  /** What tells one from the others; `undefined` where it does not say. */
  readonly key?: (element: Element) => string | undefined;
  /** Which of those that are left an element without a key means; the first one where this is not given. */
  readonly find?: (wanted: Element, left: readonly Element[]) => Element | undefined;
  /** The list is one value: its order and its length count. */
  readonly isOneValue?: boolean;
  /** It comes and goes as a whole, and is told so: a device, a host of a network. */
  readonly isUnit?: boolean;
  /** The element is one value: what is wanted takes the place of all of it where they differ. */
  readonly isReplaced?: boolean;
}

/** The rules of a kind of document, by the path of the elements in it. */
export type Structure = Readonly<Record<string, ListRule>>;

/** The rule for an element, by its path. */
export function ruleOf(structure: Structure, path: string): ListRule {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return structure[path] ?? (name.includes(":") ? structure[`*/${name}`] : undefined) ?? {};
}

/** Whether an element comes and goes as a whole. */
export function isUnit(structure: Structure, path: string): boolean {
  return /^devices\/[^/]+$/.test(path) || ruleOf(structure, path).isUnit === true;
}

/** Where a disk's bytes are, or an interface is plugged in: the attributes of its source that say so. */
export function sourceText(device: Element): string | undefined {
  const source = childOf(device, "source");
  if (source === undefined) return undefined;
  const names = ["file", "dev", "dir", "pool", "volume", "protocol", "name", "network", "bridge", "path"];
  const said = names.flatMap((name) => source.attributes.get(name) ?? []);
  return said.length === 0 ? undefined : said.join(" ");
}

function bySource(wanted: Element, left: readonly Element[]): Element | undefined {
  const source = sourceText(wanted);
  return left.find((each) => source !== undefined && sourceText(each) === source);
}

/** What kind of disk the guest takes it for. Source: libvirt formatdomain, <disk>. */
function kindOf(disk: Element): string {
  return disk.attributes.get("device") ?? disk.defaults?.attributes.get("device") ?? "disk";
}

/** A disk without a target: the one that consists of the same. A drive is a drive whatever lies in it. */
function bySourceOrDrive(wanted: Element, left: readonly Element[]): Element | undefined {
  const kind = kindOf(wanted);
  if (kind !== "cdrom" && kind !== "floppy") return bySource(wanted, left);
  const bus = attributeOf(wanted, "bus", "target");
  const drives = left.filter((each) =>
    kindOf(each) === kind && (bus === undefined || attributeOf(each, "bus", "target") === bus)
  );
  return bySource(wanted, drives) ?? drives.find((each) => childOf(each, "source") === undefined) ??
    drives[0];
}

/** A network interface without a hardware address: the one in the same network, else simply the next one. */
function bySourceOrNext(wanted: Element, left: readonly Element[]): Element | undefined {
  return bySource(wanted, left) ?? left[0];
}

const byName: ListRule = { key: (element) => element.attributes.get("name") };
const byTargetPort: ListRule = { key: (element) => attributeOf(element, "port", "target") };
const oneValue: ListRule = { isOneValue: true };
const replaced: ListRule = { isReplaced: true };

/** What a host device is, on its host. */
function hostDeviceKey(element: Element): string | undefined {
  const source = childOf(element, "source");
  if (source === undefined) return undefined;
  const said = [source, ...source.children].map(({ name, attributes }) =>
    JSON.stringify([name, [...attributes].map(([key, value]) => [key, sameNumber(value)]).sort()])
  );
  return said.sort().join("\n");
}

/** Numbers are the same however they are written, `0x01` and `1`; an iSCSI target without a unit means the first. */
function sameNumber(text: string): string {
  if (/^iqn\.[^/]*$/.test(text)) return `${text}/0`;
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? String(Number(text)) : text;
}

/** Consoles are numbered by their order, and what they are is said by their target. Source: libvirt formatdomain, <console>. */
function byConsoleType(wanted: Element, left: readonly Element[]): Element | undefined {
  const typeOf = (console: Element): string => attributeOf(console, "type", "target") ?? "serial";
  return left.find((each) => typeOf(each) === typeOf(wanted));
}

/** A controller; one without a number is known by what it is. */
function controllerKey({ attributes }: Element): string | undefined {
  const [type, index] = [attributes.get("type"), attributes.get("index")];
  return index === undefined ? undefined : `${type ?? ""} ${index}`;
}

function byController(wanted: Element, left: readonly Element[]): Element | undefined {
  const [type, model] = ["type", "model"].map((name) => wanted.attributes.get(name));
  const alike = left.filter((each) => each.attributes.get("type") === type);
  // Bridges are added for those who ask for one more; of the others the first one is meant.
  return alike.find((each) => each.attributes.get("model") === model) ??
    (type === "pci" ? undefined : alike[0]);
}

/** Lists in a domain's document. Source: libvirt formatdomain. */
export const domainStructure: Structure = {
  "devices/disk": { key: (disk) => attributeOf(disk, "dev", "target"), find: bySourceOrDrive },
  "devices/interface": {
    key: (nic) => attributeOf(nic, "address", "mac")?.toLowerCase(),
    find: bySourceOrNext,
  },
  "devices/filesystem": { key: (each) => attributeOf(each, "dir", "target") },
  "devices/hostdev": { key: hostDeviceKey },
  "devices/channel": { key: (each) => attributeOf(each, "name", "target") },
  "devices/graphics": { key: (each) => each.attributes.get("type") },
  "devices/controller": { key: controllerKey, find: byController },
  "devices/serial": byTargetPort,
  "devices/console": { find: byConsoleType },
  "devices/input": { key: ({ attributes }) => attributes.get("type") },
  "devices/shmem": byName,
  "devices/audio": { key: ({ attributes }) => attributes.get("id") },
  "devices/parallel": byTargetPort,
  "devices/disk/source": replaced,
  "devices/interface/source": replaced,
  "devices/filesystem/source": replaced,
  "os/boot": oneValue,
  "os/initarg": oneValue,
  "cpu/feature": byName,
  "cpu/numa/cell": { key: (each) => each.attributes.get("id") },
  "clock/timer": byName,
  "cputune/vcpupin": { key: (each) => each.attributes.get("vcpu") },
  "cputune/iothreadpin": { key: (each) => each.attributes.get("iothread") },
  "cputune/vcpusched": { key: (each) => each.attributes.get("vcpus") },
  "iothreadids/iothread": { key: (each) => each.attributes.get("id") },
  "numatune/memnode": { key: (each) => each.attributes.get("cellid") },
  "vcpus/vcpu": { key: (each) => each.attributes.get("id") },
  "*/qemu:arg": oneValue,
  "*/qemu:env": byName,
};

/** Lists in a network's document. Source: libvirt formatnetwork. */
export const networkStructure: Structure = {
  "ip": { key: (ip) => ip.attributes.get("family") ?? "ipv4" },
  "ip/dhcp/host": {
    key: ({ attributes }) =>
      attributes.get("mac")?.toLowerCase() ?? attributes.get("name") ?? attributes.get("ip"),
    isUnit: true,
  },
  "ip/dhcp/range": { key: ({ attributes }) => attributes.get("start"), isUnit: true },
  "dns/host": { key: (host) => host.attributes.get("ip"), isUnit: true },
  "dns/txt": { ...byName, isUnit: true },
  "dns/forwarder": { key: ({ attributes }) => JSON.stringify([...attributes].sort()) },
  "forward/interface": { key: (each) => each.attributes.get("dev"), isUnit: true },
  "portgroup": { ...byName, isUnit: true },
  "route": { key: ({ attributes }) => `${attributes.get("address")}/${attributes.get("prefix")}` },
};

/** Lists in a pool's document: none that anybody merges. Source: libvirt formatstorage. */
export const poolStructure: Structure = { "source/host": oneValue, "source/device": oneValue };
