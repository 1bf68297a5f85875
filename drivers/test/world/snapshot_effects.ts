/**
 * What can be done to snapshots outside: their data in the images, and their metadata files.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { boot, needGuest, withoutGuest } from "./domain_effects.ts";
import { effect } from "./effect.ts";
import type { DomainRecord } from "./record.ts";
import type { Transaction } from "./world.ts";

const disk = z.object({ name: z.string(), snapshot: z.enum(["no", "internal", "external"]) });

const moment = {
  domain: z.string(),
  name: z.string(),
  parent: z.string().optional(),
  description: z.string().optional(),
  createdS: z.int(),
  domainXml: z.string(),
};

/** Takes a snapshot: data in every image, and the metadata file. It is the current one then. */
export const createSnapshot = effect(
  "snapshot",
  z.object({
    id: z.string(),
    ...moment,
    state: z.string(),
    memory: z.enum(["no", "internal", "external"]),
    disks: z.array(disk),
    /** Only the metadata: the data is there already. */
    redefine: z.boolean(),
    current: z.boolean(),
  }),
  (world, { redefine: _redefine, current, parent, description, ...snapshot }) => {
    const { domain, name, disks } = snapshot;
    const known = world.get("snapshot", snapshot.id);
    if (known !== undefined && !_redefine) {
      throw new VirtError("already-exists", `Cannot take snapshot "${name}": one of that name exists`);
    }
    world.put("snapshot", {
      ...snapshot,
      ...(parent === undefined ? {} : { parent }),
      ...(description === undefined ? {} : { description }),
      data: disks.filter((each) => each.snapshot !== "no").map((each) => each.name),
    });
    if (current) world.put("domain", { ...world.need("domain", domain), currentSnapshot: name });
  },
);

/** Marks that a delete of several steps has begun. */
export const beginDelete = effect("snapshot", z.object({ id: z.string() }), (world, { id }) => {
  world.put("snapshot", { ...world.need("snapshot", id), deleting: true });
});

/** Drops a snapshot's data from one image. Nothing happens where it is gone already. */
export const discardData = effect(
  "snapshot",
  z.object({ id: z.string(), disk: z.string() }),
  (world, { id, disk }) => {
    const snapshot = world.need("snapshot", id);
    world.put("snapshot", { ...snapshot, data: snapshot.data.filter((name) => name !== disk) });
  },
);

/** Removes a snapshot's metadata file; its children move to its parent. */
export const forget = effect("snapshot", z.object({ id: z.string() }), (world, { id }) => {
  const snapshot = world.get("snapshot", id);
  if (snapshot === undefined) return;
  for (const child of [...world.all("snapshot")]) {
    if (child.domain !== snapshot.domain || child.parent !== snapshot.name) continue;
    const { parent: _parent, ...rest } = child;
    world.put("snapshot", { ...rest, ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }) });
  }
  const domain = world.get("domain", snapshot.domain);
  if (domain?.currentSnapshot === snapshot.name) world.put("domain", withCurrent(domain, snapshot.parent));
  world.remove("snapshot", id);
});

function withCurrent(domain: DomainRecord, current: string | undefined): DomainRecord {
  const { currentSnapshot: _current, ...rest } = domain;
  return current === undefined ? rest : { ...rest, currentSnapshot: current };
}

/** Brings images, definition and guest back to a snapshot. */
export const revert = effect(
  "snapshot",
  z.object({
    id: z.string(),
    /** The guest afterwards; absent where there is to be none. */
    state: z.enum(["running", "paused"]).optional(),
  }),
  (world, { id, state }, { now }) => {
    const snapshot = world.need("snapshot", id);
    const domain = { ...world.need("domain", snapshot.domain), currentSnapshot: snapshot.name };
    const config = domain.config === undefined ? {} : { config: snapshot.domainXml };
    if (state === undefined) {
      stopAt(world, { ...domain, ...config });
      return;
    }
    const guest = boot(world, { xml: snapshot.domainXml, state, reason: "from-snapshot", now });
    world.put("domain", { ...domain, ...config, guest });
  },
);

function stopAt(world: Transaction, domain: DomainRecord): void {
  if (domain.guest === undefined) world.put("domain", domain);
  else withoutGuest(world, domain, "from-snapshot");
}

/** Sets a checkpoint. */
export const createCheckpoint = effect(
  "checkpoint",
  z.object({ id: z.string(), ...moment, disks: z.array(z.string()), redefine: z.boolean().default(false) }),
  (world, { parent, description, redefine, ...checkpoint }) => {
    if (!redefine) needGuest(world, checkpoint.domain);
    if (!redefine && world.get("checkpoint", checkpoint.id) !== undefined) {
      throw new VirtError(
        "already-exists",
        `Cannot set checkpoint "${checkpoint.name}": one of that name exists`,
      );
    }
    world.put("checkpoint", {
      ...checkpoint,
      ...(parent === undefined ? {} : { parent }),
      ...(description === undefined ? {} : { description }),
    });
  },
);

/** Deletes a checkpoint; its children move to its parent. */
export const deleteCheckpoint = effect("checkpoint", z.object({ id: z.string() }), (world, { id }) => {
  const checkpoint = world.get("checkpoint", id);
  if (checkpoint === undefined) return;
  for (const child of [...world.all("checkpoint")]) {
    if (child.domain !== checkpoint.domain || child.parent !== checkpoint.name) continue;
    const { parent: _parent, ...rest } = child;
    world.put("checkpoint", {
      ...rest,
      ...(checkpoint.parent === undefined ? {} : { parent: checkpoint.parent }),
    });
  }
  world.remove("checkpoint", id);
});
