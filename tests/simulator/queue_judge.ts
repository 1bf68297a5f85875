/**
 * Judges who goes when, by the naive queue: whoever gets an object passes nobody whom it must not pass, and nobody waits
 * for nothing.
 *
 * @module
 */
import type { NormalJob } from "../../model/operation.ts";
import type { HolderView, WaiterView } from "../../runtime/call.ts";
import { isFree, letsPass, type NaiveHolder, type NaiveParty } from "../kit/naive_queue.ts";
import { type Invariant, Violation } from "./simulation.ts";

/** Waiting this long counts as one step of priority, in milliseconds. */
const ageMs = 30_000;

/** Somebody at an object; each call and each lease has a caller of its own. */
interface Party extends NaiveParty {
  readonly who: string;
  readonly operation: string;
}

/** An object as it was after the step before. */
interface Seen {
  readonly holders: readonly NaiveHolder<Party>[];
  readonly waiters: readonly Party[];
}

/** What the judge has to be told, since no view shows it. */
export interface QueueFacts {
  /** The normal jobs that an asynchronous job allows now. */
  maskOf(key: string, operation: string): readonly NormalJob[];
  /** Those that it allowed last, though it may have ended a moment ago. */
  lastMaskOf(key: string, operation: string): readonly NormalJob[];
  /** The priority of a caller. */
  priorityOf(who: string): number;
  /** Whether somebody has been cancelled, and must not wait any more. */
  isCancelled(who: string): boolean;
}

function waiterOf({ operation, job, caller, since, priority }: WaiterView): Party {
  return {
    who: caller.principal,
    operation,
    kind: kindOf(job),
    run: caller.run,
    since,
    order: since - priority * ageMs,
  };
}

function kindOf(job: HolderView["job"]): NaiveParty["kind"] {
  if (job === "none") throw new Violation("Somebody holds a slot that takes none");
  return job;
}

/** The judge, for one simulation. */
export function queueIsFair(facts: QueueFacts): Invariant {
  let before: ReadonlyMap<string, Seen> = new Map();
  const holderOf = (key: string, { operation, job, caller, since }: HolderView): NaiveHolder<Party> => ({
    party: {
      who: caller.principal,
      operation,
      kind: kindOf(job),
      run: caller.run,
      since,
      order: since - facts.priorityOf(caller.principal) * ageMs,
    },
    mask: facts.maskOf(key, operation),
  });
  return ({ kernel, clock }) => {
    const now = new Map<string, Seen>();
    for (const { key, label, holders, waiters } of kernel.slots()) {
      const seen = {
        holders: holders.map((holder) => holderOf(key, holder)),
        waiters: waiters.map(waiterOf),
      };
      now.set(key, seen);
      // Who held it a moment ago may have allowed more before it left.
      const { holders: left, waiters: waited } = before.get(key) ?? nobody;
      const allowed = left.map(({ party }) => ({ party, mask: facts.lastMaskOf(key, party.operation) }));
      judge(label, { before: { holders: allowed, waiters: waited }, seen, now: clock.now() });
      for (const { who, kind } of seen.waiters) {
        const stays = kind === "destroy" || kind === "reconcile";
        if (!stays && facts.isCancelled(who)) {
          throw new Violation(`${who} was cancelled and still waits for ${label}`);
        }
      }
    }
    before = now;
  };
}

const nobody: Seen = { holders: [], waiters: [] };

function judge(
  label: string,
  { before, seen, now }: { readonly before: Seen; readonly seen: Seen; readonly now: number },
): void {
  for (const { party } of seen.holders) {
    if (before.holders.some((holder) => holder.party.who === party.who)) continue;
    judgeArrival(label, { before, seen, now, arrived: party });
  }
  for (const [index, waiter] of seen.waiters.entries()) {
    const { holders, waiters } = seen;
    const goes = isFree(waiter, holders) &&
      waiters.slice(0, index).every((earlier) => letsPass(earlier, waiter, { holders, now }));
    if (goes) {
      throw new Violation(`${waiter.who} (${waiter.kind}) waits for ${label}, and nothing stands against it`);
    }
  }
}

/** Somebody got the object: whoever waited longer and waits still must have let it pass. */
function judgeArrival(
  label: string,
  { before, seen, now, arrived }: {
    readonly before: Seen;
    readonly seen: Seen;
    readonly now: number;
    readonly arrived: Party;
  },
): void {
  const place = before.waiters.findIndex(({ who }) => who === arrived.who);
  const later = before.waiters[place] ?? arrived;
  for (const [index, earlier] of before.waiters.entries()) {
    const isEarlier = earlier.order < later.order ||
      (earlier.order === later.order && (place < 0 || index < place));
    if (!isEarlier || !seen.waiters.some(({ who }) => who === earlier.who)) continue;
    const others = seen.holders.filter(({ party }) => party.who !== arrived.who);
    const lets = letsPass(earlier, later, { holders: before.holders, now }) ||
      letsPass(earlier, later, { holders: others, now });
    if (!lets) {
      throw new Violation(
        `${later.who} (${later.kind}) got ${label} before ${earlier.who} (${earlier.kind}), who came earlier`,
      );
    }
  }
}
