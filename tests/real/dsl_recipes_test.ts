/**
 * Recipes of this project for guests, unchanged, on real hosts.
 */
import assert from "node:assert/strict";
import consoleLogin from "../../recipes/console_login.ts";
import drainHost from "../../recipes/drain_host.ts";
import guestCommand from "../../recipes/guest_command.ts";
import patchFleet from "../../recipes/patch_fleet.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import { startGuests } from "./kit/guests.ts";
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

test("a fleet is patched, and the guest that is ill afterwards is as it was before", async () => {
  const { source, target } = hosts;
  await startGuests(source, ["patch-1", "patch-2"], { memory: 96 });
  const shell = (text: string): string[] => ["/bin/sh", "-c", text];
  await using runs = new RecipeRuns();
  const uris = { source: source.uri("qemu"), target: target.uri("qemu") };
  const input = {
    domains: "patch-*",
    command: shell("echo new >/tmp/version; if [ $(hostname) = patch-2 ]; then touch /tmp/broken; fi"),
    health: shell("test ! -e /tmp/broken"),
    healthWithin: "12s",
    agentWithin: "1m",
  };
  const { view } = await runs.run(patchFleet, { hosts: uris, input });
  assert.deepEqual([view.state, view.exit], ["done", 3], view.error?.message);
  const report = view.result as {
    readonly patched: readonly { readonly domain: string }[];
    readonly rolledBack: readonly { readonly domain: string; readonly healthy: boolean }[];
  };
  assert.deepEqual(report.patched.map(({ domain }) => domain), ["patch-1"], JSON.stringify(view.result));
  assert.deepEqual(report.rolledBack.map(({ domain, healthy }) => [domain, healthy]), [["patch-2", true]]);
  const look = { domains: "patch-*", program: "/bin/sh", args: ["-c", "cat /tmp/version || true"] };
  const seen = await runs.result(guestCommand, { hosts: { host: uris.source }, input: look });
  const versions = Object.entries(seen as Record<string, { readonly out: string }>);
  assert.deepEqual(versions.map(([name, { out }]) => [name, out]).toSorted(), [
    ["patch-1", "new\n"],
    ["patch-2", ""],
  ]);
  for (const name of ["patch-1", "patch-2"]) {
    assert.equal((await source.virsh("snapshot-list", name, "--name")).trim(), "");
    await source.virsh("destroy", name);
    await source.virsh("undefine", name);
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
