import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { RequestContext } from "../../../runtime/control/control.ts";
import { LocalControl } from "../../../runtime/control/local.ts";
import { operationHandlers } from "../../../runtime/control/operations.ts";
import { handlersOf } from "../../cli/kit/fake_control.ts";
import { run } from "../../kit/caller.ts";
import { Door, FakeHost, FakeKernel } from "../../kit/fake_host.ts";

interface Setting {
  readonly control: LocalControl;
  readonly host: FakeHost;
  readonly kernel: FakeKernel;
  readonly web: ReturnType<FakeHost["add"]>;
  readonly cancelledRuns: string[];
}

/** A kernel with one domain, reached as the command line reaches it. */
function setting(): Setting {
  const host = new FakeHost();
  host.ready.open();
  const web = host.add("domain", "web-1", { live: { id: 1 } });
  const snapshot = host.add("snapshot", "before", { parent: web.id });
  const byName =
    (objects: readonly (typeof web)[]) => (_job: unknown, input: unknown): Promise<ObjectRef> => {
      const { name } = Object(input);
      const found = objects.find((object) => object.name === name);
      if (found === undefined) return Promise.reject(new VirtError("not-found", `No "${name}"`));
      return Promise.resolve(found.ref("host"));
    };
  host.on("domain.lookup", byName([web]));
  host.on("snapshot.lookup", byName([snapshot]));
  host.on(
    "domain.list",
    () =>
      Promise.resolve([{ domain: web.ref("host"), state: "running", persistent: true, autostart: false }]),
  );
  const kernel = new FakeKernel({ host });
  const cancelledRuns: string[] = [];
  const handlers = operationHandlers({
    kernel: kernel.kernel,
    connect: (uri) => kernel.kernel.connect(uri),
    write: (request) => kernel.kernel.call(request),
    accept: (key) => Promise.resolve(kernel.kernel.accept(key)),
    cancelRun: (id) => {
      cancelledRuns.push(id);
      return true;
    },
  });
  const control = new LocalControl(handlersOf(handlers), {
    principal: "uid:1000",
    leave: () => Promise.resolve(),
  });
  return { control, host, kernel, web, cancelledRuns };
}

const uri = "host:///x";

Deno.test("an operation reaches its object by the names of all that hold it", async () => {
  const { control, host } = setting();
  const seen: unknown[] = [];
  host.on("snapshot.revert", (job) => {
    seen.push(job.object.name, job.operation);
    return job.hop("revert", () => Promise.resolve({ state: "running", phase: "active", generation: 1 }));
  });
  const outcome = await control.request("operation.call", {
    operation: "snapshot.revert",
    uri,
    target: ["web-1", "before"],
    input: {},
  });
  assert.equal(outcome.kind, "done");
  assert.deepEqual(seen, ["before", "snapshot.revert"]);
});

Deno.test("a name that is not there, a name too few and an operation that does not exist are outcomes or errors of ours", async () => {
  const { control } = setting();
  const call = (operation: string, target: string[]): ReturnType<typeof control.request<"operation.call">> =>
    control.request("operation.call", { operation, uri, target, input: {} });
  const missing = await call("domain.start", ["nobody"]);
  assert.equal(missing.kind === "not-done" && missing.error.code, "not-found");
  const few = await call("snapshot.revert", ["web-1"]);
  assert.equal(few.kind === "not-done" && few.error.code, "invalid-argument");
  await assert.rejects(call("domain.frobnicate", ["web-1"]), { code: "unsupported" });
  await assert.rejects(
    control.request("operation.call", {
      operation: "domain.list",
      uri: "nowhere:///",
      target: [],
      input: {},
    }),
    { code: "unsupported" },
  );
});

Deno.test("a job is listed with who holds it, and can be cancelled by its object; the next in line goes on", async () => {
  const { control, host, web, kernel } = setting();
  const door = new Door();
  host.on("domain.start", (job) =>
    job.hop("spawn", (signal) => {
      void door.pass();
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }));
  const states: string[] = [];
  const waiting = Promise.withResolvers<void>();
  host.on(
    "domain.resume",
    (job) => job.hop("go", () => Promise.resolve({ state: "running", phase: "active", generation: 1 })),
  );
  const start = control.request("operation.call", {
    operation: "domain.start",
    uri,
    target: ["web-1"],
    input: {},
  });
  await door.reached;
  const resume = control.request("operation.call", {
    operation: "domain.resume",
    uri,
    target: ["web-1"],
    input: {},
  }, {
    onItem: (state) => {
      states.push(state.kind);
      if (state.kind === "waiting") waiting.resolve();
    },
  });
  await waiting.promise;
  const [slot] = await control.request("jobs.list", {});
  assert.ok(slot !== undefined);
  assert.equal(slot.key, web.key);
  assert.deepEqual(slot.holders.map(({ operation, caller }) => [operation, caller.title]), [
    ["domain.start", "drover domain start"],
  ]);
  assert.deepEqual(slot.waiters.map(({ operation, position }) => [operation, position]), [[
    "domain.resume",
    1,
  ]]);

  assert.deepEqual(await control.request("jobs.cancel", { key: web.key }), { cancelled: 1 });
  const ended = await kernel.clock.until(start);
  assert.notEqual(ended.kind, "done");
  // Whoever waited comes next, or hears that nobody knows what the cancelled job left.
  const next = await kernel.clock.until(resume);
  assert.ok(next.kind !== "unknown");
  assert.equal(states[0], "waiting");
  assert.deepEqual(kernel.kernel.slots().flatMap(({ holders, waiters }) => [...holders, ...waiters]), []);
});

Deno.test("a lease is cancelled with the run that holds it", async () => {
  const { control, kernel, web, cancelledRuns } = setting();
  const lease = await kernel.kernel.acquire({
    objects: [web.ref("host")],
    connections: kernel.connections,
    caller: run("7f3a"),
  });
  assert.deepEqual(await control.request("jobs.cancel", { key: web.key }), { cancelled: 1 });
  assert.deepEqual(cancelledRuns, ["7f3a"]);
  await lease.release();
  await assert.rejects(control.request("jobs.cancel", { key: web.key }), { code: "not-found" });
});

Deno.test("an uncertain object is listed, refuses writes, and is settled by a word", async () => {
  const { control, host, web, kernel } = setting();
  host.on(
    "domain.suspend",
    (job) =>
      job.hop(
        "stop",
        () =>
          Promise.reject(new VirtError("unreachable", "The link broke", { detail: { mayHaveActed: true } })),
      ),
    {
      reconcile: () => Promise.resolve({ kind: "unknown", reason: "the host does not answer" }),
    },
  );
  const suspend = (): ReturnType<typeof control.request<"operation.call">> =>
    control.request("operation.call", { operation: "domain.suspend", uri, target: ["web-1"], input: {} });
  assert.equal((await kernel.clock.until(suspend())).kind, "unknown");
  const [slot] = await control.request("jobs.list", {});
  assert.equal(slot?.uncertain?.operation, "domain.suspend");
  const refused = await suspend();
  assert.equal(refused.kind === "not-done" && refused.error.code, "outcome-unknown");
  assert.deepEqual(await control.request("jobs.accept", { key: web.key, as: "not-done" }), {});
  assert.deepEqual(await control.request("jobs.list", {}), []);
  await assert.rejects(control.request("jobs.accept", { key: web.key, as: "done" }), { code: "not-found" });
});

Deno.test("watched jobs come at once, again when they change, and not otherwise", async () => {
  const { control, kernel, web } = setting();
  const seen: number[] = [];
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const watching = control.request("jobs.watch", {}, {
    signal: stop.signal,
    onItem: (slots) => {
      seen.push(slots.length);
      (seen.length === 1 ? first : second).resolve();
    },
  });
  await first.promise;
  await kernel.clock.advance(5000);
  const lease = await kernel.kernel.acquire({
    objects: [web.ref("host")],
    connections: kernel.connections,
    caller: run("7f3a"),
  });
  await kernel.clock.advance(5000);
  await second.promise;
  stop.abort();
  await watching;
  await lease.release();
  assert.deepEqual(seen, [0, 1]);
});

Deno.test("names are those of the list, and none where nothing lists them", async () => {
  const { control } = setting();
  assert.deepEqual(await control.request("objects.names", { uri, objectClass: "domain" }), ["web-1"]);
  assert.deepEqual(await control.request("objects.names", { uri, objectClass: "network" }), []);
  assert.deepEqual(await control.request("objects.names", { uri, objectClass: "connection" }), []);
});

Deno.test("whoever has gone does not wait on", async () => {
  const { host, kernel, control, web } = setting();
  host.on(
    "domain.suspend",
    (job) => job.hop("stop", () => Promise.resolve({ state: "paused", phase: "active", generation: 1 })),
  );
  const lease = await kernel.kernel.acquire({
    objects: [web.ref("host")],
    connections: kernel.connections,
    caller: run("7f3a"),
  });
  const gone = new AbortController();
  const waiting = Promise.withResolvers<void>();
  const context: Partial<RequestContext<"operation.call">> = { signal: gone.signal };
  const call = control.request("operation.call", {
    operation: "domain.suspend",
    uri,
    target: ["web-1"],
    input: {},
  }, {
    ...context,
    onItem: () => waiting.resolve(),
  });
  await waiting.promise;
  gone.abort(new VirtError("cancelled", "The client has gone"));
  const outcome = await call;
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "cancelled");
  assert.deepEqual(kernel.kernel.slots().flatMap(({ waiters }) => waiters), []);
  await lease.release();
});
