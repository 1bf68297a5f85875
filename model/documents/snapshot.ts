/**
 * The snapshot document. Facts: libvirt formatsnapshot.
 *
 * @module
 */
import { cpu } from "./domain/cpu.ts";
import { domain } from "./domain/domain.ts";
import {
  absolutePath,
  attribute,
  document,
  element,
  elements,
  enumeration,
  flag,
  integer,
  shape,
  text,
  truth,
  uuid,
  type ValueOf,
} from "./language/mod.ts";
import type { Description, Reading, Shape } from "./language/mod.ts";
import { snapshotDisk } from "./snapshot_disk.ts";

const memoryShape = shape({
  snapshot: attribute(enumeration("no", "internal", "external")).optional(),
  file: attribute(absolutePath()).optional(),
}).normalise((memory) =>
  memory.file !== undefined && memory.snapshot === undefined ? { ...memory, snapshot: "external" } : memory
).check((memory, { refuse }) => {
  if (memory.file !== undefined && memory.snapshot !== "external") {
    refuse("file", `Memory in a file makes an external snapshot, this one is "${memory.snapshot}"`, {
      expected: 'snapshot="external"',
    });
  }
  if (memory.file === undefined && memory.snapshot === "external") {
    refuse("snapshot", "An external snapshot needs a file for the memory", {
      expected: 'the attribute "file"',
    });
  }
});

/** Where a snapshot keeps the domain's memory. */
export interface SnapshotMemory extends ValueOf<typeof memoryShape> {}

const states = [
  ...["running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"] as const,
  "disk-snapshot",
] as const;

/** States in which there is no memory to keep. */
const withoutMemory: ReadonlySet<string> = new Set(["shutoff", "disk-snapshot"]);

const disks = element({ disks: elements("disk", snapshotDisk) }).omittingEmpty();

const partsShape = shape({
  name: element(text({ pattern: /^[^\n]+$/, expected: "a name without line breaks" })).optional(),
  description: element(text()).optional(),
  state: element(enumeration(...states)).optional(),
  parent: element({ name: element(text()).optional() }).omittingEmpty(),
  creationTime: element(integer({ max: 2n ** 63n - 1n })).omitting(0),
  memory: element(memoryShape).omittingEmpty(),
  disks,
  revertDisks: disks,
  // Snapshots of old versions say only which domain they are of.
  domain: element(domain.shape.unlessWithout("type", { uuid: element(uuid()) })).optional(),
  inactiveDomain: element(domain.shape).optional(),
  cookie: element({
    cpu: element(cpu).optional(),
    slirpHelper: element(flag()).optional(),
  }).omittingEmpty(),
  active: element(truth({ yes: "1", no: "0" })).optional(),
});

/** A snapshot of a domain. */
export interface Snapshot extends ValueOf<typeof partsShape> {}

const snapshotShape: Shape<Snapshot> = partsShape.normalise((snapshot, reading) => {
  const { creationTime } = snapshot;
  const exists = reading.context.redefine ?? creationTime !== undefined;
  return exists ? existing(snapshot, reading) : taken(snapshot, reading);
}).check((snapshot, { refuse }) => {
  const kind = snapshot.memory?.snapshot;
  if (withoutMemory.has(snapshot.state ?? "") && kind !== undefined && kind !== "no") {
    refuse("memory", `A snapshot in the state "${snapshot.state}" keeps no memory`, {
      expected: 'snapshot="no", or no <memory>',
    });
  }
});

/** `<domainsnapshot>`. */
export const snapshot: Description<Snapshot> = document("domainsnapshot", snapshotShape, {
  title: "snapshot",
});

/** A snapshot to be taken: when, of what and beside which others is not for the document to say. */
function taken(snapshot: Snapshot, { context }: Reading): Snapshot {
  const { state: _state, parent: _parent, creationTime: _time, domain: _domain, ...rest } = snapshot;
  const { inactiveDomain: _inactive, revertDisks: _revert, ...asked } = rest;
  const { now, domainUuid } = context;
  const name = asked.name ?? (now === undefined ? undefined : String(now));
  return {
    ...asked,
    ...(name === undefined ? {} : { name }),
    ...(now === undefined ? {} : { creationTime: now }),
    ...(domainUuid === undefined ? {} : { domain: { uuid: domainUuid } }),
    ...(asked.disks === undefined ? {} : { disks: withoutMarks(asked.disks) }),
  };
}

type SnapshotDisks = NonNullable<Snapshot["disks"]>;

/** Only a snapshot that exists can be half deleted. */
function withoutMarks(disks: SnapshotDisks): SnapshotDisks {
  return {
    ...disks,
    disks: disks.disks.map((disk) => {
      const { snapshotDeleteInProgress: _mark, ...rest } = disk;
      return rest;
    }),
  };
}

/** A snapshot that exists. */
function existing(snapshot: Snapshot, { context, refuse }: Reading): Snapshot {
  const { name, state, creationTime } = snapshot;
  if (context.redefine === true) {
    for (const [key, value] of Object.entries({ name, state, creationTime })) {
      if (value === undefined) {
        refuse("", `What is said of an existing snapshot lacks its ${words[key]}`, { expected: `<${key}>` });
      }
    }
  }
  const { domainUuid } = context;
  return {
    ...snapshot,
    ...(snapshot.domain === undefined && domainUuid !== undefined ? { domain: { uuid: domainUuid } } : {}),
    ...(state === undefined || snapshot.memory?.snapshot !== undefined
      ? {}
      : { memory: { snapshot: withoutMemory.has(state) ? "no" : "internal" } }),
  };
}

const words: Readonly<Record<string, string>> = {
  name: "name",
  state: "state",
  creationTime: "creation time",
};
