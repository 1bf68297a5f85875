/**
 * The steps of a migration, on the host that a domain leaves and on the one to which it goes.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { boot, needGuest, putGuest, refuseTakenName, removeDomain, withoutGuest } from "./domain_effects.ts";
import { effect } from "./effect.ts";

const id = z.string();

/** There: makes a guest that waits for the memory of another. */
export const prepare = effect(
  "domain",
  z.object({ id, name: z.string(), xml: z.string() }),
  (world, { id, name, xml }, { now }) => {
    const known = world.get("domain", id);
    if (known?.guest !== undefined) {
      throw new VirtError("wrong-state", `Cannot take in domain "${name}": it already runs on that host`);
    }
    refuseTakenName(world, { id, name });
    const guest = { ...boot(world, { xml, state: "paused", reason: "starting-up", now }), incoming: true };
    world.put("domain", { ...(known ?? { id, name, autostart: false, parameters: {} }), guest });
  },
);

/** Here: sends a part of the memory. */
export const transfer = effect(
  "domain",
  z.object({ id, part: z.int() }),
  (world, { id }) => void needGuest(world, id),
);

/** Here: stops the guest and sends the rest; from now on only one side may go on, and it is decided there. */
export const handOver = effect(
  "domain",
  z.object({ id }),
  (world, { id }, { now }) => {
    const { guest } = needGuest(world, id);
    // A guest that its user paused stays paused for that reason, wherever it goes on.
    const stop = guest.state === "running"
      ? { state: "paused", reason: "migration", since: now } as const
      : {};
    putGuest(world, { id, guest: { ...stop, handedOver: true } });
  },
);

/** Here: it was not to be; the guest goes on where only the migration had stopped it. */
export const takeBack = effect("domain", z.object({ id }), (world, { id }, { now }) => {
  const record = world.get("domain", id);
  if (record?.guest === undefined) return;
  const { handedOver: _handedOver, ...guest } = record.guest;
  const goesOn = guest.state === "paused" && guest.reason === "migration";
  world.put("domain", {
    ...record,
    guest: goesOn ? { ...guest, state: "running", reason: "migration-canceled", since: now } : guest,
  });
});

/** There: the guest has all its memory and runs, or stays paused. Its definition is kept where that is wanted. */
export const finish = effect(
  "domain",
  z.object({
    id,
    paused: z.boolean(),
    /** The definition that is kept there, if one is. */ config: z.string().optional(),
  }),
  (world, { id, paused, config }, { now }) => {
    const { record, guest } = needGuest(world, id);
    const { incoming, ...rest } = guest;
    if (incoming !== true) {
      throw new VirtError("wrong-state", `Domain "${record.name}" does not wait for a migration`);
    }
    world.put("domain", {
      ...record,
      ...(config === undefined ? {} : { config }),
      guest: { ...rest, state: paused ? "paused" : "running", reason: "migrated", since: now },
    });
  },
);

/** There: the guest that waited is not wanted any more. Nothing happens to any other. */
export const abandon = effect("domain", z.object({ id }), (world, { id }) => {
  const record = world.get("domain", id);
  if (record?.guest?.incoming === true) withoutGuest(world, record, "failed");
});

/** Here: the domain runs there; this guest ends, and its definition where that is wanted. */
export const confirm = effect(
  "domain",
  z.object({ id, undefine: z.boolean() }),
  (world, { id, undefine }) => {
    const record = world.get("domain", id);
    if (record === undefined) return;
    if (undefine) removeDomain(world, record, "migrated");
    else if (record.guest !== undefined) withoutGuest(world, record, "migrated");
  },
);
