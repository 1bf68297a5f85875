/**
 * The slots of one object: who holds what, who waits, and who may go next.
 *
 * An object has one normal slot, one agent slot and one asynchronous slot whose holder names the normal jobs that may
 * run meanwhile. Beside them: uses (work on something inside the object, such as a volume of a pool), and the exclusive
 * lease of a run. The kinds and which may go together are libvirt's; the queue, its order and its visibility are ours.
 *
 * @module
 */
import type { JobKind, NormalJob } from "../model/operation.ts";
import type { Caller, HolderView, WaiterView } from "./call.ts";

/** What a slot can be asked for. */
export type SlotKind = Exclude<JobKind, "none"> | "lease" | "use" | "reconcile";

/** The part of an object's slots that a kind occupies. */
type Lane = "normal" | "agent" | "async" | "use" | "lease";

/** A request for a slot. */
export interface SlotRequest {
  readonly kind: SlotKind;
  readonly operation: string;
  readonly caller: Caller;
  /** The call or lease that it belongs to; holds and waits of one group are one party in a deadlock. */
  readonly group: number;
  /** Where it stands in the queue: its arrival in milliseconds, earlier by the ageing time per priority. */
  readonly order: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly priority: number;
  /** Whether its group already holds another slot, so that it could be part of a deadlock. */
  readonly holds: boolean;
}

/** A request that was granted and not yet given back. */
export interface SlotHolder {
  readonly request: SlotRequest;
  readonly since: number;
  /** Normal jobs allowed meanwhile; for asynchronous jobs. */
  mask: ReadonlySet<NormalJob>;
  fraction: number | undefined;
  hop: string | undefined;
}

/** A request in the queue. */
export interface SlotWaiter {
  readonly request: SlotRequest;
  readonly grant: (holder: SlotHolder) => void;
  readonly fail: (error: unknown) => void;
}

/** Nothing but destroy may run beside an asynchronous job unless its driver says otherwise. */
const destroyOnly: ReadonlySet<NormalJob> = new Set(["destroy"]);

function laneOf(kind: SlotKind): Lane {
  if (kind === "agent" || kind === "use" || kind === "lease") return kind;
  return kind.startsWith("async:") ? "async" : "normal";
}

/** Whether a kind changes what users inside the object rely on. */
function disturbsUses(kind: SlotKind): boolean {
  return kind !== "query" && kind !== "agent" && kind !== "use";
}

/** The slots of one object. Made on the first request, dropped when nobody holds or waits. */
export class Slot {
  readonly key: string;
  label: string;
  readonly #holders = new Set<SlotHolder>();
  readonly #waiters: SlotWaiter[] = [];
  readonly #passBoundMs: number;
  #leases = 0;
  /** How many wait for each kind; spares looking through long queues when none of them can go. */
  readonly #waitingFor = new Map<SlotKind, number>();

  /** @param passBoundMs how long masked-in jobs may pass an asynchronous job that waits */
  constructor(key: string, { label, passBoundMs }: { readonly label: string; readonly passBoundMs: number }) {
    this.key = key;
    this.label = label;
    this.#passBoundMs = passBoundMs;
  }

  get idle(): boolean {
    return this.#holders.size === 0 && this.#waiters.length === 0;
  }

  get holders(): Iterable<SlotHolder> {
    return this.#holders;
  }

  /** Whether a hold has not been given back or taken away. */
  holds(holder: SlotHolder): boolean {
    return this.#holders.has(holder);
  }

  get waiters(): readonly SlotWaiter[] {
    return this.#waiters;
  }

  /** Takes the slot at once where neither holders nor earlier waiters stand against it. */
  tryTake(request: SlotRequest, now: number): SlotHolder | undefined {
    if (!this.#isFree(request)) return undefined;
    const heldBack = this.#waiters.some(({ request: earlier }) =>
      !comesBefore(request, earlier) && this.#holdsBack(earlier, request, now)
    );
    return heldBack ? undefined : this.#take(request, now);
  }

  /** Puts a request into the queue, behind those of its priority. */
  enqueue(waiter: SlotWaiter): void {
    let index = this.#waiters.length;
    while (index > 0 && comesBefore(waiter.request, this.#waiters[index - 1]!.request)) index--;
    this.#waiters.splice(index, 0, waiter);
    this.#count(waiter.request.kind, 1);
  }

  /** Takes a request out of the queue: it was cancelled, or its time is up. */
  leave(waiter: SlotWaiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index >= 0) this.#removeAt(index);
  }

  /** Gives a slot back; `false` where that had been done before. */
  release(holder: SlotHolder): boolean {
    if (!this.#holders.delete(holder)) return false;
    if (holder.request.kind === "lease") this.#leases--;
    return true;
  }

  /**
   * Turns a hold into one for the reconciliation of its job, without letting anybody in between. It stays in its job's
   * lane: beside an agent job, or one that an asynchronous job had allowed, somebody may hold the normal slot.
   */
  convert(holder: SlotHolder, request: SlotRequest, now: number): SlotHolder {
    this.release(holder);
    const { kind } = holder.request;
    return this.#take(laneOf(kind) === "normal" ? request : { ...request, kind }, now);
  }

  /** Takes every waiter out of the queue that can go now, in order. */
  takeReady(now: number): { readonly waiter: SlotWaiter; readonly holder: SlotHolder }[] {
    const ready: { readonly waiter: SlotWaiter; readonly holder: SlotHolder }[] = [];
    const passed: SlotRequest[] = [];
    for (let index = 0; index < this.#waiters.length && this.#someoneMayGo();) {
      const waiter = this.#waiters[index]!;
      const { request } = waiter;
      const goes = this.#isFree(request) &&
        !passed.some((earlier) => this.#holdsBack(earlier, request, now));
      if (goes) {
        this.#removeAt(index);
        ready.push({ waiter, holder: this.#take(request, now) });
      } else {
        passed.push(request);
        index++;
      }
    }
    return ready;
  }

  /** The holders that stand against a request. */
  blockers(request: SlotRequest): SlotHolder[] {
    return [...this.#holders].filter((holder) => this.#conflicts(holder, request));
  }

  /**
   * The earlier waiters that must not be overtaken by a waiter: of each kind and caller the nearest, since those before
   * it wait for the same.
   */
  heldBackBy(waiter: SlotWaiter, now: number): SlotWaiter[] {
    const found = new Map<string, SlotWaiter>();
    for (let index = this.#waiters.indexOf(waiter) - 1; index >= 0; index--) {
      const earlier = this.#waiters[index]!;
      const { kind, caller } = earlier.request;
      const party = `${kind}/${caller.run ?? ""}`;
      if (!found.has(party) && this.#holdsBack(earlier.request, waiter.request, now)) {
        found.set(party, earlier);
      }
    }
    return [...found.values()];
  }

  holderViews(): HolderView[] {
    return [...this.#holders].map(({ request, since, fraction, hop }) => ({
      operation: request.operation,
      job: request.kind,
      caller: request.caller,
      since,
      ...(fraction === undefined ? {} : { fraction }),
      ...(hop === undefined ? {} : { hop }),
    }));
  }

  waiterViews(): WaiterView[] {
    return this.#waiters.map(({ request }, index) => ({
      operation: request.operation,
      job: request.kind,
      caller: request.caller,
      since: request.since,
      position: index + 1,
      priority: request.priority,
    }));
  }

  /** Where a request stands in the queue, from 1. */
  position(waiter: SlotWaiter): number {
    return this.#waiters.indexOf(waiter) + 1;
  }

  #take(request: SlotRequest, now: number): SlotHolder {
    const holder: SlotHolder = {
      request,
      since: now,
      mask: destroyOnly,
      fraction: undefined,
      hop: undefined,
    };
    this.#holders.add(holder);
    if (request.kind === "lease") this.#leases++;
    return holder;
  }

  #removeAt(index: number): void {
    const [waiter] = this.#waiters.splice(index, 1);
    if (waiter !== undefined) this.#count(waiter.request.kind, -1);
  }

  #isFree(request: SlotRequest): boolean {
    for (const holder of this.#holders) {
      if (this.#conflicts(holder, request)) return false;
    }
    return true;
  }

  #conflicts(holder: SlotHolder, request: SlotRequest): boolean {
    const held = holder.request.kind;
    // A lease stands against everybody but its own run.
    if (held === "lease" || request.kind === "lease") return !isSameRun(holder.request, request);
    return conflicts(holder, request.kind);
  }

  /** Whether an earlier request that still waits must not be overtaken by a later one. */
  #holdsBack(earlier: SlotRequest, later: SlotRequest, now: number): boolean {
    const [waiting, passing] = [laneOf(earlier.kind), laneOf(later.kind)];
    if (later.kind === "destroy") return false;
    // The run that holds the lease is what everybody else waits for.
    if (this.#leases > 0 && this.#isLeasedTo(later) && !this.#isLeasedTo(earlier)) return false;
    if (waiting === "lease" || passing === "lease") return true;
    if (waiting === "agent" || passing === "agent") return waiting === passing;
    const asynchronous = [...this.#holders].find((holder) => laneOf(holder.request.kind) === "async");
    if (asynchronous !== undefined && passing === "normal" && isMaskedIn(asynchronous, later.kind)) {
      // What waits for the end of the asynchronous job loses nothing by this, for a while.
      if (waiting === "async") return now - earlier.since > this.#passBoundMs;
      return waiting === "normal" && isMaskedIn(asynchronous, earlier.kind);
    }
    if (waiting === "use") return passing === "use" ? false : disturbsUses(later.kind);
    if (passing === "use") return disturbsUses(earlier.kind);
    return true;
  }

  #isLeasedTo(request: SlotRequest): boolean {
    return [...this.#holders].some((holder) =>
      holder.request.kind === "lease" && isSameRun(holder.request, request)
    );
  }

  /** Whether the holders leave room for any kind that is waited for. */
  #someoneMayGo(): boolean {
    if (this.#leases > 0 || this.#waitingFor.has("lease")) return true;
    for (const kind of this.#waitingFor.keys()) {
      let free = true;
      for (const holder of this.#holders) free &&= !conflicts(holder, kind);
      if (free) return true;
    }
    return false;
  }

  #count(kind: SlotKind, change: number): void {
    const count = (this.#waitingFor.get(kind) ?? 0) + change;
    if (count === 0) this.#waitingFor.delete(kind);
    else this.#waitingFor.set(kind, count);
  }
}

function comesBefore(a: SlotRequest, b: SlotRequest): boolean {
  return a.order < b.order;
}

function isSameRun(a: SlotRequest, b: SlotRequest): boolean {
  return a.caller.run !== undefined && a.caller.run === b.caller.run;
}

function isMaskedIn(asynchronous: SlotHolder, kind: SlotKind): boolean {
  return kind === "destroy" || kind === "reconcile" || asynchronous.mask.has(kind as NormalJob);
}

/** Whether a holder that is no lease stands against a kind that is none. */
function conflicts(holder: SlotHolder, kind: SlotKind): boolean {
  const held = holder.request.kind;
  switch (laneOf(kind)) {
    case "agent":
      return held === "agent";
    case "use":
      return held !== "use" && disturbsUses(held);
    case "async":
      return held !== "agent";
    default:
      if (held === "agent") return false;
      if (held === "use") return disturbsUses(kind);
      if (laneOf(held) === "normal") return true;
      return !isMaskedIn(holder, kind);
  }
}
