/**
 * Fleets: many objects, worked on together, a few at a time, until too many fail.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type Amount, countOf } from "./amount.ts";
import { type Duration, duration } from "./duration.ts";
import { type Failure, FleetError, type FleetReport } from "./fleet_error.ts";
import type { CallOptions } from "./call_options.ts";
import { type Handle, objectsOf } from "./handle.ts";
import type { Domain } from "./handles.ts";
import type { AnswerOf, GivenTo } from "./method.ts";
import { anySignal, makeSleep } from "./wait.ts";

/** Which statistics of domains are wanted. */
export type StatsChoice = Omit<Exclude<GivenTo<"domain.stats">, string>, "name" | "domains" | "active">;

/** How {@linkcode Fleet.forEach} goes about it. */
export interface ForEachOptions {
  /**
   * How many may be under way at once.
   * @default 10, or the whole batch in a rolling update
   */
  readonly limit?: Amount;
  /**
   * How many may fail before no more are begun. In a batch of a rolling update, that one's `maxFail` counts.
   * @default 0
   */
  readonly maxFail?: Amount;
  /** Ends it early: no more are begun. */
  readonly signal?: AbortSignal;
}

/** How {@linkcode Fleet.rolling} goes about it. */
export interface RollingOptions {
  /**
   * How large batches are: one size for all, or sizes one after the other, the last of which stays. A percentage is of
   * the whole fleet, rounded down, and at least one.
   * @default 1
   */
  readonly batch?: Amount | readonly Amount[];
  /**
   * How many may fail in all batches together before no more are begun. A percentage is of the whole fleet, rounded down.
   * @default 0
   */
  readonly maxFail?: Amount;
  /** How long to wait between batches. */
  readonly pause?: Duration;
  /** Ends it early: no more are begun. */
  readonly signal?: AbortSignal;
}

/** How many may be under way at once where nobody says. */
const defaultLimit = 10;

/** Counts what became of the objects of one `forEach`, or of all batches of a rolling update. */
class Budget<T extends Handle> {
  readonly maxFail: number;
  readonly #items: readonly T[];
  readonly #done: T[] = [];
  readonly #failed: Failure<T>[] = [];

  constructor(items: readonly T[], maxFail: Amount = 0) {
    this.#items = items;
    this.maxFail = countOf(maxFail, { of: items.length, what: "maxFail", atLeast: 0 });
  }

  get exceeded(): boolean {
    return this.#failed.length > this.maxFail;
  }

  done(target: T): void {
    this.#done.push(target);
  }

  failed(target: T, error: unknown): void {
    this.#failed.push({ target, error });
  }

  report(): FleetReport<T> {
    const tried = new Set([...this.#done, ...this.#failed.map(({ target }) => target)]);
    return {
      done: [...this.#done],
      failed: [...this.#failed],
      notDone: this.#items.filter((item) => !tried.has(item)),
    };
  }
}

/**
 * Many objects of one class, in the order in which they were listed. It reads like an array; what it does, it does to
 * many at once.
 *
 * @example
 * ```ts
 * import { recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Start what is off, five at a time, and bear with two failures",
 *   needs: ["connect:search_domains", "domain:getattr,start"],
 *   run: async ({ host }) => {
 *     const fleet = await host.domains({ state: "shutoff" });
 *     const { done, failed } = await fleet.forEach((vm) => vm.start(), { limit: 5, maxFail: 2 });
 *     return { started: done.length, failed: failed.map(({ target }) => target.name) };
 *   },
 * });
 * ```
 */
export class Fleet<T extends Handle = Handle> implements Iterable<T>, ArrayLike<T> {
  /** The object at an index, from 0. */
  readonly [index: number]: T;
  /** How many there are. */
  readonly length: number;
  readonly #items: readonly T[];
  readonly #batchOf: Budget<T> | undefined;

  /** Fleets come from lists, such as `host.domains()`; of handles that you have, make one by `new Fleet([…])`. */
  constructor(items: Iterable<T>);
  /** @ignore */
  constructor(items: Iterable<T>, batchOf: Budget<T> | undefined);
  constructor(items: Iterable<T>, batchOf?: Budget<T>) {
    this.#items = [...items];
    this.#batchOf = batchOf;
    this.length = this.#items.length;
    Object.assign(this, this.#items);
  }

  /** The objects' names, in order. */
  get names(): string[] {
    return this.#items.map(({ name }) => name);
  }

  /** Goes through them in order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]();
  }

  /** The object at an index; negative ones count from the end. */
  at(index: number): T | undefined {
    return this.#items.at(index);
  }

  /** The first object that a test holds for. */
  find(test: (item: T, index: number) => boolean): T | undefined {
    return this.#items.find(test);
  }

  /** Whether a test holds for any. */
  some(test: (item: T, index: number) => boolean): boolean {
    return this.#items.some(test);
  }

  /** Whether a test holds for all. */
  every(test: (item: T, index: number) => boolean): boolean {
    return this.#items.every(test);
  }

  /** The same objects in another order, as a fleet. */
  toSorted(compare: (a: T, b: T) => number): Fleet<T> {
    return new Fleet(this.#items.toSorted(compare));
  }

  /** Those that a test holds for, as a fleet. */
  filter(test: (item: T, index: number) => boolean): Fleet<T> {
    return new Fleet(this.#items.filter(test));
  }

  /** Some of them by index, as a fleet. */
  slice(start?: number, end?: number): Fleet<T> {
    return new Fleet(this.#items.slice(start, end));
  }

  /** An array of what a function makes of each. For work that waits, see {@linkcode forEach}. */
  map<U>(make: (item: T, index: number) => U): U[] {
    return this.#items.map(make);
  }

  /** Them all as an array. */
  toArray(): T[] {
    return [...this.#items];
  }

  /** Them all, for JSON. */
  toJSON(): readonly T[] {
    return this.#items;
  }

  /**
   * Statistics of a fleet of domains, in its order: one call for each host, however many they are. Domains that are gone
   * meanwhile are left out.
   *
   * Needs `connect:search_domains`, and `domain:read` on each that shows.
   *
   * @param which the groups, and more; all groups where left out
   *
   * @example
   * ```ts
   * import type { Domain, Fleet } from "drover";
   *
   * export async function busiest(fleet: Fleet<Domain>): Promise<Domain | undefined> {
   *   const all = await fleet.stats({ groups: ["cpu"] });
   *   return all.toSorted((a, b) => Number(b.stats["cpu.time"] ?? 0) - Number(a.stats["cpu.time"] ?? 0))[0]?.domain;
   * }
   * ```
   */
  async stats(
    this: Fleet<Domain>,
    which: StatsChoice = {},
    options?: CallOptions,
  ): Promise<AnswerOf<"domain.stats">> {
    const byHost = Map.groupBy(this, ({ connection }) => connection);
    const answers = await Promise.all([...byHost].map(async ([connection, domains]) => {
      const objects = objectsOf(domains[0]!);
      const host = objects.session.host(connection);
      if (host === undefined) return [];
      return await objects.invoke("domain.stats", objects.handle(host.ref), { ...which, domains }, options);
    }));
    const found = new Map(
      answers.flat().map((each) => [`${each.domain.connection}/${each.domain.id}`, each]),
    );
    return this.map(({ connection, id }) => found.get(`${connection}/${id}`)).filter((each) =>
      each !== undefined
    );
  }

  /**
   * Does something to each, several at once. One failure does not stop those under way; when more than `maxFail` have
   * failed, no more are begun. A run in which anything failed leaves with exit code 3, also where the budget allowed it.
   *
   * @throws {FleetError} `some-failed` when more than `maxFail` failed, naming what was not done. When the run is
   * cancelled, the reason of that.
   *
   * @example
   * ```ts
   * import type { Domain, Fleet } from "drover";
   *
   * export async function restart(fleet: Fleet<Domain>): Promise<void> {
   *   await fleet.forEach(async (vm) => {
   *     await vm.shutdown({ within: "2m", otherwise: "destroy" });
   *     await vm.start();
   *   }, { limit: 3, maxFail: "10%" });
   * }
   * ```
   */
  async forEach(
    work: (item: T, index: number) => unknown,
    options: ForEachOptions = {},
  ): Promise<FleetReport<T>> {
    const signal = this.#signal(options.signal);
    const whole = this.#batchOf !== undefined ? this.length : defaultLimit;
    const limit = countOf(options.limit ?? whole, { of: this.length, what: "limit", atLeast: 1 });
    const own = this.#batchOf === undefined || options.maxFail !== undefined
      ? new Budget(this.#items, options.maxFail)
      : undefined;
    const shared = this.#batchOf;
    const report = new Budget(this.#items, this.length);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < this.length && own?.exceeded !== true && shared?.exceeded !== true) {
        if (signal?.aborted) return;
        const index = next++;
        const item = this.#items[index]!;
        try {
          await work(item, index);
          for (const budget of [own, shared, report]) budget?.done(item);
        } catch (error) {
          // What ends because the run does is not the object's failure.
          if (signal?.aborted) return;
          for (const budget of [own, shared, report]) budget?.failed(item, error);
          this.#tell(item, error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(limit, this.length) }, worker));
    signal?.throwIfAborted();
    for (const budget of [own, shared]) {
      if (budget?.exceeded === true) throw new FleetError(budget.report(), budget.maxFail);
    }
    return report.report();
  }

  /**
   * Goes through the fleet batch by batch. Failures in `batch.forEach` count against one budget for all batches; when it is
   * exceeded the update ends, with an error that names what was not done. An error elsewhere in the loop's body ends it
   * like any loop.
   *
   * @throws {VirtError} `invalid-argument` where a size is not a positive number or a percentage.
   * @throws {FleetError} `some-failed`, out of `batch.forEach`.
   *
   * @example One first, then a quarter at a time
   * ```ts
   * import type { Domain, Fleet } from "drover";
   *
   * export async function restart(fleet: Fleet<Domain>): Promise<void> {
   *   for await (const batch of fleet.rolling({ batch: [1, "25%"], maxFail: "10%", pause: "30s" })) {
   *     await batch.forEach(async (vm) => {
   *       await vm.shutdown({ within: "2m", otherwise: "destroy" });
   *       await vm.start();
   *     });
   *   }
   * }
   * ```
   */
  async *rolling(options: RollingOptions = {}): AsyncGenerator<Fleet<T>, void, void> {
    const sizes = batchSizes(options.batch ?? 1, this.length);
    const budget = new Budget(this.#items, options.maxFail);
    const pauseMs = duration(options.pause ?? 0);
    const signal = this.#signal(options.signal);
    for (let start = 0, count = 0; start < this.length; count++) {
      signal?.throwIfAborted();
      if (start > 0 && pauseMs > 0) await this.#pause(pauseMs, options.signal);
      const size = sizes[Math.min(count, sizes.length - 1)]!;
      yield new Fleet(this.#items.slice(start, start + size), budget);
      // The recipe may have caught the batch's error; the budget holds all the same.
      if (budget.exceeded) throw new FleetError(budget.report(), budget.maxFail);
      start += size;
    }
  }

  #signal(own: AbortSignal | undefined): AbortSignal | undefined {
    const first = this.#items[0];
    return first === undefined ? own : anySignal(objectsOf(first).session.signal, own);
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { session } = objectsOf(this.#items[0]!);
    return makeSleep(session)(ms, signal === undefined ? {} : { signal });
  }

  #tell(item: T, error: unknown): void {
    const { session } = objectsOf(item);
    session.countFailure();
    const why = error instanceof Error ? error.message : String(error);
    session.say({ t: "log", level: "warn", message: `${item}: ${why}`.slice(0, 65_536) });
  }
}

function batchSizes(batch: Amount | readonly Amount[], total: number): number[] {
  const sizes = (typeof batch === "object" ? batch : [batch])
    .map((size) => countOf(size, { of: total, what: "batch", atLeast: 1 }));
  if (sizes.length > 0) return sizes;
  throw new VirtError("invalid-argument", "Cannot roll through the fleet: batch is an empty list");
}
