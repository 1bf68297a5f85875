/**
 * Deletes snapshots that nobody keeps: the last ones stay, and the last one of each of the last days and weeks.
 * Without `dryRun=false` it only says what it would delete.
 *
 *     drover run recipes/snapshot_retention.ts -c qemu:///system --input snapshots='auto-*' --input dryRun=false --allow all
 *
 * @module
 */
import { type Domain, recipe, type SnapshotEntry, z } from "drover";

const dayMs = 86_400_000;

/** How many snapshots stay. Days and weeks are UTC's; weeks begin on Monday. */
interface Policy {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
}

/** A number for each day, or each week, that grows by one from one to the next. */
function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

function weekOf(ms: number): number {
  // The first day of 1970 was a Thursday.
  return Math.floor((dayOf(ms) + 3) / 7);
}

/** The entries that the policy keeps, by name. */
function kept(entries: readonly SnapshotEntry[], policy: Policy, now: number): ReadonlySet<string> {
  const newestFirst = [...entries].sort((a, b) => b.createdAt - a.createdAt);
  const keep = new Set(newestFirst.slice(0, policy.last).map(({ snapshot }) => snapshot.name));
  const periods = [{ of: dayOf, count: policy.daily }, { of: weekOf, count: policy.weekly }];
  for (const { of, count } of periods) {
    const seen = new Set<number>();
    for (const { snapshot, createdAt } of newestFirst) {
      const period = of(createdAt);
      if (of(now) - period >= count || seen.has(period)) continue;
      seen.add(period);
      keep.add(snapshot.name);
    }
  }
  return keep;
}

/** What became of one domain's snapshots. */
interface Kept {
  readonly domain: string;
  readonly kept: string[];
  readonly deleted: string[];
}

export default recipe({
  summary: "Delete old snapshots: keep the last ones, and one for each of the last days and weeks",
  input: z.object({
    domains: z.string().default("*").describe("Whose snapshots, as a glob over names"),
    snapshots: z.string().default("*").describe("Which snapshots, as a glob over names; all others stay"),
    last: z.int().min(1).default(3).describe("How many of the newest to keep"),
    daily: z.int().min(0).default(7).describe("For how many days to keep the newest of each"),
    weekly: z.int().min(0).default(4).describe("For how many weeks to keep the newest of each"),
    maxFail: z.int().min(0).default(0).describe("On how many domains it may fail before no more are begun"),
    dryRun: z.boolean().default(true).describe("Only say what would be deleted"),
  }),
  needs: ["connect:search_domains", "domain:getattr,read,snapshot"],
  async run({ host, input, log, now }): Promise<{ dryRun: boolean; domains: Kept[]; failed: string[] }> {
    const fleet = await host.domains({ name: input.domains, snapshots: true });
    const domains: Kept[] = [];
    const tidy = async (vm: Domain): Promise<void> => {
      const entries = await vm.snapshots.list({ name: input.snapshots });
      const keep = kept(entries, input, now());
      // The newest goes first: one that was taken after it would have to take over its data otherwise.
      const old = entries.filter(({ snapshot }) => !keep.has(snapshot.name))
        .sort((a, b) => b.createdAt - a.createdAt);
      const deleted: string[] = [];
      domains.push({ domain: vm.name, kept: [...keep].sort(), deleted });
      if (old.length === 0) return;
      await using _alone = input.dryRun ? undefined : await vm.exclusive({ within: "10m" });
      for (const { snapshot } of old) {
        if (!input.dryRun) await snapshot.delete();
        deleted.push(snapshot.name);
      }
      log.info(input.dryRun ? "would delete" : "deleted", { vm, snapshots: deleted });
    };
    const { failed } = await fleet.forEach(tidy, { limit: 4, maxFail: input.maxFail });
    return {
      dryRun: input.dryRun,
      domains: domains.sort((a, b) => a.domain < b.domain ? -1 : 1),
      failed: failed.map(({ target }) => target.name),
    };
  },
});
