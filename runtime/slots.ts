/**
 * The slots of all objects: taking, queueing, giving back, time-outs, deadlocks, and the view of it all.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { Alarms } from "./alarm.ts";
import type { Caller, CallState, SlotView, UncertainView } from "./call.ts";
import type { Clock } from "./clock.ts";
import { findCycle } from "./deadlock.ts";
import type { Scheduler } from "./scheduler.ts";
import { Slot, type SlotHolder, type SlotKind, type SlotRequest, type SlotWaiter } from "./slot.ts";

/** What somebody needs to take a slot. */
export interface SlotOrder {
  readonly key: string;
  /** `domain "web-1"`, for messages. */
  readonly label: string;
  readonly kind: SlotKind;
  readonly operation: string;
  readonly caller: Caller;
  /** The call or lease that it belongs to. */
  readonly group: number;
  /** Whether that call already holds another slot. @default false */
  readonly holds?: boolean;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
  readonly priority?: number;
  readonly noWait?: boolean;
  readonly onState?: (state: CallState) => void;
}

/** A slot in hand. */
export interface SlotHold {
  readonly key: string;
  readonly holder: SlotHolder;
  /** Gives it back; twice does no harm. */
  release(): void;
}

/** How queues behave. Times in milliseconds. */
export interface SlotSettings {
  /** Waiting this long counts as one step of priority. @default 30000 */
  readonly ageMs: number;
  /** How long masked-in jobs may pass an asynchronous job that waits. @default 10000 */
  readonly passBoundMs: number;
}

/** What the table is made with. */
export interface SlotTableOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly settings: SlotSettings;
  /** Where deadlines are kept. @default its own */
  readonly alarms?: Alarms;
}

/** The slots of all objects that somebody holds or waits for. */
export class SlotTable {
  readonly #slots = new Map<string, Slot>();
  readonly #waiting = new Map<SlotWaiter, Slot>();
  /** How many leases each run holds; only such runs, and calls that hold one slot of several, can deadlock. */
  readonly #leasesOf = new Map<string, number>();
  /** How many wait for a slot while they hold another one of the same call. */
  #waitingWithHolds = 0;
  readonly #alarms: Alarms;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #settings: SlotSettings;

  constructor({ clock, scheduler, settings, alarms }: SlotTableOptions) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#settings = settings;
    this.#alarms = alarms ?? new Alarms(clock);
  }

  /**
   * Takes a slot, at once where it is free.
   *
   * @throws {VirtError} `slot-timeout` at the deadline, or at once with `noWait`, saying who holds it; `deadlock` where
   * the wait would never end; the signal's reason.
   */
  take(order: SlotOrder): SlotHold | Promise<SlotHold> {
    order.signal?.throwIfAborted();
    const now = this.#clock.now();
    const request = this.#request(order, now);
    let slot = this.#slots.get(order.key);
    if (slot === undefined) {
      slot = new Slot(order.key, { label: order.label, passBoundMs: this.#settings.passBoundMs });
      this.#slots.set(order.key, slot);
    }
    const holder = slot.tryTake(request, now);
    if (holder !== undefined) {
      this.#countLease(holder, 1);
      if (request.kind === "lease") this.#breakCycles(slot);
      return this.#hold(slot, holder);
    }
    if (order.noWait === true) throw notObtained(order, slot, "it is busy and the caller does not wait");
    return this.#wait(order, { slot, request });
  }

  /**
   * Turns a hold into a hold for reconciliation, with nobody in between. A hold that was taken away has to be obtained
   * again, behind those who wait.
   *
   * @throws what {@linkcode SlotTable.take} throws.
   */
  reconcile(hold: SlotHold, order: SlotOrder): SlotHold | Promise<SlotHold> {
    const slot = this.#slots.get(hold.key);
    if (slot?.holds(hold.holder) !== true) return this.take(order);
    const now = this.#clock.now();
    return this.#hold(slot, slot.convert(hold.holder, this.#request(order, now), now));
  }

  /** Lets waiters go that a wider mask, or time, has made ready. */
  wake(key: string): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#handOver(slot);
  }

  /** The holders that stand against an order, for a destroy that has to get past them. */
  blockers(order: SlotOrder): readonly SlotHolder[] {
    return this.#slots.get(order.key)?.blockers(this.#request(order, this.#clock.now())) ?? [];
  }

  /** Takes a slot away from a holder that lost its right to it. */
  evict(key: string, holder: SlotHolder): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#release(slot, holder);
  }

  /** All slots that somebody holds or waits for, and objects with an unknown outcome. */
  views(uncertain: ReadonlyMap<string, UncertainView & { readonly label: string }>): SlotView[] {
    const keys = new Set([...this.#slots.keys(), ...uncertain.keys()]);
    return [...keys].sort().map((key) => {
      const slot = this.#slots.get(key);
      const doubt = uncertain.get(key);
      return {
        key,
        label: slot?.label ?? doubt?.label ?? key,
        holders: slot?.holderViews() ?? [],
        waiters: slot?.waiterViews() ?? [],
        ...(doubt === undefined ? {} : { uncertain: doubt }),
      };
    });
  }

  #request(
    { kind, operation, caller, group, holds = false, priority = 0 }: SlotOrder,
    now: number,
  ): SlotRequest {
    const order = now - priority * this.#settings.ageMs;
    return { kind, operation, caller, group, holds, priority, since: now, order };
  }

  #wait(order: SlotOrder, { slot, request }: { slot: Slot; request: SlotRequest }): Promise<SlotHold> {
    const { promise, resolve, reject } = Promise.withResolvers<SlotHold>();
    const waiter = new Waiting(request, {
      settled: () => this.#forget(waiter),
      granted: (holder) => resolve(this.#hold(slot, holder)),
      tooLate: (holder) => this.#release(slot, holder),
      failed: (error) => {
        slot.leave(waiter);
        reject(error);
        this.#handOver(slot);
      },
    });
    waiter.until(
      order.signal,
      this.#alarms.set(order.deadline, () => {
        waiter.fail(
          notObtained(order, slot, `it was not obtained within ${seconds(order.deadline - request.since)}`),
        );
      }),
      // While an asynchronous job waits, time alone closes the door to those who pass it.
      request.kind.startsWith("async:")
        ? this.#alarms.set(request.since + this.#settings.passBoundMs + 1, () => this.#breakCycles(slot))
        : undefined,
    );
    slot.enqueue(waiter);
    this.#waiting.set(waiter, slot);
    if (request.holds) this.#waitingWithHolds++;
    if (order.onState !== undefined) {
      const holder = slot.holderViews()[0];
      order.onState({
        kind: "waiting",
        position: slot.position(waiter),
        ...(holder === undefined ? {} : { holder }),
      });
    }
    this.#breakCyclesOf(waiter);
    return promise;
  }

  #hold(slot: Slot, holder: SlotHolder): SlotHold {
    return { key: slot.key, holder, release: () => this.#release(slot, holder) };
  }

  #release(slot: Slot, holder: SlotHolder): void {
    if (!slot.release(holder)) return;
    this.#countLease(holder, -1);
    if (slot.waiters.length > 0) this.#handOver(slot);
    else if (slot.idle && this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
  }

  #countLease({ request: { kind, caller: { run } } }: SlotHolder, change: 1 | -1): void {
    if (kind !== "lease" || run === undefined) return;
    const leases = (this.#leasesOf.get(run) ?? 0) + change;
    if (leases > 0) this.#leasesOf.set(run, leases);
    else this.#leasesOf.delete(run);
  }

  #forget(waiter: SlotWaiter): void {
    if (this.#waiting.delete(waiter) && waiter.request.holds) this.#waitingWithHolds--;
  }

  #handOver(slot: Slot): void {
    const ready = slot.takeReady(this.#clock.now());
    for (const { waiter, holder } of ready) {
      this.#forget(waiter);
      this.#countLease(holder, 1);
      this.#scheduler.handOver(() => waiter.grant(holder));
    }
    this.#breakCycles(slot);
    if (slot.idle && this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
  }

  /** Nobody can wait in a circle without holding something meanwhile. */
  get #circlesArePossible(): boolean {
    return this.#waitingWithHolds > 0 || this.#leasesOf.size > 0;
  }

  #mayBeInCircle({ request: { holds, caller } }: SlotWaiter): boolean {
    return holds || (caller.run !== undefined && this.#leasesOf.has(caller.run));
  }

  #breakCycles(slot: Slot): void {
    if (!this.#circlesArePossible) return;
    for (const waiter of [...slot.waiters]) this.#breakCyclesOf(waiter);
  }

  #breakCyclesOf(waiter: SlotWaiter): void {
    while (this.#circlesArePossible && this.#waiting.has(waiter)) {
      const cycle = findCycle(waiter, { waiting: this.#waiting, now: this.#clock.now() });
      if (cycle === undefined) return;
      this.#breakCycle(cycle);
    }
  }

  /** Of those in a circle who hold something, who only wants to look yields, else the youngest. */
  #breakCycle(cycle: readonly SlotWaiter[]): void {
    const parties = cycle.filter((waiter) => this.#mayBeInCircle(waiter));
    const victim = parties.find(({ request: { kind } }) => kind === "reconcile") ??
      parties.reduce((a, b) => b.request.caller.since > a.request.caller.since ? b : a);
    const slot = this.#waiting.get(victim);
    const path = cycle.map((each) =>
      `${callerName(each.request.caller)} waits for ${this.#waiting.get(each)?.label}`
    );
    victim.fail(
      new VirtError(
        "deadlock",
        `Cannot ${victim.request.operation} ${slot?.label}: the wait would never end`,
        {
          ...(slot === undefined ? {} : { target: slot.label }),
          hint: "Take all objects at once with host.exclusive([...]), which orders them",
          detail: { cycle: path },
          cause: path.join("; "),
        },
      ),
    );
  }
}

/** What a waiting request does when it ends. */
interface WaitingEnds {
  readonly settled: () => void;
  readonly granted: (holder: SlotHolder) => void;
  /** The slot came when nobody waited for it any more. */
  readonly tooLate: (holder: SlotHolder) => void;
  readonly failed: (error: unknown) => void;
}

/** A request in the queue, with all that can end its wait. */
class Waiting implements SlotWaiter {
  readonly request: SlotRequest;
  readonly #ends: WaitingEnds;
  #signal: AbortSignal | undefined;
  #alarm: Disposable | undefined;
  #bound: Disposable | undefined;
  #ended = false;

  constructor(request: SlotRequest, ends: WaitingEnds) {
    this.request = request;
    this.#ends = ends;
  }

  /** Ends the wait on abort; keeps the alarms that stand for its deadline and its pass bound. */
  until(signal: AbortSignal | undefined, alarm: Disposable, bound?: Disposable): void {
    this.#signal = signal;
    this.#alarm = alarm;
    this.#bound = bound;
    signal?.addEventListener("abort", this);
  }

  grant(holder: SlotHolder): void {
    if (this.#ended) {
      this.#ends.tooLate(holder);
      return;
    }
    this.#settle();
    this.#ends.granted(holder);
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#settle();
    this.#ends.failed(error);
  }

  handleEvent(): void {
    this.fail(this.#signal?.reason);
  }

  #settle(): void {
    this.#ended = true;
    this.#alarm?.[Symbol.dispose]();
    this.#bound?.[Symbol.dispose]();
    this.#signal?.removeEventListener("abort", this);
    this.#ends.settled();
  }
}

/** How a caller is named in messages. */
export function callerName({ run, title, principal }: Caller): string {
  if (run === undefined) return principal;
  return title === undefined ? `run ${run}` : `run ${run} (${title})`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function notObtained(order: SlotOrder, slot: Slot, why: string): VirtError {
  const holders = slot.holderViews();
  const waiters = slot.waiterViews();
  const held = holders.map(({ operation, job, caller }) =>
    `${job === "lease" ? "an exclusive lease" : operation} of ${callerName(caller)}`
  ).join(" and ");
  return new VirtError("slot-timeout", `Cannot ${order.operation} ${order.label}: ${why}`, {
    target: order.label,
    hint: "See who holds what with: drover jobs list",
    detail: { holders, waiters },
    cause: held === "" ? `${waiters.length} callers wait before it` : `held by ${held}`,
  });
}
