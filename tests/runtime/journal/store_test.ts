import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { VirtError } from "../../../model/error.ts";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import type { RunRecord, StepRecord } from "../../../runtime/journal/record.ts";
import { SqliteStore } from "../../../runtime/journal/sqlite_store.ts";
import type { Store } from "../../../runtime/journal/store.ts";

function run(id: string, patch: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    title: "recipes/nightly.ts",
    kind: "recipe",
    versions: { drover: "0.1.0", channel: 1, operations: "abc" },
    input: {},
    hosts: [{ name: "host", uri: "test:///default" }],
    needs: [],
    grants: ["all"],
    principal: "uid:0",
    seed: "s",
    state: "running",
    epoch: 1,
    createdAt: 1000,
    unknownOutcome: false,
    resumes: 0,
    ...patch,
  };
}

function step(run: string, number: number, patch: Partial<StepRecord> = {}): StepRecord {
  return {
    run,
    number,
    kind: "call",
    operation: "domain.start",
    effect: "write",
    target: "domain:host::42",
    label: "web-1",
    inputHash: "h",
    issuedAt: 5,
    ...patch,
  };
}

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(`${directory}/journal.db`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a run comes back with its steps, deliveries, leases and logs in order", () =>
  withFile(async (path) => {
    {
      await using store = new SqliteStore(path);
      store.addRun(run("7f3a"));
      store.addStep(step("7f3a", 0, { input: { paused: true }, at: { line: 12, column: 7 } }));
      store.addStep(step("7f3a", 1, { kind: "timer", effect: "read", due: 77 }));
      const intent = { object: "h/test/domain/42", label: 'domain "web-1"', token: { epoch: 1, counter: 9 } };
      store.changeStep("7f3a", 0, { intent: { ...intent, before: { id: 1 }, generation: 3, newId: "n" } });
      store.changeStep("7f3a", 0, { outcome: "done", settledAt: 9 });
      store.addDelivery({ run: "7f3a", sequence: 0, delivery: { t: "fired", step: 1, now: 77 } });
      store.addDelivery({
        run: "7f3a",
        sequence: 1,
        delivery: { t: "answer", step: 0, value: new Uint8Array([1, 2, 255]), now: 78 },
      });
      store.addLog({
        run: "7f3a",
        sequence: 0,
        at: 3,
        level: "info",
        message: "back",
        fields: { ip: "10.0.0.1" },
      });
      store.changeRun("7f3a", { state: "done", endedAt: 80, exit: 0, result: { ok: true } });
    }
    await using store = new SqliteStore(path);
    const found = await store.run("7f3a");
    assert.equal(found?.state, "done");
    assert.deepEqual(found?.result, { ok: true });
    const [first, second] = await store.steps("7f3a");
    assert.deepEqual(first?.input, { paused: true });
    assert.deepEqual(first?.intent?.token, { epoch: 1, counter: 9 });
    assert.equal(first?.outcome, "done");
    assert.deepEqual(first?.at, { line: 12, column: 7 });
    assert.equal(second?.due, 77);
    const deliveries = await store.deliveries("7f3a");
    assert.deepEqual(deliveries.map(({ sequence, delivery }) => [sequence, delivery.t]), [[0, "fired"], [
      1,
      "answer",
    ]]);
    const answer = deliveries[1]?.delivery;
    assert.ok(answer?.t === "answer");
    assert.deepEqual(answer.value, new Uint8Array([1, 2, 255]));
    assert.deepEqual((await store.logs("7f3a")).map(({ message, fields }) => [message, fields]), [
      ["back", { ip: "10.0.0.1" }],
    ]);
    assert.equal(await store.nextLog("7f3a"), 1);
  }));

Deno.test("an epoch is never handed out twice, whether the journal was closed or not", () =>
  withFile(async (path) => {
    const first = new SqliteStore(path);
    assert.equal(await first.nextEpoch(), 1);
    // The first one is not closed: its process has died.
    const second = new SqliteStore(path);
    assert.equal(await second.nextEpoch(), 2);
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await using third = new SqliteStore(path);
    assert.equal(await third.nextEpoch(), 3);
  }));

Deno.test("what was not flushed is seen by reads, and is not there for another process", () =>
  withFile(async (path) => {
    await using store = new SqliteStore(path);
    await store.nextEpoch();
    store.addRun(run("aaaa"));
    assert.equal((await store.runs()).length, 1);
    const other = new DatabaseSync(path, { readOnly: true });
    const count = (): unknown => other.prepare("SELECT count(*) AS n FROM runs").get()?.["n"];
    assert.equal(count(), 0);
    await store.flush();
    assert.equal(count(), 1);
    other.close();
  }));

Deno.test("those who flush at the same time share one commit", () =>
  withFile(async (path) => {
    let commits = 0;
    await using store = new SqliteStore(path, {
      defer: (commit) =>
        queueMicrotask(() => {
          commits++;
          commit();
        }),
    });
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 32; i++) {
      store.addRun(run(`run-${i}`));
      flushes.push(store.flush());
    }
    await Promise.all(flushes);
    assert.equal(commits, 1);
    await store.flush();
    assert.equal(commits, 1, "nothing to make durable, nothing committed");
  }));

Deno.test("a journal of a later version is refused, with what to do", () =>
  withFile((path) => {
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    assert.throws(() => new SqliteStore(path), (error: unknown) => {
      assert.ok(error instanceof VirtError);
      assert.equal(error.code, "unsupported");
      assert.match(error.message, /version 99/);
      assert.match(error.hint ?? "", /later/);
      return true;
    });
    return Promise.resolve();
  }));

Deno.test("a database of somebody else is refused and left as it is", () =>
  withFile((path) => {
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    db.close();
    assert.throws(() => new SqliteStore(path), { code: "invalid-argument" });
    const again = new DatabaseSync(path);
    assert.deepEqual(again.prepare("SELECT name FROM sqlite_schema").all().map((row) => row["name"]), [
      "theirs",
    ]);
    again.close();
    return Promise.resolve();
  }));

Deno.test("a damaged journal is refused, with what to do", () =>
  withFile(async (path) => {
    {
      await using store = new SqliteStore(path);
      store.addRun(run("aaaa", { input: "x".repeat(200_000) }));
    }
    const db = new DatabaseSync(path);
    db.exec("UPDATE meta SET value = 'not' WHERE key = 'closed'");
    db.close();
    const file = await Deno.open(path, { write: true, read: true });
    await file.seek(5000, Deno.SeekMode.Start);
    await file.write(new Uint8Array(60_000).fill(0xee));
    file.close();
    assert.throws(() => new SqliteStore(path), { code: "operation-failed" });
  }));

Deno.test("a large value stands once, and goes with the last run that uses it", () =>
  withFile(async (path) => {
    const large = { xml: "<domain/>".repeat(5000) };
    await using store = new SqliteStore(path);
    for (const id of ["aaaa", "bbbb"]) {
      store.addRun(run(id, { state: "done", endedAt: id === "aaaa" ? 10 : 2000 }));
      store.addDelivery({ run: id, sequence: 0, delivery: { t: "answer", step: 0, value: large, now: 1 } });
    }
    await store.flush();
    const other = new DatabaseSync(path, { readOnly: true });
    const blobs = (): unknown => other.prepare("SELECT count(*) AS n FROM blobs").get()?.["n"];
    assert.equal(blobs(), 1);
    assert.deepEqual(await store.prune({ now: 3000, keepMs: 2500, maxBytes: 1 << 30 }), { runs: 1 });
    assert.equal(blobs(), 1, "the younger run still uses it");
    const [kept] = await store.deliveries("bbbb");
    assert.ok(kept?.delivery.t === "answer");
    assert.deepEqual(kept.delivery.value, large);
    await store.prune({ now: 9000, keepMs: 2500, maxBytes: 1 << 30 });
    assert.equal(blobs(), 0);
    other.close();
  }));

Deno.test("over the size cap the oldest ended runs go, but none that can go on or holds a lease", async () => {
  await using store = openMemoryStore();
  const filler = "x".repeat(100_000);
  const states: [string, RunRecord["state"]][] = [
    ["oldest", "done"],
    ["leased", "failed"],
    ["paused", "interrupted"],
    ["newest", "done"],
  ];
  for (const [index, [id, state]] of states.entries()) {
    store.addRun(run(id, { state, endedAt: index }));
    store.addDelivery({
      run: id,
      sequence: 0,
      delivery: { t: "answer", step: 0, value: `${id}${filler}`, now: 1 },
    });
  }
  store.addLease({
    id: "leased-1",
    run: "leased",
    step: 1,
    kind: "temporary",
    state: "stuck",
    label: 'domain "tmp"',
    objects: [],
    keys: [],
    createdAt: 1,
    attempts: 3,
  });
  await store.prune({ now: 10, keepMs: 1e9, maxBytes: 450_000 });
  assert.deepEqual((await store.runs()).map(({ id }) => id), ["newest", "paused", "leased"]);
  await store.prune({ now: 10, keepMs: 1e9, maxBytes: 0 });
  assert.deepEqual((await store.runs()).map(({ id }) => id), ["paused", "leased"]);
});

Deno.test("a log keeps its last lines and goes on counting", async () => {
  await using store: Store = openMemoryStore();
  store.addRun(run("aaaa"));
  for (let sequence = 0; sequence < 10_005; sequence++) {
    store.addLog({ run: "aaaa", sequence, at: sequence, level: "info", message: `line ${sequence}` });
  }
  const lines = await store.logs("aaaa");
  assert.equal(lines.length, 10_000);
  assert.equal(lines[0]?.message, "line 5");
  assert.equal(await store.nextLog("aaaa"), 10_005);
});

Deno.test("a journal that cannot be written fails the flush and takes nothing more", async () => {
  const store = new SqliteStore(":memory:", { defer: queueMicrotask });
  await store.nextEpoch();
  // A step of a run that does not exist: what stands here for a full disk.
  store.addStep(step("nobody", 0));
  await assert.rejects(store.flush(), { code: "operation-failed" });
  store.addRun(run("aaaa"));
  await assert.rejects(store.flush(), { code: "operation-failed" });
  assert.deepEqual(await store.runs(), []);
  await assert.rejects(store[Symbol.asyncDispose](), { code: "operation-failed" });
});
