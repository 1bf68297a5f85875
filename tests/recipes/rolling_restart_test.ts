import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import rollingRestart from "../../recipes/rolling_restart.ts";

const running = (name: string): { name: string; state: "running" } => ({ name, state: "running" });
const web = ["web-1", "web-2", "web-3", "web-4"].map(running);

Deno.test("every running domain is restarted, and its snapshot goes", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [...web, "web-off", running("db-1")] },
    guests: { shutdown: "10s" },
  });
  const run = await lab.run(rollingRestart, { input: { domains: "web-*" } });
  assert.deepEqual(run.result.restarted.map(({ domain, how }) => [domain, how]), [
    ["web-1", "shutdown"],
    ["web-2", "shutdown"],
    ["web-3", "shutdown"],
    ["web-4", "shutdown"],
  ]);
  assert.equal(run.exit, 0);
  assert.deepEqual(lab.host.domains.flatMap(({ snapshots }) => snapshots), []);
  assert.equal(lab.host.domain("web-off").state, "shutoff");
  assert.deepEqual(lab.host.effects.filter(({ object }) => object === "db-1"), []);
  assert.equal(run.durationMs, 40_000, "a canary, then a quarter at a time, ten seconds each");
});

Deno.test("a guest that does not listen loses its power, if that is wanted", async () => {
  for (const force of [true, false]) {
    await using lab = await simulate({
      hypervisor: { domains: [running("web-1")] },
      guests: { deaf: "web-*", shutdown: "5s" },
    });
    const run = await lab.run(rollingRestart, { input: { within: "30s", force } });
    if (force) {
      assert.equal(run.result.restarted[0]?.how, "destroyed");
    } else {
      assert.equal(run.error?.code, "some-failed");
      assert.match(run.error?.message ?? "", /Waited 30s for domain "web-1" to shut down: it is running/);
      assert.deepEqual(lab.host.domain("web-1").snapshots, ["before-restart"]);
    }
    assert.equal(lab.host.domain("web-1").state, "running");
  }
});

Deno.test("a failure in the budget goes on; its snapshot stays, and the run leaves with 3", async () => {
  await using lab = await simulate({
    hypervisor: { domains: web },
    faults: [{ operation: "domain.start", object: "web-2", message: "out of memory" }],
  });
  const run = await lab.run(rollingRestart, { input: { maxFail: 1 } });
  assert.deepEqual(run.result.failed.map(({ name }) => name), ["web-2"]);
  assert.equal(run.exit, 3);
  assert.deepEqual(lab.host.domain("web-2").snapshots, ["before-restart"]);
  assert.deepEqual(lab.host.domains.map(({ state }) => state), ["running", "shutoff", "running", "running"]);
});

Deno.test("an exceeded budget touches no more domains, and names them", async () => {
  await using lab = await simulate({
    hypervisor: { domains: web },
    faults: [{ operation: "domain.start", object: "web-1" }],
  });
  const run = await lab.run(rollingRestart);
  assert.equal(run.error?.code, "some-failed");
  assert.match(run.error?.message ?? "", /never begun: "web-2", "web-3", "web-4"/);
  assert.deepEqual(lab.host.effects.filter(({ object }) => /web-[234]/.test(object)), []);
});

Deno.test("hosts are restarted beside each other, and who is left is restarted by the next run", async () => {
  await using lab = await simulate({
    hypervisors: {
      blue: { domains: [running("b-1"), running("b-2")] },
      green: { domains: [running("g-1"), running("g-2")] },
    },
    guests: { shutdown: "10s" },
    faults: [{ operation: "domain.start", object: "g-1" }],
  });
  const first = await lab.run(rollingRestart, { input: { canary: 2, oneOfEachHost: true } });
  const left = JSON.parse(JSON.stringify(first.error?.detail));
  assert.deepEqual(left.done.map(({ name }: { name: string }) => name), ["b-1"]);
  assert.equal(first.durationMs, 10_000);
  const input = { canary: 2, oneOfEachHost: true, members: left };
  // It is off, and could not be snapshotted again under the name of the snapshot that stayed.
  const rest = await lab.run(rollingRestart, { input: { ...input, maxFail: 1 } });
  assert.deepEqual(rest.result.restarted.map(({ host, domain }) => `${host}/${domain}`).toSorted(), [
    "blue/b-2",
    "green/g-2",
  ]);
  assert.deepEqual(rest.result.failed.map(({ name, error }) => [name, error.code]), [
    ["g-1", "already-exists"],
  ]);
});
