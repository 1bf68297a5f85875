/**
 * What libvirt adds to a domain that does not say. Facts: libvirt formatdomain, "Memory Allocation", "Operating system
 * booting", "CPU Tuning".
 *
 * @module
 */
import type { Reading } from "../language/mod.ts";
import type { Cpu } from "./cpu.ts";
import { numbersIn, setOf } from "./cpuset.ts";
import type { CpuTune } from "./cputune.ts";
import type { Devices } from "./devices.ts";
import type { Memory } from "./memory.ts";
import type { NumaTune } from "./numa.ts";
import type { Os } from "./os.ts";
import type { Vcpu } from "./vcpu.ts";

interface Sized {
  readonly memory: Memory;
  readonly currentMemory?: number;
  readonly cpu?: Cpu;
  readonly devices?: Devices;
}

/** The memory of all nodes and pluggable devices where the domain does not say, and a current size within it. */
export function withMemory<D extends Sized>(domain: D, { refuse }: Reading): D {
  const cells = domain.cpu?.numa?.cells.reduce((sum, cell) => sum + cell.memory, 0) ?? 0;
  const plugged = domain.devices?.memories.reduce((sum, memory) => sum + memory.target.size, 0) ?? 0;
  const given = domain.memory.kibibytes;
  const total = given === 0 && cells > 0 ? cells + plugged : given;
  if (total === 0) {
    refuse("memory", "The domain has no memory", { expected: "<memory>, or nodes with memory in <numa>" });
  }
  if (cells === 0 && plugged > total) {
    refuse("memory", `There are ${plugged} KiB in memory devices, more than the domain has in all`, {
      expected: "at least as much in <memory>",
    });
  }
  const current = domain.currentMemory;
  const currentMemory = current === undefined || current === 0 ? total : current;
  if (total === given && current === currentMemory) return domain;
  return { ...domain, memory: { ...domain.memory, kibibytes: total }, currentMemory };
}

/** A current size within the greatest. */
export function withinMemory<D extends Sized>(domain: D): D {
  const { memory, currentMemory = 0 } = domain;
  return currentMemory > memory.kibibytes ? { ...domain, currentMemory: memory.kibibytes } : domain;
}

interface Booting {
  readonly type: string;
  readonly os?: Os;
  readonly bootloader?: string;
  readonly devices?: Devices;
}

/** The kind of machine, its architecture, and the disk as what is booted. */
export function withOs<D extends Booting>(domain: D, { context, refuse }: Reading): D {
  const given = domain.os?.type;
  if (given === undefined && domain.bootloader === undefined) {
    refuse("os", "The domain does not say what kind of machine it is", { expected: "<type> in <os>" });
  }
  const named = given?.name ?? "xen";
  // Xen's own drivers have always called paravirtual guests "linux".
  const name = domain.type === "xen" && named === "xen" ? "linux" : named;
  const arch = given?.arch ??
    (name === "hvm" && !isTranslated(domain) ? context.arch ?? "x86_64" : undefined);
  const type = { ...given, name, ...(arch === undefined ? {} : { arch }) };
  const empty: Os = { initargs: [], initenvs: [], boots: [] };
  const os: Os = { ...empty, ...domain.os, type };
  const loader = os.loader;
  const rom = os.firmware === undefined && loader !== undefined && loader.type === undefined &&
    loader.path !== undefined;
  const boots = bootsDisk(domain, os) ? [{ dev: "hd" } as const] : os.boots;
  return { ...domain, os: { ...os, boots, ...(rom ? { loader: { ...loader, type: "rom" } } : {}) } };
}

/**
 * Whether documents of a domain's type are translations of another configuration, as libvirt makes them of VMware's
 * and bhyve's. What they do not say is not added.
 */
export function isTranslated(domain: { readonly type: string }): boolean {
  return domain.type === "vmware" || domain.type === "bhyve";
}

function bootsDisk(domain: Booting, os: Os): boolean {
  if (os.type?.name !== "hvm" || os.boots.length > 0) return false;
  if (domain.bootloader !== undefined || isTranslated(domain)) return false;
  const { disks = [], interfaces = [], hostdevs = [], redirdevs = [] } = domain.devices ?? {};
  return ![...disks, ...interfaces, ...hostdevs, ...redirdevs].some((device) => device.boot !== undefined);
}

interface Tuned {
  readonly vcpu: { readonly count: number };
  readonly cputune?: CpuTune;
}

/** Without what is said of processors that there are not. */
export function withExistingVcpus<D extends Tuned>(domain: D): D {
  const { cputune, vcpu: { count } } = domain;
  if (cputune === undefined) return domain;
  return {
    ...domain,
    cputune: {
      ...cputune,
      vcpupins: cputune.vcpupins.filter((pin) => pin.vcpu < count),
      cachetunes: existing(cputune.cachetunes, count),
      memorytunes: existing(cputune.memorytunes, count),
      energytunes: existing(cputune.energytunes, count),
    },
  };
}

function existing<T extends { readonly vcpus: string }>(tunes: readonly T[], count: number): readonly T[] {
  return tunes.flatMap((tune) => {
    const numbers = numbersIn(tune.vcpus);
    const there = numbers.filter((number) => number < count);
    if (there.length === numbers.length) return [tune];
    return there.length === 0 ? [] : [{ ...tune, vcpus: setOf(there) }];
  });
}

interface Threaded {
  readonly iothreads?: number;
  readonly iothreadids?: { readonly iothreads: readonly { readonly id: number }[] };
}

/** As many threads as there are numbers of threads. */
export function withIoThreads<D extends Threaded>(domain: D): D {
  const numbered = domain.iothreadids?.iothreads.length ?? 0;
  return numbered > (domain.iothreads ?? 0) ? { ...domain, iothreads: numbered } : domain;
}

interface Placed {
  readonly cputune?: CpuTune;
  readonly vcpu: Vcpu;
  readonly numatune?: NumaTune;
}

/** Processors and memory are placed by the host together, or neither is. */
export function withPlacement<D extends Placed>(domain: D, { refuse }: Reading): D {
  const { vcpu, numatune } = domain;
  const tuned = numatune?.memory;
  const auto = vcpu.placement === "auto" ||
    (vcpu.placement === undefined && vcpu.cpuset === undefined && tuned?.placement === "auto");
  const placed = { ...domain, vcpu: { ...vcpu, placement: auto ? "auto" : "static" } as const };
  if (tuned !== undefined && tuned.nodeset === undefined && tuned.placement === undefined) {
    if (!auto) {
      refuse("numatune.memory", "Memory is to be placed by hand, but no nodes are given", {
        expected: "the attribute \"nodeset\", or placement='auto'",
      });
    }
    return { ...placed, numatune: { ...numatune, memory: { ...tuned, placement: "auto" } } };
  }
  if (!auto || tuned !== undefined) return placed;
  return {
    ...placed,
    numatune: { memnodes: [], ...numatune, memory: { mode: "strict", placement: "auto" } },
  };
}

/** Processors that nothing pins go where the host places the memory. */
export function storedPlacement<D extends Placed>(domain: D): D {
  const { vcpu, numatune, cputune } = domain;
  const pinned = (cputune?.vcpupins.length ?? 0) > 0 || (cputune?.iothreadpins.length ?? 0) > 0 ||
    cputune?.emulatorpin !== undefined || vcpu.cpuset !== undefined;
  return numatune?.memory?.placement === "auto" && !pinned
    ? { ...domain, vcpu: { ...vcpu, placement: "auto" } }
    : domain;
}
