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

/** The waiters of a circle that `start` closes, beginning with it; `undefined` where there is none. */
export function findCycle(
  start: SlotWaiter,
  { waiting }: WaitGraph,
): readonly SlotWaiter[] | undefined {
  const own = new Set(partiesOf(start.request));
  const waitersOf = new Map<string, SlotWaiter[]>();
  for (const waiter of waiting.keys()) {
    for (const party of partiesOf(waiter.request)) {
      const known = waitersOf.get(party);
      if (known === undefined) waitersOf.set(party, [waiter]);
      else known.push(waiter);
    }
  }
  const seen = new Set<SlotWaiter>();
  const walk = (waiter: SlotWaiter): SlotWaiter[] | undefined => {
    if (seen.has(waiter)) return undefined;
    seen.add(waiter);
    for (const holder of waiting.get(waiter)?.blockers(waiter.request) ?? []) {
      const party = partyOf(holder);
      if (own.has(party)) return [waiter];
      for (const next of waitersOf.get(party) ?? []) {
        const rest = walk(next);
        if (rest !== undefined) return [waiter, ...rest];
      }
    }
    return undefined;
  };
  return walk(start);
}
