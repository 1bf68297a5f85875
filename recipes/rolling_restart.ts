/**
 * Restarts running domains a few at a time. Each one is snapshotted first; the snapshot goes when the domain is back, and
 * stays where it is not. When too many fail, no more are begun.
 *
 *     drover run recipes/rolling_restart.ts -c qemu:///system --input domains='web-*' --input maxFail=1 \
 *       --allow connect:search_domains --allow 'domain:getattr,read,start,stop,init_control,snapshot@web-*'
 *
 * @module
 */
import { duration, recipe, z } from "drover";

/** What became of one domain. */
interface Restarted {
  readonly domain: string;
  readonly how: "shutdown" | "destroyed" | "was-off";
  readonly ip?: string;
}

export default recipe({
  summary: "Snapshot and restart domains, a few at a time",
  input: z.object({
    domains: z.string().default("*").describe("Which running domains, as a glob over names"),
    canary: z.int().min(1).default(1).describe("How many to restart first, to see how it goes"),
    batch: z.int().min(1).max(100).default(25).describe("How many percent at a time after that"),
    maxFail: z.int().min(0).default(0).describe("How many may fail before no more are begun"),
    within: z.string().default("2m").transform(duration).describe("How long guests may take to shut down"),
    force: z.boolean().default(true).describe("Pull the power cord of guests that take longer"),
    waitForIp: z.boolean().default(false).describe(
      "A domain is back when it has an address, not when it runs",
    ),
  }),
  needs: ["connect:search_domains", "domain:getattr,read,start,stop,init_control,snapshot"],
  async run({ host, input, log, progress }): Promise<{ restarted: Restarted[]; failed: string[] }> {
    const fleet = await host.domains({ name: input.domains, state: "running" });
    log.info(fleet.length === 1 ? "1 domain to restart" : `${fleet.length} domains to restart`);
    const restarted: Restarted[] = [];
    const failed: string[] = [];
    const plan = { batch: [input.canary, `${input.batch}%`], maxFail: input.maxFail } as const;
    for await (const batch of fleet.rolling(plan)) {
      const report = await batch.forEach((vm) =>
        vm.snapshots.during({ name: "before-restart", keep: "on-failure" }, async () => {
          const { how } = await vm.shutdown({
            within: input.within,
            otherwise: input.force ? "destroy" : "fail",
          });
          await vm.start();
          await vm.until.running({ within: "1m" });
          const ip = input.waitForIp ? await vm.until.ip({ within: "2m" }) : undefined;
          restarted.push({ domain: vm.name, how, ...(ip === undefined ? {} : { ip }) });
          log.info("back", { vm, how, ...(ip === undefined ? {} : { ip }) });
        })
      );
      failed.push(...report.failed.map(({ target }) => target.name));
      progress((restarted.length + failed.length) / fleet.length, `${restarted.length} back`);
    }
    return { restarted, failed };
  },
});
