import assert from "node:assert/strict";
import { type Lab, simulate } from "../../testing/mod.ts";
import type { SimulatedDomain } from "../../testing/host_content.ts";
import patchFleet from "../../recipes/patch_fleet.ts";
import { printable } from "../../recipes/patch_fleet/program.ts";

const running = (name: string, more: Partial<SimulatedDomain> = {}): SimulatedDomain => ({
  name,
  state: "running",
  ...more,
});

/** A patch and a health check that the simulated guests know. */
const patch = { command: ["echo", "patched"], health: ["true"] };

function oneHost(names: readonly string[]): Promise<Lab> {
  return simulate({ hypervisor: { domains: names.map((name) => running(name)) } });
}

/** The programs that were begun in a guest, by what they are for: look, patch, look, … */
function programs(
  run: { readonly calls: readonly { operation: string; target: string; input: unknown }[] },
  name: string,
): string[] {
  return run.calls.filter(({ operation, target }) => operation === "domain.guestExec" && target === name)
    .map(({ input }) => (input as { path: string }).path);
}

Deno.test("guests are patched under snapshots, which go when they are healthy", async () => {
  await using lab = await oneHost(["web-1", "web-2", "web-3", "db-1"]);
  const run = await lab.run(patchFleet, {
    input: { ...patch, domains: "web-*" },
    grants: [...patchFleet.declaration.needs],
  });
  assert.deepEqual(run.result.patched.map(({ domain, out }) => [domain, out]), [
    ["web-1", "patched\n"],
    ["web-2", "patched\n"],
    ["web-3", "patched\n"],
  ]);
  assert.deepEqual(run.result.rolledBack, []);
  assert.equal(run.exit, 0);
  assert.deepEqual(programs(run, "web-1"), ["true", "echo", "true"]);
  assert.deepEqual(lab.host.domains.flatMap(({ snapshots }) => snapshots), []);
  assert.deepEqual(run.calls.filter(({ target }) => target === "db-1"), []);
  assert.equal(run.progress.at(-1)?.fraction, 1);
});

Deno.test("a guest that is not healthy afterwards goes back, and the rest is not begun", async () => {
  await using lab = await oneHost(["web-1", "web-2", "web-3"]);
  // Well before the patch, and ill after it until it is taken back.
  lab.fault({
    operation: "domain.guestExec",
    object: "web-2",
    after: 2,
    times: 4,
    message: "the disk is full",
  });
  const run = await lab.run(patchFleet, { input: { ...patch, healthWithin: "4s" } });
  assert.equal(run.exit, 3);
  assert.deepEqual(run.result.patched.map(({ domain }) => domain), ["web-1"]);
  const [back] = run.result.rolledBack;
  assert.deepEqual([back?.domain, back?.healthy], ["web-2", true]);
  assert.match(back?.why ?? "", /domain "web-2" is not healthy after 4s: the disk is full/);
  assert.deepEqual(run.result.failed.map(({ name, during }) => [name, during]), [["web-2", "work"]]);
  assert.match(run.result.failed[0]?.error.message ?? "", /it was taken back, and is healthy again$/);
  assert.deepEqual(run.result.notBegun.map(({ name }) => name), ["web-3"]);
  assert.ok(
    run.calls.some(({ operation, outcome }) => operation === "snapshot.revert" && outcome === "done"),
  );
  assert.deepEqual(lab.host.domains.flatMap(({ snapshots }) => snapshots), []);
  const rest = await lab.run(patchFleet, {
    input: { ...patch, members: JSON.parse(JSON.stringify(run.result)) },
  });
  assert.deepEqual(rest.result.patched.map(({ domain }) => domain), ["web-2", "web-3"]);
});

Deno.test("a patch that fails is taken back, with what it said, and nothing that a terminal obeys", async () => {
  await using lab = await oneHost(["web-1"]);
  const run = await lab.run(patchFleet, { input: { ...patch, command: ["false"] } });
  assert.match(
    run.result.failed[0]?.error.message ?? "",
    /^The patch "false" ended with 1; it was taken back/,
  );
  assert.equal(printable("a\u001b]0;owned\u0007b\r\n\tc\u202e"), "a�]0;owned�b�\n\tc�");
  assert.equal(printable("x".repeat(5_000)).length, 2_001);
});

Deno.test("a guest that was ill before is left as it is", async () => {
  await using lab = await oneHost(["web-1"]);
  const run = await lab.run(patchFleet, { input: { ...patch, health: ["false"] } });
  assert.match(run.result.failed[0]?.error.message ?? "", /was not healthy before, and was left as it is/);
  assert.deepEqual(programs(run, "web-1"), ["false"]);
  assert.equal(run.calls.some(({ operation }) => operation.startsWith("snapshot.")), false);
});

Deno.test("a patch that never ends is given up and taken back", async () => {
  await using lab = await oneHost(["web-1"]);
  const run = await lab.run(patchFleet, {
    input: { ...patch, command: ["sleep", "86400"], commandWithin: "10m" },
  });
  assert.match(run.result.rolledBack[0]?.why ?? "", /"sleep" still runs in domain "web-1" after 10m/);
  assert.ok(run.durationMs < 20 * 60_000);
});

Deno.test("a snapshot of another time is not overwritten, and nothing is patched", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [running("web-1", { snapshots: [{ name: "before-patch" }] })] },
  });
  const run = await lab.run(patchFleet, { input: patch });
  assert.equal(run.result.failed[0]?.error.code, "already-exists");
  assert.deepEqual(programs(run, "web-1"), ["true"]);
  assert.deepEqual(lab.host.domain("web-1").snapshots, ["before-patch"]);
});

Deno.test("where the way back fails too, the snapshot stays, and both errors are told", async () => {
  await using lab = await oneHost(["web-1"]);
  lab.fault({ operation: "snapshot.revert", message: "the image is locked" });
  const run = await lab.run(patchFleet, { input: { ...patch, command: ["false"] } });
  assert.match(
    run.result.failed[0]?.error.message ?? "",
    /could not be taken back to its snapshot "before-patch", which stays: the image is locked; the patch: The patch "false"/,
  );
  assert.deepEqual(lab.host.domain("web-1").snapshots, ["before-patch"]);
  assert.deepEqual(run.result.rolledBack, []);
});

Deno.test("a snapshot that cannot be deleted is told, and its guest is patched all the same", async () => {
  await using lab = await oneHost(["web-1"]);
  lab.fault({ operation: "snapshot.delete" });
  const run = await lab.run(patchFleet, { input: patch });
  assert.deepEqual(run.result.patched.map(({ domain, snapshotLeft }) => [domain, snapshotLeft]), [
    ["web-1", "before-patch"],
  ]);
  assert.ok(run.logs.some(({ message }) => /snapshot "before-patch" stays/.test(message)));
  assert.equal(run.exit, 0);
});

Deno.test("what nobody knows is not undone, and is not done again by the next run", async () => {
  await using lab = await oneHost(["web-1", "web-2"]);
  lab.fault({ operation: "domain.guestExec", object: "web-1", after: 1, kind: "break-after" });
  const run = await lab.run(patchFleet, { input: patch });
  assert.equal(run.exit, 10);
  assert.deepEqual(run.result.unknown.map(({ name }) => name), ["web-1"]);
  assert.deepEqual(run.result.notBegun.map(({ name }) => name), ["web-2"]);
  assert.equal(run.calls.some(({ operation }) => operation === "snapshot.revert"), false);
  assert.deepEqual(lab.host.domain("web-1").snapshots, ["before-patch"]);
  const rest = await lab.run(patchFleet, {
    input: { ...patch, members: JSON.parse(JSON.stringify(run.result)) },
  });
  assert.deepEqual(rest.result.patched.map(({ domain }) => domain), ["web-2"]);
});

Deno.test("who falls ill during the soak goes back too", async () => {
  await using lab = await oneHost(["web-1", "web-2"]);
  lab.fault({ operation: "domain.guestExec", object: "web-1", after: 3, times: 8 });
  const run = await lab.run(patchFleet, {
    input: { ...patch, soak: "10m", healthWithin: "10s", maxFail: 1, apart: [], batch: [2] },
  });
  assert.deepEqual(run.result.failed.map(({ name, during }) => [name, during]), [["web-1", "health"]]);
  assert.deepEqual(run.result.rolledBack.map(({ domain }) => domain), ["web-1"]);
  assert.deepEqual(run.result.patched.map(({ domain }) => domain), ["web-2"]);
  assert.ok(run.durationMs >= 10 * 60_000);
});

Deno.test("two of one host are not patched at once, and a run may end after a canary", async () => {
  await using lab = await simulate({
    hypervisors: {
      blue: { domains: [running("b-1"), running("b-2")] },
      green: { domains: [running("g-1"), running("g-2")] },
    },
  });
  const canary = await lab.run(patchFleet, { input: { ...patch, batch: [4], batches: 1 } });
  assert.deepEqual(canary.result.done.map(({ name }) => name).toSorted(), ["b-1", "g-1"]);
  assert.deepEqual(canary.result.notBegun.map(({ name }) => name), ["b-2", "g-2"]);
  assert.equal(canary.exit, 0);
  const rest = await lab.run(patchFleet, {
    input: { ...patch, members: JSON.parse(JSON.stringify(canary.result)) },
  });
  assert.deepEqual(rest.result.done.map(({ name }) => name), ["b-2", "g-2"]);
});

Deno.test("members are out of the load balancer while they are patched; one that failed stays out and is named", async () => {
  await using lab = await oneHost(["balancer", "web-1", "web-2"]);
  lab.fault({ operation: "domain.guestExec", object: "web-2", after: 1, times: 1, message: "no" });
  const balancer = { domain: "balancer", out: ["echo", "out", "{name}"], back: ["echo", "back", "{name}"] };
  const run = await lab.run(patchFleet, { input: { ...patch, maxFail: 1, balancer } });
  const told = run.calls.filter(({ operation, target }) =>
    operation === "domain.guestExec" && target === "balancer"
  )
    .map(({ input }) => (input as { arguments: string[] }).arguments.join(" "));
  assert.deepEqual(told, ["out web-1", "back web-1", "out web-2"]);
  assert.deepEqual(run.result.drained.map(({ name }) => name), ["web-2"]);
  const none = await lab.run(patchFleet, {
    input: { ...patch, balancer: { ...balancer, domain: "blancer" } },
  });
  assert.match(none.error?.message ?? "", /Cannot use the load balancer "blancer": there is none that runs/);
});

Deno.test("inputs that make no sense are refused", async () => {
  await using lab = await oneHost(["web-1"]);
  for (
    const wrong of [
      {},
      { command: [] },
      { ...patch, batch: [0] },
      { ...patch, batch: ["120%"] },
      { ...patch, apart: ["rack"] },
      { ...patch, soak: "soon" },
      { ...patch, members: "web-1" },
    ]
  ) {
    const run = await lab.run(patchFleet, { input: wrong as never });
    assert.equal(run.error?.code, "invalid-argument", JSON.stringify(wrong));
    assert.deepEqual(run.calls.filter(({ operation }) => operation !== "domain.list"), []);
  }
});

Deno.test("who is named and off fails by itself, at once, and the others are patched", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running("web-1"), "web-2"] } });
  const run = await lab.run(patchFleet, { input: { ...patch, maxFail: 1, members: ["web-2", "web-1"] } });
  assert.deepEqual(run.result.patched.map(({ domain }) => domain), ["web-1"]);
  assert.match(run.result.failed[0]?.error.message ?? "", /Cannot patch domain "web-2": it is shutoff/);
  assert.ok(run.durationMs < 1_000);
});
