/**
 * Which backups stay: the last ones, the last one of each of the last days and weeks, and all that these are made on.
 *
 * @module
 */

/** What has to be known of a backup to decide whether it stays. */
export interface Kept {
  /** What it is called; no two are called alike. */
  readonly id: string;
  /** When it was begun; milliseconds since 1970. */
  readonly takenAt: number;
  /** The one on which it is made, for one that holds changes alone. */
  readonly parent?: string | undefined;
  /** Whether it can be restored, as far as anybody knows. */
  readonly good: boolean;
}

/** How many backups stay. Days and weeks are UTC's; weeks begin on Monday. */
export interface Policy {
  /** So many of the newest; at least 1. */
  readonly last: number;
  /** The newest of each of so many days, today among them. */
  readonly daily: number;
  /** The newest of each of so many weeks, this one among them. */
  readonly weekly: number;
}

const dayMs = 86_400_000;

function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

function weekOf(ms: number): number {
  // The first day of 1970 was a Thursday.
  return Math.floor((dayOf(ms) + 3) / 7);
}

/** The ids of the backups that stay. One that is not good stays only where a good one is made on it. */
export function kept(backups: readonly Kept[], policy: Policy, now: number): ReadonlySet<string> {
  const newestFirst = backups.filter(({ good }) => good).sort((a, b) => b.takenAt - a.takenAt);
  const keep = new Set(newestFirst.slice(0, Math.max(1, policy.last)).map(({ id }) => id));
  const periods = [{ of: dayOf, count: policy.daily }, { of: weekOf, count: policy.weekly }];
  for (const { of, count } of periods) {
    const seen = new Set<number>();
    for (const { id, takenAt } of newestFirst) {
      const period = of(takenAt);
      if (of(now) - period >= count || seen.has(period)) continue;
      seen.add(period);
      keep.add(id);
    }
  }
  return withParents(keep, backups);
}

/** What is kept, and all that it is made on. */
function withParents(keep: ReadonlySet<string>, backups: readonly Kept[]): ReadonlySet<string> {
  const parents = new Map(backups.map(({ id, parent }) => [id, parent]));
  const all = new Set<string>();
  for (const id of keep) {
    for (let each: string | undefined = id; each !== undefined && !all.has(each); each = parents.get(each)) {
      all.add(each);
    }
  }
  return all;
}

/** What goes, in the order in which it can: what is made on another one goes before that. */
export function leaving<T extends Kept>(backups: readonly T[], policy: Policy, now: number): readonly T[] {
  const stays = kept(backups, policy, now);
  return backups.filter(({ id }) => !stays.has(id)).sort((a, b) => b.takenAt - a.takenAt);
}
