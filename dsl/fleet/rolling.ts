/**
 * Rolling updates: a fleet batch by batch.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Amount } from "../amount.ts";
import { type Duration, duration } from "../duration.ts";
import type { Handle } from "../handle.ts";
import { objectsOf } from "../handle.ts";
import type { Session } from "../session.ts";
import { anySignal, makeSleep } from "../wait.ts";
import { type ApartRule, type Look, Separation } from "./apart.ts";
import { Batch, batchSizes, sizeAt } from "./batches.ts";
import type { Drain } from "./drain.ts";
import { FleetError } from "./fleet_error.ts";
import { type FleetReport, resumeList } from "./report.ts";
import { Tally } from "./tally.ts";
import { countFailure, tellLeft } from "./telling.ts";
import { faultIn, type Placed } from "./turns.ts";

/** How a rolling update goes about it. */
export interface RollingOptions<T extends Handle = Handle> {
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
  /** How many may fail in one batch, beside that; a percentage is of the batch, rounded down. */
  readonly batchMaxFail?: Amount;
  /**
   * What no two of a batch may share. `"host"`: the host on which they are, looked up anew before each batch, for domains
   * move; it needs `connect:search_domains` on every host. `"label:rack"`: what their labels `rack=…` say. A function: what
   * it names. Several rules hold together. A batch is smaller where there are not enough that fit.
   */
  readonly apart?: ApartRule<T> | readonly ApartRule<T>[];
  /** Takes each out of service before its work, and puts it back. */
  readonly drain?: Drain<T>;
  /** How long to wait between batches. */
  readonly pause?: Duration;
  /** How long a batch has to prove itself before `healthy` looks at it. */
  readonly soak?: Duration;
  /**
   * Looks at each member of a batch after its work and the soak. Where it throws or says `false` the member has failed, and
   * that counts against the budget.
   */
  readonly healthy?: (member: T) => unknown;
  /** Is asked between batches, after the pause. Where it says `false` the update ends there, without an error. */
  readonly between?: (soFar: RollingProgress<T>) => unknown;
  /** Ends it early: no more are begun. */
  readonly signal?: AbortSignal;
}

/** How far a rolling update is. */
export interface RollingProgress<T> extends FleetReport<T> {
  /** How many batches there were. */
  readonly batches: number;
}

/** What a batch knows of its update. */
export interface BatchContext<T extends Handle> {
  readonly tally: Tally<T>;
  /** The batch's own budget, where it has one. */
  readonly own: Tally<T> | undefined;
  /** The places of its members in the whole fleet. */
  readonly places: readonly number[];
  readonly drain: Drain<T> | undefined;
  readonly signal: AbortSignal | undefined;
  /** Lets the batch prove itself: the soak, and the look at the health of those that were worked on. */
  settle(): Promise<void>;
}

/** Makes a batch of members. */
export type MakeBatch<T extends Handle, F> = (members: readonly T[], context: BatchContext<T>) => F;

/**
 * A rolling update: its batches, one after the other, and what became of all. It can be gone through once.
 */
export class Rolling<T extends Handle, F> implements AsyncIterable<F> {
  readonly #members: readonly T[];
  readonly #options: RollingOptions<T>;
  readonly #makeBatch: MakeBatch<T, F>;
  readonly #sizes: readonly number[];
  readonly #separation: Separation<T>;
  readonly #tally: Tally<T>;
  readonly #pauseMs: number;
  readonly #soakMs: number;
  readonly #session: Session | undefined;
  readonly #signal: AbortSignal | undefined;
  #batches = 0;
  #begun = false;

  /** @ignore Use {@linkcode Fleet.rolling}. */
  constructor(members: readonly T[], options: RollingOptions<T>, makeBatch: MakeBatch<T, F>) {
    const [first] = members;
    this.#members = members;
    this.#options = options;
    this.#makeBatch = makeBatch;
    this.#sizes = batchSizes(options.batch ?? 1, members.length);
    this.#separation = new Separation(options.apart);
    this.#tally = new Tally(members, { maxFail: options.maxFail, checks: options.healthy !== undefined });
    // A budget that is none is told before anything is begun.
    if (options.batchMaxFail !== undefined) this.#ownTally(members);
    this.#pauseMs = duration(options.pause ?? 0);
    this.#soakMs = duration(options.soak ?? 0);
    this.#session = first === undefined ? undefined : objectsOf(first).session;
    this.#signal = this.#session === undefined
      ? options.signal
      : anySignal(this.#session.signal, options.signal);
  }

  /** What became of the fleet so far: at every moment each member is in exactly one of its lists. */
  get report(): RollingProgress<T> {
    return { ...this.#tally.report(), batches: this.#batches };
  }

  /** The batches. */
  async *[Symbol.asyncIterator](): AsyncGenerator<F, void, void> {
    if (this.#begun) {
      throw new VirtError("invalid-argument", "Cannot go through a rolling update twice", {
        hint: "Call fleet.rolling() again",
      });
    }
    this.#begun = true;
    try {
      yield* this.#all();
    } finally {
      const isCut = this.#signal?.aborted === true || this.#tally.isUneven;
      if (isCut && this.#session !== undefined) tellLeft(this.#session, resumeList(this.report));
    }
  }

  async *#all(): AsyncGenerator<F, void, void> {
    let left = this.#members.map((member, index): Placed<T> => ({ member, index }));
    while (left.length > 0) {
      this.#signal?.throwIfAborted();
      if (this.#batches > 0 && !await this.#goesOn()) return;
      const { taken, kept } = await this.#fill(left, sizeAt(this.#sizes, this.#batches));
      left = kept;
      this.#refuse(this.#tally);
      if (taken.length === 0) continue;
      this.#batches++;
      const members = taken.map(({ member }) => member);
      const own = this.#options.batchMaxFail === undefined ? undefined : this.#ownTally(members);
      const context = this.#context(taken, own);
      yield this.#makeBatch(members, context);
      await context.settle();
      // The recipe may have caught the batch's error; the budgets hold all the same.
      this.#refuse(this.#tally, own);
    }
  }

  #context(taken: readonly Placed<T>[], own: Tally<T> | undefined): BatchContext<T> {
    return {
      tally: this.#tally,
      own,
      places: taken.map(({ index }) => index),
      drain: this.#options.drain,
      signal: this.#signal,
      settle: () => this.#settle(taken, own),
    };
  }

  #ownTally(members: readonly T[]): Tally<T> {
    return new Tally(members, { maxFail: this.#options.batchMaxFail, what: "batchMaxFail" });
  }

  #refuse(tally: Tally<T>, own?: Tally<T>): void {
    if (tally.exceeded) throw new FleetError(tally.report(), tally.maxFail);
    if (own?.exceeded === true) throw new FleetError(tally.report(), own.maxFail, own.failures);
  }

  async #goesOn(): Promise<boolean> {
    await this.#sleep(this.#pauseMs);
    const answer = await this.#options.between?.(this.report);
    this.#signal?.throwIfAborted();
    return answer !== false;
  }

  /** Fills a batch with those of its size that may be together; the others are kept in their order. */
  async #fill(
    left: readonly Placed<T>[],
    size: number,
  ): Promise<{ readonly taken: readonly Placed<T>[]; readonly kept: Placed<T>[] }> {
    const look = await this.#separation.look(this.#members);
    const batch = new Batch<Placed<T>>(size);
    const kept: Placed<T>[] = [];
    for (const placed of left) {
      if (batch.isFull || this.#tally.exceeded) {
        kept.push(placed);
        continue;
      }
      const found = await this.#found(placed, look);
      if (found !== undefined && !batch.take(found.placed, found.keys)) kept.push(placed);
    }
    return { taken: batch.members, kept };
  }

  /** A member where it is now, with what keeps it apart; one of which that cannot be told has failed. */
  async #found(
    { member, index }: Placed<T>,
    look: Look<T>,
  ): Promise<{ readonly placed: Placed<T>; readonly keys: readonly string[] } | undefined> {
    try {
      const present = look.present(member);
      if (present !== member) this.#tally.found(index, present);
      return { placed: { member: present, index }, keys: await look.keys(present) };
    } catch (error) {
      this.#signal?.throwIfAborted();
      this.#tally.failed(index, error, "look-up");
      countFailure(member, error);
      return undefined;
    }
  }

  async #settle(taken: readonly Placed<T>[], own: Tally<T> | undefined): Promise<void> {
    const { healthy } = this.#options;
    const waiting = new Set(this.#tally.unchecked);
    const checked = taken.filter(({ index }) => waiting.has(index));
    if (healthy === undefined || checked.length === 0) return;
    await this.#sleep(this.#soakMs);
    await Promise.all(checked.map(async ({ member, index }) => {
      const fault = await faultIn("health", async () => {
        if (await healthy(member) === false) {
          throw new VirtError("operation-failed", `${member} is not healthy after its turn`);
        }
      });
      if (this.#signal?.aborted === true) return;
      if (fault === undefined) return this.#tally.checked(index);
      this.#tally.failed(index, fault.error, fault.during);
      own?.failed(taken.findIndex((each) => each.index === index), fault.error, fault.during);
      countFailure(member, fault.error);
    }));
    this.#signal?.throwIfAborted();
  }

  async #sleep(ms: number): Promise<void> {
    if (ms === 0 || this.#session === undefined) return;
    const { signal } = this.#options;
    await makeSleep(this.#session)(ms, signal === undefined ? {} : { signal });
  }
}
