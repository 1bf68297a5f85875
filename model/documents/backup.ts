/**
 * The backup document. Facts: libvirt formatbackup.
 *
 * @module
 */
import { type BackupDisk, backupDisk } from "./backup_disk.ts";
import {
  absolutePath,
  attribute,
  document,
  element,
  elements,
  integer,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description, DomainDisk, Reading, Shape } from "./language/mod.ts";

const serverShape = shape({ tls: attribute(yesNo()).optional() }).by("transport", {
  tcp: { name: attribute(text()), port: attribute(integer({ max: 65535 })).optional() },
  unix: { socket: attribute(absolutePath()) },
  fd: { fdgroup: attribute(text()) },
}, { default: "tcp" });

/** Where a backup can be fetched from. */
export type BackupServer = ValueOf<typeof serverShape>;

const partsShape = shape({
  incremental: element(text()).optional(),
  disks: element({ disks: elements("disk", backupDisk).atLeast(1) }).optional(),
}).by("mode", { push: {}, pull: { server: element(serverShape) } }, { default: "push", before: "disks" });

/** A backup job: `push` writes files, `pull` serves them. */
export type Backup = ValueOf<typeof partsShape>;

// libvirt holds backups, unlike most other documents, to its schema: what is not described is refused.
const backupShape: Shape<Backup> = partsShape.closed("part of a backup")
  .normalise((backup, reading) => {
    const { domainDisks, backupSuffix } = reading.context;
    const listed = backup.disks?.disks;
    const disks = domainDisks === undefined ? listed : aligned(listed, { ...reading, domainDisks });
    if (disks === undefined) return backup;
    return {
      ...backup,
      disks: {
        ...backup.disks,
        disks: disks.map((disk) => {
          const path = domainDisks?.find(({ name }) => name === disk.name)?.path;
          const file = path === undefined || backupSuffix === undefined
            ? undefined
            : `${path}.${backupSuffix}`;
          return withStore(withMode(disk, backup.incremental), { mode: backup.mode, file });
        }),
      },
    };
  })
  .check((backup, { refuse }) => {
    backup.disks?.disks.forEach((disk, index) => {
      const path = `disks.disks.${index}`;
      if (disk.backupmode === "incremental" && disk.incremental === undefined) {
        refuse(`${path}.backupmode`, "Nothing says since when changes are saved", {
          expected: '"incremental" of the disk, or <incremental> of the backup',
        });
      }
      const wrong = backup.mode === "push" ? "scratch" : "target";
      if (disk[wrong] !== undefined) {
        refuse(`${path}.${wrong}`, `A backup of the mode "${backup.mode}" has no <${wrong}>`, {
          expected: backup.mode === "push" ? "<target>" : "<scratch>",
        });
      }
      if (backup.mode === "push" && (disk.exportname ?? disk.exportbitmap) !== undefined) {
        const name = disk.exportname === undefined ? "exportbitmap" : "exportname";
        refuse(`${path}.${name}`, "Only a backup that is pulled is exported under a name", {
          expected: 'mode="pull"',
        });
      }
      if (backup.mode === "pull" && disk.driver !== undefined && disk.driver.type !== "qcow2") {
        refuse(`${path}.driver.type`, `Found "${disk.driver.type}"`, { expected: '"qcow2"' });
      }
      if (disk.type === "block" && disk.target === undefined && disk.scratch === undefined) {
        refuse(path, "The block device is missing", {
          expected: backup.mode === "push" ? "<target>" : "<scratch>",
        });
      }
    });
  });

/** `<domainbackup>`. */
export const backup: Description<Backup> = document("domainbackup", backupShape, { title: "backup" });

/** All disks of the domain: where some are listed, the others are left out. */
function aligned(
  listed: readonly BackupDisk[] | undefined,
  of: Reading & { readonly domainDisks: readonly DomainDisk[] },
): readonly BackupDisk[] {
  listed?.forEach((each, index) => {
    const path = `disks.disks.${index}.name`;
    if (!of.domainDisks.some(({ name }) => name === each.name)) {
      of.refuse(path, `The domain has no disk "${each.name}"`);
    }
    if (listed.findIndex(({ name }) => name === each.name) !== index) {
      of.refuse(path, `The disk "${each.name}" is listed twice`);
    }
  });
  const others = of.domainDisks.filter(({ name }) => !listed?.some((each) => each.name === name));
  return [
    ...listed ?? [],
    ...others.map(({ name }): BackupDisk =>
      listed === undefined ? { name, backup: true, type: "file" } : { name, backup: false }
    ),
  ];
}

/** A disk that says how much of it is saved: changes where a checkpoint is given, else all. */
function withMode(disk: BackupDisk, since: string | undefined): BackupDisk {
  if (!disk.backup) return disk;
  const backupmode = disk.backupmode ??
    (disk.incremental === undefined && since === undefined ? "full" : "incremental");
  const incremental = disk.incremental ?? (backupmode === "full" ? undefined : since);
  return { ...disk, backupmode, ...(incremental === undefined ? {} : { incremental }) };
}

/** A disk with a file to go to, where it has none and its own is known. */
function withStore(
  disk: BackupDisk,
  to: { readonly mode: "push" | "pull"; readonly file: string | undefined },
): BackupDisk {
  if (!disk.backup || disk.type !== "file" || to.file === undefined) return disk;
  if (disk.target !== undefined || disk.scratch !== undefined) return disk;
  return { ...disk, [to.mode === "push" ? "target" : "scratch"]: { file: to.file, seclabels: [] } };
}
