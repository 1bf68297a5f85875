/**
 * Backs running domains up into a pool: what has changed since the last backup, and now and then all of it. Each backup is
 * restored beside the domain and looked at before it counts, and old ones go.
 *
 *     drover run recipes/nightly_backup.ts -c qemu:///system --input domains='web-*' --input pool=backups --allow all
 *
 * A backup that was interrupted never counts, and the next run removes it. A guest whose agent can freeze its file systems is
 * frozen for the moment in which the backup begins; without one a backup is what a power cut would have left.
 *
 * @module
 */
import { type Domain, type Host, type Log, type Pool, recipe, z } from "drover";
import { backUp, endStray, tidyCheckpoints } from "./nightly_backup/back_up.ts";
import { deleteVolumes, enter, type Entry, readBook, strike } from "./nightly_backup/book.ts";
import { ask, proveRestorable } from "./nightly_backup/restore.ts";
import { leaving } from "./nightly_backup/retention.ts";

const inputs = z.object({
  domains: z.string().default("*").describe("Which running domains, as a glob over names"),
  pool: z.string().default("backups").describe("Where the backups go: a pool of files that runs"),
  maxIncrements: z.int().min(0).default(6).describe("How many backups of changes follow a whole one"),
  last: z.int().min(1).default(3).describe("How many of the newest to keep"),
  daily: z.int().min(0).default(7).describe("For how many days to keep the newest of each"),
  weekly: z.int().min(0).default(4).describe("For how many weeks to keep the newest of each"),
  quiesce: z.enum(["auto", "always", "never"]).default("auto").describe(
    "Whether the agent freezes the guest's file systems while the backup begins: where it can, or fail, or not",
  ),
  verify: z.boolean().default(true).describe("Restore each backup, and look at it before it counts"),
  check: z.array(z.string()).default([]).describe(
    "A program that the agents run in the guest and in what was restored; it has to print the same",
  ),
  consoleText: z.string().default("").describe("What has to come on the console of what was restored"),
  bootMinutes: z.int().min(1).default(5).describe("How long what was restored may take to come up"),
  maxHours: z.int().min(1).default(12).describe("How long one domain's backup may take"),
  maxFail: z.int().min(0).default(0).describe("On how many domains it may fail before no more are begun"),
});

type Input = z.output<typeof inputs>;

/** What became of one domain. */
interface Report {
  readonly domain: string;
  readonly backup: string;
  readonly kind: string;
  readonly consistency: string;
  readonly verified: string;
  readonly kept: string[];
  readonly deleted: string[];
}

interface Tools {
  readonly host: Host;
  readonly pool: Pool;
  readonly input: Input;
  readonly log: Log;
  readonly now: () => number;
}

async function nightly(vm: Domain, { host, pool, input, log, now }: Tools): Promise<Report> {
  const within = `${input.maxHours * 3600}s` as const;
  await using _alone = await vm.exclusive({ within });
  const { entries, halves } = await readBook(pool, vm);
  if (halves.length > 0) {
    log.warn("removing what an interrupted run has left", { vm, volumes: halves });
    await endStray(vm, halves);
    await deleteVolumes(pool, halves);
  }
  const last = entries.at(-1);
  const base = last?.good === true ? last : undefined;
  await tidyCheckpoints(vm, base?.checkpoint);
  const answer = input.verify ? await ask(vm, input.check) : undefined;
  const increments = entries.length - 1 - entries.findLastIndex(({ kind }) => kind === "full");
  const { maxIncrements, quiesce } = input;
  const latest = last?.takenAt ?? 0;
  const made = await backUp(vm, {
    pool,
    last: base,
    latest,
    increments,
    maxIncrements,
    quiesce,
    within,
    now,
    log,
  });
  let verified = "no";
  let failure: unknown;
  if (input.verify) {
    const { check, consoleText, bootMinutes } = input;
    const proof = { check, consoleText, bootWithin: `${bootMinutes * 60}s` } as const;
    try {
      verified = await proveRestorable(host, { pool, entry: made, proof, answer });
    } catch (error) {
      failure = error;
      verified = `failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const entry: Entry = { ...made, disks: [...made.disks], verified, good: failure === undefined };
  await enter(pool, vm, entry);
  if (failure !== undefined) {
    throw new Error(`The backup ${made.id} of ${vm} is there and cannot be trusted: ${verified}`, {
      cause: failure,
    });
  }
  await tidyCheckpoints(vm, made.checkpoint);
  const all = [...entries, entry];
  const old = leaving(all, input, now());
  for (const each of old) await strike(pool, vm, each);
  const deleted = old.map(({ id }) => id);
  log.info("backed up", { vm, backup: made.id, kind: made.kind, verified, deleted });
  return {
    domain: vm.name,
    backup: made.id,
    kind: made.kind,
    consistency: made.consistency,
    verified,
    kept: all.map(({ id }) => id).filter((id) => !deleted.includes(id)),
    deleted,
  };
}

export default recipe({
  summary: "Back up running domains, restore each backup to see that it is one, and delete old ones",
  input: inputs,
  needs: [
    "connect:getattr,search_domains",
    "domain:getattr,read,write,save,start,suspend,stop,delete,open_device,checkpoint,block_write,fs_freeze",
    "storage_pool:getattr,refresh,search_storage_vols",
    "storage_vol:getattr,read,create,delete,data_read,data_write",
    "host:kernel,path,emulator",
  ],
  async run({ host, input, log, now }): Promise<{ backups: Report[]; failed: string[] }> {
    const pool = await host.pool(input.pool);
    const fleet = await host.domains({ name: input.domains, state: "running" });
    const backups: Report[] = [];
    const { failed } = await fleet.forEach(async (vm) => {
      backups.push(await nightly(vm, { host, pool, input, log, now }));
    }, { limit: 1, maxFail: input.maxFail });
    return { backups, failed: failed.map(({ target }) => target.name) };
  },
});
