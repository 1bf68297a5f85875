/**
 * Devices, numbers and addresses that follow from other devices, whatever the hypervisor. Facts: libvirt formatdomain,
 * "Controllers", "Device Addresses", "Console".
 *
 * @module
 */
import type { Reading } from "../language/mod.ts";
import type { DeviceAddress } from "./address.ts";
import type { Console, Serial } from "./chardev_devices.ts";
import type { Controller } from "./controller.ts";
import type { Devices } from "./devices.ts";
import type { Disk } from "./disk.ts";
import { isTranslated } from "./domain_defaults.ts";
import type { Input } from "./input.ts";
import type { Smartcard } from "./smartcard.ts";
import { completedVideo, type Video } from "./video.ts";

/** What the rest of the domain says of its devices. */
export interface DevicesOf {
  readonly type: string;
  readonly machine: string | undefined;
  readonly arch: string | undefined;
}

/** The devices with all that follows from them. */
export function withImplicitDevices(devices: Devices, of: DevicesOf, reading: Reading): Devices {
  checkVideos(devices.videos, reading);
  const disks = devices.disks.map((disk, index) =>
    withDriveAddress(disk, { ...reading, of, path: `devices.disks.${index}.target.dev` })
  );
  const smartcards = withCcidAddresses(devices.smartcards);
  const ports = withPorts({ ...devices, disks, smartcards });
  const controllers = withIndexes(devices.controllers);
  if (isTranslated(of)) return { ...ports, controllers };
  const consoles = of.machine === "hvm" ? withSerialConsole(ports, reading) : ports;
  return {
    ...consoles,
    inputs: consoles.inputs.map((input) => withBus(input, of)),
    disks: inBusOrder(consoles.disks),
    controllers: inTypeOrder(withControllers(controllers, consoles)),
    videos: withVideo(consoles, of.type).map((video) => completedVideo(video, usualVideo[of.type])),
  };
}

type DriveAddress = Extract<DeviceAddress, { readonly type: "drive" }>;

/** Where a disk is on its bus, as its name says: `sdb` is unit 1. */
function withDriveAddress(
  disk: Disk,
  place: { readonly path: string; readonly of: DevicesOf } & Reading,
): Disk {
  if (disk.address !== undefined || isTranslated(place.of) || disk.target.bus === "nvme") return disk;
  const index = indexOf(disk.target.dev);
  if (index === undefined) {
    return place.refuse(
      place.path,
      `The name "${disk.target.dev}" does not tell the disk's place, nor does an address`,
      {
        expected: 'a name such as "sda", or <address>',
      },
    );
  }
  const address = driveAddress(disk.target.bus, { index, wide: place.of.type === "vmware" });
  return address === undefined ? disk : { ...disk, address };
}

function driveAddress(
  bus: Disk["target"]["bus"],
  disk: { readonly index: number; readonly wide: boolean },
): DriveAddress | undefined {
  const { index, wide } = disk;
  const at = (
    perController: number,
    place: (unit: number) => { bus?: number; unit: number },
  ): DriveAddress => ({
    type: "drive",
    controller: Math.floor(index / perController),
    bus: 0,
    target: 0,
    ...place(index % perController),
  });
  switch (bus) {
    case "ide":
      return at(4, (unit) => ({ bus: Math.floor(unit / 2), unit: unit % 2 }));
    case "fdc":
      return at(2, (unit) => ({ unit }));
    case "sata":
      return at(6, (unit) => ({ unit }));
    case "scsi":
      // Of a wide bus's 16 units the seventh is the controller.
      return wide ? at(15, (unit) => ({ unit: unit < 7 ? unit : unit + 1 })) : at(7, (unit) => ({ unit }));
    default:
      return undefined;
  }
}

/** `a` is 0, `z` 25, `aa` 26. */
function indexOf(dev: string): number | undefined {
  const letters = /^(?:fd|hd|sd|vd|xvd|ubd)([a-z]{1,4})\d*$/.exec(dev)?.[1];
  if (letters === undefined) return undefined;
  let index = 0;
  for (const letter of letters) index = index * 26 + letter.charCodeAt(0) - 96;
  return index - 1;
}

/** The next free slot of the first reader for each card that has no place. */
function withCcidAddresses(smartcards: readonly Smartcard[]): readonly Smartcard[] {
  let next = 0;
  for (const { address } of smartcards) if (address?.type === "ccid") next = Math.max(next, address.slot + 1);
  return smartcards.map((card) =>
    card.address === undefined ? { ...card, address: { type: "ccid", controller: 0, slot: next++ } } : card
  );
}

function withPorts(devices: Devices): Devices {
  return {
    ...devices,
    serials: numbered(devices.serials),
    parallels: numbered(devices.parallels),
    consoles: numbered(devices.consoles),
  };
}

/** Each device with a port, the ones without behind the greatest. */
function numbered<T extends { readonly target?: { readonly port?: number } }>(
  devices: readonly T[],
): readonly T[] {
  if (devices.every((device) => device.target?.port !== undefined)) return devices;
  let next = Math.max(-1, ...devices.map((device) => device.target?.port ?? -1)) + 1;
  return devices.map((device) =>
    device.target?.port === undefined ? { ...device, target: { ...device.target, port: next++ } } : device
  );
}

/**
 * The first console of a full machine is its first serial port: where there is only one of the two, the other is made.
 */
function withSerialConsole(devices: Devices, { refuse }: Reading): Devices {
  const [serial] = devices.serials;
  const [first, ...others] = devices.consoles;
  others.forEach((each, index) => {
    if (each.target?.type === "serial") {
      refuse(`devices.consoles.${index + 1}.target`, "Only the first console can be a serial port");
    }
  });
  if (isSerialConsole(first)) {
    const port = first.target?.port ?? 0;
    const named: Console = { ...first, target: { ...first.target, type: "serial", port } };
    const serials: readonly Serial[] = serial === undefined
      ? [{ ...first, target: { port: 0 } }]
      : devices.serials;
    return { ...devices, serials, consoles: [named, ...others] };
  }
  if (serial === undefined || !canBeConsole(serial)) return devices;
  return { ...devices, consoles: [consoleOf(serial), ...devices.consoles] };
}

/** The first console of a full machine as libvirt stores it: whatever was said of it, it is the first serial port. */
export function withFirstConsole(devices: Devices): Devices {
  const [serial] = devices.serials;
  const [first, ...others] = devices.consoles;
  if (serial === undefined || !isSerialConsole(first)) return devices;
  return { ...devices, consoles: [consoleOf(serial), ...others] };
}

function isSerialConsole(console: Console | undefined): console is Console {
  return console !== undefined && (console.target?.type === undefined || console.target.type === "serial");
}

function canBeConsole(serial: Serial): boolean {
  const type = serial.target?.type;
  return type === undefined || type === "isa-serial" || type === "spapr-vio-serial" ||
    type === "system-serial";
}

function consoleOf(serial: Serial): Console {
  return { ...serial, target: { type: "serial", port: serial.target?.port ?? 0 } };
}

const companions = ["ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3"];

function isCompanion(controller: Controller | undefined): boolean {
  return controller?.type === "usb" && controller.model !== undefined &&
    companions.includes(controller.model);
}

/**
 * Each controller with a number: the lowest that is free for its type. Parts of a USB 2 controller that follow each
 * other share one.
 */
function withIndexes(controllers: readonly Controller[]): readonly Controller[] {
  const all = controllers.map(withMaster);
  for (const [position, controller] of all.entries()) {
    if (controller.index !== undefined) continue;
    const before = all[position - 1];
    const shared = isCompanion(controller) && isCompanion(before) && before?.index !== undefined &&
      !all.some((each) => each.index === before.index && modelOf(each) === modelOf(controller));
    let index = shared ? before.index ?? 0 : 0;
    while (!shared && all.some((each) => each.type === controller.type && each.index === index)) index++;
    all[position] = { ...controller, index };
  }
  return all;
}

function modelOf(controller: Controller): string | undefined {
  return controller.type === "usb" ? controller.model : undefined;
}

const firstPorts: Readonly<Record<string, number>> = { "ich9-uhci1": 0, "ich9-uhci2": 2, "ich9-uhci3": 4 };

/** A part of a USB 2 controller, with the ports that it serves. */
function withMaster(controller: Controller): Controller {
  if (controller.type !== "usb" || controller.master !== undefined) return controller;
  const startport = firstPorts[controller.model ?? ""];
  return startport === undefined ? controller : { ...controller, master: { startport } };
}

/**
 * Controllers as libvirt keeps them: the types in the order of the document, those of one type by their number, and
 * the master of a USB controller before its companions.
 */
function inTypeOrder(controllers: readonly Controller[]): readonly Controller[] {
  const ordered: Controller[] = [];
  for (const controller of controllers) {
    let place: number | undefined;
    for (let position = ordered.length - 1; position >= 0; position--) {
      const each = ordered[position];
      if (each === undefined || each.type !== controller.type) continue;
      if ((each.index ?? 0) > (controller.index ?? 0)) place = position;
      else if (each.index === controller.index && !hasMaster(controller) && hasMaster(each)) place = position;
      else place ??= position + 1;
    }
    ordered.splice(place ?? ordered.length, 0, controller);
  }
  return ordered;
}

function hasMaster(controller: Controller): boolean {
  return controller.type === "usb" && controller.master !== undefined;
}

/** Disks as libvirt keeps them: the buses in the order of the document, those of one bus by the disk's name. */
function inBusOrder(disks: readonly Disk[]): readonly Disk[] {
  const ordered: Disk[] = [];
  for (const disk of disks) {
    let place: number | undefined;
    for (let position = ordered.length - 1; position >= 0; position--) {
      const each = ordered[position];
      if (each === undefined || each.target.bus !== disk.target.bus) continue;
      if ((indexOf(each.target.dev) ?? -1) > (indexOf(disk.target.dev) ?? -1)) place = position;
      else place ??= position + 1;
    }
    ordered.splice(place ?? ordered.length, 0, disk);
  }
  return ordered;
}

type NeededController = "ide" | "fdc" | "scsi" | "sata" | "virtio-serial" | "ccid";

const driveControllers: Readonly<Record<string, "ide" | "fdc" | "scsi" | "sata">> = {
  ide: "ide",
  fdc: "fdc",
  scsi: "scsi",
  sata: "sata",
};

/** An input device on the bus that such machines have. */
function withBus(input: Input, of: DevicesOf): Input {
  if (input.type === "evdev" || input.bus !== undefined) return input;
  if (of.machine === "hvm") {
    if (input.type === "passthrough" || /^s390/.test(of.arch ?? "")) return { ...input, bus: "virtio" };
    const ps2 = input.type !== "tablet" && /^(i686|x86_64)$/.test(of.arch ?? "");
    return { ...input, bus: ps2 ? "ps2" : "usb" };
  }
  return of.machine === "linux" || of.machine === "xenpvh" ? { ...input, bus: "xen" } : input;
}

/** A video card for who looks at a machine that says nothing of one, where libvirt itself knows which. */
function withVideo(devices: Devices, type: string): readonly Video[] {
  const model = usualVideo[type];
  if (model === undefined || devices.videos.length > 0 || devices.graphics.length === 0) {
    return devices.videos;
  }
  return [{}];
}

const usualVideo: Readonly<Record<string, "cirrus" | "vbox">> = { test: "cirrus", vbox: "vbox" };

/** The controllers, and those that disks, channels and cards need. */
function withControllers(controllers: readonly Controller[], devices: Devices): readonly Controller[] {
  const all = [...controllers];
  const need = (type: NeededController, index: number): void => {
    if (!all.some((each) => each.type === type && each.index === index)) all.push({ type, index });
  };
  for (const { target: { bus = "" }, address } of devices.disks) {
    const type = driveControllers[bus];
    if (type === undefined || address?.type !== "drive") continue;
    for (let index = 0; index <= address.controller; index++) need(type, index);
  }
  for (const { target, address } of devices.channels) {
    if (target.type === "virtio") {
      need("virtio-serial", address?.type === "virtio-serial" ? address.controller : 0);
    }
  }
  for (const { target, address } of devices.consoles) {
    if (target?.type === "virtio") {
      need("virtio-serial", address?.type === "virtio-serial" ? address.controller : 0);
    }
  }
  for (const { address } of devices.smartcards) {
    if (address?.type === "ccid") need("ccid", address.controller);
  }
  for (const hostdev of devices.hostdevs) {
    if (hostdev.mode !== "subsystem" || hostdev.type !== "scsi") continue;
    if (hostdev.address?.type !== "drive") continue;
    for (let index = 0; index <= hostdev.address.controller; index++) need("scsi", index);
  }
  return all;
}

/** What there cannot be more than one of. */
function checkVideos(videos: readonly Video[], { refuse }: Reading): void {
  const primaries = videos.flatMap((video, index) => video.model?.primary === true ? [index] : []);
  if (primaries.length > 1) {
    refuse(`devices.videos.${primaries[1]}`, "Two video cards are primary", { expected: "at most one" });
  }
  if (videos.length > 1 && videos.some((video) => video.model?.type === "none")) {
    refuse("devices.videos.0", 'A card of the type "none" is the only one', { expected: "no other <video>" });
  }
}

/** The video cards as libvirt stores them: the primary one first, and one of them primary. */
export function withPrimaryVideo(devices: Devices): Devices {
  const { videos } = devices;
  const primary = videos.find((video) => video.model?.primary === true) ?? videos[0];
  if (primary?.model === undefined || primary.model.type === "none") return devices;
  const marked: Video = { ...primary, model: { ...primary.model, primary: true } };
  return { ...devices, videos: [marked, ...videos.filter((video) => video !== primary)] };
}

/** Disks as libvirt stores them: an empty drive is one for files. */
export function withEmptyDrives(devices: Devices): Devices {
  return { ...devices, disks: devices.disks.map(asFileDrive) };
}

function asFileDrive(disk: Disk): Disk {
  if (disk.source !== undefined || disk.type === "file") return disk;
  const { source: _, ...rest } = disk;
  return { ...rest, type: "file" };
}

/** What there is in a domain of which nothing is said. */
export const noDevices: Devices = {
  disks: [],
  controllers: [],
  leases: [],
  filesystems: [],
  interfaces: [],
  smartcards: [],
  serials: [],
  parallels: [],
  consoles: [],
  channels: [],
  inputs: [],
  tpms: [],
  graphics: [],
  sounds: [],
  audios: [],
  videos: [],
  hostdevs: [],
  redirdevs: [],
  hubs: [],
  watchdogs: [],
  rngs: [],
  panics: [],
  shmems: [],
  memories: [],
  iommus: [],
  cryptos: [],
};
