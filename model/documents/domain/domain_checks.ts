/**
 * What libvirt refuses of a domain as a whole, whatever the hypervisor.
 *
 * @module
 */
import type { Reading } from "../language/mod.ts";
import type { DeviceAddress } from "./address.ts";
import type { DeviceBoot } from "./device.ts";
import type { Devices } from "./devices.ts";
import type { Disk } from "./disk.ts";
import { isTranslated } from "./domain_defaults.ts";
import type { Hostdev } from "./hostdev.ts";
import type { ThrottleGroups } from "./iotune.ts";
import type { Os } from "./os.ts";
import type { SecurityLabel } from "./seclabel.ts";
import type { Vcpus } from "./vcpu.ts";

/** What is checked of a domain. */
interface Checked {
  readonly type: string;
  readonly name: string;
  readonly os?: Os;
  readonly vcpu: { readonly count: number };
  readonly vcpus?: Vcpus;
  readonly throttlegroups?: ThrottleGroups;
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
  if (domain.devices === undefined) return;
  if (!isTranslated(domain)) checkDisks(domain.devices.disks, reading);
  checkControllers(domain.devices, reading);
  checkHostdevs(domain.devices, reading);
  checkBoot(domain, reading);
  checkAliases(domain.devices, reading);
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
  for (const list of ["disks", "interfaces", "hostdevs", "redirdevs", "filesystems"] as const) {
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
