/**
 * The documents that Drover knows: one description each, from which type, reader, writer, checks and schemas follow.
 *
 * @module
 */
import { secret } from "./secret.ts";
import { storageVolume } from "./storage_volume.ts";

export type { Description, DocumentContext, ValueOf } from "./language/mod.ts";
export { toJsonSchema, toZod } from "./language/mod.ts";
export { type Secret, secret, type SecretUsage } from "./secret.ts";
export { type StorageEncryption, storageEncryption } from "./storage_encryption.ts";
export {
  type StorageVolume,
  storageVolume,
  type VolumeBackingStore,
  type VolumeTarget,
} from "./storage_volume.ts";

/** Every description by the name of its root element. */
export const documents = {
  secret,
  volume: storageVolume,
} as const;
