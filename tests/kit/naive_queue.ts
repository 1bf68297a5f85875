/**
 * The job model and its queue, told as simply as possible: tables spelled out, and everything looked at again after
 * every step.
 *
 * @module
 */
import { asyncJobs, type NormalJob, normalJobs } from "../../model/operation.ts";
import type { SlotKind } from "../../runtime/slot.ts";

const normalKinds: readonly SlotKind[] = [...normalJobs, "reconcile"];

/** The kinds of asynchronous jobs. */
export const asynchronousKinds: readonly SlotKind[] = asyncJobs.map((job): SlotKind => `async:${job}`);

/** All kinds. */
export const kinds: readonly SlotKind[] = [...normalKinds, ...asynchronousKinds, "agent", "use", "lease"];

/** How long masked-in jobs may pass an asynchronous job that waits, in milliseconds. */
const passBoundMs = 10_000;

/** Who wants a slot, or has it. */
export interface NaiveParty {
  readonly kind: SlotKind;
  readonly run: string | undefined;
  /** When it asked, in milliseconds. */
  readonly since: number;
  /** Where it stands in the queue: when it asked, earlier by the ageing time for each step of priority. */
  readonly order: number;
}

/** Who has it, and what it allows meanwhile. */
export interface NaiveHolder<P extends NaiveParty> {
  readonly party: P;
  readonly mask: readonly NormalJob[];
}

/** Who may come when somebody else, of another run, is there already. */
export function mayCome(held: SlotKind, wanted: SlotKind, mask: readonly NormalJob[]): boolean {
  if (held === "lease" || wanted === "lease") return false;
  if (held === "agent" || wanted === "agent") return held !== wanted;
  if (held === "use") return wanted === "use" || wanted === "query";
  if (wanted === "use") return held === "query";
  if (normalKinds.includes(held)) return false;
  if (asynchronousKinds.includes(wanted)) return false;
  return wanted === "destroy" || wanted === "reconcile" || mask.some((job) => job === wanted);
}

function isSameRun(a: NaiveParty, b: NaiveParty): boolean {
  return a.run !== undefined && a.run === b.run;
}

/** Whether nobody who holds the object stands against somebody. */
export function isFree(wanted: NaiveParty, holders: readonly NaiveHolder<NaiveParty>[]): boolean {
  return holders.every(({ party: held, mask }) =>
    held.kind === "lease" || wanted.kind === "lease"
      ? isSameRun(held, wanted)
      : mayCome(held.kind, wanted.kind, mask)
  );
}

/** Whether somebody who waits lets somebody pass who stands behind it. */
export function letsPass(
  earlier: NaiveParty,
  later: NaiveParty,
  { holders, now }: { readonly holders: readonly NaiveHolder<NaiveParty>[]; readonly now: number },
): boolean {
  const leased = (party: NaiveParty): boolean =>
    holders.some(({ party: held }) => held.kind === "lease" && isSameRun(held, party));
  if (later.kind === "destroy") return true;
  if (leased(later) && !leased(earlier)) return true;
  if (earlier.kind === "lease" || later.kind === "lease") return false;
  if (earlier.kind === "agent" || later.kind === "agent") return earlier.kind !== later.kind;
  const running = holders.find(({ party: held }) => asynchronousKinds.includes(held.kind));
  const isMasked = ({ kind }: NaiveParty): boolean =>
    running !== undefined && normalKinds.includes(kind) && mayCome(running.party.kind, kind, running.mask);
  if (isMasked(later)) {
    if (asynchronousKinds.includes(earlier.kind)) return now - earlier.since <= passBoundMs;
    return earlier.kind === "use" || !isMasked(earlier);
  }
  if (earlier.kind === "use") return later.kind === "use" || later.kind === "query";
  if (later.kind === "use") return earlier.kind === "query";
  return false;
}

/** A queue that looks at everybody again after every step. */
export class NaiveQueue<P extends NaiveParty> {
  readonly holders: { readonly party: P; mask: readonly NormalJob[] }[] = [];
  readonly waiters: P[] = [];

  ask(party: P): void {
    this.waiters.push(party);
    this.waiters.sort((a, b) => a.order - b.order);
  }

  /** Lets go who may go, one at a time, from the head of the queue. */
  settle(now: number): void {
    const { holders } = this;
    const index = this.waiters.findIndex((wanted, at) =>
      isFree(wanted, holders) &&
      this.waiters.slice(0, at).every((earlier) => letsPass(earlier, wanted, { holders, now }))
    );
    if (index < 0) return;
    const [next] = this.waiters.splice(index, 1);
    if (next !== undefined) holders.push({ party: next, mask: [] });
    this.settle(now);
  }
}
