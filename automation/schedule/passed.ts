/**
 * What becomes of the due times that have passed since a schedule was looked at last: which of them fire, and which are
 * on record as missed.
 *
 * @module
 */
import { type PassedDues, passedDues } from "./due.ts";
import type { NextAfter, ScheduleSpec } from "./schedule.ts";

/** A due time may be this long ago and counts as kept, in milliseconds: a daemon that is started anew has missed nothing. */
export const latenessMs = 60_000;

/** How long ago a due time may be that `run-all` makes good, unless it is said, in milliseconds. */
const runAllWithinMs = 24 * 60 * 60 * 1000;

/** A due time that fires. */
export interface DueFiring {
  readonly due: number;
  /** It makes good what was missed: it waits for its turn rather than being skipped. */
  readonly catchUp: boolean;
}

/** Due times in a row that nobody kept. */
export interface MissedDues {
  readonly due: number;
  readonly through: number;
  readonly count: number;
  readonly reason: string;
}

/** What becomes of the due times that have passed. */
export interface Passed {
  readonly firings: readonly DueFiring[];
  readonly missed?: MissedDues;
  /** The last of the due times: everything up to there is seen to. */
  readonly through: number;
}

/** Sorts out the due times that have passed; `undefined` where there are none. */
export function sortPassed(
  { triggers, missed: { policy, most, within } }: Pick<ScheduleSpec, "triggers" | "missed">,
  { through, now, nextAfter }: {
    /** Up to where due times have been seen to. */
    readonly through: number;
    readonly now: number;
    readonly nextAfter: NextAfter;
  },
): Passed | undefined {
  const edge = Math.max(through, now - latenessMs - 1);
  const look = (after: number, until: number, wanted: number): PassedDues | undefined =>
    passedDues({ triggers }, { after, until, most: wanted, nextAfter });
  const kept = look(edge, now, Infinity)?.latest ?? [];
  const late = edge > through ? look(through, edge, policy === "run-all" ? most : 1) : undefined;
  if (late === undefined) {
    const last = kept.at(-1);
    return last === undefined
      ? undefined
      : { firings: kept.map((due) => ({ due, catchUp: false })), through: last };
  }
  const last = late.latest.at(-1) ?? late.first;
  const reach = within ?? (policy === "run-all" ? runAllWithinMs : Infinity);
  const madeGood = policy === "skip" || (policy === "run-once" && kept.length > 0)
    ? []
    : late.latest.filter((due) => now - due <= reach);
  // What is made good is the end of what was missed; the rest stands in one row.
  const given = late.count - madeGood.length;
  const firings = [
    ...madeGood.map((due) => ({ due, catchUp: true })),
    ...kept.map((due, index) => ({
      due,
      catchUp: policy === "run-all" || (policy === "run-once" && index === 0),
    })),
  ];
  const [first] = firings;
  return {
    firings,
    ...(given <= 0 ? {} : {
      missed: {
        due: late.first,
        through: lastBefore(late, madeGood),
        count: given,
        reason: policy === "run-once" && first !== undefined
          ? `nobody could fire then; made good by the one due at ${timeText(first.due)}`
          : "nobody could fire then",
      },
    }),
    through: kept.at(-1) ?? last,
  };
}

/** The last missed due time that is not made good. */
function lastBefore({ first, latest }: PassedDues, madeGood: readonly number[]): number {
  return latest.filter((due) => !madeGood.includes(due)).at(-1) ??
    Math.max(first, (madeGood[0] ?? first) - 1);
}

/** An instant for people. */
export function timeText(at: number): string {
  return new Date(at).toISOString().replace(/\.000Z$/, "Z");
}
