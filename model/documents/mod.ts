/**
 * The documents that Drover knows: one description each, from which type, reader, writer, checks and schemas follow.
 *
 * @module
 */
import { backup } from "./backup.ts";
import { checkpoint } from "./checkpoint.ts";
import { capabilities } from "./capabilities.ts";
import { domainCapabilities } from "./domain_capabilities.ts";
import { domain } from "./domain/mod.ts";
import { hostInterface } from "./interface.ts";
import { network } from "./network.ts";
import { networkFilter } from "./network_filter.ts";
import { networkFilterBinding } from "./network_filter_binding.ts";
import { networkPort } from "./network_port.ts";
import { nodeDevice } from "./node_device.ts";
import { secret } from "./secret.ts";
import { snapshot } from "./snapshot.ts";
import { storagePool } from "./storage_pool.ts";
import { storageVolume } from "./storage_volume.ts";

export { type Backup, backup, type BackupServer } from "./backup.ts";
export type { BackupDisk } from "./backup_disk.ts";
export {
  type Capabilities,
  capabilities,
  type GuestCapabilities,
  type GuestMachine,
} from "./capabilities.ts";
export type { HostCapabilities, HostCpu } from "./capabilities_host.ts";
export type { HostCache, HostMemoryBandwidth, HostNumaCell, HostTopology } from "./capabilities_resources.ts";
export { type Checkpoint, checkpoint, type CheckpointDisk } from "./checkpoint.ts";
export * from "./domain/mod.ts";
export {
  type DomainCapabilities,
  domainCapabilities,
  type DomainCapabilitiesDevices,
  type DomainCapabilitiesFeatures,
  type DomainCapabilitiesOs,
  type HypervCapabilities,
  type SevCapabilities,
  type SgxCapabilities,
} from "./domain_capabilities.ts";
export type { Choices } from "./domain_capabilities_choices.ts";
export type {
  CpuModeCapability,
  CpuModelBlockers,
  CpuModelCapability,
  DomainCapabilitiesCpu,
} from "./domain_capabilities_cpu.ts";
export type { Description, DocumentContext, DomainDisk, ValueOf } from "./language/mod.ts";
export { toJsonSchema, toZod } from "./language/mod.ts";
export {
  type HostInterface,
  hostInterface,
  type InterfaceBond,
  type InterfaceProtocol,
} from "./interface.ts";
export { type Network, network, type NetworkBridge, type NetworkForward, type NetworkIp } from "./network.ts";
export { type NetworkFilter, networkFilter, type NetworkFilterRule } from "./network_filter.ts";
export { type NetworkFilterBinding, networkFilterBinding } from "./network_filter_binding.ts";
export type { ArpRule, MacRule, StpRule, VlanRule } from "./network_filter_frame.ts";
export type { IcmpRule, IpRule, Ipv6Rule, PacketRule, PortRule, TcpRule } from "./network_filter_packet.ts";
export type { NetworkFilterReference } from "./network_filter_reference.ts";
export { type NetworkPort, networkPort, type NetworkPortPlug } from "./network_port.ts";
export { type NodeDevice, nodeDevice } from "./node_device.ts";
export { type NodeDeviceCapability } from "./node_device_capability.ts";
export { type Secret, secret, type SecretUsage } from "./secret.ts";
export { type Snapshot, snapshot, type SnapshotMemory } from "./snapshot.ts";
export type { SnapshotDisk } from "./snapshot_disk.ts";
export { type PoolSource, type PoolTarget, type StoragePool, storagePool } from "./storage_pool.ts";
export { type StorageEncryption, storageEncryption } from "./storage_encryption.ts";
export {
  type StorageVolume,
  storageVolume,
  type VolumeBackingStore,
  type VolumeTarget,
} from "./storage_volume.ts";

/** Every description by the name of its root element. */
export const documents = {
  capabilities,
  domain,
  domainCapabilities,
  domainbackup: backup,
  domaincheckpoint: checkpoint,
  domainsnapshot: snapshot,
  device: nodeDevice,
  filter: networkFilter,
  filterbinding: networkFilterBinding,
  interface: hostInterface,
  network,
  networkport: networkPort,
  pool: storagePool,
  secret,
  volume: storageVolume,
} as const;
