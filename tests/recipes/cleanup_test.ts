import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import cleanup from "../../recipes/cleanup.ts";

const dayMs = 86_400_000;
const start = Date.UTC(2025, 5, 1);

function described(name: string, text: string, state: "running" | "shutoff" = "shutoff"): {
  readonly name: string;
  readonly state: "running" | "shutoff";
  readonly xml: string;
} {
  return {
    name,
    state,
    xml: `<domain type='test'><name>${name}</name><description>${text}</description>` +
      `<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`,
  };
}

Deno.test("only volumes that nothing leads to go", async () => {
  await using lab = await simulate({
    hypervisor: {
      domains: [
        { name: "web-1", disks: ["/images/web-1.qcow2"] },
        { name: "odd", disks: ["/images/R&D.qcow2"] },
      ],
      pools: [{
        name: "images",
        path: "/images",
        volumes: [
          "orphan.qcow2",
          "R&D.qcow2",
          "base.qcow2",
          "older-base.qcow2",
          { name: "middle.qcow2", backing: "/images/base.qcow2" },
          { name: "web-1.qcow2", backing: "/images/middle.qcow2" },
        ],
      }],
    },
  });
  const dry = await lab.run(cleanup, { input: { pools: "*" } });
  assert.deepEqual(dry.result.volumes.map(({ volume }) => volume).toSorted(), [
    "images/older-base.qcow2",
    "images/orphan.qcow2",
  ]);
  assert.equal(lab.host.pools[0]?.volumes.length, 6);
  const run = await lab.run(cleanup, { input: { pools: "*", volumes: "orphan*", dryRun: false } });
  assert.deepEqual(run.result.volumes.map(({ volume }) => volume), ["images/orphan.qcow2"]);
  assert.deepEqual(lab.host.pools[0]?.volumes, [
    "R&D.qcow2",
    "base.qcow2",
    "middle.qcow2",
    "older-base.qcow2",
    "web-1.qcow2",
  ]);
});

Deno.test("domains whose time is over go, if they are off and were meant", async () => {
  await using lab = await simulate({
    start,
    hypervisor: {
      domains: [
        described("ci-old", "expires: 2025-05-30"),
        described("ci-busy", "expires: 2025-05-30", "running"),
        described("ci-new", "expires: 2025-06-30"),
        described("ci-other", "belongs to somebody"),
        described("web-old", "expires: 2025-05-30"),
      ],
    },
  });
  const run = await lab.run(cleanup, { input: { domains: "ci-*", dryRun: false } });
  assert.deepEqual(run.result.domains, ["ci-old"]);
  assert.deepEqual(lab.host.domains.map(({ name }) => name), ["ci-busy", "ci-new", "ci-other", "web-old"]);
  const all = await lab.run(cleanup, { input: { domains: "ci-*", unlabelled: true } });
  assert.deepEqual(all.result.domains, ["ci-other"]);
});

Deno.test("old snapshots go by age and name", async () => {
  await using lab = await simulate({
    start,
    hypervisor: {
      domains: [{
        name: "db-1",
        snapshots: [
          { name: "auto-1", ageMs: 100 * dayMs },
          { name: "by-hand", ageMs: 90 * dayMs },
          { name: "auto-2", ageMs: dayMs },
        ],
      }],
    },
  });
  const run = await lab.run(cleanup, { input: { snapshotDays: 30, snapshots: "auto-*", dryRun: false } });
  assert.deepEqual(run.result.snapshots, [{ domain: "db-1", snapshot: "auto-1", days: 100 }]);
  assert.deepEqual(lab.host.domain("db-1").snapshots, ["by-hand", "auto-2"]);
});

Deno.test("without being told anything nothing goes", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["a"], pools: [{ name: "p", volumes: ["v"] }] },
  });
  const run = await lab.run(cleanup, { input: { dryRun: false } });
  assert.deepEqual(run.result, { dryRun: false, volumes: [], domains: [], snapshots: [], freedBytes: 0 });
  assert.deepEqual(lab.host.effects.filter(({ byKernel }) => byKernel), []);
});
