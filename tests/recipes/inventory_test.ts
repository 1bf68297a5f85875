import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import inventory from "../../recipes/inventory.ts";
import { inventoryPage } from "../../recipes/inventory/page.ts";
import { type Inventory, sizeText } from "../../recipes/inventory/report.ts";
import { inventoryTable } from "../../recipes/inventory/table.ts";

const hostile = `</title><script>alert("1")</script><img src=x onerror='alert(1)'>&amp;`;

function example(name: string): Inventory {
  return {
    at: "2025-06-01T12:00:00.000Z",
    host: { hostname: name, uri: name, driver: name, version: name, cpus: 4, memoryKib: 8_388_608 },
    domains: [{
      name,
      state: name,
      reason: name,
      vcpus: 2,
      memoryKib: 1_048_576,
      persistent: true,
      autostart: false,
      snapshots: 3,
      addresses: [name],
    }],
    pools: [{
      name,
      state: name,
      type: name,
      path: name,
      capacityBytes: 100,
      allocationBytes: 95,
      volumes: 1,
    }],
    networks: [{ name, active: true, autostart: true, bridge: name }],
  };
}

Deno.test("the inventory of libvirt's test host, in its three forms", async () => {
  await using lab = await simulate();
  const json = (await lab.run(inventory, { input: { format: "json" } })).result;
  assert.ok(typeof json === "object");
  assert.deepEqual(json.domains.map(({ name, state }) => [name, state]), [["test", "running"]]);
  assert.deepEqual(json.pools.map(({ name }) => name), ["default-pool"]);
  assert.deepEqual(json.networks.map(({ name, active }) => [name, active]), [["default", true]]);
  const table = (await lab.run(inventory)).result;
  assert.match(String(table), /^test +running +2 +/m);
  const page = (await lab.run(inventory, { input: { format: "html" } })).result;
  assert.match(String(page), /^<!DOCTYPE html>/);
  assert.match(String(page), /<td class="">test<\/td>/);
});

Deno.test("a name cannot become markup", () => {
  const page = inventoryPage(example(hostile));
  assert.ok(!page.includes("<script"));
  assert.ok(!page.includes("<img"));
  // With all attributes' values taken out, nothing but our own tags and attributes is left.
  const bare = page.replace(/"[^"]*"/g, '""');
  assert.doesNotMatch(bare, /<[^>]*\bonerror/);
  const tags = new Set([...bare.matchAll(/<\/?([a-z!][\w-]*)/gi)].map(([, tag]) => tag));
  const ours = "!DOCTYPE html head meta title style body main h1 h2 p div section svg path rect text tspan " +
    "table caption thead tbody tr th td span";
  assert.deepEqual([...tags].filter((tag) => !ours.split(" ").includes(tag!)), []);
});

Deno.test("the page asks nobody for anything", () => {
  const page = inventoryPage(example("plain"));
  assert.doesNotMatch(page, /https?:|url\(|@import|<link|<iframe|src=/);
  assert.match(page, /default-src 'none'/);
  assert.match(page, /prefers-color-scheme: dark/);
});

Deno.test("a host with nothing on it has an inventory too", () => {
  const empty: Inventory = { ...example("bare"), domains: [], pools: [], networks: [] };
  assert.match(inventoryPage(empty), /Nothing to show/);
  assert.doesNotMatch(inventoryPage(empty), /NaN|undefined|Infinity/);
  assert.match(inventoryTable(empty), /^DOMAIN +STATE/m);
});

Deno.test("sizes are written in binary units", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 1024 ** 3, 5.25 * 1024 ** 4].map(sizeText), [
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "1 GiB",
    "5.3 TiB",
  ]);
});
