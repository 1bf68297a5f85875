/**
 * What somebody wants a domain to be, as a document that says no more than that.
 *
 * @module
 */
import {
  bytesOf,
  type DesiredDisk,
  type DesiredDomain,
  type DesiredInterface,
} from "../../model/desired/mod.ts";
import type { SizeText } from "../../model/desired/mod.ts";
import type { Wanted } from "./context.ts";
import { absent, attributeOf, childOf, childrenOf, el, type Element, readElement } from "./element.ts";
import { spareSlots } from "./machine.ts";
import { merge, pairUp } from "./merge.ts";
import { withoutRunningFacts } from "./running_facts.ts";
import { domainStructure, ruleOf } from "./structure.ts";

const mebibyte = 1024 * 1024;

/** The channel of the agent in the guest. Source: libvirt formatdomain, <channel>. */
const agentChannel = el("channel", {
  attributes: { type: "unix" },
  children: [el("target", { attributes: { type: "virtio", name: "org.qemu.guest_agent.0" } })],
});

/**
 * What is wanted of a domain. What follows from what is there already (which of its disks is meant, how much memory it can
 * have) is read from `base`.
 *
 * @throws {DocumentError} where the raw document cannot be read
 */
export function wantedDomain(spec: DesiredDomain, base?: Element): Wanted {
  const { disks, interfaces, graphics, agent, xml } = spec;
  const complete = new Set<string>();
  if (disks !== undefined) complete.add("devices/disk");
  if (interfaces !== undefined) complete.add("devices/interface");
  if (graphics !== undefined) complete.add("devices/graphics");
  const devices = [
    ...(disks ?? []).map((disk) => diskElement(typeof disk === "string" ? { file: disk } : disk)),
    ...(interfaces ?? []).map((nic) => interfaceElement(typeof nic === "string" ? { network: nic } : nic)),
    agent === undefined ? undefined : agent ? agentChannel : { ...agentChannel, absent: true },
    graphics === undefined || graphics === "none" ? undefined : el("graphics", {
      attributes: { type: graphics },
      defaults: el("graphics", { attributes: { autoport: "yes" } }),
    }),
  ].filter((device) => device !== undefined);
  const root = el("domain", {
    attributes: { type: spec.type },
    children: [
      el("name", { text: spec.name }),
      textElement("uuid", spec.uuid?.toLowerCase()),
      textElement("title", spec.title),
      textElement("description", spec.description),
      ...memoryElements(spec, base),
      vcpuElement(spec, base),
      osElement(spec),
      cpuElement(spec),
      devices.length === 0 && complete.size === 0 ? undefined : el("devices", { children: devices }),
    ],
  });
  if (xml === undefined) return { root, complete };
  const raw = withoutRunningFacts(readElement(xml));
  return { root: merge(root, raw, { structure: domainStructure }), complete };
}

function textElement(name: string, text: string | undefined): Element | undefined {
  if (text === undefined) return undefined;
  return text === "" ? absent(name) : el(name, { text });
}

/** In whole MiB, as hypervisors give it out. */
function memoryKib(size: SizeText): number {
  return Math.ceil(bytesOf(size) / mebibyte) * 1024;
}

/** What it can have is raised where it has to be, and else left alone unless it is wanted. */
function memoryElements({ memory, maxMemory }: DesiredDomain, base: Element | undefined): readonly Element[] {
  if (memory === undefined && maxMemory === undefined) return [];
  const present = Number(childOf(base, "memory")?.text ?? 0);
  const current = memory === undefined ? undefined : memoryKib(memory);
  const maximum = maxMemory === undefined
    ? current === undefined || current <= present ? undefined : current
    : Math.max(memoryKib(maxMemory), current ?? 0);
  return [
    ...(maximum === undefined ? [] : [sizeElement("memory", maximum)]),
    ...(current === undefined ? [] : [sizeElement("currentMemory", current)]),
  ];
}

function sizeElement(name: string, kib: number): Element {
  return el(name, { attributes: { unit: "KiB" }, text: kib });
}

function vcpuElement({ vcpus, maxVcpus }: DesiredDomain, base: Element | undefined): Element | undefined {
  if (vcpus === undefined && maxVcpus === undefined) return undefined;
  const present = Number(childOf(base, "vcpu")?.text ?? 0);
  const maximum = Math.max(maxVcpus ?? present, vcpus ?? 0);
  return el("vcpu", { attributes: { current: vcpus }, text: maximum });
}

function osElement({ arch, machine, firmware, boot, kernel }: DesiredDomain): Element | undefined {
  const type = arch === undefined && machine === undefined
    ? undefined
    : el("type", { attributes: { arch, machine } });
  const children = [
    type,
    kernel === undefined ? undefined : el("kernel", { text: kernel.path }),
    textElement("initrd", kernel?.initrd),
    textElement("cmdline", kernel?.arguments),
    ...(boot ?? []).map((dev) => el("boot", { attributes: { dev } })),
  ].filter((child) => child !== undefined);
  return children.length === 0 && firmware === undefined
    ? undefined
    : el("os", { attributes: { firmware }, children });
}

function cpuElement({ cpu }: DesiredDomain): Element | undefined {
  if (cpu === undefined) return undefined;
  return typeof cpu === "string"
    ? el("cpu", { attributes: { mode: cpu } })
    : el("cpu", { attributes: { mode: "custom" }, children: [el("model", { text: cpu.model })] });
}

function diskElement(disk: DesiredDisk): Element {
  const { file, block, volume, target, bus, format, cache, discard, device = "disk" } = disk;
  const isDrive = device === "cdrom" || device === "floppy";
  const [type, source] = file !== undefined
    ? ["file", { file }]
    : block !== undefined
    ? ["block", { dev: block }]
    : volume !== undefined
    ? ["volume", { pool: volume.pool, volume: volume.name }]
    : [undefined, undefined];
  const limits = Object.entries(disk.limits ?? {}).map(([name, value]) => el(name, { text: value }));
  const hasDriver = format !== undefined || cache !== undefined || discard !== undefined;
  return el("disk", {
    attributes: { type, device: disk.device },
    children: [
      hasDriver ? el("driver", { attributes: { type: format, cache, discard } }) : undefined,
      source === undefined ? undefined : el("source", { attributes: source }),
      target === undefined && bus === undefined
        ? undefined
        : el("target", { attributes: { dev: target, bus } }),
      limits.length === 0 ? undefined : el("iotune", { children: limits }),
      disk.readonly === undefined ? undefined : disk.readonly ? el("readonly") : absent("readonly"),
    ],
    defaults: el("disk", {
      attributes: { type: "file", device },
      children: [
        el("driver", {
          attributes: { name: "qemu", type: block === undefined ? formatOf(file ?? volume?.name) : "raw" },
        }),
        el("target", { attributes: { bus: device === "floppy" ? "fdc" : isDrive ? "sata" : "virtio" } }),
      ],
    }),
  });
}

function formatOf(path: string | undefined): string {
  return path?.endsWith(".qcow2") === true ? "qcow2" : "raw";
}

function interfaceElement(nic: DesiredInterface): Element {
  const { network, bridge, direct, mac, model, link, filter } = nic;
  const [type, source] = network !== undefined
    ? ["network", { network }]
    : bridge !== undefined
    ? ["bridge", { bridge }]
    : ["direct", { dev: direct }];
  return el("interface", {
    attributes: { type },
    children: [
      mac === undefined ? undefined : el("mac", { attributes: { address: mac.toLowerCase() } }),
      el("source", {
        attributes: source,
        ...(type === "direct" ? { defaults: el("source", { attributes: { mode: "bridge" } }) } : {}),
      }),
      model === undefined ? undefined : el("model", { attributes: { type: model } }),
      filter === undefined ? undefined : el("filterref", { attributes: { filter } }),
      link === undefined ? undefined : el("link", { attributes: { state: link } }),
    ],
    defaults: el("interface", { children: [el("model", { attributes: { type: "virtio" } })] }),
  });
}

/** What a new domain has that nobody said. */
export function domainDefaults(spec: DesiredDomain, capabilities: Element | undefined): Element {
  const { agent, arch } = spec;
  const guest = guestFor(capabilities, arch);
  const types = guest?.types ?? [];
  const type = types.includes("kvm") ? "kvm" : types[0] ?? "kvm";
  const osType = guest?.osType ?? "hvm";
  const isMachine = osType === "hvm";
  return el("domain", {
    attributes: { type },
    children: [
      el("name", { text: spec.name }),
      sizeElement("memory", mebibyte),
      sizeElement("currentMemory", mebibyte),
      el("vcpu", { text: 1 }),
      el("os", { children: [el("type", { text: osType })] }),
      isMachine ? el("features", { children: [el("acpi"), el("apic")] }) : undefined,
      type === "kvm" ? el("cpu", { attributes: { mode: "host-model" } }) : undefined,
      el("devices", {
        children: isMachine
          ? [
            el("serial", {
              attributes: { type: "pty" },
              children: [el("target", { attributes: { port: 0 } })],
            }),
            el("console", {
              attributes: { type: "pty" },
              children: [el("target", { attributes: { type: "serial", port: 0 } })],
            }),
            agent === false ? undefined : agentChannel,
            ...(spec.xml?.includes("<controller") === true ? [] : spareSlots(spec.machine)),
          ]
          : [],
      }),
    ],
  });
}

interface GuestFacts {
  readonly osType: string;
  readonly types: readonly string[];
}

/** What the host runs: of the architecture that is asked for, or of its own. Source: libvirt formatcaps, <guest>. */
function guestFor(capabilities: Element | undefined, arch: string | undefined): GuestFacts | undefined {
  const own = childOf(capabilities, "host", "cpu", "arch")?.text;
  const guests = childrenOf(capabilities, "guest").map((guest) => ({
    osType: childOf(guest, "os_type")?.text ?? "hvm",
    arch: attributeOf(guest, "name", "arch"),
    types: childrenOf(childOf(guest, "arch"), "domain").flatMap(({ attributes }) =>
      attributes.get("type") ?? []
    ),
  }));
  const fitting = guests.filter((guest) => guest.arch === (arch ?? own));
  const all = fitting.length > 0 ? fitting : guests;
  return all.find(({ osType }) => osType === "hvm") ?? all[0];
}

/** A new device with the names that no other has: a disk's target, an interface's address. */
export function finishDevice(
  path: string,
  made: Element,
  { siblings, newMac }: {
    readonly siblings: readonly Element[];
    readonly newMac: (() => string) | undefined;
  },
): Element {
  if (path === "devices/disk" && attributeOf(made, "dev", "target") === undefined) {
    const bus = attributeOf(made, "bus", "target") ?? "virtio";
    const dev = freeTarget(bus, siblings.map((disk) => attributeOf(disk, "dev", "target")));
    return merge(made, el("disk", { children: [el("target", { attributes: { dev } })] }), { structure: {} });
  }
  if (path === "devices/interface" && childOf(made, "mac") === undefined && newMac !== undefined) {
    return { ...made, children: [el("mac", { attributes: { address: newMac() } }), ...made.children] };
  }
  return made;
}

/** How targets of a bus begin. Source: libvirt formatdomain, <target> of a disk. */
const prefixes: Readonly<Record<string, string>> = { virtio: "vd", ide: "hd", fdc: "fd", xen: "xvd" };

function freeTarget(bus: string, taken: readonly (string | undefined)[]): string {
  const prefix = prefixes[bus] ?? "sd";
  for (let number = 0;; number++) {
    const target = `${prefix}${letters(number)}`;
    if (!taken.includes(target)) return target;
  }
}

/** a, b, … z, aa, ab, … */
function letters(number: number): string {
  const rest = Math.floor(number / 26);
  return `${rest === 0 ? "" : letters(rest - 1)}${String.fromCharCode(97 + number % 26)}`;
}

/**
 * What is wanted, with the names that its devices have by now: the same device is meant in what runs as in what is defined.
 */
export function resolved(wanted: Element, config: Element): Element {
  const devices = childOf(wanted, "devices");
  if (devices === undefined) return wanted;
  const named = devices.children.map((device) => {
    const names = identityOf(device, { devices, config });
    return names === undefined
      ? device
      : { ...merge(device, names, { structure: {} }), defaults: device.defaults };
  }).map(({ defaults, ...device }) => defaults === undefined ? device : { ...device, defaults });
  return {
    ...wanted,
    children: wanted.children.map((child) => child === devices ? { ...devices, children: named } : child),
  };
}

function identityOf(
  device: Element,
  { devices, config }: { readonly devices: Element; readonly config: Element },
): Element | undefined {
  const { name } = device;
  if (name !== "disk" && name !== "interface") return undefined;
  const pairs = pairUp(
    childrenOf(childOf(config, "devices"), name),
    childrenOf(devices, name),
    ruleOf(domainStructure, `devices/${name}`),
  );
  const found = [...pairs].find(([, wanted]) => wanted === device)?.[0];
  const child = name === "disk" ? "target" : "mac";
  const attribute = name === "disk" ? "dev" : "address";
  const value = attributeOf(found, attribute, child);
  return value === undefined
    ? undefined
    : el(name, { children: [el(child, { attributes: { [attribute]: value } })] });
}
