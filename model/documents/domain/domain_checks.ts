/**
 * What libvirt refuses of a domain as a whole, whatever the hypervisor.
 *
 * @module
 */
import type { Reading } from "../language/mod.ts";
import type { DeviceAddress } from "./address.ts";
import type { Cpu } from "./cpu.ts";
import type { CpuTune } from "./cputune.ts";
import type { DeviceBoot } from "./device.ts";
import type { Devices } from "./devices.ts";
import type { Disk } from "./disk.ts";
import { isTranslated } from "./domain_defaults.ts";
import type { Hostdev } from "./hostdev.ts";
import { checkIdMap, type IdMap } from "./idmap.ts";
import type { IoThreadIds } from "./iothreads.ts";
import type { MaxMemory, Memory } from "./memory.ts";
import type { NumaTune } from "./numa.ts";
import type { Os } from "./os.ts";
import type { SecurityLabel } from "./seclabel.ts";
import type { Vcpu, Vcpus } from "./vcpu.ts";

/** What is checked of a domain. */
interface Checked {
  readonly type: string;
  readonly name: string;
  readonly os?: Os;
  readonly idmap?: IdMap;
  readonly memory: Memory;
  readonly maxMemory?: MaxMemory;
  readonly vcpu: Vcpu;
  readonly cpu?: Cpu;
  readonly cputune?: CpuTune;
  readonly numatune?: NumaTune;
  readonly iothreads?: number;
  readonly iothreadids?: IoThreadIds;
  readonly vcpus?: Vcpus;
  readonly devices?: Devices;
  readonly seclabels: readonly SecurityLabel[];
}

/** Refuses what contradicts itself. */
export function checkDomain(domain: Checked, reading: Reading): void {
  const { refuse } = reading;
  // ESX alone names virtual machines with slashes.
  if (domain.type !== "vmware" && domain.name.includes("/")) {
    refuse("name", `The name "${domain.name}" has a slash`, { expected: "a name without slashes" });
  }
  if (domain.os !== undefined) checkFirmware(domain.os, reading);
  checkSecurityLabels(domain.seclabels, reading);
  checkProcessors(domain, reading);
  if (domain.idmap !== undefined) checkIdMap(domain.idmap, reading);
  if (domain.os?.type?.name === "exe" && domain.os.init === undefined) {
    refuse("os", "A container starts nothing", { expected: "<init> in <os>" });
  }
  if (domain.maxMemory !== undefined && domain.maxMemory.kibibytes < domain.memory.kibibytes) {
    refuse("maxMemory", "The greatest size of the memory is less than its size", {
      expected: "at least <memory>",
    });
  }
  if (domain.devices === undefined) return;
  if (!isTranslated(domain)) checkDisks(domain.devices.disks, reading);
  checkControllers(domain.devices, reading);
  checkHostdevs(domain.devices, reading);
  checkBoot(domain, reading);
  checkAliases(domain.devices, reading);
  checkPlaces(domain.devices, reading);
  checkAudio(domain.devices, reading);
}

function checkProcessors(
  { vcpu, vcpus, cpu, cputune, numatune, ...domain }: Checked,
  { refuse }: Reading,
): void {
  vcpus?.vcpus.forEach(({ id }, index) => {
    if (id >= vcpu.count) {
      refuse(`vcpus.vcpus.${index}.id`, `There is no processor ${id}`, {
        expected: `less than ${vcpu.count}`,
      });
    }
  });
  if ((numatune?.memnodes.length ?? 0) > 0 && (cpu?.numa?.cells.length ?? 0) === 0) {
    refuse("numatune.memnodes.0", "A node is tuned, but the guest sees none", {
      expected: "<numa> in <cpu>",
    });
  }
  const threads = domain.iothreadids?.iothreads.map(({ id }) => id) ?? [];
  cputune?.iothreadpins.forEach(({ iothread }, index) => {
    // Threads without a number of their own get the lowest that are free.
    if (!threads.includes(iothread) && iothread > (domain.iothreads ?? 0)) {
      refuse(`cputune.iothreadpins.${index}.iothread`, `There is no thread ${iothread} to pin`);
    }
  });
}

function checkFirmware({ firmware, firmwareFeatures, loader, nvram }: Os, { refuse }: Reading): void {
  const features = firmwareFeatures?.features ?? [];
  const state = (name: string): boolean | undefined => features.find((each) => each.name === name)?.enabled;
  if (state("enrolled-keys") === true && state("secure-boot") === false) {
    refuse("os.firmwareFeatures", "Keys are enrolled, but secure boot is off", {
      expected: "both on, or no keys",
    });
  }
  if (firmware === undefined && firmwareFeatures !== undefined) {
    refuse("os.firmwareFeatures", "Features are asked of no firmware", { expected: "<os firmware='efi'>" });
  }
  if (firmware === "bios" && nvram !== undefined) {
    refuse("os.nvram", "A BIOS keeps no variables", { expected: "firmware='efi', or no <nvram>" });
  }
  if (firmware === "bios" && loader?.stateless === false) {
    refuse("os.loader.stateless", "A BIOS keeps no variables", { expected: '"yes"' });
  }
  if (firmware === undefined && loader !== undefined && loader.path === undefined) {
    refuse("os.loader", "The path of the firmware is missing", {
      expected: "a path in <loader>, or <os firmware='…'>",
    });
  }
  if (firmware === undefined && loader !== undefined && loader.type !== "pflash") {
    if (nvram !== undefined) {
      refuse("os.nvram", "Only firmware in flash keeps variables", { expected: "type='pflash'" });
    }
    if (loader.stateless === false) {
      refuse("os.loader.stateless", "Only firmware in flash keeps variables", { expected: "type='pflash'" });
    }
  }
  if (loader?.stateless === true && nvram !== undefined) {
    refuse("os.nvram", "Firmware without state keeps no variables", {
      expected: "no <nvram>, or stateless='no'",
    });
  }
}

function checkSecurityLabels(labels: readonly SecurityLabel[], { refuse }: Reading): void {
  const seen = new Set<string>();
  labels.forEach(({ model }, index) => {
    if (model === undefined) return;
    if (seen.has(model)) refuse(`seclabels.${index}.model`, `There are two labels for "${model}"`);
    seen.add(model);
  });
}

/** A place on a bus of drives, if it is one. */
function placeOf(address: DeviceAddress | undefined): readonly string[] {
  return address?.type === "drive"
    ? [`${address.controller} ${address.bus} ${address.target} ${address.unit}`]
    : [];
}

const driveBuses = ["ide", "fdc", "scsi", "sata"];

function checkDisks(disks: readonly Disk[], { refuse }: Reading): void {
  const targets = new Set<string>();
  const places = new Set<string>();
  disks.forEach((disk, index) => {
    const { dev, bus } = disk.target;
    if ((disk.device === "disk" || disk.device === "lun") && isEmptySource(disk.source)) {
      refuse(`devices.disks.${index}`, `Nothing says where the bytes of the disk "${dev}" are`, {
        expected: "<source>, unless it is a drive for disks that can be changed",
      });
    }
    if (targets.has(dev)) refuse(`devices.disks.${index}.target.dev`, `There are two disks "${dev}"`);
    targets.add(dev);
    if (disk.vendor !== undefined && bus !== undefined && bus !== "scsi") {
      refuse(`devices.disks.${index}.vendor`, `Only SCSI disks have a vendor, "${dev}" is on "${bus}"`);
    }
    const { address } = disk;
    if (address === undefined || bus === undefined) return;
    if (driveBuses.includes(bus) && address.type !== "drive") {
      refuse(
        `devices.disks.${index}.address`,
        `The disk "${dev}" is on "${bus}" at an address of "${address.type}"`,
        {
          expected: "type='drive'",
        },
      );
    }
    for (const place of placeOf(address)) {
      if (places.has(`${bus} ${place}`)) {
        refuse(`devices.disks.${index}.address`, `There are two disks at the address of "${dev}"`);
      }
      places.add(`${bus} ${place}`);
    }
  });
}

function isEmptySource(source: Disk["source"]): boolean {
  if (source === undefined) return true;
  return !["file", "dev", "dir", "protocol", "pool", "namespace", "path"].some((key) => key in source);
}

function checkControllers({ controllers }: Devices, { refuse }: Reading): void {
  const seen = new Set<string>();
  controllers.forEach(({ type, index }, position) => {
    // The companions of a USB controller share its number.
    if (index === undefined || type === "usb") return;
    const name = `${type} ${index}`;
    if (seen.has(name)) {
      refuse(
        `devices.controllers.${position}.index`,
        `There are two "${type}" controllers with the number ${index}`,
      );
    }
    seen.add(name);
  });
}

/** Which device of the host it is, `undefined` where several could be meant. */
function identityOf(hostdev: Hostdev): string | undefined {
  if (hostdev.mode !== "subsystem") return undefined;
  if (hostdev.type === "pci") return `pci ${JSON.stringify(hostdev.source.address)}`;
  if (hostdev.type === "usb") {
    const { address, vendor, product } = hostdev.source;
    if (address !== undefined) return `usb ${address.bus} ${address.device} ${address.port}`;
    return `usb ${vendor?.id}:${product?.id}`;
  }
  return hostdev.type === "mdev" ? `mdev ${hostdev.source.address.uuid}` : undefined;
}

function checkHostdevs({ disks, hostdevs }: Devices, { refuse }: Reading): void {
  const seen = new Set<string>();
  const places = new Set(
    disks.flatMap(({ target, address }) => target.bus === "scsi" ? placeOf(address) : []),
  );
  hostdevs.forEach((hostdev, index) => {
    if (hostdev.mode === "subsystem" && hostdev.type === "scsi") {
      for (const place of placeOf(hostdev.address)) {
        if (places.has(place)) {
          refuse(`devices.hostdevs.${index}.address`, "The address is another device's already");
        }
        places.add(place);
      }
    }
    const identity = identityOf(hostdev);
    if (identity === undefined) return;
    if (seen.has(identity)) {
      refuse(`devices.hostdevs.${index}`, "The same device of the host is given away twice");
    }
    seen.add(identity);
  });
}

function checkBoot(domain: Checked, { refuse }: Reading): void {
  const { os, devices } = domain;
  if (devices === undefined) return;
  const orders = new Map<number, string>();
  for (const list of ["disks", "interfaces", "hostdevs", "redirdevs"] as const) {
    devices[list].forEach((device: { readonly boot?: DeviceBoot }, index: number) => {
      if (device.boot === undefined) return;
      const { order } = device.boot;
      const path = `devices.${list}.${index}.boot`;
      if (os !== undefined && os.boots.length > 0) {
        refuse(path, "Devices are booted in two orders", {
          expected: "either <boot dev='…'/> in <os> or <boot order='…'/>",
        });
      }
      if (orders.has(order)) refuse(`${path}.order`, `Two devices are to be booted as number ${order}`);
      orders.set(order, path);
    });
  }
}

function checkAliases(devices: Devices, { refuse }: Reading): void {
  const seen = new Set<string>();
  for (const [list, value] of Object.entries(devices)) {
    if (!Array.isArray(value)) continue;
    // The first console of a full machine is its first serial port, with the same name.
    if (list === "consoles") continue;
    value.forEach((device: { readonly alias?: { readonly name: string } }, index: number) => {
      const name = device.alias?.name;
      if (name === undefined || !name.startsWith("ua-")) return;
      if (seen.has(name)) refuse(`devices.${list}.${index}.alias`, `There are two devices "${name}"`);
      seen.add(name);
    });
  }
}

/** Refuses places that a kind of device cannot have. */
function checkPlaces(devices: Devices, { refuse }: Reading): void {
  devices.smartcards.forEach(({ address }, index) => {
    if (address !== undefined && address.type !== "ccid") {
      refuse(`devices.smartcards.${index}.address`, "Smart cards are in readers", {
        expected: "type='ccid'",
      });
    }
  });
  devices.iommus.forEach(({ model, address }, index) => {
    if (address !== undefined && (model === "intel" || model === "smmuv3")) {
      refuse(`devices.iommus.${index}.address`, `An IOMMU of the model "${model}" has no address`);
    }
  });
  for (const [list, value] of Object.entries(devices)) {
    if (!Array.isArray(value) || list === "hostdevs") continue;
    value.forEach((device: { readonly address?: { readonly type?: string } }, index: number) => {
      if (device.address?.type === "unassigned") {
        refuse(`devices.${list}.${index}.address`, "Only devices of the host can be without a place");
      }
    });
  }
}

function checkAudio({ audios, sounds, graphics }: Devices, { refuse }: Reading): void {
  if (audios.length === 0 && sounds.every((sound) => sound.audio === undefined)) return;
  const known = new Set(audios.map((audio) => audio.id));
  audios.forEach(({ id }, index) => {
    if (audios.findIndex((audio) => audio.id === id) !== index) {
      refuse(`devices.audios.${index}.id`, `There are two audio backends with the number ${id}`);
    }
  });
  sounds.forEach(({ audio }, index) => {
    if (audio !== undefined && !known.has(audio.id)) {
      refuse(`devices.sounds.${index}.audio.id`, `There is no audio backend ${audio.id}`);
    }
  });
  graphics.forEach((each, index) => {
    if ("audio" in each && each.audio !== undefined && !known.has(each.audio.id)) {
      refuse(`devices.graphics.${index}.audio.id`, `There is no audio backend ${each.audio.id}`);
    }
  });
}
