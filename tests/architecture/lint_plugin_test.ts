import assert from "node:assert/strict";
import plugin from "../../tools/lint_plugin.ts";

function complaints(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id }) => id);
}

Deno.test("time and chance from anywhere but the kernel are found in runtime and drivers", () => {
  for (
    const source of [
      "Date.now();",
      "setTimeout(() => {}, 1);",
      "new Date();",
      "Math.random();",
      "crypto.randomUUID();",
    ]
  ) {
    assert.deepEqual(complaints("/x/runtime/slot.ts", source), ["drover/kernel-time"], source);
    assert.deepEqual(complaints("/x/drivers/test/driver.ts", source), ["drover/kernel-time"], source);
    assert.deepEqual(complaints("/x/cli/main.ts", source), [], source);
  }
  assert.deepEqual(complaints("/x/runtime/slot.ts", "new Date(0).toISOString();"), []);
  assert.deepEqual(complaints("/x/runtime/clock.ts", "Date.now();"), []);
});

Deno.test("a driver function that awaits anything but a hop is found", () => {
  const path = "/x/drivers/test/domain.ts";
  assert.deepEqual(complaints(path, "async function start(job) { await link.spawn(); }"), [
    "drover/hops-only",
  ]);
  assert.deepEqual(complaints(path, "async function start(job) { await Promise.resolve(); }"), [
    "drover/hops-only",
  ]);
  assert.deepEqual(
    complaints(path, 'async function start(job) { await job.hop("spawn", () => link.spawn()); }'),
    [],
  );
  assert.deepEqual(
    complaints(path, 'async function start(job) { await job.peer.hop("x", async () => { await a(); }); }'),
    [],
  );
  assert.deepEqual(complaints(path, "async function start(job) { await spawnAndWait(job); }"), []);
  assert.deepEqual(complaints(path, "async function connect(uri) { await open(uri); }"), []);
});
