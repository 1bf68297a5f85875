/**
 * A domain moves to another host, peer to peer, and dies here while something is asked there; another one moves
 * offline. Once nobody looked again after the remote call, and touched what was dead.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { History } from "./history.ts";
import { judgeAlways } from "./invariants.ts";
import { faults } from "./scheduler.ts";
import { type Invariant, Simulation, Violation } from "./simulation.ts";
import { domain, hostNumber, uuidOf } from "./world.ts";

const moving = uuidOf("domain", 1);
const lying = uuidOf("domain", 2);

/** Where a domain's guest runs. */
function runsOn(simulation: Simulation, id: string): readonly string[] {
  return [...simulation.hosts.values()]
    .filter((host) => host.get("domain", id)?.guest?.state === "running")
    .map(({ name }) => name);
}

/** Two guests with one disk destroy it. */
const neverTwo: Invariant = (simulation) => {
  const places = runsOn(simulation, moving);
  if (places.length > 1) throw new Violation(`The domain runs on ${places.join(" and ")} at once`);
};

/** What the simulation knows of how it went. */
interface Story {
  /** Somebody killed the guest, or stood in its way. */
  disturbed: boolean;
  outcome?: Outcome;
}

/** When all is at rest the domain runs exactly once, where it belongs; nothing waits for a migration any more. */
function rightOneRuns(story: Story): Invariant {
  return (simulation) => {
    const places = runsOn(simulation, moving);
    const { outcome, disturbed } = story;
    if (outcome === undefined) return;
    const wanted = outcome.kind === "done" ? "target" : "source";
    if (outcome.kind !== "unknown") {
      const other = wanted === "target" ? "source" : "target";
      const left = simulation.host(other).get("domain", moving)?.guest;
      // A guest that could not be ended here stands still for ever; nobody can let it go on.
      const harmless = wanted === "target" && left?.state === "paused" && left.handedOver === true;
      if (left !== undefined && !harmless) {
        throw new Violation(`The migration is ${outcome.kind}, and a guest is left over on the ${other}`);
      }
      if (!disturbed && (places.length !== 1 || places[0] !== wanted)) {
        throw new Violation(
          `The migration is ${outcome.kind}, and the domain runs on [${places.join(", ")}]`,
        );
      }
    }
  };
}

async function migrator(simulation: Simulation, story: Story): Promise<void> {
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  const target = simulation.object("domain", moving, { host: "source" });
  if (target === undefined) return;
  const controller = new AbortController();
  if (chance.happens(0.1)) {
    simulation.clock.after(
      chance.delay(),
      () => controller.abort(new VirtError("cancelled", "No longer needed")),
    );
  }
  story.outcome = await simulation.call("domain.migrate", {
    host: "source",
    target: target.ref("source"),
    input: { to: "target", live: chance.happens(0.8), undefineSource: chance.happens(0.7) },
    rebase: true,
    withinMs: chance.happens(0.1) ? chance.number(1, 3000) : 60_000,
    signal: controller.signal,
  });
}

/** Moves a definition alone; whether the domain lives is nobody's question. */
async function offlineMigrator(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  for (let tries = 1; tries <= 5; tries++) {
    const target = simulation.object("domain", lying, { host: "source" });
    if (target === undefined) break;
    const outcome = await simulation.call("domain.migrate", {
      host: "source",
      target: target.ref("source"),
      input: { to: "target", offline: true },
      rebase: true,
    });
    if (outcome.kind === "done") break;
    if (outcome.error.code === "object-gone") {
      throw new Violation("An offline migration asked whether the domain lives");
    }
    if (tries === 4) simulation.heal();
  }
  const here = simulation.host("source").get("domain", lying);
  const there = simulation.host("target").get("domain", lying);
  if (there === undefined || here !== undefined) {
    throw new Violation(
      `The definition is ${here === undefined ? "not" : ""} here and ${
        there === undefined ? "not" : ""
      } there`,
    );
  }
}

/** Somebody kills the guest from outside, or asks for something meanwhile. */
async function disturber(simulation: Simulation, story: Story): Promise<void> {
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  if (chance.happens(0.3)) await simulation.sleep(chance.delay());
  const source = simulation.host("source");
  const target = simulation.object("domain", moving, { host: "source" });
  const deed = chance.pick(["kill", "kill", "kill", "destroy", "suspend", "resume", "screenshot"] as const);
  switch (deed) {
    case "kill":
      if (source.get("domain", moving)?.guest !== undefined) {
        story.disturbed = true;
        source.outsider("domain.kill", { id: moving, reason: "crashed" });
      }
      break;
    case "destroy":
      story.disturbed = true;
      if (target !== undefined) {
        await simulation.call("domain.destroy", { host: "source", target: target.ref("source") });
      }
      break;
    case "suspend":
    case "resume":
      story.disturbed = true;
      if (chance.happens(0.5)) await simulation.sleep(chance.number(0, 70_000));
      if (target !== undefined) {
        await simulation.call(deed === "suspend" ? "domain.suspend" : "domain.resume", {
          host: "source",
          target: target.ref("source"),
          rebase: true,
        });
      }
      break;
    case "screenshot":
      if (target !== undefined && simulation.kernel.supports(source.connection, "domain.screenshot")) {
        await simulation.call("domain.screenshot", { host: "source", target: target.ref("source") });
      }
      break;
  }
}

/** Moves live and offline, with death in between. */
export const historyB: History = {
  name: "b",
  about: "the source dies while a migration asks the other host",
  async begin(seed, { trace }): Promise<Simulation> {
    const simulation = new Simulation({
      seed,
      trace,
      hosts: {
        source: {
          content: [
            hostNumber(1),
            domain("web-1", { number: 1, running: true }),
            domain("web-2", { number: 2 }),
          ],
        },
        target: { content: [hostNumber(2)] },
      },
      faults: { probability: 0.12, count: 2, kinds: faults },
    });
    judgeAlways(simulation);
    const story: Story = { disturbed: false };
    simulation.always.push(neverTwo);
    simulation.finally.push(rightOneRuns(story));
    await simulation.connect();
    const { chance, clock } = simulation;
    const signal = new AbortController().signal;
    const begin = (name: string, action: () => Promise<void>): void =>
      simulation.actor(name, async () => {
        for (const host of simulation.hosts.values()) {
          await host.connection.ready.wait({ clock, deadline: Infinity, signal });
        }
        await action();
      });
    begin("migrator", () => migrator(simulation, story));
    if (chance.happens(0.7)) begin("disturber", () => disturber(simulation, story));
    if (chance.happens(0.3)) begin("offline", () => offlineMigrator(simulation));
    return simulation;
  },
};
