/**
 * Everything at once: several people and runs do whatever they like to a few things, what they do breaks at every
 * place, and others interfere.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Caller } from "../../runtime/call.ts";
import { run } from "../kit/caller.ts";
import { domainDeeds, poolDeeds, snapshotDeeds, somethingToDo } from "./deeds.ts";
import type { History } from "./history.ts";
import { judgeAlways } from "./invariants.ts";
import { faults } from "./scheduler.ts";
import { Simulation, Violation } from "./simulation.ts";
import { domain, hostNumber, pool, uuidOf } from "./world.ts";

const deeds = [...domainDeeds, ...domainDeeds, ...snapshotDeeds, ...poolDeeds];

/** Does a few things, one after the other; now and then cancels one, or is in a hurry. */
async function busy(simulation: Simulation, caller: Caller): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(1, 4); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const deed = somethingToDo(simulation, deeds);
    if (deed === undefined) continue;
    const controller = new AbortController();
    if (chance.happens(0.15)) {
      simulation.clock.after(
        chance.delay(),
        () => controller.abort(new VirtError("cancelled", "No longer needed")),
      );
    }
    await simulation.call(deed.operation, {
      ...deed,
      caller,
      signal: controller.signal,
      withinMs: chance.happens(0.2) ? chance.number(1, 4000) : 60_000,
      noWait: chance.happens(0.05),
      priority: chance.pick([0, 0, 0, 1, -1]),
    });
  }
}

/** Takes objects for itself, does a few things, and gives them back. */
async function exclusive(simulation: Simulation, caller: Caller): Promise<void> {
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  const all = [...simulation.host().connection.objects()].filter(({ objectClass }) =>
    objectClass === "domain"
  );
  const objects = all.filter(() => chance.happens(0.6)).map((object) => object.ref(simulation.host().name));
  const lease = await simulation.acquire(objects, { caller, withinMs: chance.number(1000, 60_000) });
  if (lease instanceof VirtError) return;
  try {
    await busy(simulation, caller);
  } finally {
    await lease.release();
  }
}

/** Somebody with other tools. */
async function outsider(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(0, 3); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const id = uuidOf("domain", chance.number(1, 3));
    const host = simulation.host();
    if (chance.happens(0.6)) host.outsider("domain.kill", { id, reason: "crashed" });
    else host.outsider("domain.pause", { id, reason: "user" });
  }
}

/** Everybody at once. */
export const mix: History = {
  name: "mix",
  about: "everything at once, with faults everywhere",
  async begin(seed, { trace }): Promise<Simulation> {
    const simulation = new Simulation({
      seed,
      trace,
      hosts: {
        host: {
          content: [
            hostNumber(1),
            domain("web-1", { number: 1, running: true }),
            domain("web-2", { number: 2 }),
            domain("web-3", { number: 3, running: true }),
            pool("images", { number: 1, started: true }),
          ],
        },
      },
      faults: { probability: 0.08, count: 3, kinds: faults },
    });
    judgeAlways(simulation);
    await simulation.connect();
    const { chance } = simulation;
    const everybody: Promise<void>[] = [];
    const begin = (name: string, action: () => Promise<void>): void => {
      const { promise, resolve } = Promise.withResolvers<void>();
      everybody.push(promise);
      simulation.actor(name, () => action().finally(resolve));
    };
    begin("alice", () => busy(simulation, { principal: "alice", since: 0 }));
    begin("bob", () => busy(simulation, { principal: "bob", since: 0 }));
    for (let number = chance.number(0, 2); number > 0; number--) {
      begin(`run ${number}`, () => exclusive(simulation, run(`${number}`, number)));
    }
    begin("outsider", () => outsider(simulation));
    simulation.actor("afterwards", async () => {
      await Promise.all(everybody);
      await everythingWorksAgain(simulation);
    });
    return simulation;
  },
};

/** When nothing breaks any more, everything can be done again. */
async function everythingWorksAgain(simulation: Simulation): Promise<void> {
  simulation.heal();
  // News of others are still on their way.
  await simulation.sleep(60_000);
  for (const object of [...simulation.host().connection.objects()]) {
    if (object.objectClass !== "domain" || !object.persistent) continue;
    const outcome = await simulation.call("domain.setAutostart", {
      target: object.ref(simulation.host().name),
      input: { autostart: true },
      rebase: true,
    });
    if (outcome.kind !== "done") {
      throw new Violation(`${object.label} takes no change when all is well again: ${outcome.error.message}`);
    }
  }
}
