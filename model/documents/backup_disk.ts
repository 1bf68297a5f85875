/**
 * Disks of backups. Facts: libvirt formatbackup, `<disks>`.
 *
 * @module
 */
import { storageFormat } from "./domain/disk_format.ts";
import { deviceSecurityLabel } from "./domain/seclabel.ts";
import {
  absolutePath,
  attribute,
  element,
  elements,
  enumeration,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";
import { storageEncryption } from "./storage_encryption.ts";

const secured = {
  seclabels: elements("seclabel", deviceSecurityLabel),
  encryption: element(storageEncryption).optional(),
};

const fileStore = element({ file: attribute(absolutePath()), ...secured }).optional();
const blockStore = element({ dev: attribute(absolutePath()), ...secured }).optional();

/** A push goes to its target; a pull keeps what the guest overwrites meanwhile in its scratch file. */
const file = { target: fileStore, scratch: fileStore };

const partsShape = shape({
  name: attribute(text({ pattern: /./, expected: "the name of one of the domain's disks" })),
  backup: attribute(yesNo()).default(true),
  backupmode: attribute(enumeration("full", "incremental")).optional(),
  incremental: attribute(text()).optional(),
  exportname: attribute(text()).optional(),
  exportbitmap: attribute(text()).optional(),
  driver: element({ type: attribute(storageFormat) }).optional(),
}).by("type", { file, block: { target: blockStore, scratch: blockStore } }, { otherwise: file });

/** How a backup treats one of the domain's disks. */
export type BackupDisk = ValueOf<typeof partsShape>;

/** `<disk>` of a backup. */
export const backupDisk: Shape<BackupDisk> = partsShape
  .normalise((disk) => disk.backup && disk.type === undefined ? { ...disk, type: "file" } : disk)
  .check((disk, { refuse }) => {
    if (disk.backupmode === "full" && disk.incremental !== undefined) {
      refuse("incremental", "A full backup does not begin at a checkpoint", {
        expected: 'backupmode="incremental", or no "incremental"',
      });
    }
    for (const store of ["target", "scratch"] as const) {
      const encryption = disk[store]?.encryption;
      if (!disk.backup && disk[store] !== undefined) {
        refuse(store, "A disk that is left out goes nowhere", {
          expected: 'backup="yes", or nothing in <disk>',
        });
      }
      if (encryption !== undefined && encryption.format !== "luks") {
        refuse(`${store}.encryption.format`, `Found "${encryption.format}"`, { expected: '"luks"' });
      }
    }
  })
  // Of a disk that is left out there is no more to say.
  .stored((disk) => disk.backup ? disk : { name: disk.name, backup: false });
