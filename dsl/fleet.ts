/**
 * Fleets: many objects, worked on together, a few at a time, until too many fail.
 *
 * @module
 */
import { type Amount, countOf } from "./amount.ts";
import type { CallOptions } from "./call_options.ts";
import type { Drain } from "./fleet/drain.ts";
import { FleetError } from "./fleet/fleet_error.ts";
import { namesText } from "./fleet/names_text.ts";
import { chosen, type MemberList } from "./fleet/only.ts";
import { type FleetReport, resumeList } from "./fleet/report.ts";
import { type BatchContext, Rolling, type RollingOptions } from "./fleet/rolling.ts";
import { Tally } from "./fleet/tally.ts";
import { countFailure, tellLeft } from "./fleet/telling.ts";
import { type Counting, takeTurns } from "./fleet/turns.ts";
import { type Handle, objectsOf } from "./handle.ts";
import type { Domain } from "./handles.ts";
import type { AnswerOf, GivenTo } from "./method.ts";
import { anySignal } from "./wait.ts";

/** Which statistics of domains are wanted. */
export type StatsChoice = Omit<Exclude<GivenTo<"domain.stats">, string>, "name" | "domains" | "active">;

/** How {@linkcode Fleet.forEach} goes about it. */
export interface ForEachOptions<T extends Handle = Handle> {
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
  /** Takes each out of service before its turn, and puts it back. In a rolling update, that one's counts. */
  readonly drain?: Drain<T>;
  /** Ends it early: no more are begun. */
  readonly signal?: AbortSignal;
}

/** How many may be under way at once where nobody says. */
const defaultLimit = 10;

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
  readonly #batchOf: BatchContext<T> | undefined;

  /** Fleets come from lists, such as `host.domains()`; of handles that you have, make one by `new Fleet([…])`. */
  constructor(items: Iterable<T>);
  /** @ignore */
  constructor(items: Iterable<T>, batchOf: BatchContext<T> | undefined);
  constructor(items: Iterable<T>, batchOf?: BatchContext<T>) {
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

  /**
   * Those that a list names, as a fleet in the order of this one: names, or what an earlier run has left, of which what
   * failed and what was not begun are taken. What nobody knows of is left out, and a warning names it. All where there is
   * no list.
   *
   * @throws {VirtError} `not-found` where the fleet lacks one; `invalid-argument` where a name means several.
   *
   * @example
   * ```ts
   * import { type Domain, type Fleet, memberList } from "drover";
   *
   * export function rest(fleet: Fleet<Domain>, left: unknown): Fleet<Domain> {
   *   return fleet.only(memberList.parse(left));
   * }
   * ```
   */
  only(list: MemberList | undefined): Fleet<T> {
    if (list === undefined) return this;
    const { members, unknown } = chosen(this.#items, list);
    const [first] = this.#items;
    if (unknown.length > 0 && first !== undefined) {
      const message = `Left out, since nobody knows whether they are done: ${namesText(unknown)}; ` +
        "look at them, and name those that shall be done again";
      objectsOf(first).session.say({ t: "log", level: "warn", message });
    }
    return new Fleet(members);
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
    options: ForEachOptions<T> = {},
  ): Promise<FleetReport<T>> {
    const batch = this.#batchOf;
    const signal = this.#signal(batch?.signal, options.signal);
    const whole = batch === undefined ? defaultLimit : this.length;
    const limit = countOf(options.limit ?? whole, { of: this.length, what: "limit", atLeast: 1 });
    // What the author bears with here, or what the whole update does.
    const here = new Tally(this.#items, {
      maxFail: options.maxFail ?? (batch === undefined ? 0 : this.length),
    });
    const counting: Counting<T>[] = [{ tally: here, placeOf: ({ index }) => index }];
    if (batch !== undefined) {
      const { tally, own, places } = batch;
      counting.push({ tally, placeOf: ({ index }) => places[index] ?? index });
      if (own !== undefined) counting.push({ tally: own, placeOf: ({ index }) => index });
    }
    const { session } = this.#items[0] === undefined ? {} : objectsOf(this.#items[0]);
    await takeTurns(this.#items.map((member, index) => ({ member, index })), {
      work,
      limit,
      counting,
      goesOn: () => !counting.some(({ tally }) => tally.exceeded),
      drain: batch?.drain ?? options.drain,
      signal,
      over: session?.signal,
      tell: countFailure,
    });
    if (signal?.aborted === true) {
      // An update tells of all its members, when it ends.
      if (batch === undefined && session !== undefined) tellLeft(session, resumeList(here.report()));
      signal.throwIfAborted();
    }
    if (!counting.some(({ tally }) => tally.exceeded)) return here.report();
    // Those that were done have their chance to be found well, and are told of as done.
    await batch?.settle();
    throw this.#spent(here);
  }

  /** The error of a budget that is spent; of a batch it tells of all members of the update. */
  #spent(here: Tally<T>): FleetError<T> {
    if (this.#batchOf === undefined) return new FleetError(here.report(), here.maxFail);
    const { tally, own } = this.#batchOf;
    if (tally.exceeded) return new FleetError(tally.report(), tally.maxFail);
    const { maxFail, failures } = own?.exceeded === true ? own : here;
    return new FleetError(tally.report(), maxFail, failures);
  }

  /**
   * Goes through the fleet batch by batch. Failures in `batch.forEach` count against one budget for all batches; when it is
   * exceeded no more are begun, what is under way ends, and an error names who is done, failed, unknown and not begun. An
   * error elsewhere in the loop's body ends it like any loop. The answer's `report` tells at any moment what became of all.
   *
   * @throws {VirtError} `invalid-argument` where a size is not a positive number or a percentage.
   * @throws {FleetError} `some-failed`, or `unreachable` where a host could not be reached, out of `batch.forEach` or the
   *   loop itself.
   *
   * @example One first, then a quarter at a time, never two on one host
   * ```ts
   * import type { Domain, Fleet } from "drover";
   *
   * export async function restart(fleet: Fleet<Domain>): Promise<void> {
   *   const rolling = { batch: [1, "25%"], maxFail: "10%", pause: "30s", apart: "host" } as const;
   *   for await (const batch of fleet.rolling(rolling)) {
   *     await batch.forEach(async (vm) => {
   *       await vm.shutdown({ within: "2m", otherwise: "destroy" });
   *       await vm.start();
   *     });
   *   }
   * }
   * ```
   */
  rolling(options: RollingOptions<T> = {}): Rolling<T, Fleet<T>> {
    return new Rolling(this.#items, options, (members, context) => new Fleet(members, context));
  }

  #signal(...own: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
    const [first] = this.#items;
    const all = own.filter((signal) => signal !== undefined);
    if (first === undefined) return all[0];
    return all.reduce<AbortSignal>(anySignal, objectsOf(first).session.signal);
  }
}
