/**
 * Disks of snapshots. Facts: libvirt formatsnapshot, `<disks>`.
 *
 * @module
 */
import { metadataCache, storageFormat } from "./domain/disk_format.ts";
import { diskSources } from "./domain/disk_source.ts";
import { attribute, element, enumeration, flag, shape, text, type ValueOf } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const driver = element({
  type: attribute(storageFormat).optional(),
  metadataCache: element("metadata_cache", metadataCache).optional(),
}).omittingEmpty();

const file = { source: diskSources.file.source.omittingEmpty() };
const block = { source: diskSources.block.source.omittingEmpty() };

const partsShape = shape({
  name: attribute(text({ pattern: /./, expected: "the name of one of the domain's disks" })),
  snapshot: attribute(enumeration("no", "internal", "external", "manual")).optional(),
  snapshotDeleteInProgress: element(flag()).optional(),
  driver,
}).by("type", {
  file,
  block,
  network: { source: diskSources.network.source.optional() },
}, { otherwise: file });

/** How a snapshot treats one of the domain's disks. */
export type SnapshotDisk = ValueOf<typeof partsShape>;

/** `<disk>` of a snapshot. */
export const snapshotDisk: Shape<SnapshotDisk> = partsShape
  .normalise((disk) => {
    if (!hasImage(disk)) return disk;
    const snapshot = disk.snapshot ?? "external";
    return disk.type === undefined ? { ...disk, type: "file", snapshot } : { ...disk, snapshot };
  })
  .check((disk, { refuse }) => {
    const path = pathOf(disk);
    if (disk.snapshot !== undefined && disk.snapshot !== "external" && path !== undefined) {
      refuse("source", `Only an external snapshot has an image of its own, this one is "${disk.snapshot}"`, {
        expected: 'snapshot="external", or no <source>',
      });
    }
    if (disk.source?.startupPolicy !== undefined) {
      refuse("source.startupPolicy", "The image of a snapshot has no policy for the start of the domain");
    }
    if (disk.type === "network") {
      if (disk.source !== undefined && disk.source.seclabels.length > 0) {
        refuse("source.seclabels.0", "An image on a server has no security label", {
          expected: "<seclabel> of a file or a block device only",
        });
      }
    } else if (path !== undefined && !path.startsWith("/")) {
      const attribute = disk.type === "block" ? "dev" : "file";
      refuse(`source.${attribute}`, `Found "${path}"`, { expected: "an absolute path" });
    }
  })
  // Without image and format nothing says what the snapshot is made of, and nothing of it is stored.
  .stored((disk) => hasImage(disk) ? disk : withoutImage(disk));

function hasImage(disk: SnapshotDisk): boolean {
  return pathOf(disk) !== undefined || disk.driver?.type !== undefined;
}

function pathOf(disk: SnapshotDisk): string | undefined {
  switch (disk.type) {
    case "network":
      return disk.source?.name;
    case "block":
      return disk.source?.dev;
    default:
      return disk.source?.file;
  }
}

function withoutImage(disk: SnapshotDisk): SnapshotDisk {
  const { type: _type, source: _source, driver: _driver, ...rest } = disk;
  return rest;
}
