/**
 * Guests that hang, die and take their time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver, effectsOn, Faults } from "../../../drivers/test/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

interface World extends AsyncDisposable {
  readonly bench: Bench;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly on: ObjectRef<"domain">;
  readonly host: string;
}

let hosts = 0;

async function world(
  options: { readonly shutdownMs?: number; readonly latencyMs?: number } = {},
): Promise<World> {
  const faults = new Faults();
  const clock = new VirtualClock();
  const host = `stuck-${++hosts}`;
  const { latencyMs = 0, ...settings } = options;
  const driver = createTestDriver({ ...settings, faults, latency: [{ effect: "*", ms: latencyMs }] });
  const bench = await Bench.open(`test:///default?host=${host}`, { drivers: [driver], clock });
  const soon = async <T>(call: Promise<T>): Promise<T> => {
    await clock.advance(latencyMs * 10);
    return await call;
  };
  const on = await soon(bench.call("domain.define", { xml: testXml.domain("web") }));
  return { bench, clock, faults, on, host, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

Deno.test("a destroy gets past a guest whose monitor never answers", async () => {
  await using w = await world();
  await w.bench.call("domain.start", {}, { on: w.on });
  w.faults.add({ kind: "never", effect: "domain.pause" });
  const stuck = w.bench.result("domain.suspend", {}, { on: w.on });
  await w.clock.advance(1_000);
  assert.equal((await w.bench.call("domain.destroy", {}, { on: w.on })).state, "shutoff");
  const { outcome } = await stuck;
  assert.equal(outcome.kind, "not-done");
  assert.equal((await w.bench.call("domain.start", {}, { on: w.on })).state, "running");
});

Deno.test("an agent that never answers does not hold up the domain", async () => {
  await using w = await world();
  await w.bench.call("domain.start", {}, { on: w.on });
  w.faults.add({ kind: "never", effect: "agent.exec" });
  const stuck = w.bench.result("domain.guestExec", { path: "/bin/true" }, { on: w.on });
  await w.clock.advance(1_000);
  assert.equal((await w.bench.call("domain.suspend", {}, { on: w.on })).state, "paused");
  await w.bench.call("domain.destroy", {}, { on: w.on });
  assert.notEqual((await stuck).outcome.kind, "done");
});

Deno.test("a guest that dies is seen, and whoever worked on it hears that it is gone", async () => {
  await using w = await world();
  await w.bench.call("domain.start", {}, { on: w.on });
  const events: string[] = [];
  using _heard = w.bench.kernel.subscribe(
    w.bench.host,
    ({ type, detail }) => events.push(`${type} ${detail ?? ""}`),
  );
  w.faults.add({ kind: "guest-dies", effect: "domain.change-live" });
  const { outcome } = await w.bench.result("domain.setMemory", { memoryKib: 1024 }, { on: w.on });
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "object-gone");
  const info = await w.bench.call("domain.info", {}, { on: w.on });
  assert.deepEqual([info.state, info.reason], ["shutoff", "crashed"]);
  assert.deepEqual(events, ["stopped crashed"]);
});

Deno.test("a start that is cancelled gives its process back", async () => {
  await using w = await world({ latencyMs: 1_000 });
  const cancel = new AbortController();
  const start = w.bench.result("domain.start", {}, { on: w.on, signal: cancel.signal });
  await w.clock.advance(1_500);
  cancel.abort(new Error("Never mind"));
  await w.clock.advance(10_000);
  assert.equal((await start).outcome.kind, "not-done");
  assert.equal((await w.bench.call("domain.info", {}, { on: w.on })).state, "shutoff");
  assert.deepEqual(effectsOn(w.host).map(({ effect }) => effect), [
    "domain.write-definition",
    "domain.spawn",
    "domain.kill",
  ]);
});

Deno.test("a guest takes its time to shut down, and tells when it has", async () => {
  await using w = await world({ shutdownMs: 30_000 });
  await w.bench.call("domain.start", {}, { on: w.on });
  const events: string[] = [];
  using _heard = w.bench.kernel.subscribe(
    w.bench.host,
    ({ type, detail }) => events.push(`${type} ${detail ?? ""}`),
  );
  assert.equal((await w.bench.call("domain.shutdown", {}, { on: w.on })).state, "running");
  await w.clock.advance(29_000);
  assert.deepEqual(events.filter((event) => event.startsWith("stopped")), []);
  await w.clock.advance(2_000);
  assert.deepEqual(events.filter((event) => event.startsWith("stopped")), ["stopped shutdown"]);
  assert.equal((await w.bench.call("domain.info", {}, { on: w.on })).state, "shutoff");
});

Deno.test("a guest that does not listen goes on when it is asked to shut down", async () => {
  await using w = await world();
  await w.bench.call("domain.start", {}, { on: w.on });
  w.faults.add({ kind: "ignore", effect: "domain.press-power" });
  assert.equal((await w.bench.call("domain.shutdown", {}, { on: w.on })).state, "running");
});

Deno.test("a long job is seen, and can be aborted", async () => {
  await using w = await world({ latencyMs: 1_000 });
  const start = w.bench.result("domain.start", {}, { on: w.on });
  await w.clock.advance(5_000);
  await start;
  const save = w.bench.result("domain.managedSave", {}, { on: w.on });
  await w.clock.advance(1_500);
  const info = await w.bench.call("domain.jobInfo", {}, { on: w.on });
  assert.deepEqual([info.type, info.operation, info.fraction], ["bounded", "domain.managedSave", 0.1]);
  await w.bench.call("domain.abortJob", {}, { on: w.on });
  await w.clock.advance(10_000);
  const { outcome } = await save;
  assert.equal(outcome.kind, "not-done");
  const after = await w.bench.call("domain.info", {}, { on: w.on });
  assert.deepEqual([after.state, after.managedSave], ["running", false]);
  await w.bench.refused("wrong-state", "domain.abortJob", { on: w.on, input: {} });
});
