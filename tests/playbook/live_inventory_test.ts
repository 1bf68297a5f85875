import assert from "node:assert/strict";
import { type LiveQuestion, readLive } from "../../cli/actions/live_inventory.ts";
import { VirtError } from "../../model/error.ts";
import { InventoryBuilder } from "../../playbook/mod.ts";
import { matchHosts } from "../../playbook/inventory/pattern.ts";

interface FakeDomain {
  readonly state?: string;
  readonly persistent?: boolean;
  readonly labels?: readonly string[];
  readonly devices?: string;
}

type Fake = Readonly<
  Record<string, { readonly hostname: string; readonly domains: Record<string, FakeDomain> }>
>;

const reference = ($ref: "domain" | "pool", name: string): unknown => ({
  $ref,
  connection: "host",
  id: `00000000-0000-4000-8000-${name.padStart(12, "0").replace(/[^0-9a-f]/g, "a")}`,
  name,
});

/** Connections that have what a test says; nothing but a list may be asked where `listOnly`. */
function asking(
  fake: Fake,
  { listOnly = false } = {},
): (uri: string, question: LiveQuestion) => Promise<unknown> {
  return (uri, { operation, target }) => {
    const { hostname, domains } = fake[uri]!;
    if (operation === "domain.list") {
      return Promise.resolve(
        Object.entries(domains).map(([name, { state = "running", persistent = true }]) => ({
          domain: reference("domain", name),
          state,
          persistent,
        })),
      );
    }
    if (listOnly) return Promise.reject(new VirtError("permission-denied", `Cannot ask ${operation}`));
    if (operation === "connection.info") return Promise.resolve({ hostname });
    if (operation === "pool.list") return Promise.resolve([{ pool: reference("pool", "images") }]);
    if (operation === "pool.xml") {
      return Promise.resolve(
        "<pool type='dir'><name>images</name><target><path>/var/images</path></target></pool>",
      );
    }
    const { labels = [], devices = "" } = domains[target?.name ?? ""] ?? {};
    const all = labels.map((label) => `<label>${label}</label>`).join("");
    return Promise.resolve(
      `<domain><metadata><labels xmlns='urn:drover:labels'>${all}</labels></metadata><devices>${devices}</devices></domain>`,
    );
  };
}

const one: Fake = {
  "test:///a": {
    hostname: "kvm-a.example",
    domains: {
      "web-1": {
        labels: ["prod", "tier:front"],
        devices: "<interface type='network'><source network='dmz'/></interface>" +
          "<disk type='file'><source file='/var/images/web-1.qcow2'/></disk>",
      },
      "web-2": { state: "shutoff", devices: "<disk type='volume'><source pool='fast' volume='b'/></disk>" },
      "job-1": { persistent: false, labels: ["prod"] },
    },
  },
};

const patterns: readonly (readonly [pattern: string, names: readonly string[]])[] = [
  ["all", ["web-1", "web-2", "job-1"]],
  ["label_prod", ["web-1", "job-1"]],
  ["label_prod:&web-*", ["web-1"]],
  ["label_tier_front", ["web-1"]],
  ["state_running:!label_prod", []],
  ["state_shutoff", ["web-2"]],
  ["network_dmz", ["web-1"]],
  ["pool_images:pool_fast", ["web-1", "web-2"]],
  ["host_kvm_a_example:!transient", ["web-1", "web-2"]],
  ["hypervisors", ["localhost"]],
];

for (const [pattern, names] of patterns) {
  Deno.test(`of what a connection has ${pattern} means ${names.join(", ") || "nobody"}`, async () => {
    const builder = new InventoryBuilder();
    await readLive(["test:///a"], { builder, ask: asking(one) });
    assert.deepEqual(matchHosts(pattern, builder.build()), names);
  });
}

Deno.test("domains of one name on two hypervisors are both there, each by its host", async () => {
  const builder = new InventoryBuilder();
  const two: Fake = {
    "test:///a": { hostname: "a", domains: { web: {}, only: {} } },
    "test:///b": { hostname: "b", domains: { web: {} } },
  };
  await readLive(["test:///a", "test:///b"], { builder, ask: asking(two) });
  const { hosts } = builder.build();
  assert.deepEqual([...hosts.keys()], ["web@a", "only", "localhost@a", "web@b", "localhost@b"]);
  assert.deepEqual(hosts.get("web@b")?.vars["uri"], { k: "plain", value: "test:///b" });
  assert.deepEqual(hosts.get("web@b")?.vars["domain"], { k: "plain", value: "web" });
});

Deno.test("who may see no more than a list has the domains all the same, without what definitions say", async () => {
  const builder = new InventoryBuilder();
  await readLive(["test:///a"], { builder, ask: asking(one, { listOnly: true }) });
  assert.deepEqual(matchHosts("state_running", builder.build()), ["web-1", "job-1"]);
});
