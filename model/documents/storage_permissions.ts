/**
 * Who may use what a pool or a volume is on the host. Facts: libvirt formatstorage, "permissions".
 *
 * @module
 */
import { element, fileMode, integer, shape, text, type ValueOf } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

/** Stands for "leave it as it is", which libvirt does not write. */
const unchanged = 2 ** 32 - 1;

const owner = integer({ min: -1, max: unchanged });

const permissionsShape = shape({
  mode: element(fileMode()).optional(),
  owner: element(owner).omitting(-1, unchanged),
  group: element(owner).omitting(-1, unchanged),
  label: element(text()).optional(),
});

/** Mode, owner, group and security label of a file or directory. */
export interface StoragePermissions extends ValueOf<typeof permissionsShape> {}

/** `<permissions>` of a pool's or volume's target. */
export const storagePermissions: Shape<StoragePermissions> = permissionsShape;
