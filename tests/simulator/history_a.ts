/**
 * A snapshot's delete fails and is tried again, while others list. Once the tree in memory was changed before the
 * images were: a delete that failed left a snapshot without its parent, and the next try crashed.
 *
 * @module
 */
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { History } from "./history.ts";
import { judgeAlways } from "./invariants.ts";
import { faults } from "./scheduler.ts";
import { type Invariant, Simulation, valueOf, Violation } from "./simulation.ts";
import { domain, hostNumber, snapshot, uuidOf } from "./world.ts";

type Entry = OutputOf<Operations["snapshot.list"]>[number];

const owner = uuidOf("domain", 1);

/** Every list is a tree: each parent is in it, and each count is right. */
function judgeList(entries: readonly Entry[]): void {
  const names = new Set(entries.map((entry) => entry.snapshot.name));
  if (names.size !== entries.length) throw new Violation("A snapshot is listed twice");
  for (const { snapshot: { name }, parent, children } of entries) {
    if (parent !== undefined && !names.has(parent)) {
      throw new Violation(`Snapshot "${name}" is listed under "${parent}", which is not there`);
    }
    const counted = entries.filter((other) => other.parent === name).length;
    if (children !== counted) {
      throw new Violation(`Snapshot "${name}" is listed with ${children} children, and ${counted} are there`);
    }
  }
}

/**
 * The tree in memory never runs ahead of the images: what it no longer knows is really gone, and whom it calls a
 * parent has really been one.
 */
function memoryFollows(): Invariant {
  const known = new Set<string>();
  const parents = new Map<string, Set<string | undefined>>();
  return (simulation) => {
    const host = simulation.host();
    const real = new Map([...host.all("snapshot")].map((record) => [record.name, record.parent]));
    for (const [name, parent] of real) {
      const seen = parents.get(name) ?? new Set();
      parents.set(name, seen.add(parent));
    }
    const tree = host.connection.table.snapshots(owner);
    for (const name of tree.names()) {
      known.add(name);
      const parent = tree.parentOf(name);
      if (parents.get(name)?.has(parent) !== true) {
        throw new Violation(
          `Snapshot "${name}" lost its place in the tree: it is under ${parent}, and never was`,
        );
      }
      if (!tree.childrenOf(parent).includes(name)) {
        throw new Violation(`"${parent}" does not know its child "${name}"`);
      }
      for (const child of tree.childrenOf(name)) {
        if (tree.parentOf(child) !== name) {
          throw new Violation(`"${name}" has a child "${child}" that is not its own`);
        }
      }
    }
    for (const name of known) {
      if (tree.has(name)) continue;
      if (real.has(name)) throw new Violation(`Snapshot "${name}" was forgotten and is still there`);
      known.delete(name);
    }
  };
}

async function lister(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(3, 8); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const target = simulation.object("domain", owner);
    if (target === undefined) return;
    const outcome = await simulation.call("snapshot.list", { target: target.ref("host") });
    if (outcome.kind !== "done") throw new Violation(`Snapshots cannot be listed: ${outcome.error.message}`);
    judgeList(valueOf<readonly Entry[]>(outcome));
  }
}

/** Deletes a snapshot, however often it takes. */
async function deleter(simulation: Simulation, names: readonly string[]): Promise<void> {
  const { chance } = simulation;
  const name = chance.pick(names);
  const input = { metadataOnly: chance.happens(0.2), children: chance.happens(0.2) };
  await simulation.sleep(chance.delay());
  for (let tries = 1; tries <= 8; tries++) {
    const target = simulation.object("snapshot", name, { parent: owner });
    if (target === undefined) return;
    const outcome = await simulation.call("snapshot.delete", {
      target: target.ref("host"),
      input,
      rebase: true,
      withinMs: 20_000,
      inParts: input.children,
    });
    const there = simulation.host().get("snapshot", `${owner}/${name}`);
    if (outcome.kind === "done") {
      if (there !== undefined && simulation.object("snapshot", name, { parent: owner }) === target) {
        throw new Violation(`Snapshot "${name}" was deleted, they say, and is there`);
      }
      return;
    }
    if (outcome.error.code === "not-found") return;
    if (tries === 6) simulation.heal();
  }
  throw new Violation(`Snapshot "${name}" cannot be deleted, however often it is tried`);
}

async function creator(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(0, 2); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const target = simulation.object("domain", owner);
    if (target === undefined) return;
    await simulation.call("snapshot.create", {
      target: target.ref("host"),
      input: { name: `new-${chance.number(1, 3)}` },
      rebase: true,
      withinMs: 20_000,
    });
  }
}

/** Snapshots are deleted, made and listed at once. */
export const historyA: History = {
  name: "a",
  about: "a snapshot's delete fails and is tried again",
  async begin(seed, { trace }): Promise<Simulation> {
    const simulation = new Simulation({
      seed,
      trace,
      hosts: {
        host: {
          content: [
            hostNumber(1),
            domain("web-1", { number: 1, running: seed % 2 === 0 }),
            snapshot("base", { of: 1 }),
            snapshot("monday", { of: 1, parent: "base" }),
            snapshot("tuesday", { of: 1, parent: "monday" }),
            snapshot("wednesday", { of: 1, parent: "monday" }),
          ],
        },
      },
      faults: { probability: 0.3, count: 3, kinds: faults, where: ({ where }) => where !== "look" },
    });
    judgeAlways(simulation);
    simulation.always.push(memoryFollows());
    await simulation.connect();
    const { chance } = simulation;
    const ready = simulation.host().connection.ready;
    const begin = (name: string, action: () => Promise<void>): void =>
      simulation.actor(name, async () => {
        await ready.wait({
          clock: simulation.clock,
          deadline: Infinity,
          signal: new AbortController().signal,
        });
        await action();
      });
    begin("deleter", () => deleter(simulation, ["monday", "monday", "base", "tuesday"]));
    if (chance.happens(0.5)) begin("deleter", () => deleter(simulation, ["tuesday", "wednesday", "monday"]));
    begin("lister", () => lister(simulation));
    if (chance.happens(0.5)) begin("creator", () => creator(simulation));
    return simulation;
  },
};
