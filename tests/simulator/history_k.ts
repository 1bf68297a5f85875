/**
 * The kernel alone, with a driver that does everything wrong: who goes when, who may act, what is denied and what is
 * doubted, and whether circles, cancels and deadlines end every wait.
 *
 * @module
 */
import type { OperationName } from "../../model/operations/mod.ts";
import { VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Caller } from "../../runtime/call.ts";
import type { Driver } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import type { FakeHost } from "../kit/fake_host.ts";
import type { History } from "./history.ts";
import { nothingLeaks } from "./invariants.ts";
import { Judge } from "./judge.ts";
import { type QueueFacts, queueIsFair } from "./queue_judge.ts";
import { faults } from "./scheduler.ts";
import { Simulation, Violation } from "./simulation.ts";
import type { HopJudge } from "./watched_driver.ts";
import { wildHost, wildOperations, WildWorld } from "./wild_host.ts";
import { uuidOf } from "./world.ts";

const operationNames = wildOperations.map(([name]) => name);

/** Everybody who asks for something, each by a name of its own. */
class Crowd {
  readonly #priorities = new Map<string, number>();
  readonly #cancelled = new Set<string>();
  #count = 0;

  /** A caller for one call or lease; of a run, where there is one. */
  caller(run?: number, priority = 0): Caller {
    const principal = `caller ${++this.#count}`;
    this.#priorities.set(principal, priority);
    return { principal, since: run ?? 0, ...(run === undefined ? {} : { run: `${run}` }) };
  }

  priorityOf(who: string): number {
    return this.#priorities.get(who) ?? 0;
  }

  cancel({ principal }: Caller): void {
    this.#cancelled.add(principal);
  }

  isCancelled(who: string): boolean {
    return this.#cancelled.has(who);
  }
}

/** What everybody in the history shares. */
interface Stage {
  readonly simulation: Simulation;
  readonly crowd: Crowd;
  readonly world: WildWorld;
  readonly domains: readonly ManagedObject[];
  readonly calm: boolean;
}

async function oneCall(stage: Stage, { run }: { readonly run?: number }): Promise<void> {
  const { simulation, crowd, world, domains, calm } = stage;
  const { chance } = simulation;
  const operation: OperationName = chance.pick(operationNames);
  const priority = chance.pick([0, 0, 0, 1, -1, 10]);
  const caller = crowd.caller(run, priority);
  const target = operation === "domain.define" ? undefined : chance.pick(domains).ref("host");
  const controller = new AbortController();
  const cancels = !calm && chance.happens(0.2);
  if (cancels) {
    simulation.clock.after(chance.number(0, 20_000), () => {
      crowd.cancel(caller);
      controller.abort(new VirtError("cancelled", "No longer needed"));
    });
  }
  let token: number | undefined;
  const outcome = await simulation.call(operation, {
    caller,
    priority,
    signal: controller.signal,
    rebase: chance.happens(0.6),
    withinMs: calm ? 3_600_000 : chance.pick([500, 5000, 60_000]),
    onObtained: () => {
      if (operation === "domain.define") judgeClaims(stage);
    },
    onIntent: (counter) => {
      token = counter;
    },
    input: inputOf(operation),
    ...(target === undefined ? {} : { target }),
  });
  judgeOutcome(outcome, { operation, calm, net: token === undefined ? 0 : world.net(token) });
}

/** What a definition is about when it gets its slots is what it holds then, however long it waited. */
function judgeClaims({ simulation, world }: Stage): void {
  for (const { key, label } of world.about) {
    const holders = simulation.kernel.slots().find((view) => view.key === key)?.holders ?? [];
    if (!holders.some(({ operation }) => operation === "domain.define")) {
      simulation.report(`A definition is about ${label} now, and holds something else`);
    }
  }
}

function inputOf(operation: OperationName): unknown {
  switch (operation) {
    case "domain.define":
      return { xml: "<domain/>" };
    case "domain.migrate":
      return { to: "other" };
    case "domain.guestExec":
      return { path: "/bin/true" };
    default:
      return {};
  }
}

/** What is denied did not happen, and in calm nobody waits for ever. */
function judgeOutcome(
  outcome: Outcome,
  { operation, calm, net }: { readonly operation: string; readonly calm: boolean; readonly net: number },
): void {
  if (outcome.kind === "done") return;
  const { code, message } = outcome.error;
  if (outcome.kind === "not-done" && net > 0) {
    throw new Violation(`${operation} says that it was not done, and ${net} of it is there: ${message}`);
  }
  if (calm && (code === "slot-timeout" || code === "timed-out")) {
    throw new Violation(`${operation} waited for ever although everybody was quick: ${message}`);
  }
  if (code === "deadlock") judgeVictim(outcome.error.detail, message);
}

/** In a circle of runs the youngest yields. */
function judgeVictim(detail: unknown, message: string): void {
  const cycle = JSON.stringify(detail ?? {});
  const runs = [...cycle.matchAll(/"run (\d+) waits/g)].map(([, run]) => Number(run));
  if (runs.length === 0) throw new Violation(`A circle has no runs in it: ${message}`);
}

async function caller(stage: Stage, run?: number): Promise<void> {
  const { simulation: { chance }, simulation } = stage;
  for (let count = chance.number(1, 5); count > 0; count--) {
    await simulation.sleep(chance.delay());
    await oneCall(stage, run === undefined ? {} : { run });
  }
}

/** A run that leases: everything at once, or one after the other in whatever order. */
async function leaser(stage: Stage, run: number): Promise<void> {
  const { simulation, crowd, domains, calm } = stage;
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  const wanted = domains.filter(() => chance.happens(0.6)).map((domain) => domain.ref("host"));
  const orderly = chance.happens(0.5);
  const parts = orderly ? [wanted] : wanted.toReversed().map((ref) => [ref]);
  const leases: AsyncDisposable[] = [];
  try {
    for (const part of parts) {
      const lease = await simulation.acquire(part, {
        caller: crowd.caller(run),
        withinMs: calm ? 3_600_000 : chance.pick([5000, 60_000]),
      });
      if (lease instanceof VirtError) {
        if (calm && lease.code === "slot-timeout") {
          throw new Violation(`Run ${run} waited for ever: ${lease.message}`);
        }
        return;
      }
      leases.push({ [Symbol.asyncDispose]: () => lease.release() });
    }
    if (chance.happens(0.7)) await caller(stage, run);
  } finally {
    for (const lease of leases) await lease[Symbol.asyncDispose]();
  }
}

/** Things change, come and go by themselves. */
async function fate({ simulation, world, domains }: Stage): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(0, 4); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const domain = chance.pick(domains);
    const change = chance.pick(["changes", "dies", "starts", "is meant"] as const);
    simulation.trace.add("fate", () => `${domain.name} ${change}`);
    if (change === "changes") domain.changedOutside();
    else if (change === "dies") domain.goDown();
    else if (change === "is meant") world.about = [domain, chance.pick(domains)];
    else if (domain.live === undefined) domain.goLive({});
  }
}

/** Nobody who only ever takes everything at once, and calls only what it has, is in a circle. */
async function orderly(stage: Stage, run: number): Promise<void> {
  const { simulation, crowd, domains } = stage;
  const { chance } = simulation;
  await simulation.sleep(chance.delay());
  const wanted = domains.map((domain) => domain.ref("host"));
  const lease = await simulation.acquire(chance.happens(0.5) ? wanted : wanted.toReversed(), {
    caller: crowd.caller(run),
    withinMs: 3_600_000,
  });
  if (lease instanceof VirtError) throw new Violation(`Run ${run} gets nothing: ${lease.message}`);
  await simulation.sleep(chance.delay());
  await lease.release();
}

/** The kernel and a driver that behaves badly. */
export const historyK: History = {
  name: "k",
  about: "a driver does everything wrong",
  async begin(seed, { trace }): Promise<Simulation> {
    // Calm: nothing breaks or takes long, so nobody may wait long. Orderly: nobody may be in a circle either.
    const mood = (["wild", "wild", "wild", "calm", "orderly"] as const)[seed % 5] ?? "wild";
    const calm = mood !== "wild";
    const world = new WildWorld();
    const current: { simulation?: Simulation; judge?: HopJudge } = {};
    const judge: HopJudge = {
      atDeparture: (hop) => current.judge?.atDeparture(hop),
      atReturn: (hop) => current.judge?.atReturn(hop),
      report: (wrong) => current.judge?.report(wrong),
    };
    const hosts = ["host", "other"].map((name, index): readonly [string, FakeHost] => [
      name,
      wildHost(uuidOf("host", index + 1), {
        world,
        judge,
        calm,
        simulation: () => {
          if (current.simulation === undefined) throw new Error("The simulation has not begun");
          return current.simulation;
        },
      }),
    ]);
    const simulation = new Simulation({
      seed,
      trace,
      drivers: hosts.map(([name, host]): Driver => ({
        name: "fake",
        schemes: [name],
        connect: () => Promise.resolve(host),
      })),
      faults: { probability: calm ? 0 : 0.06, count: 3, kinds: faults },
    });
    current.simulation = simulation;
    current.judge = new Judge(simulation);
    const [[, host]] = hosts as [readonly [string, FakeHost]];
    const domains = ["web-1", "web-2", "web-3"].map((name) => host.add("domain", name, { live: {} }));
    world.about = domains.slice(0, 2);
    const crowd = new Crowd();
    const facts: QueueFacts = {
      maskOf: (key, operation) => world.maskOf(key, operation),
      lastMaskOf: (key, operation) => world.lastMaskOf(key, operation),
      priorityOf: (who) => crowd.priorityOf(who),
      isCancelled: (who) => crowd.isCancelled(who),
    };
    simulation.always.push(queueIsFair(facts));
    simulation.finally.push(nothingLeaks);
    await simulation.connect();
    const stage: Stage = { simulation, crowd, world, domains, calm };
    const { chance } = simulation;
    if (mood === "orderly") {
      for (let run = 1; run <= 4; run++) simulation.actor(`run ${run}`, () => orderly(stage, run));
      for (let count = 0; count < 3; count++) simulation.actor("caller", () => caller(stage));
      return simulation;
    }
    for (let count = chance.number(2, 6); count > 0; count--) simulation.actor("caller", () => caller(stage));
    for (let run = chance.number(0, 3); run > 0; run--) {
      simulation.actor(`run ${run}`, () => leaser(stage, run));
    }
    if (mood === "wild") simulation.actor("fate", () => fate(stage));
    return simulation;
  },
};
