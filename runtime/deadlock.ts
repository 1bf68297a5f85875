/**
 * Finding a circle of callers that wait for each other.
 *
 * A party is a call, which may hold some slots while it waits for the next, or a run, which holds leases while any of
 * its calls waits. A run with a lease counts as waiting as soon as one of its calls does: that is stricter than the
 * truth where a recipe has several branches, and never misses a circle.
 *
 * @module
 */
import type { Slot, SlotHolder, SlotRequest, SlotWaiter } from "./slot.ts";

/** What the search walks. */
export interface WaitGraph {
  readonly waiting: ReadonlyMap<SlotWaiter, Slot>;
  /** Milliseconds since 1970; time closes the door to those who pass a waiting asynchronous job. */
  readonly now: number;
}

/** The party that a holder is, and whether it may be waiting elsewhere. */
function partyOf({ request }: SlotHolder): string {
  return request.kind === "lease" && request.caller.run !== undefined
    ? `run:${request.caller.run}`
    : `group:${request.group}`;
}

function partiesOf(request: SlotRequest): string[] {
  const group = `group:${request.group}`;
  return request.caller.run === undefined ? [group] : [group, `run:${request.caller.run}`];
}

function byParty(waiters: Iterable<SlotWaiter>): Map<string, SlotWaiter[]> {
  const found = new Map<string, SlotWaiter[]>();
  for (const waiter of waiters) {
    for (const party of partiesOf(waiter.request)) {
      const known = found.get(party);
      if (known === undefined) found.set(party, [waiter]);
      else known.push(waiter);
    }
  }
  return found;
}

/**
 * The waiters of a circle that `start` closes, beginning with it; `undefined` where there is none. A waiter waits for
 * those who hold what it wants, and for those before it in the queue whom it must not overtake.
 */
export function findCycle(start: SlotWaiter, { waiting, now }: WaitGraph): readonly SlotWaiter[] | undefined {
  const own = new Set(partiesOf(start.request));
  const waitersOf = byParty(waiting.keys());
  const seen = new Set<SlotWaiter>();
  const walk = (waiter: SlotWaiter): SlotWaiter[] | undefined => {
    seen.add(waiter);
    const slot = waiting.get(waiter);
    const next: SlotWaiter[] = [];
    for (const holder of slot?.blockers(waiter.request) ?? []) {
      const party = partyOf(holder);
      if (own.has(party)) return [waiter];
      next.push(...waitersOf.get(party) ?? []);
    }
    for (const earlier of slot?.heldBackBy(waiter, now) ?? []) {
      if (earlier === start) return [waiter];
      next.push(earlier);
    }
    for (const each of next) {
      const rest = seen.has(each) ? undefined : walk(each);
      if (rest !== undefined) return [waiter, ...rest];
    }
    return undefined;
  };
  return walk(start);
}
