/**
 * The fields of a domain: when a change of each takes effect, why, and how it is made while the domain runs. This table is the
 * one place for that. Sources: libvirt formatdomain; what its QEMU driver changes in running domains.
 *
 * @module
 */
import type { Difference } from "./difference.ts";
import { attributeOf, childOf, childrenOf, el, type Element, writeElement } from "./element.ts";
import type { FieldRule, LiveCall, LiveWorld } from "./field_rule.ts";
import { domainStructure, ruleOf } from "./structure.ts";

/** Buses on which disks come and go while a guest runs. */
const plugBuses: ReadonlySet<string> = new Set(["virtio", "scsi", "usb", "xen"]);

const atBoot = "The hypervisor reads it when the domain starts";

export const domainFields: readonly FieldRule[] = [
  { path: /^name$/, effect: "needs-stop", why: "A running domain cannot be renamed" },
  { path: /^uuid$/, effect: "replace", why: "The UUID is what the domain is: another one is another domain" },
  {
    path: /^title$|^description$/,
    why: "It is text about the domain, and not for it",
    live: ({ path, from, to }) => ({
      group: path,
      says: `set the ${path}`,
      operation: "domain.setMetadata",
      input: { kind: path, ...(to === undefined ? {} : { value: to }), live: true },
      undo: {
        operation: "domain.setMetadata",
        input: { kind: path, ...(from === undefined ? {} : { value: from }), live: true },
      },
    }),
  },
  {
    path: /^currentMemory$/,
    why: "The balloon gives memory to the guest and takes it",
    otherwise: "The guest cannot have more than the maximum with which it was started",
    isTranslated: true,
    live: ({ from, to }, { before }) => {
      const maximum = Number(childOf(before, "memory")?.text ?? 0);
      if (to === undefined || from === undefined || Number(to) > maximum) return undefined;
      return both("current memory", "domain.setMemory", {
        now: { memoryKib: Number(to) },
        before: { memoryKib: Number(from) },
      });
    },
  },
  { path: /^memory$|^maxMemory/, why: "The guest's address space is laid out when it starts" },
  {
    path: /^vcpu@current$|^vcpu$/,
    why: "Processors can be plugged into a running guest, up to its maximum",
    otherwise: "Processors beyond the maximum, or to be taken from a guest, wait for its next start",
    live: (_difference, { before, after }) => {
      const [was, is, maximum] = [
        vcpusOf(before),
        vcpusOf(after),
        Number(childOf(before, "vcpu")?.text ?? 1),
      ];
      if (is <= was || is > maximum) return undefined;
      const call = both("vcpus", "domain.setVcpus", { now: { vcpus: is }, before: { vcpus: was } });
      return { ...call, isLast: true };
    },
  },
  {
    path: /^on_(poweroff|reboot|crash)$/,
    why: "The hypervisor acts by it when it happens",
    live: ({ path, from, to }) => {
      const on = path.slice("on_".length);
      if (from === undefined || to === undefined) return undefined;
      return both(path, "domain.setLifecycleAction", {
        now: { on, action: to },
        before: { on, action: from },
      });
    },
  },
  { path: /^cputune\/vcpupin@vcpu$/, why: "It names the processor that is pinned", isName: true },
  {
    path: /^cputune\/vcpupin@cpuset$/,
    why: "The host schedules threads anew",
    live: ({ keys, from, to }) => {
      const vcpu = Number(keys[0]);
      if (to === undefined) return undefined;
      return both(`pin of vcpu ${vcpu}`, "domain.pinVcpu", {
        now: { vcpu, cpus: to },
        before: from === undefined ? undefined : { vcpu, cpus: from },
      });
    },
  },
  {
    path: /^cputune\/emulatorpin@cpuset$/,
    why: "The host schedules threads anew",
    live: ({ from, to }) => {
      if (to === undefined) return undefined;
      return both("pin of the emulator", "domain.pinEmulator", {
        now: { cpus: to },
        before: from === undefined ? undefined : { cpus: from },
      });
    },
  },
  { path: /^cputune\/shares$/, ...parameter("scheduler", "cpu_shares") },
  { path: /^cputune\/period$/, ...parameter("scheduler", "vcpu_period") },
  { path: /^cputune\/quota$/, ...parameter("scheduler", "vcpu_quota") },
  { path: /^blkiotune\/weight$/, ...parameter("blkio", "weight") },
  { path: /^memtune\/hard_limit$/, ...parameter("memory", "hard_limit") },
  { path: /^memtune\/soft_limit$/, ...parameter("memory", "soft_limit") },
  {
    path: /^devices\/disk$/,
    why: "Its bus can plug and unplug while the guest runs",
    otherwise: "Its bus cannot plug or unplug while the guest runs",
    live: (difference, world) =>
      plugBuses.has(attributeOf(anyOf(difference), "bus", "target") ?? "virtio")
        ? plug(difference, world)
        : undefined,
  },
  {
    path: /^devices\/(interface|hostdev|rng|channel|redirdev|memory|shmem|watchdog|vsock)$/,
    why: "It can be plugged and unplugged while the guest runs",
    otherwise: atBoot,
    live: plug,
  },
  {
    path: /^devices\/controller$/,
    why: "Disks of its bus can come while the guest runs",
    otherwise: atBoot,
    live: (difference, world) => {
      const { before, after } = difference.device ?? {};
      const call = before === undefined && after?.attributes.get("type") === "scsi"
        ? plug(difference, world)
        : undefined;
      return call === undefined ? undefined : { ...call, isFirst: true };
    },
  },
  {
    path: /^devices\/input$/,
    why: "Its bus can plug and unplug while the guest runs",
    otherwise: atBoot,
    live: (difference, world) =>
      ["usb", "virtio"].includes(anyOf(difference)?.attributes.get("bus") ?? "")
        ? plug(difference, world)
        : undefined,
  },
  {
    path: /^devices\/memballoon\/stats@period$/,
    why: "The hypervisor asks the guest as often as it is told",
    live: ({ from = "0", to = "0" }) =>
      both("period of the memory statistics", "domain.setMemoryStatsPeriod", {
        now: { periodS: Number(to) },
        before: { periodS: Number(from) },
      }),
  },
  {
    path: /^devices\/disk\/iotune\//,
    why: "The hypervisor limits the disk while it is used",
    live: (difference, { before, after }) => {
      const target = difference.keys[0] ?? "";
      const [was, is] = [before, after].map((tree) => limitsOf(deviceIn(tree, difference)));
      return both(`limits of disk ${target}`, "domain.setBlockIoTune", {
        now: { disk: target, parameters: { ...zeros(was), ...is } },
        before: { disk: target, parameters: { ...zeros(is), ...was } },
      });
    },
  },
  {
    path: /^devices\/disk\/source/,
    why: "A drive's medium can be changed while the guest runs",
    otherwise: "What a disk consists of is opened when the guest starts",
    live: (difference, world) => {
      const device = difference.device?.after?.attributes.get("device");
      return device === "cdrom" || device === "floppy" ? update(difference, world) : undefined;
    },
  },
  {
    path:
      /^devices\/interface\/(source|link|filterref|bandwidth|coalesce)|^devices\/interface@trustGuestRxFilters$/,
    why: "The host's end of the interface can be changed while the guest runs",
    otherwise: "The interface becomes one of another kind",
    live: (difference, world) => {
      const { before, after } = difference.device ?? {};
      return before?.attributes.get("type") === after?.attributes.get("type")
        ? update(difference, world)
        : undefined;
    },
  },
  { path: /^metadata\//, why: "It is text of some program about the domain", live: metadataCall },
  { path: /^devices\//, why: "The device is made when the guest starts" },
  { path: /^cpu(\/|@|$)/, why: "The guest's processor is made when it starts", isTranslated: true },
  { path: /^os(\/|@|$)/, why: "It is how the domain starts", isTranslated: true },
  { path: /./, why: atBoot },
];

function both(
  what: string,
  operation: string,
  { now, before }: {
    readonly now: Readonly<Record<string, unknown>>;
    /** Absent where nobody knows what it was. */
    readonly before: Readonly<Record<string, unknown>> | undefined;
  },
): LiveCall {
  return {
    group: `${operation} ${what}`,
    says: `set ${what}`,
    operation,
    input: { ...now, live: true },
    ...(before === undefined ? {} : { undo: { operation, input: { ...before, live: true } } }),
  };
}

/** What has not been said is so. Source: libvirt formatdomain, <cputune> and <memtune>; the kernel's CFS bandwidth. */
const unsaid: Readonly<Record<string, number>> = {
  vcpu_period: 100_000,
  vcpu_quota: -1,
  hard_limit: 9_007_199_254_740_991,
  soft_limit: 9_007_199_254_740_991,
};

function parameter(group: string, name: string): Pick<FieldRule, "why" | "live" | "otherwise"> {
  return {
    why: "The host's kernel weighs the domain's threads by it",
    otherwise: atBoot,
    live: ({ from, to }) => {
      if (to === undefined) return undefined;
      const former = from === undefined ? unsaid[name] : Number(from);
      return {
        ...both(name, "domain.setParameters", {
          now: { group, parameters: { [name]: Number(to) } },
          before: former === undefined ? undefined : { group, parameters: { [name]: former } },
        }),
        isKnownToSome: true,
      };
    },
  };
}

function vcpusOf(domain: Element): number {
  const vcpu = childOf(domain, "vcpu");
  return Number(vcpu?.attributes.get("current") ?? vcpu?.text ?? 1);
}

function limitsOf(disk: Element | undefined): Readonly<Record<string, number>> {
  const limits = childOf(disk, "iotune")?.children ?? [];
  return Object.fromEntries(limits.map(({ name, text }) => [name, Number(text)]));
}

/** A limit that is not there is one of nothing. */
function zeros(limits: Readonly<Record<string, number>> | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.keys(limits ?? {}).map((name) => [name, 0]));
}

function anyOf({ device }: Difference): Element | undefined {
  return device?.after ?? device?.before;
}

/** The same device in another tree of the domain. */
function deviceIn(tree: Element, difference: Difference): Element | undefined {
  const device = anyOf(difference);
  if (device === undefined) return undefined;
  const { key } = ruleOf(domainStructure, `devices/${device.name}`);
  const wanted = key?.(device);
  if (wanted === undefined) return undefined;
  return childrenOf(childOf(tree, "devices"), device.name).find((each) => key?.(each) === wanted);
}

function nameOf(difference: Difference): string {
  const device = anyOf(difference);
  return `${device?.name ?? "device"} ${difference.keys[0] ?? ""}`.trim();
}

function plug(difference: Difference, world: LiveWorld): LiveCall | undefined {
  const { before, after } = difference.device ?? {};
  const name = nameOf(difference);
  if (after !== undefined) {
    const xml = writeElement(withoutPlace(deviceIn(world.config, difference) ?? after));
    return {
      group: `attach ${xml}`,
      says: `plug in ${name}`,
      operation: "domain.attachDevice",
      input: { xml, live: true },
      undo: { operation: "domain.detachDevice", input: { xml, live: true } },
    };
  }
  if (before === undefined) return undefined;
  const there = deviceIn(world.before, difference) ?? before;
  return {
    group: `detach ${writeElement(there)}`,
    says: `unplug ${name}`,
    operation: "domain.detachDevice",
    input: { xml: writeElement(there), live: true },
    undo: {
      operation: "domain.attachDevice",
      input: { xml: writeElement(withoutPlace(there)), live: true },
    },
  };
}

function update(difference: Difference, world: LiveWorld): LiveCall | undefined {
  const [before, after] = [deviceIn(world.before, difference), deviceIn(world.after, difference)];
  if (before === undefined || after === undefined) return undefined;
  return {
    group: `update ${nameOf(difference)}`,
    says: `change ${nameOf(difference)}`,
    operation: "domain.updateDevice",
    input: { xml: writeElement(after), live: true },
    undo: { operation: "domain.updateDevice", input: { xml: writeElement(before), live: true } },
  };
}

/** What a program keeps in a domain: one element for each namespace. Source: libvirt, virDomainSetMetadata. */
function metadataCall({ path }: Difference, { before, config }: LiveWorld): LiveCall | undefined {
  const name = /^metadata\/([^/@]+)/.exec(path)?.[1] ?? "";
  const [key, local] = name.split(":");
  const [was, is] = [before, config].map((domain) => childOf(domain, "metadata", name));
  const uri = (is ?? was)?.declared.get(key ?? "");
  if (key === undefined || local === undefined || uri === undefined) return undefined;
  const input = (element: Element | undefined): LiveCall["input"] => ({
    kind: "element",
    uri,
    key,
    ...(element === undefined ? {} : { value: writeElement(withoutPrefix(element, key)) }),
    live: true,
  });
  const operation = "domain.setMetadata";
  return {
    group: `metadata ${name}`,
    says: `set the metadata ${name}`,
    operation,
    input: input(is),
    undo: { operation, input: input(was) },
  };
}

/** The same without the prefix that libvirt gives it. */
function withoutPrefix(element: Element, prefix: string): Element {
  const { name, declared, children } = element;
  return {
    ...element,
    name: name.startsWith(`${prefix}:`) ? name.slice(prefix.length + 1) : name,
    declared: new Map([...declared].filter(([each]) => each !== prefix)),
    children: children.map((child) => withoutPrefix(child, prefix)),
  };
}

/** What a running guest gave the device and another one may give it anew. */
function withoutPlace(device: Element): Element {
  const given: ReadonlySet<string> = new Set(["alias", "address", "backingStore"]);
  const { name, attributes, text, children } = device;
  return {
    ...el(name, { text, children: children.filter((child) => !given.has(child.name)) }),
    attributes,
    declared: device.declared,
  };
}
