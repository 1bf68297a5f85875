/**
 * The checkpoint document. Facts: libvirt formatcheckpoint.
 *
 * @module
 */
import { domain } from "./domain/domain.ts";
import {
  attribute,
  document,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
} from "./language/mod.ts";
import type { Description, DomainDisk, Reading, Shape } from "./language/mod.ts";

/** A name that can be a file's: hypervisors keep checkpoints in files. */
const checkpointName = text({
  pattern: /^[a-zA-Z0-9_-][a-zA-Z0-9_\-.]*$/,
  expected: 'letters, digits, "_", "-" and ".", no "." first',
});

const diskShape = shape({
  name: attribute(text({ pattern: /./, expected: "the name of one of the domain's disks" })),
  checkpoint: attribute(enumeration("no", "bitmap")).default("bitmap"),
  bitmap: attribute(text()).optional(),
  size: attribute(integer()).optional(),
}).check((disk, { refuse }) => {
  if (disk.checkpoint === "no" && disk.bitmap !== undefined) {
    refuse("bitmap", "A disk that is left out has no bitmap", {
      expected: 'checkpoint="bitmap", or no bitmap',
    });
  }
  if (disk.checkpoint === "no" && disk.size !== undefined) {
    refuse("size", "A disk that is left out has no changes to be counted");
  }
});

/** How a checkpoint treats one of the domain's disks; sizes are in bytes. */
export interface CheckpointDisk extends ValueOf<typeof diskShape> {}
const disk: Shape<CheckpointDisk> = diskShape;

const partsShape = shape({
  name: element(checkpointName).optional(),
  description: element(text()).optional(),
  parent: element({ name: element(checkpointName) }).optional(),
  creationTime: element(integer({ max: 2n ** 63n - 1n })).omitting(0),
  disks: element({ disks: elements("disk", disk).atLeast(1) }).optional(),
  domain: element(domain.shape).optional(),
});

/** A point in time from which changes of a domain's disks are recorded. */
export interface Checkpoint extends ValueOf<typeof partsShape> {}

// libvirt holds checkpoints, unlike most other documents, to its schema: what is not described is refused.
const checkpointShape: Shape<Checkpoint> = partsShape.closed("part of a checkpoint")
  .normalise((checkpoint, reading) => {
    const exists = reading.context.redefine ?? checkpoint.creationTime !== undefined;
    return exists ? checkpoint : taken(checkpoint, reading);
  })
  .check((checkpoint, { context, refuse }) => {
    if (context.redefine !== true) return;
    if (checkpoint.name === undefined) {
      refuse("", "What is said of an existing checkpoint lacks its name", { expected: "<name>" });
    }
    if (checkpoint.creationTime === undefined) {
      refuse("", "What is said of an existing checkpoint lacks its creation time", {
        expected: "<creationTime>",
      });
    }
    if (checkpoint.domain === undefined) {
      refuse("", "What is said of an existing checkpoint lacks its domain", { expected: "<domain>" });
    }
  });

/** `<domaincheckpoint>`. */
export const checkpoint: Description<Checkpoint> = document("domaincheckpoint", checkpointShape, {
  title: "checkpoint",
});

/** A checkpoint to be taken: when, of what and behind which other is not for the document to say. */
function taken(checkpoint: Checkpoint, reading: Reading): Checkpoint {
  const { parent: _parent, creationTime: _time, domain: _domain, ...asked } = checkpoint;
  const { now, currentCheckpoint, domainDisks } = reading.context;
  const name = asked.name ?? (now === undefined ? undefined : String(now));
  const listed = domainDisks === undefined
    ? asked.disks?.disks
    : aligned(asked.disks?.disks, { ...reading, domainDisks });
  return {
    ...asked,
    ...(name === undefined ? {} : { name }),
    ...(currentCheckpoint === undefined ? {} : { parent: { name: currentCheckpoint } }),
    ...(now === undefined ? {} : { creationTime: now }),
    ...(listed === undefined ? {} : {
      disks: { ...asked.disks, disks: listed.map((each) => withBitmap(each, name)) },
    }),
  };
}

/** A disk with a bitmap that has the checkpoint's name where it has none of its own. */
function withBitmap(disk: CheckpointDisk, name: string | undefined): CheckpointDisk {
  if (disk.checkpoint === "no" || disk.bitmap !== undefined || name === undefined) return disk;
  return { ...disk, bitmap: name };
}

/** All disks of the domain in its order: where some are listed, the others are left out. */
function aligned(
  listed: readonly CheckpointDisk[] | undefined,
  of: Reading & { readonly domainDisks: readonly DomainDisk[] },
): readonly CheckpointDisk[] {
  const names = of.domainDisks.map(({ name }) => name);
  listed?.forEach((each, index) => {
    if (!names.includes(each.name)) {
      of.refuse(`disks.disks.${index}.name`, `The domain has no disk "${each.name}"`);
    }
    if (listed.findIndex(({ name }) => name === each.name) !== index) {
      of.refuse(`disks.disks.${index}.name`, `The disk "${each.name}" is listed twice`);
    }
  });
  return names.map((name) =>
    listed?.find((each) => each.name === name) ??
      { name, checkpoint: listed === undefined ? "bitmap" : "no" }
  );
}
