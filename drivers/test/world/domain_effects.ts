/**
 * What can be done to domains outside: their definition files and their guests.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { booted, firstConsole, silent } from "./dialogue.ts";
import { effect } from "./effect.ts";
import type { DomainRecord, Guest } from "./record.ts";
import type { Transaction } from "./world.ts";

/** The guest of a domain, which must be there: what a monitor command needs. */
export function needGuest(world: Transaction, id: string): { record: DomainRecord; guest: Guest } {
  const record = world.need("domain", id);
  if (record.guest === undefined) {
    throw new VirtError(
      "wrong-state",
      `Cannot reach the monitor of domain "${record.name}": it is not running`,
    );
  }
  return { record, guest: record.guest };
}

/** Changes a guest. */
export function putGuest(
  world: Transaction,
  { id, guest: change }: { readonly id: string; readonly guest: Partial<Guest> },
): void {
  const { record, guest } = needGuest(world, id);
  world.put("domain", { ...record, guest: { ...guest, ...change } });
}

/** A domain without its guest; a transient one is gone altogether. */
export function withoutGuest(world: Transaction, record: DomainRecord, stopped: string): void {
  if (record.config === undefined) {
    removeDomain(world, record, stopped);
    return;
  }
  const { guest: _guest, ...rest } = record;
  world.put("domain", { ...rest, stopped });
}

/** Removes a domain with the metadata of its snapshots and checkpoints. */
export function removeDomain(world: Transaction, record: DomainRecord, why?: string): void {
  for (const kind of ["snapshot", "checkpoint"] as const) {
    for (const moment of [...world.all(kind)]) {
      if (moment.domain === record.id) world.remove(kind, moment.id);
    }
  }
  world.remove("domain", record.id, why);
}

/** Refuses a name that another domain has. */
export function refuseTakenName(world: Transaction, { id, name }: { id: string; name: string }): void {
  const other = world.idOf("domain", name);
  if (other === undefined || other === id) return;
  throw new VirtError(
    "already-exists",
    `Cannot define domain "${name}": a domain of that name exists with UUID ${other}`,
  );
}

/** Makes a guest of a definition. */
export function boot(
  world: Transaction,
  { now, ...guest }: Pick<Guest, "xml" | "state" | "reason"> & { readonly now: number },
): Guest {
  const { host } = world;
  world.put("host", { ...host, nextGuestId: host.nextGuestId + 1 });
  return { ...guest, id: host.nextGuestId, since: now, startedAt: now, frozen: [], clockOffsetS: 0 };
}

/** The error for a definition that is not the one a change was based on. */
export function changedOutside(name: string): VirtError {
  return new VirtError(
    "changed-outside",
    `Cannot change domain "${name}": somebody else changed its definition meanwhile`,
    { hint: "Read the definition again, and apply the change to that" },
  );
}

const id = z.string();

/** Writes a definition file. */
export const writeDefinition = effect(
  "domain",
  z.object({
    id,
    name: z.string(),
    xml: z.string(),
    /** The definition that it was based on; it must still be there. */
    expected: z.string().optional(),
  }),
  (world, { id, name, xml, expected }) => {
    refuseTakenName(world, { id, name });
    const known = world.get("domain", id);
    if (expected !== undefined && known?.config !== expected) throw changedOutside(name);
    if (known === undefined) {
      world.put("domain", { id, name, config: xml, autostart: false, parameters: {} });
    } else {
      world.put("domain", { ...known, name, config: xml });
    }
  },
);

/** Removes a definition file; a guest that runs stays and is transient from then on. */
export const removeDefinition = effect("domain", z.object({ id }), (world, { id }) => {
  const record = world.need("domain", id);
  if (record.guest === undefined) {
    removeDomain(world, record);
    return;
  }
  const { config: _config, managedSave: _managedSave, ...rest } = record;
  world.put("domain", { ...rest, autostart: false });
});

/** Has a domain started with its host, or not. */
export const setAutostart = effect(
  "domain",
  z.object({ id, autostart: z.boolean() }),
  (world, { id, autostart }) => {
    world.put("domain", { ...world.need("domain", id), autostart });
  },
);

/** Starts a guest; it waits for `domain.continue`. */
export const spawn = effect(
  "domain",
  z.object({
    id,
    name: z.string(),
    xml: z.string(),
    /** How long it takes to come up when it is let run; `guest.boot` follows then. */
    bootMs: z.number().optional(),
  }),
  (world, { id, name, xml, bootMs }, { now }) => {
    const known = world.get("domain", id);
    if (known?.guest !== undefined) {
      throw new VirtError("wrong-state", `Cannot start domain "${name}": it already runs`);
    }
    refuseTakenName(world, { id, name });
    const guest = boot(world, { xml, state: "paused", reason: "starting-up", now });
    world.put("domain", {
      ...(known ?? { id, name, autostart: false, parameters: {} }),
      guest: { ...guest, booting: true, ...(bootMs === undefined ? {} : { bootMs }) },
    });
  },
);

const letGo = z.object({
  id,
  reason: z.string(),
  /** The guest was restored: the image that it came from goes in the same moment. */
  dropManagedSave: z.boolean().optional(),
});

function turn(
  world: Transaction,
  { id, reason, dropManagedSave }: z.output<typeof letGo>,
  { state, now }: { readonly state: "running" | "paused"; readonly now: number },
): void {
  const { record, guest } = needGuest(world, id);
  if (state === "running" && guest.handedOver === true) {
    throw new VirtError(
      "wrong-state",
      `Cannot let domain "${record.name}" run: it was handed over to another host`,
    );
  }
  // What its user has paused stays paused for that reason.
  const stays = state === "paused" && guest.state === "paused" && guest.reason === "user";
  if (!stays) putGuest(world, { id, guest: { state, reason, since: now } });
  if (guest.booting === true) {
    // What is restored booted long ago.
    if (reason === "restored") putGuest(world, { id, guest: { booting: false } });
    else if (state === "running" && guest.bootMs === undefined) comeUp(world, id);
  }
  if (dropManagedSave === true) withoutManagedSave(world, id);
}

function withoutManagedSave(world: Transaction, id: string): void {
  const { managedSave: _managedSave, ...rest } = world.need("domain", id);
  world.put("domain", rest);
}

/** Lets a guest run. */
export const continueGuest = effect(
  "domain",
  letGo,
  (world, input, { now }) => turn(world, input, { state: "running", now }),
);

/** Stops a guest's processors. */
export const pause = effect(
  "domain",
  letGo,
  (world, input, { now }) => turn(world, input, { state: "paused", now }),
);

/** Kills a guest's process, which needs no monitor. Nothing happens where there is none. */
export const kill = effect(
  "domain",
  z.object({ id, reason: z.string() }),
  (world, { id, reason }) => {
    const record = world.get("domain", id);
    if (record?.guest !== undefined) withoutGuest(world, record, reason);
  },
);

/** Presses the power button. A guest that listens shuts down at once. */
export const pressPower = effect(
  "domain",
  z.object({ id, /** The guest takes its time; `guest.power-off` follows. */ later: z.boolean() }),
  (world, { id, later }, { now }) => {
    const { record } = needGuest(world, id);
    if (later) putGuest(world, { id, guest: { reason: "shutting-down", since: now } });
    else withoutGuest(world, record, "shutdown");
  },
);

/** A guest has shut itself down. Nobody asks for this; it happens. */
export const powerOff = effect(
  "domain",
  z.object({ id, guestId: z.int(), reason: z.string() }),
  (world, { id, guestId, reason }) => {
    const record = world.get("domain", id);
    if (record?.guest?.id === guestId) withoutGuest(world, record, reason);
  },
);

/** A guest has died. Nobody asks for this; it happens. */
export const die = effect("domain", z.object({ id }), (world, { id }) => {
  const record = world.get("domain", id);
  if (record?.guest !== undefined) withoutGuest(world, record, "crashed");
});

/** Asks a guest to reboot; what becomes of it then is said in its definition. */
export const reboot = effect(
  "domain",
  z.object({ id, action: z.enum(["restart", "destroy", "preserve"]) }),
  (world, { id, action }, { now }) => {
    const { record } = needGuest(world, id);
    if (action === "destroy") withoutGuest(world, record, "shutdown");
    else if (action === "restart") restart(world, { id, now });
  },
);

/** Presses the reset button. */
export const reset = effect(
  "domain",
  z.object({ id }),
  (world, { id }, { now }) => restart(world, { id, now }),
);

/** Boots a guest that is there once more. */
export function restart(world: Transaction, { id, now }: { id: string; now: number }): void {
  putGuest(world, {
    id,
    guest: {
      state: "running",
      reason: "booted",
      since: now,
      startedAt: now,
      frozen: [],
      clockOffsetS: 0,
      programs: {},
      booting: true,
    },
  });
  if (needGuest(world, id).guest.bootMs === undefined) comeUp(world, id);
}

/** A guest has come up: it says so on its consoles, and its agent answers from now on. */
function comeUp(world: Transaction, id: string): void {
  const { record: { name }, guest } = needGuest(world, id);
  const before = { [firstConsole]: silent(firstConsole), ...guest.consoles };
  const consoles = Object.fromEntries(
    Object.entries(before).map(([port, console]) => [port, booted(console, { name, xml: guest.xml })]),
  );
  const { booting: _booting, ...up } = guest;
  world.put("domain", { ...world.need("domain", id), guest: { ...up, consoles } });
}

/** A guest that takes its time to boot has come up. Nobody asks for this; it happens. */
export const bootGuest = effect(
  "domain",
  z.object({ id, guestId: z.int() }),
  (world, { id, guestId }) => {
    const guest = world.get("domain", id)?.guest;
    if (guest?.id === guestId && guest.booting === true && guest.state === "running") comeUp(world, id);
  },
);

/** Puts a guest to sleep. */
export const sleep = effect(
  "domain",
  z.object({ id }),
  (world, { id }, { now }) =>
    putGuest(world, { id, guest: { state: "pmsuspended", reason: "user", since: now } }),
);

/** Wakes a guest. */
export const wake = effect(
  "domain",
  z.object({ id }),
  (world, { id }, { now }) =>
    putGuest(world, { id, guest: { state: "running", reason: "wakeup", since: now } }),
);

/** Changes what a running guest consists of: a hot-plug, a balloon. */
export const changeLive = effect(
  "domain",
  z.object({ id, xml: z.string(), /** What the change was based on. */ base: z.string() }),
  (world, { id, xml, base }) => {
    const { record, guest } = needGuest(world, id);
    if (guest.xml !== base) throw changedOutside(record.name);
    putGuest(world, { id, guest: { xml } });
  },
);

/** Something that a guest hears and that leaves no trace outside: keys, signals, interrupts. */
export const signalGuest = effect(
  "domain",
  z.object({
    id,
    what: z.enum(["nmi", "keys", "signal"]),
    values: z.array(z.union([z.string(), z.number()])),
  }),
  (world, { id }) => void needGuest(world, id),
);

/** Writes a guest's memory into the domain's managed save image. */
export const writeManagedSave = effect(
  "domain",
  z.object({ id, paused: z.boolean() }),
  (world, { id, paused }) => {
    const { record, guest } = needGuest(world, id);
    world.put("domain", { ...record, managedSave: { xml: guest.xml, paused } });
  },
);

/** Changes the definition in a managed save image. */
export const rewriteManagedSave = effect(
  "domain",
  z.object({ id, xml: z.string() }),
  (world, { id, xml }) => {
    const record = world.need("domain", id);
    if (record.managedSave === undefined) {
      throw new VirtError("wrong-state", `Domain "${record.name}" has no managed save image`);
    }
    world.put("domain", { ...record, managedSave: { ...record.managedSave, xml } });
  },
);

/** Removes a managed save image. Nothing happens where there is none. */
export const removeManagedSave = effect(
  "domain",
  z.object({ id }),
  (world, { id }) => withoutManagedSave(world, id),
);

/** Writes a guest's memory to a file on the host. */
export const writeMemory = effect(
  "domain",
  z.object({ id, path: z.string(), kind: z.enum(["saved-guest", "dump"]), paused: z.boolean() }),
  (world, { id, path, kind, paused }) => {
    const { guest } = needGuest(world, id);
    const file = world.get("file", path);
    if (file !== undefined && file.kind !== kind) {
      throw new VirtError("operation-failed", `Cannot write "${path}": another file is there`);
    }
    world.put("file", { id: path, kind, xml: guest.xml, paused, size: guest.xml.length, domain: id });
  },
);

/** Changes the definition in a file with a saved guest. */
export const rewriteSaved = effect(
  "file",
  z.object({ id: z.string(), xml: z.string() }),
  (world, { id, xml }) => world.put("file", { ...world.need("file", id), xml }),
);

/** Removes a file from the host. Nothing happens where there is none. */
export const removeFile = effect(
  "file",
  z.object({ id: z.string() }),
  (world, { id }) => {
    if (world.get("file", id) !== undefined) world.remove("file", id);
  },
);

/** Changes parameters of a domain: of its guest, or of its definition. */
export const setParameters = effect(
  "domain",
  z.object({
    id,
    group: z.string(),
    values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  }),
  (world, { id, group, values }) => {
    const record = world.need("domain", id);
    const parameters = { ...record.parameters, [group]: { ...record.parameters[group], ...values } };
    world.put("domain", { ...record, parameters });
  },
);
