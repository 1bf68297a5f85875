import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import quickstart from "../../recipes/quickstart.ts";

Deno.test("the quickstart shows a domain that ran, and leaves nothing behind", async () => {
  await using lab = await simulate();
  const run = await lab.run(quickstart, { grants: [...quickstart.declaration.needs] });
  assert.match(run.result, /domain\s+quickstart: running, 1 vCPU, 64 MiB/);
  assert.match(run.result, /snapshots\s+1 \(fresh\)/);
  assert.match(run.result, /beside it\s+test\n/);
  assert.equal(run.exit, 0);
  assert.deepEqual(run.steps.map(({ name, state }) => [name, state]), [["start", "done"], [
    "snapshot",
    "done",
  ]]);
  assert.deepEqual(lab.host.domains.map(({ name }) => name), ["test"]);
});

Deno.test("the quickstart keeps its domain when it is told to", async () => {
  await using lab = await simulate();
  const run = await lab.run(quickstart, { input: { keep: true, name: "mine", memory: 128 } });
  assert.match(run.result, /The domain stays/);
  const mine = lab.host.domain("mine");
  assert.equal(mine.state, "running");
  assert.deepEqual(mine.snapshots, ["fresh"]);
});

Deno.test("the quickstart cleans up after a failure, and after a cancel", async () => {
  await using lab = await simulate({ faults: [{ operation: "snapshot.create" }] });
  const failed = await lab.run(quickstart);
  assert.equal(failed.error?.code, "operation-failed");
  assert.deepEqual(lab.host.domains.map(({ name }) => name), ["test"]);

  await using slow = await simulate({ latency: { "domain.start": "1h" } });
  const run = slow.start(quickstart);
  await slow.advance("1s");
  assert.ok(slow.host.domains.some(({ name }) => name === "quickstart"));
  run.cancel();
  assert.equal((await slow.clock.until(run.ended)).state, "cancelled");
  assert.deepEqual(slow.host.domains.map(({ name }) => name), ["test"]);
});

Deno.test("the quickstart takes nobody else's domain for its own", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "quickstart", state: "running" }] } });
  const run = await lab.run(quickstart);
  assert.equal(run.error?.code, "already-exists");
  assert.equal(lab.host.domain("quickstart").state, "running");
});
