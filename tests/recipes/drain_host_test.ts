import assert from "node:assert/strict";
import { type Lab, simulate } from "../../testing/mod.ts";
import type { SimulatedDomain } from "../../testing/host_content.ts";
import drainHost from "../../recipes/drain_host.ts";
import { labelNamespace } from "../../dsl/fleet/definition.ts";

const running = (name: string, more: Partial<SimulatedDomain> = {}): SimulatedDomain => ({
  name,
  state: "running",
  ...more,
});

function labelled(...labels: readonly string[]): Partial<SimulatedDomain> {
  const each = labels.map((label) => `<label>${label}</label>`).join("");
  return { metadata: `<labels xmlns='${labelNamespace}'>${each}</labels>` };
}

const shared = { host: "source", storage: "shared" } as const;

interface Hosts {
  readonly source?: readonly (string | SimulatedDomain)[];
  readonly left?: readonly SimulatedDomain[];
  readonly right?: readonly SimulatedDomain[];
  readonly latency?: Readonly<Record<string, "1s" | "10m">>;
}

/** Three hosts, each with 3 GiB and 16 processors. */
function threeHosts({ source, left = [], right = [], latency = {} }: Hosts = {}): Promise<Lab> {
  return simulate({
    hypervisors: {
      source: { domains: source ?? [running("web-1"), running("web-2"), running("db-1"), "off"] },
      left: { domains: left },
      right: { domains: right },
    },
    latency,
  });
}

function names(lab: Lab, host: string): string[] {
  return lab.hosts[host]!.domains.filter(({ state }) => state === "running").map(({ name }) => name);
}

function acts(lab: Lab): number {
  return Object.values(lab.hosts).flatMap(({ effects }) => effects.filter(({ byKernel }) => byKernel)).length;
}

Deno.test("every running domain moves to where most room is, and comes back", async () => {
  await using lab = await threeHosts({ right: [running("big", { memoryMib: 768 })] });
  const grants = [...drainHost.declaration.needs];
  const run = await lab.run(drainHost, { input: shared, grants });
  assert.deepEqual(run.result.moved.map(({ name, to }) => `${name}>${to}`).toSorted(), [
    "db-1>left",
    "web-1>left",
    "web-2>right",
  ]);
  assert.deepEqual(names(lab, "source"), []);
  assert.deepEqual(run.result.left.map(({ name, why }) => [name, why]), [["off", "it is off"]]);
  assert.deepEqual(run.progress.at(-1), { fraction: 1, text: "3 of 3" });
  const back = JSON.parse(JSON.stringify(run.result));
  const home = await lab.run(drainHost, { input: { back }, grants });
  assert.deepEqual(home.result.moved.length, 3);
  assert.deepEqual(names(lab, "source"), ["db-1", "web-1", "web-2"]);
  assert.deepEqual([names(lab, "left"), names(lab, "right")], [[], ["big"]]);
  const again = await lab.run(drainHost, { input: { back }, grants });
  assert.deepEqual(again.result.left.map(({ why }) => why), Array(3).fill("it is back already"));
  assert.deepEqual(again.result.moved, []);
});

Deno.test("what does not fit is refused before anything moves, saying what fits where not and why", async () => {
  await using lab = await threeHosts({
    source: [running("small"), running("huge", { memoryMib: 2500 })],
    left: [running("l", { memoryMib: 512 })],
    right: [running("r", { memoryMib: 1024 })],
  });
  const run = await lab.run(drainHost, { input: shared });
  assert.equal(run.error?.code, "wrong-state");
  assert.match(
    run.error?.message ?? "",
    /^Cannot empty host "source", and nothing was moved:\ndomain "huge" fits nowhere: on "left": needs 2.4 GiB of memory, 2 GiB left; on "right": needs 2.4 GiB of memory, 1.5 GiB left$/,
  );
  assert.equal(acts(lab), 0);
  const less = await lab.run(drainHost, { input: { ...shared, reserveMib: 0 } });
  assert.deepEqual(less.result.moved.map(({ name, to }) => `${name}>${to}`).toSorted(), [
    "huge>left",
    "small>right",
  ]);
});

Deno.test("processors count, and may be promised more than once", async () => {
  await using lab = await threeHosts({
    source: [running("a", { cpus: 20, memoryMib: 64 }), running("b", { cpus: 20, memoryMib: 64 })],
  });
  const run = await lab.run(drainHost, { input: { ...shared, cpuOvercommit: 1 } });
  assert.match(run.error?.message ?? "", /needs 20 virtual processors, 16 left/);
  const more = await lab.run(drainHost, { input: { ...shared, cpuOvercommit: 2 } });
  assert.equal(more.result.moved.length, 2);
});

Deno.test("labels keep domains apart and together, and take them to hosts that have what they need", async () => {
  await using lab = await threeHosts({
    source: [
      running("db-1", labelled("role=db")),
      running("app-1", labelled("pair=1", "host=ssd")),
      running("app-2", labelled("pair=1")),
    ],
    left: [running("db-2", labelled("role=db"))],
  });
  const input = { ...shared, apart: ["role"], together: ["pair"], hostLabels: { left: ["ssd"] } };
  const run = await lab.run(drainHost, { input });
  assert.deepEqual(run.result.moved.map(({ name, to }) => `${name}>${to}`).toSorted(), [
    "app-1>left",
    "app-2>left",
    "db-1>right",
  ]);
  await using full = await threeHosts({
    source: [running("db-1", labelled("role=db"))],
    left: [running("db-2", labelled("role=db"))],
    right: [running("db-3", labelled("role=db"))],
  });
  const refused = await full.run(drainHost, { input });
  assert.match(
    refused.error?.message ?? "",
    /on "left": "db-2" is there, and has "role=db" too; on "right": "db-3"/,
  );
});

Deno.test("who cannot move is named with what can be done, and left only where that is said", async () => {
  const xml = (name: string, device: string): Partial<SimulatedDomain> => ({
    xml: `<domain type='test'><name>${name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
      <devices>${device}</devices></domain>`,
  });
  const source = [
    running("plain", xml("plain", "")),
    running(
      "pci",
      xml(
        "pci",
        "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/></source></hostdev>",
      ),
    ),
    running(
      "local",
      xml("local", "<disk type='file' device='disk'><source file='/a.img'/><target dev='vda'/></disk>"),
    ),
  ];
  await using lab = await threeHosts({ source });
  const refused = await lab.run(drainHost, { input: { host: "source" } });
  assert.match(
    refused.error?.message ?? "",
    /domain "pci" cannot move: it has a pci device of the host; take it out/,
  );
  assert.match(
    refused.error?.message ?? "",
    /domain "local" cannot move: its disk vda \(\/a\.img\) .*; say storage: shared/,
  );
  assert.equal(acts(lab), 0);
  const left = await lab.run(drainHost, { input: { host: "source", blocked: "leave" } });
  assert.deepEqual(left.result.moved.map(({ name }) => name), ["plain"]);
  assert.deepEqual(left.result.left.map(({ name }) => name).toSorted(), ["local", "pci"]);
});

Deno.test("definitions of what is off move too, where that is wanted", async () => {
  await using lab = await threeHosts({ source: ["off-1", "off-2"] });
  const run = await lab.run(drainHost, { input: { ...shared, off: "move" } });
  assert.equal(run.result.moved.length, 2);
  assert.deepEqual(lab.hosts["source"]!.domains, []);
});

Deno.test("a move that takes too long is aborted, and its domain goes on where it was", async () => {
  await using lab = await threeHosts({ latency: { "domain.migrate": "10m" } });
  const run = await lab.run(drainHost, { input: { ...shared, domains: "web-1", within: "5m" } });
  assert.equal(run.exit, 3);
  assert.deepEqual(run.result.failed.map(({ name }) => name), ["web-1"]);
  assert.deepEqual([run.result.moved, names(lab, "source")], [[], ["db-1", "web-1", "web-2"]]);
});

Deno.test("when the budget is spent, the result says who is where, and feeds the next run", async () => {
  await using lab = await threeHosts();
  lab.fault({ operation: "domain.migrate", object: "web-1", message: "the link is down" });
  const run = await lab.run(drainHost, { input: { ...shared, atOnce: 1 } });
  const { moved, failed, notBegun } = run.result;
  assert.equal(run.exit, 3);
  assert.deepEqual(failed.map(({ name, error }) => [name, error.message]), [["web-1", "the link is down"]]);
  assert.equal(moved.length + failed.length + notBegun.length, 3);
  const rest = await lab.run(drainHost, { input: { ...shared, members: run.result } });
  assert.equal(rest.result.moved.length, 3 - moved.length);
  assert.deepEqual(names(lab, "source"), []);
});

Deno.test("a plan moves nobody, and hosts that are not there are told", async () => {
  await using lab = await threeHosts();
  const plan = await lab.run(drainHost, { input: { ...shared, plan: true } });
  assert.deepEqual(plan.result.moved.map(({ name }) => name).toSorted(), ["db-1", "web-1", "web-2"]);
  assert.equal(acts(lab), 0);
  const none = await lab.run(drainHost, { input: { storage: "shared" } });
  assert.match(none.error?.message ?? "", /Cannot tell the host to drain: none is named/);
  assert.match(none.error?.hint ?? "", /the run has "source", "left", "right"/);
  const wrong = await lab.run(drainHost, { input: { ...shared, to: ["lefty"] } });
  assert.match(wrong.error?.message ?? "", /Cannot reach where domains may go: there is no host "lefty"/);
  const itself = await lab.run(drainHost, { input: { ...shared, to: ["source"] } });
  assert.match(itself.error?.message ?? "", /Cannot move what is on host "source" to itself/);
});
