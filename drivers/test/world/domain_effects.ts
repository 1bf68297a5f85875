/**
 * What can be done to domains outside: their definition files and their guests.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { effect } from "./effect.ts";
import type { DomainRecord, Guest } from "./record.ts";
import type { Transaction } from "./world.ts";

/** The guest of a domain, which must be there: what a monitor command needs. */
export function needGuest(world: Transaction, id: string): { record: DomainRecord; guest: Guest } {
  const record = world.need("domain", id);
  if (record.guest === undefined) {
    throw new VirtError("wrong-state", `The monitor of domain "${record.name}" is closed: it does not run`);
  }
  return { record, guest: record.guest };
}

/** A domain without its guest; a transient one is gone altogether. */
export function withoutGuest(world: Transaction, record: DomainRecord, stopped: string): void {
  if (record.config === undefined) {
    removeDomain(world, record);
    return;
  }
  const { guest: _guest, ...rest } = record;
  world.put("domain", { ...rest, stopped });
}

/** Removes a domain with the metadata of its snapshots and checkpoints. */
export function removeDomain(world: Transaction, record: DomainRecord): void {
  for (const kind of ["snapshot", "checkpoint"] as const) {
    for (const moment of [...world.all(kind)]) {
      if (moment.domain === record.id) world.remove(kind, moment.id);
    }
  }
  world.remove("domain", record.id);
}

/** Makes a guest of a definition. */
export function boot(
  world: Transaction,
  { xml, state, reason, now }: {
    readonly xml: string;
    readonly state: Guest["state"];
    readonly reason: string;
    readonly now: number;
  },
): Guest {
  const host = world.host;
  world.put("host", { ...host, nextGuestId: host.nextGuestId + 1 });
  return {
    id: host.nextGuestId,
    xml,
    state,
    reason,
    since: now,
    startedAt: now,
    frozen: [],
    clockOffsetS: 0,
  };
}

const id = z.string();

/** Writes a definition file. */
export const domainWriteDefinition = effect(
  "domain",
  z.object({
    id,
    name: z.string(),
    xml: z.string(),
    /** The definition that it was based on; it must still be there. */
    expected: z.string().optional(),
  }),
  (world, { id, name, xml, expected }) => {
    for (const other of world.all("domain")) {
      if (other.name === name && other.id !== id) {
        throw new VirtError("already-exists", `A domain "${name}" already exists with UUID ${other.id}`);
      }
    }
    const known = world.get("domain", id);
    if (expected !== undefined && known?.config !== expected) {
      throw new VirtError(
        "changed-outside",
        `Cannot change the definition of domain "${name}": somebody else changed it meanwhile`,
        { hint: "Read the definition again, and apply the change to that" },
      );
    }
    world.put(
      "domain",
      known === undefined ? { id, name, config: xml, autostart: false, parameters: {} } : {
        ...known,
        name,
        config: xml,
      },
    );
  },
);

/** Removes a definition file; a guest that runs stays and is transient from then on. */
export const domainRemoveDefinition = effect("domain", z.object({ id }), (world, { id }) => {
  const record = world.need("domain", id);
  if (record.guest === undefined) {
    removeDomain(world, record);
    return;
  }
  const { config: _config, managedSave: _managedSave, ...rest } = record;
  world.put("domain", { ...rest, autostart: false });
});

/** Starts a guest; it waits for `domain.continue`. */
export const domainSpawn = effect(
  "domain",
  z.object({ id, name: z.string(), xml: z.string() }),
  (world, { id, name, xml }, { now }) => {
    const known = world.get("domain", id);
    if (known?.guest !== undefined) {
      throw new VirtError("wrong-state", `A guest of domain "${name}" already runs`);
    }
    const guest = boot(world, { xml, state: "paused", reason: "starting-up", now });
    world.put("domain", { ...(known ?? { id, name, autostart: false, parameters: {} }), guest });
  },
);

/** Lets a guest run. */
export const domainContinue = effect(
  "domain",
  z.object({ id, reason: z.string() }),
  (world, { id, reason }, { now }) => {
    const { record, guest } = needGuest(world, id);
    const { incoming: _incoming, ...rest } = guest;
    world.put("domain", { ...record, guest: { ...rest, state: "running", reason, since: now } });
  },
);

/** Stops a guest's processors. */
export const domainPause = effect(
  "domain",
  z.object({ id, reason: z.string() }),
  (world, { id, reason }, { now }) => {
    const { record, guest } = needGuest(world, id);
    world.put("domain", { ...record, guest: { ...guest, state: "paused", reason, since: now } });
  },
);

/** Kills a guest's process, which needs no monitor. Nothing happens where there is none. */
export const domainKill = effect(
  "domain",
  z.object({ id, reason: z.string() }),
  (world, { id, reason }) => {
    const record = world.get("domain", id);
    if (record?.guest !== undefined) withoutGuest(world, record, reason);
  },
);
