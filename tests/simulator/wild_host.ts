/**
 * A host whose driver does what no driver should: it goes on after errors, hops late and often, and never looks. What the
 * kernel lets through is judged where it leaves.
 *
 * @module
 */
import type { NormalJob } from "../../model/operation.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { DriverMap, HopOptions, Job, Observation } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { FakeHost } from "../kit/fake_host.ts";
import type { Simulation } from "./simulation.ts";
import { type HopJudge, watched } from "./watched_driver.ts";

/** The operations that the host can do, and the normal jobs that each may allow meanwhile. */
export const wildOperations: readonly (readonly [OperationName, readonly NormalJob[]])[] = [
  ["domain.screenshot", []],
  ["domain.reset", []],
  ["domain.resume", []],
  ["domain.suspend", []],
  ["domain.abortJob", []],
  ["domain.guestExec", []],
  ["domain.start", ["query", "suspend"]],
  ["domain.managedSave", ["query", "abort", "modify"]],
  ["domain.destroy", []],
  ["domain.define", []],
  ["domain.migrate", ["query", "suspend", "abort"]],
];

/** Operations of which the host can tell afterwards whether they happened. */
const telling: ReadonlySet<string> = new Set(["domain.resume", "domain.start", "domain.managedSave"]);

/** What jobs have really done, and what they allow. */
export class WildWorld {
  readonly #net = new Map<number, number>();
  readonly #masks = new Map<string, readonly NormalJob[]>();
  readonly #lastMasks = new Map<string, readonly NormalJob[]>();
  /** The objects that definitions are about; somebody may change that at any time. */
  about: readonly ManagedObject[] = [];

  /** What a job has done and not taken back. */
  net(token: number): number {
    return this.#net.get(token) ?? 0;
  }

  act(token: number, change: 1 | -1): void {
    this.#net.set(token, this.net(token) + change);
  }

  /** What an operation on an object allows meanwhile. */
  maskOf(key: string, operation: string): readonly NormalJob[] {
    return this.#masks.get(`${key} ${operation}`) ?? [];
  }

  /** What an operation on an object allowed last, though its job may have ended since. */
  lastMaskOf(key: string, operation: string): readonly NormalJob[] {
    return this.#lastMasks.get(`${key} ${operation}`) ?? [];
  }

  allow(job: Job, mask: readonly NormalJob[]): void {
    this.#lastMasks.set(`${job.object.key} ${job.operation}`, mask);
    this.#masks.set(`${job.object.key} ${job.operation}`, mask);
    job.allow(mask);
  }

  /** A job is over. */
  end({ object, operation }: Job): void {
    this.#masks.delete(`${object.key} ${operation}`);
  }
}

/** Makes the host. `calm`: nothing takes long, hangs or breaks. */
export function wildHost(
  uuid: string,
  { world, judge, simulation, calm }: {
    readonly world: WildWorld;
    readonly judge: HopJudge;
    /** There when the first job runs. */
    readonly simulation: () => Simulation;
    readonly calm: boolean;
  },
): FakeHost {
  const host = new WatchedHost(uuid, judge);
  host.ready.open();
  host.look = (object) => {
    if (!calm && simulation().chance.happens(0.05)) object.changedOutside();
    return Promise.resolve();
  };
  for (const [operation, mask] of wildOperations) {
    // A destroy behaves: how long it takes shows how long others can hold it up.
    const run = (job: Job): Promise<void> =>
      operation === "domain.destroy"
        ? job.hop("clean up", () => Promise.resolve(), { offline: true, acts: false })
        : new WildJob(job, { world, simulation: simulation(), calm }).run(mask);
    host.on(operation, run, {
      ...(telling.has(operation)
        ? {
          // Whoever finds out knows which job it asks about.
          observe: (job: Job) => ({ token: job.token.counter }),
          reconcile: (_job: Job, _input: unknown, { token }: Observation) =>
            Promise.resolve(
              world.net(Number(token)) > 0
                ? { kind: "done" as const, value: {} }
                : { kind: "not-done" as const },
            ),
        }
        : {}),
      ...(operation === "domain.destroy"
        ? {
          kill: (job: Job) => job.hop("kill", () => Promise.resolve(job.object.goDown()), { offline: true }),
          reconcile: () => Promise.resolve({ kind: "done" as const, value: {} }),
        }
        : {}),
      ...(operation === "domain.define" ? { about: () => world.about.map((object) => ({ object })) } : {}),
    });
  }
  return host;
}

/** A host whose functions are watched. */
class WatchedHost extends FakeHost {
  readonly #judge: HopJudge;
  #watched: DriverMap | undefined;

  constructor(uuid: string, judge: HopJudge) {
    super(uuid);
    this.#judge = judge;
  }

  override get implementations(): DriverMap {
    return this.#watched ??= watched(super.implementations, this.#judge);
  }
}

/** One job of a driver that behaves badly. */
class WildJob {
  readonly #job: Job;
  readonly #world: WildWorld;
  readonly #simulation: Simulation;
  readonly #calm: boolean;
  /** What was acknowledged and not taken back. */
  #acknowledged = 0;

  constructor(
    job: Job,
    { world, simulation, calm }: {
      readonly world: WildWorld;
      readonly simulation: Simulation;
      readonly calm: boolean;
    },
  ) {
    this.#job = job;
    this.#world = world;
    this.#simulation = simulation;
    this.#calm = calm;
  }

  async run(mask: readonly NormalJob[]): Promise<void> {
    try {
      await this.#misbehave(mask);
    } finally {
      this.#world.end(this.#job);
    }
  }

  async #misbehave(mask: readonly NormalJob[]): Promise<void> {
    const { chance } = this.#simulation;
    const job = this.#job;
    if (mask.length > 0 && chance.happens(0.7)) this.#world.allow(job, mask);
    let failure: unknown;
    for (let count = chance.number(1, 4); count > 0; count--) {
      try {
        await this.#step();
      } catch (error) {
        failure ??= error;
        // A driver should stop here; this one does not always.
        if (chance.happens(0.6)) break;
      }
    }
    if (failure === undefined) return;
    await this.#giveBack();
    throw failure;
  }

  async #step(): Promise<void> {
    const { chance } = this.#simulation;
    const side = this.#job.peer !== undefined && chance.happens(0.5) ? this.#job.peer : this.#job;
    const acts = this.#job.operation !== "domain.screenshot" && chance.happens(0.7);
    await this.#hop(side, { acts, offline: chance.happens(0.3) });
    if (acts) this.#acknowledged++;
  }

  /** Takes back what was acknowledged, and tries again once where that fails. */
  async #giveBack(): Promise<void> {
    for (let count = this.#acknowledged; count > 0; count--) {
      try {
        await this.#hop(this.#job, { acts: true, offline: true, givesBack: true });
      } catch {
        // What stays behind is for the kernel to doubt.
      }
    }
  }

  async #hop(side: Job, options: HopOptions & { readonly acts: boolean }): Promise<void> {
    const { acts, givesBack = false } = options;
    const { token } = this.#job;
    const wrong = this.#wrongToLeave(side, options);
    const asked = this.#simulation.clock.now();
    await side.hop(givesBack ? "take back" : acts ? "act" : "see", async (signal) => {
      if (wrong !== undefined) this.#simulation.report(wrong);
      if (
        givesBack && signal.aborted && !isVirtError(signal.reason, "object-gone") &&
        this.#simulation.clock.now() < asked + 5000
      ) {
        this.#simulation.report(
          `${this.#job.operation} cannot take back what it began: it is stopped at once`,
        );
      }
      const refused = !this.#calm && this.#simulation.chance.happens(0.1);
      if (refused) throw new VirtError("operation-failed", "The far side refuses");
      if (acts) this.#world.act(token.counter, givesBack ? -1 : 1);
      await this.#dwell(signal);
    }, options);
  }

  /** What would be wrong if a hop left now. */
  #wrongToLeave(
    side: Job,
    { acts, givesBack = false }: HopOptions & { readonly acts: boolean },
  ): string | undefined {
    const { operation, object } = this.#job;
    const what = `${operation} of ${object.label}`;
    if (!givesBack && this.#simulation.clock.now() >= this.#job.deadline) {
      return `${what} leaves after its deadline`;
    }
    if (!givesBack && (this.#job.signal.aborted || side.signal.aborted)) {
      return `${what} leaves after its cancel`;
    }
    if (!acts) return undefined;
    return this.#holds() ? undefined : `${what} acts and does not hold it`;
  }

  /** A definition's job is on the first of its objects; that it has all of them is judged when it gets them. */
  #holds(): boolean {
    const { operation, object: { key } } = this.#job;
    return this.#simulation.kernel.slots().some((view) =>
      view.key === key && view.holders.some((holder) => holder.operation === operation)
    );
  }

  /** The far side takes its time, and may listen to a cancel. */
  async #dwell(signal: AbortSignal): Promise<void> {
    const { chance } = this.#simulation;
    if (this.#calm || chance.happens(0.8)) return;
    if (chance.happens(0.3)) {
      // It never answers, and leaves only when it is told to.
      await new Promise<never>((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    await this.#simulation.sleep(chance.number(0, 15_000));
  }
}
