import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { remoteFault } from "./kit/fake_libvirtd.ts";
import { FakeObjects } from "./kit/fake_objects.ts";

async function running(bench: RemoteBench): Promise<ObjectRef<"domain">> {
  const on = await bench.call("domain.define", { xml: xmlOf("web") });
  await bench.call("domain.start", {}, { on });
  return on;
}

const backup = 9;
const completed = 3;
const cancelled = 5;

Deno.test("a backup is followed to its end, and says how far it is", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  const fractions: number[] = [];
  world.jobAfterBegin = { type: 2, operation: backup };
  const pending = bench.begin("domain.backUp", {}, {
    on,
    onState: (state) => state.kind === "progress" && fractions.push(state.fraction),
  });
  await bench.calm(50);
  for (const processed of [25, 50, 75]) {
    world.job = { type: 2, operation: backup, processed, total: 100 };
    await bench.calm(5000);
  }
  world.job = undefined;
  world.lastJob = { type: completed, operation: backup, processed: 100, total: 100 };
  const { outcome } = await bench.clock.until(pending);
  assert.deepEqual(outcome, { kind: "done", value: { bytes: 100 } });
  assert.deepEqual([...new Set(fractions)].filter((fraction) => fraction > 0), [0.25, 0.5, 0.75]);
});

Deno.test("a backup that the host fails or somebody aborts is not done, with the reason", async () => {
  for (
    const [last, code, reason] of [
      [{ type: 4, operation: backup, errmsg: "no room" }, "operation-failed", /no room/],
      [{ type: cancelled, operation: backup }, "cancelled", /somebody has aborted it/],
    ] as const
  ) {
    const world = new FakeObjects();
    await using bench = await RemoteBench.open({ libvirtd: world });
    const on = await running(bench);
    world.jobAfterBegin = { type: 2, operation: backup, processed: 1, total: 100 };
    const pending = bench.begin("domain.backUp", {}, { on });
    await bench.calm(1000);
    world.job = undefined;
    world.lastJob = last;
    const { outcome } = await bench.clock.until(pending);
    assert.equal(outcome.kind, "not-done");
    assert.match(JSON.stringify(outcome), new RegExp(code));
    assert.match(JSON.stringify(outcome), reason);
  }
});

Deno.test("a backup that nobody waits for any more is ended at the host", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  world.jobAfterBegin = { type: 2, operation: backup, processed: 1, total: 100 };
  const controller = new AbortController();
  const pending = bench.begin("domain.backUp", {}, { on, signal: controller.signal });
  await bench.calm(3000);
  controller.abort();
  const { outcome } = await bench.clock.until(pending);
  assert.equal(outcome.kind, "not-done");
  assert.equal(world.job, undefined);
});

Deno.test("a backup is not begun while another one runs, nor waited for where others end it", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  await bench.refused("invalid-argument", "domain.backUp", {
    on,
    input: { xml: "<domainbackup mode='pull'/>" },
  });
  world.jobAfterBegin = { type: 2, operation: backup };
  await bench.call("domain.beginBackup", { xml: "<domainbackup mode='pull'/>" }, { on });
  await bench.refused("in-use", "domain.beginBackup", { on, input: {} });
  await bench.refused("in-use", "domain.backUp", { on, input: {} });
});

Deno.test("a backup whose begin was not answered is told by whether it runs", async () => {
  for (const fate of ["lose-request", "lose-answer"] as const) {
    const world = new FakeObjects();
    await using bench = await RemoteBench.open({ libvirtd: world });
    const on = await running(bench);
    world.jobAfterBegin = { type: 2, operation: backup };
    bench.net.fate = ({ procedure }) => procedure === "domainBackupBegin" ? fate : "pass";
    const outcome = await bench.outcome("domain.beginBackup", {}, { on });
    assert.equal(outcome.kind, fate === "lose-answer" ? "done" : "not-done", fate);
  }
});

Deno.test("a host that holds a domain for a backup which it does not know leaves the begin unknown", async () => {
  const world = new FakeObjects();
  await using bench = await RemoteBench.open({ libvirtd: world });
  const on = await running(bench);
  bench.net.fate = ({ procedure }) => {
    if (procedure !== "domainBackupBegin") return "pass";
    const missing = Array.from(
      { length: 1000 },
      () => remoteFault(1, "internal error: backup job data missing"),
    );
    world.faults.set("domainGetJobStats", missing);
    return "lose-answer";
  };
  const outcome = await bench.outcome("domain.beginBackup", {}, { on });
  assert.equal(outcome.kind, "unknown");
});
