import assert from "node:assert/strict";
import { InventoryBuilder, readInventory } from "../../playbook/mod.ts";
import type { Inventory } from "../../playbook/inventory/inventory.ts";
import { matchHosts } from "../../playbook/inventory/pattern.ts";
import { memoryFiles } from "./kit/play.ts";

async function inventory(files: Readonly<Record<string, string>>, path = "/inv"): Promise<Inventory> {
  const builder = new InventoryBuilder();
  await readInventory(path, { builder, files: memoryFiles(files) });
  return builder.build();
}

const ini = `
web-1 domain=web-1 # in no group
[web]
web-[2:4] port=80
[db]
db-1 title="two words" n=5
[prod:children]
db
[prod]
web-3
[prod:vars]
env=prod
[all:vars]
env=none
`;

const yaml = `
all:
  vars: { env: none }
  hosts: { web-1: { domain: web-1 } }
  children:
    web: { hosts: { "web-[2:4]": { port: 80 } } }
    prod:
      vars: { env: prod }
      hosts: { web-3: }
      children: { db: { hosts: { db-1: { title: two words, n: 5 } } } }
`;

for (
  const [kind, files, path] of [
    ["INI", { "/inv/hosts": ini }, "/inv/hosts"],
    ["YAML", { "/inv/hosts.yml": yaml }, "/inv/hosts.yml"],
  ] as const
) {
  Deno.test(`an inventory in ${kind} is read as Ansible reads it`, async () => {
    const { hosts, groups } = await inventory(files, path);
    assert.deepEqual([...hosts.keys()].toSorted(), ["db-1", "web-1", "web-2", "web-3", "web-4"]);
    assert.deepEqual([...groups.get("prod") ?? []].toSorted(), ["db-1", "web-3"]);
    assert.deepEqual(groups.get("ungrouped"), ["web-1"]);
    assert.deepEqual(hosts.get("db-1")?.vars, {
      env: { k: "plain", value: "prod" },
      title: { k: "plain", value: "two words" },
      n: { k: "plain", value: 5 },
    });
    assert.deepEqual(hosts.get("web-2")?.vars["env"], { k: "plain", value: "none" });
  });
}

Deno.test("variables of a host stand above those of its groups, deeper groups above higher ones", async () => {
  const { hosts } = await inventory({
    "/inv/hosts.yml":
      "all: { vars: { a: 1, b: 1, c: 1, d: 1 }, children: { x: { vars: { b: 2, c: 2, d: 2 }, children: { y: { hosts: { h: { d: 4 } } } } } } }",
    "/inv/group_vars/y.yml": "c: 3",
    "/inv/group_vars/all/main.yml": "e: 5",
    "/inv/host_vars/h.yml": "f: 6",
    "/inv/group_vars/unknown.yml": "g: 7",
  });
  const values = Object.entries(hosts.get("h")?.vars ?? {}).map((
    [name, value],
  ) => [name, value.k === "plain" ? value.value : null]);
  assert.deepEqual(Object.fromEntries(values), { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 });
});

const patterns: readonly (readonly [string, readonly string[]])[] = [
  ["all", ["web-1", "web-2", "web-3", "web-4", "db-1"]],
  ["*", ["web-1", "web-2", "web-3", "web-4", "db-1"]],
  ["web:&prod", ["web-3"]],
  ["web:!prod", ["web-2", "web-4"]],
  ["web:&prod:!web-3", []],
  ["web,db", ["web-2", "web-3", "web-4", "db-1"]],
  ["web-?", ["web-1", "web-2", "web-3", "web-4"]],
  ["*-1", ["web-1", "db-1"]],
  ["~(web|db)-1", ["web-1", "db-1"]],
  ["web[0]", ["web-2"]],
  ["web[-1]", ["web-4"]],
  ["web[0:1]", ["web-2", "web-3"]],
  ["web[1:]", ["web-3", "web-4"]],
  ["!web", ["web-1", "db-1"]],
  ["ungrouped", ["web-1"]],
  ["nothing-*", []],
];

for (const [pattern, names] of patterns) {
  Deno.test(`the pattern ${pattern} means ${names.join(", ") || "nobody"}`, async () => {
    const found = matchHosts(pattern, await inventory({ "/inv/hosts.yml": yaml }, "/inv/hosts.yml"));
    assert.deepEqual(found.toSorted(), names.toSorted());
  });
}

Deno.test("a name that is nowhere is refused, with the one that was likely meant", async () => {
  const known = await inventory({ "/inv/hosts.yml": yaml }, "/inv/hosts.yml");
  assert.throws(() => matchHosts("web-9x", known), (error: unknown) => {
    assert.match(String(error), /no host and no group "web-9x"/);
    return true;
  });
  assert.throws(() => matchHosts("prodd", known), { hint: "Did you mean prod?" });
});

Deno.test("groups that hold each other are refused", async () => {
  await assert.rejects(
    inventory({ "/inv/h": "[a:children]\nb\n[b:children]\na\n" }, "/inv/h"),
    /hold each other/,
  );
});

Deno.test("faults of inventories say where they are", async () => {
  await assert.rejects(inventory({ "/inv/h": "[web]\nweb-1 uri\n" }, "/inv/h"), {
    at: { file: "/inv/h", line: 2, column: 1 },
  });
  await assert.rejects(inventory({ "/inv/h.yml": "web:\n  host:\n    a:\n" }, "/inv/h.yml"), {
    at: { file: "/inv/h.yml", line: 2, column: 3 },
  });
});

Deno.test("values of an INI inventory are numbers, lists and maps where they look so, and 012 is a text", async () => {
  const text =
    "[web]\nweb-1 n=5 f=1.5 zero=012\n[web:vars]\nlist=[1, 'a']\nmap={'a': 1}\nword=[not closed\nnone=None\n";
  const { hosts } = await inventory({ "/inv/h": text }, "/inv/h");
  const plain = Object.entries(hosts.get("web-1")?.vars ?? {}).map(([name, value]) => [
    name,
    value.k === "plain" ? value.value : value,
  ]);
  assert.deepEqual(Object.fromEntries(plain), {
    n: 5,
    f: 1.5,
    zero: "012",
    list: [1, "a"],
    map: { a: 1 },
    word: "[not closed",
    none: null,
  });
});

Deno.test("a file that configures a plugin of Ansible is told as such, with what to give instead", async () => {
  const text = "plugin: community.libvirt.libvirt\nuri: qemu:///system\n";
  await assert.rejects(inventory({ "/inv/h.yml": text }, "/inv/h.yml"), (error: unknown) => {
    assert.match((error as { hint?: string }).hint ?? "", /-i qemu:\/\/\/system/);
    return true;
  });
});
