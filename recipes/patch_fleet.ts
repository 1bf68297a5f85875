/**
 * Patches guests batch by batch: a snapshot, the patch by the guest's agent, a health check. A guest that is not healthy
 * afterwards goes back to its snapshot by itself; of the others the snapshot is removed. When too many fail, no more are begun,
 * and the result says who is left:
 *
 *     drover run recipes/patch_fleet.ts --inventory hosts.ini --input domains='web-*' --input maxFail=10% \
 *       --input 'command=["/usr/bin/apt-get","-y","upgrade"]' --input 'health=["/usr/local/bin/healthy"]' \
 *       --yes --output-file patched.json
 *     drover run recipes/patch_fleet.ts … --input members=@patched.json    # who failed, and who was not begun
 *
 * No two domains of one host are patched at the same time; `--input 'apart=["host","label:role"]'` keeps more apart.
 *
 * @module
 */
import {
  type ApartRule,
  type Domain,
  type Drain,
  duration,
  Fleet,
  FleetError,
  type Host,
  memberList,
  recipe,
  type ResumeList,
  resumeList,
  type UnreachableHost,
  VirtError,
  z,
} from "drover";
import { type Patched, Patcher, type RolledBack } from "./patch_fleet/patch.ts";
import { runProgram, type Words } from "./patch_fleet/program.ts";

/** What came of it. */
interface Report extends ResumeList {
  readonly patched: readonly Patched[];
  readonly rolledBack: readonly RolledBack[];
  /** Hosts that could not be reached: nothing is known of what they have. */
  readonly unreachable: readonly UnreachableHost[];
}

const percent = z.templateLiteral([z.number().min(0).max(100), "%"]);
const words = z.array(z.string().min(1)).min(1);

const input = z.object({
  command: words.describe("The patch: a program by its path in the guests, and its arguments"),
  okExitCodes: z.array(z.int()).default([]).describe("Exit codes of the patch that are as good as 0"),
  health: words.optional().describe("The health check: a program that ends with 0 in a guest that is well"),
  domains: z.string().default("*").describe("Which running domains, as a glob over names"),
  members: memberList.optional(),
  batch: z.array(z.union([z.int().min(1), percent])).min(1).default([1, "10%", "50%"]).describe(
    "How large batches are, one after the other; the last size stays",
  ),
  maxFail: z.union([z.int().min(0), percent]).default(0).describe(
    "How many may fail before no more are begun",
  ),
  batchMaxFail: z.union([z.int().min(0), percent]).optional().describe("How many may fail in one batch"),
  apart: z.array(z.union([z.literal("host"), z.templateLiteral(["label:", z.string().min(1)])])).default([
    "host",
  ])
    .describe("What no two of a batch may share: host, or label:NAME"),
  batches: z.int().min(1).optional().describe("End after so many batches; the result feeds the next run"),
  pause: z.string().default("0s").transform(duration).describe("How long to wait between batches"),
  soak: z.string().default("0s").transform(duration).describe(
    "How long a batch has to stay healthy before its snapshots go",
  ),
  restart: z.boolean().default(false).describe("Restart guests after the patch"),
  snapshot: z.enum(["full", "disk-only", "none"]).default("full").describe(
    "full: with memory, goes back to the running guest; disk-only: what external snapshots can; none: no way back",
  ),
  snapshotName: z.string().min(1).default("before-patch").describe("What snapshots are called"),
  agentWithin: z.string().default("1m").transform(duration).describe(
    "How long to wait for an agent, and for the health check beforehand",
  ),
  commandWithin: z.string().default("30m").transform(duration).describe(
    "How long the patch may take in each guest",
  ),
  healthWithin: z.string().default("5m").transform(duration).describe(
    "How long a guest may take to be healthy after the patch",
  ),
  balancer: z.object({
    domain: z.string().describe("The balancer's domain"),
    out: words.describe(
      "Takes a member out: a program in the balancer's guest, {name} in it is the member's name",
    ),
    back: words.describe("Puts it back"),
    putBack: z.enum(["always", "when-done"]).default("when-done"),
  }).optional().describe("A load balancer that members are taken out of meanwhile"),
});

type Input = z.output<typeof input>;

export default recipe({
  summary: "Patch guests in rolling batches, and take back those that are not healthy afterwards",
  input,
  needs: [
    "connect:search_domains",
    "domain:getattr,read,write,snapshot,init_control,start,stop",
  ],
  hosts: "any",
  async run({ hosts, unreachable, input, log, progress, sleep, now, signal }): Promise<Report> {
    const { command, okExitCodes: alsoGood, health, restart, snapshot, snapshotName } = input;
    const { agentWithin, commandWithin, healthWithin } = input;
    const fleet = (await running(hosts, input)).only(input.members);
    const drain = await balancerDrain(hosts, input);
    const times = { agentWithin, commandWithin, healthWithin };
    const patch = { command, alsoGood, health, restart, snapshot, snapshotName, ...times };
    const patcher = new Patcher(patch, { log, sleep, now, signal });
    if (fleet.length === 0) log.warn("no guest is patched: none that runs is selected");
    else log.info(fleet.length === 1 ? "1 guest to patch" : `${fleet.length} guests to patch`);
    const rolling = fleet.rolling({
      batch: input.batch,
      maxFail: input.maxFail,
      ...(input.batchMaxFail === undefined ? {} : { batchMaxFail: input.batchMaxFail }),
      apart: input.apart as readonly ApartRule<Domain>[],
      ...(drain === undefined ? {} : { drain }),
      pause: input.pause,
      soak: input.soak,
      healthy: (vm) => patcher.confirm(vm, { looksAgain: input.soak > 0 }),
      between: ({ batches }) => input.batches === undefined || batches < input.batches,
    });
    try {
      for await (const batch of rolling) {
        await batch.forEach((vm) => patcher.patch(vm));
        const { done, failed, unknown } = rolling.report;
        const ended = done.length + failed.length + unknown.length;
        progress(ended / fleet.length, `${ended} of ${fleet.length}, ${failed.length} failed`);
      }
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      // The result says who is left, and the run leaves as one in which some failed.
      log.error(error.message);
    }
    return {
      patched: [...patcher.patched.values()],
      rolledBack: patcher.rolledBack,
      unreachable,
      ...resumeList(rolling.report),
    };
  },
});

/** The running domains of all hosts, by name; who is named may be off, and then fails by itself. */
async function running(
  hosts: Readonly<Record<string, Host>>,
  { domains, members, balancer }: Input,
): Promise<Fleet<Domain>> {
  const which = { name: domains, ...(members === undefined ? { state: "running" as const } : {}) };
  const lists = await Promise.all(Object.values(hosts).map((host) => host.domains(which)));
  // Who balances the others is none of them.
  return new Fleet(lists.flatMap((list) => list.toArray()))
    .filter(({ name }) => name !== balancer?.domain)
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Takes members out of a load balancer, by a program in its guest. */
async function balancerDrain(
  hosts: Readonly<Record<string, Host>>,
  { balancer, agentWithin }: Input,
): Promise<Drain<Domain> | undefined> {
  if (balancer === undefined) return undefined;
  const lists = await Promise.all(
    Object.values(hosts).map((host) => host.domains({ name: balancer.domain, state: "running" })),
  );
  const [vm, ...others] = lists.flatMap((list) => list.toArray());
  if (vm === undefined || others.length > 0) {
    const found = vm === undefined ? "there is none that runs" : `there are ${1 + others.length}`;
    throw new VirtError("not-found", `Cannot use the load balancer "${balancer.domain}": ${found}`);
  }
  const tell = async (template: Words, member: Domain): Promise<void> => {
    const told = template.map((word) => word.replaceAll("{name}", member.name));
    await runProgram(vm, told, { what: "load balancer's", within: agentWithin });
  };
  return {
    out: (member) => tell(balancer.out, member),
    back: (member) => tell(balancer.back, member),
    putBack: balancer.putBack,
  };
}
