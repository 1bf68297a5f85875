/**
 * Words of storage, each at the place of its number.
 *
 * @module
 */

/** How a pool stands. Source: libvirt, virStoragePoolState. */
export const poolStates = ["inactive", "building", "running", "degraded", "inaccessible"] as const;

/** How a volume is overwritten. Source: libvirt, virStorageVolWipeAlgorithm. */
export const wipeAlgorithms = [
  ...["zero", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random", "trim"],
] as const;
