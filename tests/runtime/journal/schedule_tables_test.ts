import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import type { FiringRecord, NoticeRecord, ScheduleRecord } from "../../../runtime/journal/schedule_record.ts";
import { firingLimit } from "../../../runtime/journal/schedule_tables.ts";
import { SqliteStore } from "../../../runtime/journal/sqlite_store.ts";
import { scheduleSpec } from "../../../runtime/schedule/description.ts";

function schedule(id: string, given: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return {
    id,
    spec: scheduleSpec.parse({
      name: id,
      work: { kind: "recipe", file: "/r.ts", hosts: {} },
      triggers: [{ every: "1h" }],
      grants: [],
    }),
    state: "active",
    principal: "alice",
    createdAt: 1,
    through: 1,
    ...given,
  };
}

function firing(id: string, given: Partial<FiringRecord> = {}): FiringRecord {
  return {
    id,
    schedule: "s",
    name: "s",
    identity: id,
    cause: "time",
    due: 1,
    state: "waiting",
    attempt: 0,
    runs: [],
    ...given,
  };
}

function notice(id: string, given: Partial<NoticeRecord> = {}): NoticeRecord {
  return {
    id,
    firing: "f",
    kind: "failure",
    hook: { url: "http://h/", on: ["failure"], timeout: 1 },
    body: "{}",
    state: "open",
    attempts: 0,
    notBefore: 0,
    createdAt: 0,
    ...given,
  };
}

Deno.test("a journal from before there were schedules takes them", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/journal.db`;
  try {
    await new SqliteStore(path)[Symbol.asyncDispose]();
    const db = new DatabaseSync(path);
    db.exec("DROP TABLE notices; DROP TABLE firings; DROP TABLE schedules; PRAGMA user_version = 2");
    db.close();
    await using store = new SqliteStore(path);
    store.setSchedule(schedule("s"));
    store.setFiring(firing("f"));
    store.setNotice(notice("n"));
    await store.flush();
    assert.equal((await store.openNotices(1)).length, 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a schedule has one firing of an identity, whoever writes it", async () => {
  await using store = openMemoryStore();
  store.setSchedule(schedule("s"));
  store.setSchedule(schedule("t"));
  store.setFiring(firing("a", { identity: "time:1" }));
  store.setFiring(firing("b", { identity: "time:1" }));
  store.setFiring(firing("c", { identity: "time:1", schedule: "t" }));
  store.setFiring(firing("a", { identity: "time:1", state: "running" }));
  await store.flush();
  assert.deepEqual((await store.firings()).map(({ id, state }) => `${id} ${state}`), [
    "c waiting",
    "a running",
  ]);
  assert.equal((await store.firingAs("s", "time:1"))?.id, "a");
});

Deno.test("a message that was delivered is not written anew by whoever says the same again", async () => {
  await using store = openMemoryStore();
  store.setSchedule(schedule("s"));
  store.setFiring(firing("f"));
  store.setNotice(notice("late", { notBefore: 9 }));
  store.setNotice(notice("n"));
  assert.deepEqual((await store.openNotices(9)).map(({ id }) => id), ["n", "late"]);
  store.setNotice(notice("n", { state: "delivered" }));
  store.setNotice(notice("n"));
  assert.deepEqual((await store.openNotices(9)).map(({ id }) => id), ["late"]);
});

Deno.test("retention forgets what has ended, but nothing that goes on, waits for a person, or is still to be told", async () => {
  await using store = openMemoryStore();
  store.setSchedule(schedule("s"));
  for (const state of ["waiting", "running", "done", "failed", "dead", "skipped"] as const) {
    store.setFiring(
      firing(state, { state, ...(state === "waiting" || state === "running" ? {} : { endedAt: 5 }) }),
    );
  }
  store.setNotice(notice("n", { firing: "failed" }));
  await store.prune({ now: 100, keepMs: 10, maxBytes: 1e9 });
  assert.deepEqual((await store.firings()).map(({ id }) => id).toSorted(), [
    "dead",
    "failed",
    "running",
    "waiting",
  ]);
  store.setNotice(notice("n", { firing: "failed", state: "delivered" }));
  await store.prune({ now: 100, keepMs: 10, maxBytes: 1e9 });
  assert.deepEqual((await store.firings()).map(({ id }) => id).toSorted(), ["dead", "running", "waiting"]);
});

Deno.test("of a schedule that fires all the time the latest firings are kept, and of others all", async () => {
  await using store = openMemoryStore();
  store.setSchedule(schedule("s"));
  store.setSchedule(schedule("t", { state: "removed" }));
  store.setSchedule(schedule("u", { state: "removed" }));
  store.setFiring(firing("t", { schedule: "t", state: "done", endedAt: 99 }));
  store.setFiring(firing("w"));
  for (let number = 0; number < firingLimit + 5; number++) {
    store.setFiring(firing(`f${number}`, { state: "dead", endedAt: 99 }));
  }
  await store.prune({ now: 100, keepMs: 10, maxBytes: 1e9 });
  const left = await store.firings({ schedule: "s" });
  assert.equal(left.length, firingLimit + 1);
  assert.equal(left.at(-1)?.id, "w", "what waits stays, however old");
  assert.deepEqual(
    (await store.schedules()).map(({ id }) => id),
    ["s", "t"],
    "nothing is left of the last one",
  );
});
