/**
 * What the compiler must accept and refuse in recipes. The functions below are never called: checking them is the test.
 */
import assert from "node:assert/strict";
import {
  type CallProgress,
  type ConsoleMatch,
  type Domain,
  type Duration,
  type Fleet,
  type Frozen,
  type Host,
  type Lease,
  type Pool,
  recipe,
  type Snapshot,
  type Task,
  type Temporary,
  type Volume,
  z,
} from "../../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expect<T extends true>(..._true: T[]): void {}

export async function handles(host: Host, vm: Domain, pool: Pool): Promise<void> {
  const found = await host.domain("web-1");
  expect<Equal<typeof found, Domain>>();
  expect<
    Equal<Awaited<ReturnType<typeof vm.start>>["state"], Awaited<ReturnType<typeof vm.info>>["state"]>
  >();
  // References in outputs become handles, also inside arrays and objects.
  const entries = await host.listDomains();
  expect<Equal<(typeof entries)[number]["domain"], Domain>>();
  const fleet = await host.domains({ state: "running" });
  expect<Equal<typeof fleet, Fleet<Domain>>>();
  expect<Equal<(typeof fleet)[number], Domain>>();
  const volume = await pool.volume("disk0");
  expect<Equal<typeof volume, Volume>>();
  const snapshots = await vm.snapshots.list();
  expect<Equal<(typeof snapshots)[number]["snapshot"], Snapshot>>();
  // Handles in inputs stand for references.
  await pool.createVolumeFrom({ xml: "<volume/>", from: volume });
  await host.domainStats({ domains: [vm, found] });
  // @ts-expect-error a domain is no volume
  await pool.createVolumeFrom({ xml: "<volume/>", from: vm });
}

export async function inputs(host: Host, vm: Domain): Promise<void> {
  await vm.start();
  await vm.start({});
  await vm.start({ paused: true }, { within: "2m", priority: 5, rebase: true, noWait: true });
  // @ts-expect-error there is no such input
  await vm.start({ pausd: true });
  // @ts-expect-error not a boolean
  await vm.start({ paused: "yes" });
  // @ts-expect-error a unit that does not exist
  await vm.start({}, { within: "2 minutes" });
  // @ts-expect-error the input is needed
  await host.defineDomain();
  // @ts-expect-error the document is needed
  await host.defineDomain({});
  // @ts-expect-error no such operation
  await vm.strat();
  // @ts-expect-error a state that no domain has
  await host.domains({ state: "on" });
  // @ts-expect-error an input whose name is not all that it needs cannot be a text
  await host.defineDomain("<domain/>");
  vm.can("domain.migrate");
  // @ts-expect-error no such operation
  vm.can("domain.teleport");
}

export async function giving(host: Host, vm: Domain): Promise<void> {
  await using temporary = await host.temporary.domain({ xml: "<domain/>" });
  expect<Equal<typeof temporary, Domain & Temporary>>();
  await temporary.start();
  await using also = await host.defineDomain({ xml: "<domain/>" }, { temporary: true });
  await also.keep();
  await using lease = await vm.exclusive();
  expect<Equal<typeof lease, Lease>>();
  await using both = await host.exclusive([vm, temporary]);
  assert.ok(both.objects.length > 0);
  // @ts-expect-error what is not temporary cannot be given back
  await using permanent = await host.defineDomain({ xml: "<domain/>" });
  assert.ok(permanent);
  // @ts-expect-error a host is not locked as a whole
  await host.exclusive();
}

export async function waits(vm: Domain): Promise<void> {
  const ip = await vm.until.ip({ family: "ipv4", cidr: "10.0.0.0/8", source: "agent", within: "1m" });
  expect<Equal<typeof ip, string>>();
  await vm.until.event(["stopped", "crashed"]);
  // @ts-expect-error no such event
  await vm.until.event("exploded");
  // @ts-expect-error no such state
  await vm.until.state("on");
  const { how } = await vm.shutdown({ within: "2m", otherwise: "destroy" });
  expect<Equal<typeof how, "shutdown" | "destroyed" | "was-off">>();
  // @ts-expect-error no such alternative
  await vm.shutdown({ otherwise: "explode" });
}

export async function consoles(vm: Domain): Promise<void> {
  const match = await vm.console.expect([/login: (?<name>.*)$/, "# "], { within: "30s" });
  expect<Equal<typeof match, ConsoleMatch>>();
  expect<Equal<typeof match.groups, readonly string[]>>();
  await vm.console.sendLine("root", { secret: true, within: "5s" });
  await vm.channel("org.example.0").send(new Uint8Array(3));
  for await (const line of vm.serial("serial1").lines()) expect<Equal<typeof line, string>>();
  await using _open = vm.console;
  // @ts-expect-error a number matches nothing
  await vm.console.expect(5);
  // @ts-expect-error a channel has a name
  vm.channel();
  // @ts-expect-error what is sent is text or bytes
  await vm.console.send({ text: "root" });
  await vm.until.console(/login/);
}

export async function agents(vm: Domain): Promise<void> {
  const { exitCode, out } = await vm.agent.exec("/bin/uname", ["-r"], { env: { A: "b" }, within: "10s" });
  expect<Equal<typeof exitCode, number | undefined>>();
  expect<Equal<typeof out, string>>();
  await using frozen = await vm.agent.freeze(["/"]);
  expect<Equal<typeof frozen, Frozen>>();
  const time = await vm.agent.time();
  expect<Equal<typeof time, number>>();
  await vm.until.agent({ within: "1m" });
  await vm.until.deviceRemoved("ua-disk");
  // @ts-expect-error arguments are a list
  await vm.agent.exec("/bin/uname", "-r");
  // @ts-expect-error an environment is no list
  await vm.agent.exec("/bin/uname", [], { env: ["A=b"] });
}

export async function tasks(vm: Domain, host: Host, volume: Volume): Promise<void> {
  const move = vm.migrate({ to: host, bandwidthMibPerS: 100 }, { within: "1h" });
  expect<Equal<typeof move, Task<Domain>>>();
  for await (const progress of move.progress()) expect<Equal<typeof progress, CallProgress>>();
  move.abort();
  const there = await move;
  expect<Equal<typeof there, Domain>>();
  const [both] = await Promise.all([move, volume.uploadFrom("image.raw", { sparse: true })]);
  expect<Equal<typeof both, Domain>>();
  const { sha256 } = await volume.downloadTo("/tmp/image.raw", { onProgress: ({ fraction }) => fraction });
  expect<Equal<typeof sha256, string>>();
  await vm.managedSave({}, { onProgress: ({ fraction, detail }) => [fraction, detail] });
  // @ts-expect-error a file is named
  volume.uploadFrom(new Uint8Array(3));
  // @ts-expect-error there is no such input
  volume.downloadTo("/tmp/image.raw", { replace: true });
}

export async function statistics(host: Host, fleet: Fleet<Domain>, volumes: Fleet<Volume>): Promise<void> {
  const all = await fleet.stats({ groups: ["cpu", "vm"] });
  expect<Equal<(typeof all)[number]["domain"], Domain>>();
  await host.stats({ active: true });
  // @ts-expect-error no such group
  await fleet.stats({ groups: ["gpu"] });
  // @ts-expect-error volumes have no statistics
  await volumes.stats();
}

export async function fleets(fleet: Fleet<Domain>): Promise<void> {
  const { failed } = await fleet.forEach((vm) => vm.start(), { limit: "50%", maxFail: "10%" });
  expect<Equal<(typeof failed)[number]["target"], Domain>>();
  for await (const batch of fleet.rolling({ batch: [1, "25%"], maxFail: 1, pause: "30s" })) {
    expect<Equal<typeof batch, Fleet<Domain>>>();
  }
  // @ts-expect-error not a number nor a percentage
  fleet.rolling({ batch: "a quarter" });
}

export const one = recipe({
  summary: "One host",
  input: z.object({ name: z.string(), count: z.int().default(1) }),
  needs: ["domain:getattr,start@web-*", "connect:search_domains"],
  run: async ({ host, input, signal, sleep, now, step, progress, files, log }) => {
    expect<Equal<typeof host, Host>>();
    expect<Equal<typeof input, { name: string; count: number }>>();
    expect<Equal<typeof signal, AbortSignal>>();
    await sleep("1m", { signal });
    const value = await step("part", () => 3);
    expect<Equal<typeof value, number>>();
    progress(0.5, "half");
    log.info("at", { now: now(), host });
    return await files.text("a.xml");
  },
});
expect<
  Equal<
    typeof one.types,
    { readonly input: { name: string; count?: number | undefined }; readonly result: string }
  >
>();

export const several = recipe({
  summary: "Several hosts",
  needs: ["source=domain:migrate"],
  hosts: { source: "from", target: "to" },
  run: async ({ hosts }) => {
    const vm = await hosts.source.domain("web-1");
    await vm.migrate({ to: hosts.target });
    await vm.migrate({ to: "target", live: false });
    // @ts-expect-error no such host
    return hosts.elsewhere;
  },
});

export const wrong = (): unknown[] => [
  // @ts-expect-error no such verb
  recipe({ summary: "x", needs: ["domain:launch"], run: () => 1 }),
  // @ts-expect-error no such class
  recipe({ summary: "x", needs: ["vm:start"], run: () => 1 }),
  // @ts-expect-error a recipe says what it needs
  recipe({ summary: "x", run: () => 1 }),
  // @ts-expect-error one connection has one name
  recipe({ summary: "x", needs: [], run: ({ hosts }) => hosts }),
  // @ts-expect-error several have theirs
  recipe({ summary: "x", needs: [], hosts: ["a"], run: ({ host }) => host }),
  // @ts-expect-error an input that the schema does not have
  recipe({ summary: "x", needs: [], input: z.object({ a: z.string() }), run: ({ input }) => input.b }),
];

export const durations: readonly Duration[] = [250, "250ms", "30s", "2m", "1.5h", "7d"];
// @ts-expect-error no unit
export const noUnit: Duration = "30";

Deno.test("the examples of this file are checked by the compiler", () => {
  assert.equal(one.declaration.summary, "One host");
  assert.deepEqual(several.declaration.hosts, ["source", "target"]);
});
