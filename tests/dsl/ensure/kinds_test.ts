import assert from "node:assert/strict";
import {
  type Desired,
  network,
  type PlanData,
  pool,
  recipe,
  secret,
  snapshot,
  volume,
  z,
} from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";

const needs = [
  "connect:getattr,read,search_secrets,search_domains",
  "domain:getattr,read,snapshot,block_write",
  "network:getattr,read,write,save,start,stop,delete",
  "storage_pool:getattr,read,write,save,start,stop,delete,refresh",
  "storage_vol:getattr,read,create,delete,resize",
  "secret:getattr,read,write,save,delete",
  "host:path,network",
];
const grants = ["all", "host:path", "host:network"];

/** Ensures what it is given, and says what was planned for each, and what would be then. */
const apply = recipe({
  summary: "Ensure",
  needs,
  input: z.object({ all: z.custom<readonly Desired[]>() }),
  run: async ({ host, input }): Promise<{ plans: PlanData[]; again: PlanData[] }> => {
    const plans = (await host.ensure(input.all)).map(({ plan }) => plan);
    const again: PlanData[] = [];
    for (const each of input.all) again.push(await host.plan(each));
    return { plans, again };
  },
});

type Told = readonly { readonly field: string; readonly effect: string }[];

function fields(changes: Told): readonly string[] {
  return changes.map(({ field, effect }) => `${field} [${effect}]`);
}

const lab1 = {
  name: "lab",
  address: "192.168.50.1/24",
  range: { start: "192.168.50.100", end: "192.168.50.200" },
  hosts: [{ mac: "52:54:00:00:00:01", ip: "192.168.50.10", name: "web-1" }],
  state: "active",
  autostart: true,
} as const;

Deno.test("a network, a pool, a volume in it, and a snapshot are made, and stay as they are", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] } });
  const all = [
    network(lab1),
    pool({ name: "images", path: "/srv/images", state: "active", autostart: true }),
    volume({ pool: "images", name: "web-1.qcow2", capacity: "20GiB" }),
    snapshot({ domain: "web-1", name: "baseline", description: "As it was" }),
  ];
  const { plans, again } = (await lab.run(apply, { grants, input: { all } })).result;
  assert.deepEqual(plans.map(({ action }) => action), ["create", "create", "create", "create"]);
  assert.deepEqual(again.map(({ action, changes }) => [action, changes.length]), Array(4).fill(["none", 0]));
  assert.deepEqual(lab.host.networks.find(({ name }) => name === "lab"), { name: "lab", active: true });
  assert.deepEqual(lab.host.pools.find(({ name }) => name === "images")?.volumes, ["web-1.qcow2"]);
  assert.deepEqual(lab.host.domain("web-1").snapshots, ["baseline"]);
});

Deno.test("a host of a running network comes and goes live, its bridge waits for the next start", async () => {
  await using lab = await simulate({ hypervisor: {} });
  await lab.run(apply, { grants, input: { all: [network(lab1)] } });
  const hosts = [{ mac: "52:54:00:00:00:02", ip: "192.168.50.11" }];
  const changed = network({ ...lab1, hosts, domain: "lab.example" });
  const { plans: [plan], again: [again] } =
    (await lab.run(apply, { grants, input: { all: [changed] } })).result;
  assert.deepEqual(fields(plan?.changes ?? []), [
    "domain name [next-boot]",
    "ip ipv4 dhcp host 52:54:00:00:00:02 [live]",
    "ip ipv4 dhcp host 52:54:00:00:00:01 [live]",
  ]);
  assert.deepEqual([again?.action, again?.pending.map(({ field }) => field)], ["none", ["domain name"]]);
});

Deno.test("a failure in the middle leaves a network as it was", async () => {
  await using lab = await simulate({ hypervisor: {} });
  await lab.run(apply, { grants, input: { all: [network(lab1)] } });
  lab.fault({ operation: "network.update", message: "no luck" });
  const changed = network({ ...lab1, hosts: [], autostart: false });
  const failed = await lab.run(apply, { grants, input: { all: [changed] } });
  assert.match(failed.error?.message ?? "", /no luck/);
  const { plans: [plan] } = (await lab.run(apply, { grants, input: { all: [network(lab1)] } })).result;
  assert.deepEqual(plan?.changes, []);
});

Deno.test("a volume grows, never shrinks, and is replaced only where that is said", async () => {
  await using lab = await simulate({ hypervisor: { pools: [{ name: "default", volumes: ["a.qcow2"] }] } });
  const of = (spec: object): { grants: string[]; input: { all: Desired[] } } => ({
    grants,
    input: { all: [volume({ pool: "default", name: "a.qcow2", ...spec })] },
  });
  const grown = (await lab.run(apply, of({ capacity: "12GiB" }))).result;
  assert.deepEqual(fields(grown.plans[0]?.changes ?? []), ["capacity [live]"]);
  assert.equal(grown.again[0]?.action, "none");
  for (const spec of [{ capacity: "1GiB" }, { format: "raw" }]) {
    const refused = await lab.run(apply, of(spec));
    assert.equal(refused.error?.code, "wrong-state");
    assert.match(
      refused.error?.message ?? "",
      /would be empty: say replace: true where all that this one holds may be lost/,
    );
  }
  lab.fault({ operation: "volume.create", message: "no such format", times: 1 });
  const failed = await lab.run(apply, of({ format: "raw", replace: true }));
  assert.match(failed.error?.message ?? "", /no such format/);
  const kept = (await lab.run(apply, of({ capacity: "12GiB", format: "qcow2" }))).result;
  assert.equal(kept.plans[0]?.action, "none", "what cannot be made anew is not deleted");
  const replaced = (await lab.run(apply, of({ format: "raw", replace: true }))).result;
  assert.deepEqual([replaced.plans[0]?.action, replaced.again[0]?.action], ["replace", "none"]);
});

Deno.test("a secret has its value set once, and no plan shows it", async () => {
  await using lab = await simulate({ hypervisor: {} });
  const usage = { type: "volume", name: "/srv/vault.img" } as const;
  const all = [secret({ usage, private: true, description: "Vault", value: "hunter2" })];
  const first = await lab.run(apply, { grants, input: { all } });
  assert.deepEqual([first.result.plans[0]?.action, first.result.again[0]?.action], ["create", "none"]);
  assert.doesNotMatch(JSON.stringify([first.result, first.logs]), /hunter2/);
});

Deno.test("what shall not be there goes, and its absence stays", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", snapshots: [{ name: "old" }] }] },
  });
  const all = [
    network({ name: "default", state: "absent" }),
    pool({ name: "default", state: "absent" }),
    snapshot({ domain: "web-1", name: "old", state: "absent" }),
  ];
  const { plans, again } = (await lab.run(apply, { grants, input: { all } })).result;
  assert.deepEqual(plans.map(({ action }) => action), ["delete", "delete", "delete"]);
  assert.deepEqual(again.map(({ action }) => action), ["none", "none", "none"]);
  assert.deepEqual([lab.host.networks, lab.host.pools, lab.host.domain("web-1").snapshots], [[], [], []]);
});

Deno.test("a volume that a running guest has is grown there", async () => {
  const path = "/var/lib/libvirt/default/a.qcow2";
  await using lab = await simulate({
    hypervisor: {
      pools: [{ name: "default", volumes: ["a.qcow2"] }],
      domains: [{ name: "web-1", state: "running", disks: [path] }],
    },
  });
  const all = [volume({ pool: "default", name: "a.qcow2", capacity: "12GiB" })];
  const run = await lab.run(apply, { grants, input: { all } });
  const grown = run.calls.filter(({ operation }) => /resize/i.test(operation));
  assert.deepEqual(grown.map(({ operation, target }) => [operation, target]), [[
    "domain.resizeBlock",
    "web-1",
  ]]);
});
