/**
 * The documents that Drover knows: one description each, from which type, reader, writer, checks and schemas follow.
 *
 * @module
 */
import { domain } from "./domain/mod.ts";
import { hostInterface } from "./interface.ts";
import { network } from "./network.ts";
import { nodeDevice } from "./node_device.ts";
import { secret } from "./secret.ts";
import { snapshot } from "./snapshot.ts";
import { storagePool } from "./storage_pool.ts";
import { storageVolume } from "./storage_volume.ts";

export * from "./domain/mod.ts";
export type { Description, DocumentContext, ValueOf } from "./language/mod.ts";
export { toJsonSchema, toZod } from "./language/mod.ts";
export {
  type HostInterface,
  hostInterface,
  type InterfaceBond,
  type InterfaceProtocol,
} from "./interface.ts";
export { type Network, network, type NetworkBridge, type NetworkForward, type NetworkIp } from "./network.ts";
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
  domain,
  domainsnapshot: snapshot,
  device: nodeDevice,
  interface: hostInterface,
  network,
  pool: storagePool,
  secret,
  volume: storageVolume,
} as const;
