/**
 * The domain document and its parts.
 *
 * @module
 */
export type {
  BackingStore,
  DataStore,
  DiskAuth,
  DiskBlockSource,
  DiskDevSource,
  DiskDirectorySource,
  DiskFileSource,
  DiskMirror,
  DiskNvmeSource,
  DiskServerSource,
  DiskVhostUserSource,
  DiskVolumeSource,
} from "./disk_source.ts";
export type { Channel, ChannelTarget, Console, ConsoleTarget, Parallel, Serial } from "./chardev_devices.ts";
export type { Clock, Timer } from "./clock.ts";
export type { Controller, ControllerDriver, PciControllerTarget } from "./controller.ts";
export { type Cpu, cpu } from "./cpu.ts";
export type { CpuTune } from "./cputune.ts";
export type { DeviceAddress, PciAddress } from "./address.ts";
export type { DeviceAcpi, DeviceAlias, DeviceBoot, DeviceRom } from "./device.ts";
export { type Devices, devices } from "./devices.ts";
export { type Disk, disk, type DiskDriver, type DiskTarget } from "./disk.ts";
export { type Domain, domain } from "./domain.ts";
export type { Features } from "./features.ts";
export { type Filesystem, filesystem } from "./filesystem.ts";
export { type Graphics, graphics } from "./graphics.ts";
export type { GraphicsListen } from "./graphics_listen.ts";
export { type Hostdev, hostdev } from "./hostdev.ts";
export type { Hub, Input } from "./input.ts";
export { type Interface, networkInterface } from "./interface.ts";
export type { IoThreadIds } from "./iothreads.ts";
export type { LaunchSecurity } from "./launch_security.ts";
export type { MaxMemory, Memory, MemoryBacking, MemoryTune } from "./memory.ts";
export type { MemoryBalloon } from "./memory_balloon.ts";
export type { MemoryDevice } from "./memory_device.ts";
export type { Pstore } from "./pstore.ts";
export type { Shmem } from "./shmem.ts";
export type { Numa, NumaCell, NumaTune } from "./numa.ts";
export type { Os, OsType } from "./os.ts";
export type { RedirectedDevice, RedirectionFilter } from "./redirdev.ts";
export type { Smartcard } from "./smartcard.ts";
export type { Crypto } from "./crypto.ts";
export type { Rng } from "./rng.ts";
export type { DeviceSecurityLabel, SecurityLabel } from "./seclabel.ts";
export type { Iommu } from "./iommu.ts";
export type { Lease } from "./lease.ts";
export type { NvramDevice } from "./nvram.ts";
export type { Panic } from "./panic.ts";
export type { Vsock } from "./vsock.ts";
export type { Watchdog } from "./watchdog.ts";
export type { Audio, Sound } from "./sound.ts";
export type { Sysinfo } from "./sysinfo.ts";
export type { Tpm, TpmBackend } from "./tpm.ts";
export type { BlockIoTune } from "./blkiotune.ts";
export type { IdMap } from "./idmap.ts";
export type { IoTune, ThrottleGroups } from "./iotune.ts";
export type { Resource } from "./resource.ts";
export type { Vcpu, Vcpus } from "./vcpu.ts";
export { type Video, video } from "./video.ts";
