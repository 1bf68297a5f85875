/**
 * Drains a host: moves its running domains to the others, live, each to where it has room. It refuses before it starts where
 * one does not fit or cannot move, and says which, where and why. What it returns is what brings them back:
 *
 *     drover run recipes/drain_host.ts -c a=qemu+ssh://a/system -c b=qemu+ssh://b/system -c c=qemu+ssh://c/system \
 *       --input host=a --input storage=shared --yes --output-file drained.json
 *     drover run recipes/drain_host.ts … --input back=@drained.json --yes
 *
 * `--inventory hosts.ini` takes the hosts of an inventory. With `--input plan=true` it only says who would go where.
 *
 * @module
 */
import {
  type Domain,
  duration,
  Fleet,
  FleetError,
  type FleetReport,
  type Host,
  memberList,
  planEvacuation,
  recipe,
  type ResumeList,
  resumeList,
  type RunTools,
  VirtError,
  z,
} from "drover";

/** A domain that was moved, or would be. */
interface Move {
  readonly name: string;
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** What came of it. */
interface Drained extends ResumeList {
  /** Who is somewhere else now; of a plan, who would be. */
  readonly moved: readonly Move[];
  /** Who was left, and why. */
  readonly left: readonly { readonly name: string; readonly why: string; readonly options: string }[];
  readonly plan: boolean;
}

const moveSchema = z.looseObject({ name: z.string(), id: z.string(), from: z.string(), to: z.string() });

const input = z.object({
  host: z.string().optional().describe("The host that is to be empty, by its name in the run"),
  to: z.array(z.string()).optional().describe("Where its domains may go; all others where not given"),
  back: z.looseObject({ moved: z.array(moveSchema) }).optional().describe(
    "Bring back what an earlier run has moved: @FILE with its result",
  ),
  domains: z.string().default("*").describe("Which domains, as a glob over names"),
  members: memberList.optional(),
  plan: z.boolean().default(false).describe("Only say who would go where"),
  atOnce: z.int().min(1).max(16).default(2).describe("How many move at the same time"),
  within: z.string().default("30m").transform(duration).describe(
    "How long one move may take before it is aborted",
  ),
  maxFail: z.int().min(0).default(0).describe("How many may fail before no more are begun"),
  autoConverge: z.boolean().default(false).describe(
    "Slow down guests that write faster than they can be moved",
  ),
  storage: z.enum(["check", "shared", "copy"]).default("check").describe(
    "check: disks on no network pool cannot move; shared: all hosts see the same disks; copy: copy those that are not shared",
  ),
  blocked: z.enum(["refuse", "leave"]).default("refuse").describe(
    "Running domains that cannot move: refuse, or leave them",
  ),
  off: z.enum(["leave", "move"]).default("leave").describe(
    "Domains that are off: leave them, or move their definitions",
  ),
  reserveMib: z.int().min(0).default(512).describe("Memory that stays free on each host, in MiB"),
  memoryOvercommit: z.number().min(0.1).max(10).default(1).describe(
    "How much of a host's memory may be promised",
  ),
  cpuOvercommit: z.number().min(0.1).max(64).default(4).describe(
    "Virtual processors for each processor of a host",
  ),
  apart: z.array(z.string()).default([]).describe("Names of labels; equal values are not placed on one host"),
  together: z.array(z.string()).default([]).describe("Names of labels; equal values are placed on one host"),
  hostLabels: z.record(z.string(), z.array(z.string())).default({}).describe(
    "What hosts have, by their names; a domain with the label host=ssd goes only where ssd is",
  ),
});

type Input = z.output<typeof input>;

/** What the run works with. */
interface Given extends Pick<RunTools, "log" | "progress"> {
  readonly hosts: Readonly<Record<string, Host>>;
  readonly input: Input;
}

function hostNamed({ hosts }: Given, name: string | undefined, what: string): Host {
  const host = name === undefined ? undefined : hosts[name];
  if (host !== undefined) return host;
  const known = Object.keys(hosts).map((each) => `"${each}"`).join(", ");
  throw new VirtError(
    "invalid-argument",
    name === undefined
      ? `Cannot tell ${what}: none is named`
      : `Cannot reach ${what}: there is no host "${name}"`,
    { hint: `Say which with --input host=NAME; the run has ${known === "" ? "no host" : known}` },
  );
}

/** Moves domains, so many at a time, and tells how far it is. */
async function moveAll(
  fleet: Fleet<Domain>,
  { log, progress, input: { atOnce, maxFail } }: Given,
  move: (vm: Domain) => Promise<string>,
): Promise<FleetReport<Domain>> {
  let ended = 0;
  try {
    return await fleet.forEach(async (vm) => {
      try {
        const to = await move(vm);
        log.info(`moved to "${to}"`, { vm });
      } finally {
        progress(++ended / fleet.length, `${ended} of ${fleet.length}`);
      }
    }, { limit: atOnce, maxFail });
  } catch (error) {
    // Where it is spent, the list says who is where all the same.
    if (error instanceof FleetError) log.error(error.message);
    if (error instanceof FleetError) return error as FleetError<Domain>;
    throw error;
  }
}

async function leave(given: Given): Promise<Drained> {
  const { input, hosts, log } = given;
  const host = hostNamed(given, input.host, "the host to drain");
  const others = input.to ?? Object.keys(hosts).filter((name) => name !== host.connection);
  const to = others.map((name) => hostNamed(given, name, "where domains may go"));
  const plan = await planEvacuation(host, { ...input, to });
  plan.refuseImpossible();
  const left = plan.staying.map(({ domain: { name }, why, options }) => ({ name, why, options }));
  for (const { name, why, options } of left) log.warn(`domain "${name}" stays: ${why}; ${options}`);
  const planned = new Map(plan.moves.map((move) => [move.domain, move]));
  const moveOf = ({ name, id }: Domain, to: string): Move => ({ name, id, from: host.connection, to });
  const fleet = new Fleet(planned.keys()).only(input.members);
  if (input.plan) {
    const moved = fleet.map((vm) => moveOf(vm, planned.get(vm)?.to ?? ""));
    return { plan: true, moved, left, ...nothingDone(fleet) };
  }
  const migrate = input.autoConverge ? { autoConverge: true } : {};
  const moved: Move[] = [];
  const report = await moveAll(fleet, given, async (vm) => {
    const move = planned.get(vm);
    if (move === undefined) throw new VirtError("internal", `${vm} has no place`);
    await plan.move(move, { within: input.within, migrate });
    moved.push(moveOf(vm, move.to));
    return move.to;
  });
  return { plan: false, moved, left, ...resumeList(report) };
}

function nothingDone(fleet: Fleet<Domain>): ResumeList {
  return resumeList({ done: [], failed: [], unknown: [], notDone: fleet.toArray(), drained: [] });
}

/** Brings back what was moved, from wherever it is now. */
async function bringBack(given: Given, moves: readonly Move[]): Promise<Drained> {
  const { input, hosts, log } = given;
  const lists = await Promise.all(Object.values(hosts).map((host) => host.listDomains({})));
  const found = new Map<Domain, Host>();
  const left: Drained["left"][number][] = [];
  for (const { name, id, from } of moves) {
    const home = hostNamed(given, from, `the host that "${name}" came from`);
    const places = lists.flat().filter(({ domain }) => domain.id === id);
    const entry = places.find(({ state }) => state !== "shutoff") ?? places[0];
    const why = entry === undefined
      ? "it is on none of the hosts"
      : entry.domain.connection === from
      ? "it is back already"
      : entry.state === "shutoff"
      ? "it is off"
      : undefined;
    if (entry !== undefined && why === undefined) found.set(entry.domain, home);
    else left.push({ name, why: why ?? "", options: "see to it by hand where that is not meant" });
  }
  for (const { name, why } of left) log.info(`domain "${name}" stays: ${why}`);
  const fleet = new Fleet(found.keys()).only(input.members);
  const homeOf = (vm: Domain): Host => hostNamed(given, found.get(vm)?.connection, "home");
  const moveOf = (vm: Domain): Move => ({
    name: vm.name,
    id: vm.id,
    from: vm.connection,
    to: homeOf(vm).connection,
  });
  if (input.plan) return { plan: true, moved: fleet.map(moveOf), left, ...nothingDone(fleet) };
  const copies = input.storage === "copy" ? { copyStorage: "all" as const } : {};
  const slower = input.autoConverge ? { autoConverge: true } : {};
  const moved: Move[] = [];
  const report = await moveAll(fleet, given, async (vm) => {
    const home = homeOf(vm);
    await vm.migrate({ ...copies, ...slower, to: home }, { within: input.within });
    moved.push(moveOf(vm));
    return home.connection;
  });
  return { plan: false, moved, left, ...resumeList(report) };
}

export default recipe({
  summary: "Drain a host by live migration, and bring its domains back",
  input,
  needs: [
    "connect:search_domains,read,search_storage_pools",
    "domain:getattr,read,migrate,write,save,start,stop",
    "storage_pool:getattr,read",
  ],
  hosts: "any",
  async run({ hosts, input, log, progress }): Promise<Drained> {
    const given: Given = { hosts, input, log, progress };
    return input.back === undefined ? await leave(given) : await bringBack(given, input.back.moved);
  },
});
