/**
 * Recipes of this project for guests, unchanged, on real hosts.
 */
import assert from "node:assert/strict";
import consoleLogin from "../../recipes/console_login.ts";
import drainHost from "../../recipes/drain_host.ts";
import guestCommand from "../../recipes/guest_command.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { unavailable } from "./kit/requirements.ts";
import { TwoHosts } from "./kit/two_hosts.ts";

const reason = unavailable(guestNeeds);
let hosts: TwoHosts;
if (reason === undefined) {
  Deno.test.beforeAll(async () => {
    hosts = await TwoHosts.start();
    for (const name of ["web-1", "web-2"]) {
      await hosts.source.virsh(
        "define",
        await hosts.source.file(`${name}.xml`, await guestXml(name, { memory: 96 })),
      );
      await hosts.source.virsh("start", name);
    }
  });
  Deno.test.afterAll(() => hosts.stop());
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn,
  });
}

test("a program runs in the guests of running domains", async () => {
  await using runs = new RecipeRuns();
  const input = { domains: "web-*", program: "/bin/hostname", agentWithin: "1m" };
  const result = await runs.result(guestCommand, { hosts: { host: hosts.source.uri("qemu") }, input });
  assert.deepEqual(result, {
    "web-1": { exitCode: 0, out: "web-1\n", err: "" },
    "web-2": { exitCode: 0, out: "web-2\n", err: "" },
  });
});

test("commands run on the consoles of domains", async () => {
  await using runs = new RecipeRuns();
  const input = { domains: "web-*", commands: ["hostname", "ls /nowhere", "echo three; echo lines; false"] };
  const result = await runs.result(consoleLogin, { hosts: { host: hosts.source.uri("qemu") }, input });
  for (const name of ["web-1", "web-2"]) {
    const ran = (result as Record<string, { exitCode: number; output: string }[]>)[name]!;
    assert.deepEqual(ran.map(({ exitCode }) => exitCode), [0, 1, 1], name);
    assert.deepEqual(ran.map(({ output }) => output), [
      `${name}\n`,
      "ls: /nowhere: No such file or directory\n",
      "three\nlines\n",
    ]);
  }
});

test("a host is drained, its guests talk on the other one, and come back", async () => {
  await using runs = new RecipeRuns();
  const uris = { source: hosts.source.uri("qemu"), target: hosts.target.uri("qemu") };
  const input = { host: "source", domains: "web-*", within: "2m", reserveMib: 0, memoryOvercommit: 4 };
  const drained = await runs.result(drainHost, { hosts: uris, input }) as {
    readonly moved: readonly { readonly name: string; readonly to: string }[];
    readonly failed: readonly unknown[];
  };
  assert.deepEqual(drained.moved.map(({ name, to }) => `${name}>${to}`).toSorted(), [
    "web-1>target",
    "web-2>target",
  ]);
  assert.deepEqual(drained.failed, []);
  assert.equal((await hosts.source.virsh("list", "--name")).trim(), "");
  const there = await runs.result(consoleLogin, {
    hosts: { host: uris.target },
    input: { domains: "web-*" },
  });
  assert.deepEqual(Object.keys(there as object).sort(), ["web-1", "web-2"]);
  // The host is back from its maintenance.
  const back = await runs.result(drainHost, { hosts: uris, input: { back: drained, within: "2m" } });
  assert.equal((back as { readonly moved: readonly unknown[] }).moved.length, 2);
  const names = (await hosts.source.virsh("list", "--name")).split("\n").filter((name) => name !== "");
  assert.deepEqual(names.toSorted(), ["web-1", "web-2"]);
});
