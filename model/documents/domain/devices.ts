/**
 * All devices of a domain. Facts: libvirt formatdomain, "Devices".
 *
 * @module
 */
import { element, elements, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { channel, consoleDevice, parallel, serial } from "./chardev_devices.ts";
import { controller } from "./controller.ts";
import { crypto } from "./crypto.ts";
import { disk } from "./disk.ts";
import { filesystem } from "./filesystem.ts";
import { graphics } from "./graphics.ts";
import { hostdev } from "./hostdev.ts";
import { hub, input } from "./input.ts";
import { networkInterface } from "./interface.ts";
import { iommu } from "./iommu.ts";
import { lease } from "./lease.ts";
import { memoryBalloon } from "./memory_balloon.ts";
import { memoryDevice } from "./memory_device.ts";
import { nvramDevice } from "./nvram.ts";
import { panic } from "./panic.ts";
import { pstore } from "./pstore.ts";
import { redirectedDevice, redirectionFilter } from "./redirdev.ts";
import { rng } from "./rng.ts";
import { shmem } from "./shmem.ts";
import { smartcard } from "./smartcard.ts";
import { audio, sound } from "./sound.ts";
import { tpm } from "./tpm.ts";
import { video } from "./video.ts";
import { vsock } from "./vsock.ts";
import { watchdog } from "./watchdog.ts";

const devicesShape = shape({
  emulator: element(text()).optional(),
  disks: elements("disk", disk),
  controllers: elements("controller", controller),
  leases: elements("lease", lease),
  filesystems: elements("filesystem", filesystem),
  interfaces: elements("interface", networkInterface),
  smartcards: elements("smartcard", smartcard),
  serials: elements("serial", serial),
  parallels: elements("parallel", parallel),
  consoles: elements("console", consoleDevice),
  channels: elements("channel", channel),
  inputs: elements("input", input),
  tpms: elements("tpm", tpm),
  graphics: elements("graphics", graphics),
  sounds: elements("sound", sound),
  audios: elements("audio", audio),
  videos: elements("video", video),
  hostdevs: elements("hostdev", hostdev),
  redirdevs: elements("redirdev", redirectedDevice),
  redirfilter: element(redirectionFilter).omittingEmpty(),
  hubs: elements("hub", hub),
  watchdogs: elements("watchdog", watchdog),
  memballoon: element(memoryBalloon).optional(),
  rngs: elements("rng", rng),
  nvram: element(nvramDevice).optional(),
  panics: elements("panic", panic),
  shmems: elements("shmem", shmem),
  memories: elements("memory", memoryDevice),
  iommus: elements("iommu", iommu),
  vsock: element(vsock).optional(),
  cryptos: elements("crypto", crypto),
  pstore: element(pstore).optional(),
});

/** All devices of a domain. */
export interface Devices extends ValueOf<typeof devicesShape> {}

/** `<devices>`. */
export const devices: Shape<Devices> = devicesShape;
