import assert from "node:assert/strict";
import { simulate, type SimulatedSnapshot } from "../../testing/mod.ts";
import retention from "../../recipes/snapshot_retention.ts";

const hourMs = 3_600_000;
/** Noon on Wednesday 2023-11-15, in UTC. */
const start = Date.UTC(2023, 10, 15, 12);

/** A snapshot for every twelve hours of the last `days`. */
function halfDaily(days: number): SimulatedSnapshot[] {
  return Array.from({ length: 2 * days }, (_, index) => {
    const ageMs = (2 * days - 1 - index) * 12 * hourMs;
    return { name: `auto-${new Date(start - ageMs).toISOString().slice(0, 13)}`, ageMs };
  });
}

Deno.test("the last ones, and the last one of each day and week, are kept", async () => {
  await using lab = await simulate({
    start,
    hypervisor: {
      domains: [{ name: "db-1", snapshots: [{ name: "by-hand", ageMs: 1e10 }, ...halfDaily(20)] }],
    },
  });
  const run = await lab.run(retention, {
    input: { snapshots: "auto-*", last: 3, daily: 3, weekly: 2, dryRun: false },
  });
  assert.deepEqual(run.result.domains[0]?.kept, [
    "auto-2023-11-12T12",
    "auto-2023-11-13T12",
    "auto-2023-11-14T12",
    "auto-2023-11-15T00",
    "auto-2023-11-15T12",
  ]);
  assert.deepEqual(lab.host.domain("db-1").snapshots.toSorted(), [
    ...run.result.domains[0].kept,
    "by-hand",
  ]);
});

Deno.test("a dry run deletes nothing, and says what it would delete", async () => {
  await using lab = await simulate({
    start,
    hypervisor: { domains: [{ name: "db-1", snapshots: halfDaily(5) }] },
  });
  const before = lab.host.domain("db-1").snapshots;
  const run = await lab.run(retention, { input: { last: 1, daily: 0, weekly: 0 } });
  assert.equal(run.result.domains[0]?.deleted.length, 9);
  assert.deepEqual(lab.host.domain("db-1").snapshots, before);
  assert.deepEqual(lab.host.effects.filter(({ byKernel }) => byKernel), []);
});

Deno.test("a snapshot that cannot be deleted fails its domain and no other", async () => {
  await using lab = await simulate({
    start,
    hypervisor: { domains: ["db-1", "db-2"].map((name) => ({ name, snapshots: halfDaily(2) })) },
    faults: [{ operation: "snapshot.delete", times: 1 }],
  });
  const run = await lab.run(retention, {
    input: { last: 1, daily: 0, weekly: 0, maxFail: 1, dryRun: false },
  });
  assert.equal(run.result.failed.length, 1);
  assert.equal(run.exit, 3);
  const left = lab.host.domains.map(({ snapshots }) => snapshots.length).toSorted();
  assert.deepEqual(left, [1, 4], "what failed is as it was");
});
