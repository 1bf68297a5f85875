import assert from "node:assert/strict";
import { type Lab, simulate } from "../../testing/mod.ts";
import evacuate from "../../recipes/evacuate.ts";

const running = (name: string): { name: string; state: "running" } => ({ name, state: "running" });

function twoHosts(latency: Readonly<Record<string, "1s" | "10m">> = {}): Promise<Lab> {
  return simulate({
    hypervisors: {
      source: { domains: [running("web-1"), running("web-2"), running("db-1"), "off"] },
      target: { domains: [] },
    },
    latency,
  });
}

function names(lab: Lab, host: string): string[] {
  return lab.hosts[host]!.domains.filter(({ state }) => state === "running").map(({ name }) => name);
}

Deno.test("every running domain moves, and progress tells how many", async () => {
  await using lab = await twoHosts({ "domain.migrate": "1s" });
  const run = await lab.run(evacuate, { grants: [...evacuate.declaration.needs] });
  assert.deepEqual(run.result.moved.map(({ domain }) => domain).sort(), ["db-1", "web-1", "web-2"]);
  assert.deepEqual(run.result.failed, []);
  assert.deepEqual(names(lab, "source"), []);
  assert.deepEqual(names(lab, "target"), ["db-1", "web-1", "web-2"]);
  assert.deepEqual(run.progress.at(-1), { fraction: 1, text: "3 of 3 moved" });
  assert.ok(run.progress.length > 6, "it is told on the way");
  assert.deepEqual(lab.hosts["source"]!.domains.map(({ name }) => name), ["off"]);
});

Deno.test("a move that takes too long is aborted, and its domain goes on where it was", async () => {
  await using lab = await twoHosts({ "domain.migrate": "10m" });
  const run = await lab.run(evacuate, { input: { domains: "web-1", within: "15m" } });
  assert.equal(run.error?.code, "some-failed");
  assert.deepEqual(names(lab, "source"), ["db-1", "web-1", "web-2"]);
  assert.deepEqual(names(lab, "target"), []);
});

Deno.test("a domain that cannot move stays within the budget", async () => {
  await using lab = await twoHosts();
  lab.fault({ operation: "domain.migrate", object: "web-2", message: "it has a device of the host" });
  const run = await lab.run(evacuate, { input: { maxFail: 1 } });
  assert.deepEqual(run.result.failed, ["web-2"]);
  assert.deepEqual(names(lab, "source"), ["web-2"]);
  assert.equal(run.exit, 3);
});

Deno.test("a host without running domains is empty already", async () => {
  await using lab = await twoHosts();
  const run = await lab.run(evacuate, { input: { domains: "none-*" } });
  assert.deepEqual(run.result, { moved: [], failed: [] });
});
