/**
 * Finds what is left over and removes it: volumes that no domain uses, domains whose time is over, old snapshots.
 * Without `dryRun=false` it only says what it would remove.
 *
 *     drover run recipes/cleanup.ts -c qemu:///system --input pools='*' --input snapshotDays=90 --allow all
 *
 * What this recipe is not allowed to see it takes for absent. Grant `domain:getattr,read` on all domains, and clean no pool
 * whose volumes are used from another host.
 *
 * @module
 */
import { type Domain, type Host, isVirtError, type Log, recipe, type Volume, z } from "drover";

const dayMs = 86_400_000;

/** A volume with its path and what it says of itself, its backing volume among it. */
interface Seen {
  readonly volume: Volume;
  readonly pool: string;
  readonly path: string;
  readonly bytes: number;
  readonly xml: string;
  /** Whether it is one of those that may go. */
  readonly mayGo: boolean;
}

/** Texts in which the volumes in use are named: definitions of domains, and those kept in snapshots. */
async function definitions(vm: Domain): Promise<string[]> {
  try {
    const texts = [await vm.xml({ inactive: true }), await vm.xml()];
    for (const { snapshot } of await vm.snapshots.list()) texts.push(await snapshot.xml());
    return texts;
  } catch (error) {
    // A domain that went meanwhile uses nothing any more.
    if (isVirtError(error, "not-found")) return [];
    throw error;
  }
}

/** Text with XML's own entities resolved, so that paths can be looked for in it. */
function unescaped(xml: string): string {
  return xml.replaceAll("&apos;", "'").replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll(
    "&gt;",
    ">",
  )
    .replaceAll("&amp;", "&");
}

/**
 * Whether a text names a volume: by its path, or by pool and name. Anything that looks like it counts, also in a comment:
 * a volume that stays too long does less harm than one that goes too early.
 */
function names(text: string, { path, pool, volume }: Seen): boolean {
  if (text.includes(path)) return true;
  return [`'`, `"`].some((quote) =>
    text.includes(`${quote}${volume.name}${quote}`) && text.includes(`${quote}${pool}${quote}`)
  );
}

/** The volumes of the pools that nothing in `texts` leads to, not even as the base of a volume that is in use. */
function unused(volumes: readonly Seen[], texts: readonly string[]): Seen[] {
  let free = volumes.filter(({ mayGo }) => mayGo);
  const staying = volumes.filter(({ mayGo }) => !mayGo).map(({ xml }) => xml);
  for (let reached = [...texts, ...staying]; reached.length > 0;) {
    const used = free.filter((volume) => reached.some((text) => names(text, volume)));
    free = free.filter((volume) => !used.includes(volume));
    reached = used.map(({ xml }) => xml);
  }
  return free;
}

/** The volumes of the pools that run; those whose name does not fit may not go, but may lead to others. */
async function volumesOf(host: Host, pools: string, mayGo: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const pool of await host.pools({ name: pools, active: true })) {
    const fitting = new Set((await pool.volumes({ name: mayGo })).names);
    for (const { volume, path, allocationBytes } of await pool.listVolumes()) {
      seen.push({
        volume,
        pool: pool.name,
        path,
        bytes: allocationBytes,
        xml: unescaped(await volume.xml()),
        mayGo: fitting.has(volume.name),
      });
    }
  }
  return seen;
}

/** The day after which a domain is left over: `expires: 2030-01-31` in its title or description. */
async function expires(vm: Domain): Promise<number | undefined> {
  for (const kind of ["title", "description"] as const) {
    try {
      const day = /\bexpires:?\s*(\d{4}-\d{2}-\d{2})\b/i.exec(await vm.metadata({ kind }))?.[1];
      if (day !== undefined) return Date.parse(day) + dayMs;
    } catch (error) {
      if (!isVirtError(error, "not-found")) throw error;
    }
  }
  return undefined;
}

/** Removes a domain's definition, unless somebody has started it meanwhile. Its disks become unused volumes. */
async function removeDomain(vm: Domain, log: Log): Promise<boolean> {
  await using _alone = await vm.exclusive({ within: "1m" });
  if ((await vm.info()).state !== "shutoff") {
    log.warn("was started meanwhile, and stays", { vm });
    return false;
  }
  await vm.undefine({ managedSave: true, snapshotsMetadata: true, checkpointsMetadata: true, nvram: true });
  return true;
}

/** What was removed, or would be. */
interface Report {
  readonly dryRun: boolean;
  readonly volumes: { readonly volume: string; readonly path: string; readonly bytes: number }[];
  readonly domains: string[];
  readonly snapshots: { readonly domain: string; readonly snapshot: string; readonly days: number }[];
  readonly freedBytes: number;
}

export default recipe({
  summary: "Remove what is left over: unused volumes, expired domains, old snapshots",
  input: z.object({
    pools: z.string().default("").describe(
      "In which pools to look for unused volumes, as a glob; none by default",
    ),
    volumes: z.string().default("*").describe("Which volumes may go, as a glob over names"),
    domains: z.string().default("").describe(
      "Which domains may go if they are off and their description says `expires: YYYY-MM-DD`, as a glob; none by default",
    ),
    unlabelled: z.boolean().default(false).describe(
      "Let those domains go that say nothing of when they expire",
    ),
    snapshotDays: z.int().min(1).optional().describe(
      "Delete snapshots older than so many days; none by default",
    ),
    snapshots: z.string().default("*").describe("Which snapshots may go, as a glob over names"),
    dryRun: z.boolean().default(true).describe("Only say what would be removed"),
  }),
  needs: [
    "connect:search_domains,search_storage_pools",
    "domain:getattr,read,delete,snapshot",
    "storage_pool:getattr,search_storage_vols",
    "storage_vol:getattr,read,delete",
  ],
  async run({ host, input, log, step, now }): Promise<Report> {
    const { dryRun } = input;
    const report: Report = { dryRun, volumes: [], domains: [], snapshots: [], freedBytes: 0 };
    const verb = dryRun ? "would remove" : "removed";
    const everybody = await host.domains();

    await step("snapshots", async () => {
      if (input.snapshotDays === undefined) return;
      for (const vm of everybody) {
        for (const { snapshot, createdAt } of await vm.snapshots.list({ name: input.snapshots })) {
          const days = Math.floor((now() - createdAt) / dayMs);
          if (days < input.snapshotDays) continue;
          if (!dryRun) await snapshot.delete();
          report.snapshots.push({ domain: vm.name, snapshot: snapshot.name, days });
          log.info(verb, { snapshot, days });
        }
      }
    });

    const gone = new Set<string>();
    await step("domains", async () => {
      if (input.domains === "") return;
      for (const vm of await host.domains({ name: input.domains, state: "shutoff", persistent: true })) {
        const end = await expires(vm);
        if (end === undefined ? !input.unlabelled : end > now()) continue;
        if (!dryRun && !await removeDomain(vm, log)) continue;
        gone.add(vm.id);
        report.domains.push(vm.name);
        log.info(verb, { vm });
      }
    });

    const bytes = await step("volumes", async () => {
      if (input.pools === "") return 0;
      const volumes = await volumesOf(host, input.pools, input.volumes);
      // Looked at after the volumes: a domain that was defined meanwhile with one of them is seen.
      const rest = (await host.domains()).filter(({ id }) => !gone.has(id));
      const texts = (await Promise.all(rest.map(definitions))).flat().map(unescaped);
      let freed = 0;
      for (const { volume, pool, path, bytes } of unused(volumes, texts)) {
        if (!dryRun) await volume.delete();
        report.volumes.push({ volume: `${pool}/${volume.name}`, path, bytes });
        log.info(verb, { volume, path });
        freed += bytes;
      }
      return freed;
    });
    return { ...report, freedBytes: bytes };
  },
});
