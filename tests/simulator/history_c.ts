/**
 * A storage pool starts or is built, slowly, while others define it anew, undefine, destroy, delete and refresh it.
 * Once the definition was replaced under the feet of whoever was starting it.
 *
 * @module
 */
import type { History } from "./history.ts";
import { judgeAlways } from "./invariants.ts";
import { faults } from "./scheduler.ts";
import { type Invariant, Simulation, Violation } from "./simulation.ts";
import { hostNumber, pool, poolXml, uuidOf } from "./world.ts";

const images = uuidOf("pool", 1);

/** While a pool is started, the definition in force is the one that it was started with. */
const inForceStays: Invariant = (simulation) => {
  const host = simulation.host();
  const object = host.connection.table.byId("pool", images);
  const started = host.get("pool", images)?.started;
  if (object?.live === undefined || started === undefined) return;
  if (object.config !== started.xml) throw new Violation("The definition of a started pool was replaced");
};

/** What the simulation knows of how it went. */
interface Story {
  /** The path in the definition that was acknowledged last; nobody else defines. */
  defined?: string;
  undefined: boolean;
  doubtful: boolean;
}

async function starter(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(1, 3); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const target = simulation.object("pool", images)?.ref("host");
    if (target === undefined) return;
    const operation = chance.pick(["pool.start", "pool.start", "pool.build"] as const);
    await simulation.call(operation, { target, rebase: true, withinMs: 20_000 });
    if (chance.happens(0.5)) {
      await simulation.call("pool.destroy", { target, rebase: true, withinMs: 20_000 });
    }
  }
}

async function definer(simulation: Simulation, story: Story): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(1, 3); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const mark = `-${chance.number(1, 999)}`;
    const xml = poolXml("images", { uuid: images, mark });
    const outcome = await simulation.call("pool.define", { input: { xml }, withinMs: 20_000 });
    if (outcome.kind === "done") story.defined = `<path>/pools/images${mark}</path>`;
    if (outcome.kind === "unknown") story.doubtful = true;
  }
}

async function meddler(simulation: Simulation, story: Story): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(1, 3); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const target = simulation.object("pool", images);
    if (target === undefined) return;
    const operation = chance.pick(["pool.destroy", "pool.undefine", "pool.delete", "pool.refresh"] as const);
    const { phase } = target;
    const outcome = await simulation.call(operation, {
      target: target.ref("host"),
      rebase: true,
      noWait: chance.happens(0.5),
    });
    if (operation === "pool.undefine" && outcome.kind !== "not-done") story.undefined = true;
    if (phase === "starting" && target.phase === "starting" && outcome.kind === "done") {
      throw new Violation(`${operation} was done while the pool was starting`);
    }
  }
}

/** The last acknowledged definition is what the next start uses, whatever became of the starts meanwhile. */
async function afterwards(simulation: Simulation, story: Story): Promise<void> {
  simulation.heal();
  await simulation.sleep(60_000);
  const object = simulation.object("pool", images);
  if (object === undefined || story.undefined || story.doubtful) return;
  if (object.phase === "active") {
    const outcome = await simulation.call("pool.destroy", { target: object.ref("host"), rebase: true });
    if (outcome.kind !== "done") throw new Violation(`The pool cannot be stopped: ${outcome.error.message}`);
  }
  if (object.phase !== "inactive") throw new Violation(`The pool is left ${object.phase}`);
  if (object.pending !== undefined) {
    throw new Violation("A definition is left pending on a pool that is not started");
  }
  if (story.defined !== undefined && !object.config.includes(story.defined)) {
    throw new Violation("A definition that was acknowledged is lost");
  }
  const outcome = await simulation.call("pool.start", {
    target: object.ref("host"),
    rebase: true,
    input: { build: true },
  });
  if (outcome.kind !== "done") throw new Violation(`The pool cannot be started: ${outcome.error.message}`);
}

/** Starts, builds, definitions and everything else on one pool. */
export const historyC: History = {
  name: "c",
  about: "a storage pool is defined anew while it starts",
  async begin(seed, { trace }): Promise<Simulation> {
    const simulation = new Simulation({
      seed,
      trace,
      hosts: { host: { content: [hostNumber(1), pool("images", { number: 1, started: seed % 3 === 0 })] } },
      faults: { probability: 0.15, count: 2, kinds: faults },
    });
    judgeAlways(simulation);
    simulation.always.push(inForceStays);
    const story: Story = { undefined: false, doubtful: false };
    await simulation.connect();
    const everybody: Promise<void>[] = [];
    const begin = (name: string, action: () => Promise<void>): void => {
      const { promise, resolve } = Promise.withResolvers<void>();
      everybody.push(promise);
      simulation.actor(name, async () => {
        const { ready } = simulation.host().connection;
        await ready.wait({
          clock: simulation.clock,
          deadline: Infinity,
          signal: new AbortController().signal,
        });
        await action().finally(resolve);
      });
    };
    begin("starter", () => starter(simulation));
    begin("definer", () => definer(simulation, story));
    if (simulation.chance.happens(0.6)) begin("meddler", () => meddler(simulation, story));
    simulation.actor("afterwards", async () => {
      await Promise.all(everybody);
      await afterwards(simulation, story);
    });
    return simulation;
  },
};
