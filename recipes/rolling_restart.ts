/**
 * Restarts running domains a few at a time. Each one is snapshotted first; the snapshot goes
 * when the domain is back, and stays where it is not. When too many fail, no more are begun, and who is left feeds the next
 * run:
 *
 *     drover run recipes/rolling_restart.ts -c qemu:///system --input domains='web-*' --input maxFail=1 \
 *       --allow connect:search_domains --allow 'domain:getattr,read,start,stop,init_control,snapshot@web-*' \
 *       --output-file restarted.json
 *     drover run recipes/rolling_restart.ts … --input members=@restarted.json
 *
 * @module
 */
import { duration, Fleet, memberList, recipe, type ResumeList, resumeList, z } from "drover";

/** What became of one domain. */
interface Restarted {
  readonly domain: string;
  readonly host: string;
  readonly how: "shutdown" | "destroyed" | "was-off";
  readonly ip?: string;
}

export default recipe({
  summary: "Snapshot and restart domains, a few at a time",
  input: z.object({
    domains: z.string().default("*").describe("Which running domains, as a glob over names"),
    members: memberList.optional(),
    canary: z.int().min(1).default(1).describe("How many to restart first, to see how it goes"),
    batch: z.int().min(1).max(100).default(25).describe("How many percent at a time after that"),
    oneOfEachHost: z.boolean().default(false).describe("Restart no two domains of one host at the same time"),
    maxFail: z.int().min(0).default(0).describe("How many may fail before no more are begun"),
    pause: z.string().default("0s").transform(duration).describe("How long to wait between batches"),
    within: z.string().default("2m").transform(duration).describe("How long guests may take to shut down"),
    force: z.boolean().default(true).describe("Pull the power cord of guests that take longer"),
    waitForIp: z.boolean().default(false).describe(
      "A domain is back when it has an address, not when it runs",
    ),
  }),
  needs: ["connect:search_domains", "domain:getattr,read,start,stop,init_control,snapshot"],
  hosts: "any",
  async run({ hosts, input, log, progress }): Promise<{ readonly restarted: Restarted[] } & ResumeList> {
    // Who is named may be off: it was not started again.
    const which = {
      name: input.domains,
      ...(input.members === undefined ? { state: "running" as const } : {}),
    };
    const lists = await Promise.all(Object.values(hosts).map((host) => host.domains(which)));
    const all = new Fleet(lists.flatMap((list) => list.toArray()))
      .toSorted((a, b) => a.name.localeCompare(b.name));
    const fleet = all.only(input.members);
    log.info(fleet.length === 1 ? "1 domain to restart" : `${fleet.length} domains to restart`);
    const restarted: Restarted[] = [];
    const rolling = fleet.rolling({
      batch: [input.canary, `${input.batch}%`],
      maxFail: input.maxFail,
      pause: input.pause,
      ...(input.oneOfEachHost ? { apart: "host" } : {}),
    });
    for await (const batch of rolling) {
      await batch.forEach((vm) =>
        vm.snapshots.during({ name: "before-restart", keep: "on-failure" }, async () => {
          const { how } = await vm.shutdown({
            within: input.within,
            otherwise: input.force ? "destroy" : "fail",
          });
          await vm.start();
          await vm.until.running({ within: "1m" });
          const ip = input.waitForIp ? await vm.until.ip({ within: "2m" }) : undefined;
          restarted.push({
            domain: vm.name,
            host: vm.connection,
            how,
            ...(ip === undefined ? {} : { ip }),
          });
          log.info("back", { vm, how, ...(ip === undefined ? {} : { ip }) });
        })
      );
      const { done, failed } = rolling.report;
      progress((done.length + failed.length) / fleet.length, `${restarted.length} back`);
    }
    return { restarted, ...resumeList(rolling.report) };
  },
});
