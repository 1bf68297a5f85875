import assert from "node:assert/strict";
import type { ScheduleInput } from "../../../automation/schedule/schedule.ts";
import type { VirtEvent } from "../../../model/event.ts";
import { type Fate, ScheduleWorld, type WorldOptions } from "./world.ts";

const minute = 60_000;

function spec(given: Partial<ScheduleInput>): ScheduleInput {
  return {
    name: "s",
    work: { kind: "playbook", file: "/play.yml", uri: "test:///default" },
    triggers: [{ every: "1m" }],
    grants: ["all"],
    ...given,
  };
}

interface Story extends AsyncDisposable {
  readonly world: ScheduleWorld;
  /** What became of the firings, oldest first. */
  states(): Promise<readonly string[]>;
  reasons(): Promise<readonly (string | undefined)[]>;
}

async function story(given: Partial<ScheduleInput>, options: WorldOptions = {}): Promise<Story> {
  const world = await ScheduleWorld.make(options);
  await world.schedules.schedules.add(spec(given), world.maker);
  const firings = async (): Promise<Awaited<ReturnType<typeof world.store.firings>>> =>
    (await world.store.firings()).toReversed();
  return {
    world,
    states: async () =>
      (await firings()).map(({ state, count = 1 }) => count === 1 ? state : `${count} ${state}`),
    reasons: async () => (await firings()).map(({ reason }) => reason),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const takes = (ms: number, end: Fate["end"] = "done") => (): Fate => ({ ms, end });

Deno.test("while one firing is under way, the next ones are skipped in one row that says how many", async () => {
  await using it = await story({}, { fate: takes(3.5 * minute) });
  await it.world.pass(4.5 * minute);
  assert.deepEqual(await it.states(), ["done", "3 skipped"]);
  assert.match((await it.reasons())[1] ?? "", /^another firing was under way: [0-9a-f]{12}$/);
});

Deno.test("a kernel that does not serve schedules writes them down, says so, and fires nothing", async () => {
  await using it = await story({}, { serve: false });
  const { schedules } = it.world.schedules;
  assert.equal(schedules.served, false);
  await schedules.runNow("s", it.world.maker);
  await it.world.pass(10 * minute);
  assert.deepEqual(await it.states(), ["waiting"]);
  assert.equal(it.world.effects.length, 0);
  assert.equal(it.world.clock.time.pending, 0, "it keeps no process alive");
});

Deno.test("queue-one keeps one firing for later and no more", async () => {
  await using it = await story({ overlap: "queue-one" }, { fate: takes(2.5 * minute) });
  await it.world.pass(3.6 * minute);
  assert.deepEqual(await it.states(), ["done", "running", "skipped"]);
});

Deno.test("allow runs them beside each other, as many as there is room for", async () => {
  await using it = await story({ overlap: "allow" }, { fate: takes(10 * minute), mostRuns: 2 });
  await it.world.pass(3.5 * minute);
  assert.deepEqual(await it.states(), ["running", "running", "waiting"]);
  await it.world.pass(9 * minute);
  assert.deepEqual((await it.states()).slice(0, 3), ["done", "done", "running"]);
});

for (
  const [policy, expected] of [
    ["skip", ["10 missed", "done"]],
    ["run-once", ["10 missed", "done", "done"]],
    ["run-all", ["7 missed", "done", "done", "done", "done"]],
  ] as const
) {
  Deno.test(`what was due while nobody served it is dealt with by policy: ${policy}`, async () => {
    await using it = await story({ missed: { policy, most: 3 } });
    it.world.kill();
    await it.world.pass(11.5 * minute - 1);
    await it.world.reboot();
    await it.world.pass(minute);
    // The last minute is on time again.
    assert.deepEqual((await it.states()).slice(0, expected.length), expected);
  });
}

Deno.test("what was missed long ago is made good by one run, within the time that is set for it", async () => {
  for (const [within, states] of [[undefined, ["2 missed", "done"]], ["10m", ["3 missed"]]] as const) {
    await using it = await story({
      triggers: [{ every: "1h" }],
      missed: { policy: "run-once", ...(within === undefined ? {} : { within }) },
    });
    it.world.kill();
    await it.world.pass(220 * minute);
    await it.world.reboot();
    await it.world.pass(minute);
    assert.deepEqual(await it.states(), states);
  }
});

Deno.test("a clock that is put forward is a time that was missed, one that is put back fires nothing twice", async () => {
  await using it = await story({ missed: { policy: "skip" } });
  await it.world.pass(2.2 * minute);
  it.world.clock.offset += 10 * minute;
  await it.world.pass(minute);
  assert.deepEqual(await it.states(), ["done", "done", "9 missed", "done", "done"]);
  it.world.clock.offset -= 10 * minute;
  await it.world.pass(8 * minute);
  assert.equal((await it.states()).length, 5);
  assert.match((await it.world.schedules.schedules.show("s")).trouble ?? "", /the clock was set back/);
  await it.world.schedules.schedules.pause("s", it.world.maker);
  await it.world.schedules.schedules.resume("s", it.world.maker);
  await it.world.pass(1.1 * minute);
  assert.equal((await it.states()).at(-1), "done", "it counts from now again");
});

Deno.test("two triggers of one instant fire once", async () => {
  await using it = await story({ triggers: [{ every: "1m" }, { every: "2m" }, { every: "30s" }] });
  await it.world.pass(2 * minute + 2000);
  assert.deepEqual(await it.states(), ["done", "done", "done", "done"]);
});

Deno.test("where the clocks of a zone go forward and back, each day has one firing", async () => {
  // Berlin goes back at 2026-10-25T01:00Z: 02:30 is there twice.
  await using it = await story({ triggers: [{ cron: "30 2 * * *", timeZone: "Europe/Berlin" }] });
  it.world.clock.offset = Date.UTC(2026, 9, 24) - it.world.clock.time.now();
  const { schedules } = it.world.schedules;
  await schedules.add({ ...spec({ triggers: [{ cron: "30 2 * * *", timeZone: "Europe/Berlin" }] }) }, {
    ...it.world.maker,
    replace: true,
  });
  for (const [day, hour] of [[24, 0], [25, 0], [26, 0]] as const) {
    it.world.clock.offset += Date.UTC(2026, 9, day, hour, 25) - it.world.clock.now();
    await it.world.pass(70 * minute);
  }
  const dues = (await it.world.store.firings()).map(({ due }) => new Date(due).toISOString()).toReversed();
  assert.deepEqual(dues, [
    "2026-10-24T00:30:00.000Z",
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
});

Deno.test("jitter is the same for a due time whenever it is asked for", async () => {
  await using it = await story({ jitter: "20s" });
  await it.world.pass(minute + 1);
  const [waiting] = await it.world.store.firings();
  await it.world.reboot();
  const [again] = await it.world.store.firings();
  assert.ok(waiting?.notBefore !== undefined && waiting.notBefore > waiting.due, "it starts later");
  assert.equal(again?.notBefore, waiting.notBefore);
  await it.world.pass(30_000);
  assert.equal(it.world.effects[0]?.at, Math.ceil(waiting.notBefore));
});

Deno.test("a failure is tried again with growing pauses, and is a dead letter in the end", async () => {
  await using it = await story({
    triggers: [{ at: 1_700_000_001_000 }],
    retries: { most: 3, initial: "10s", factor: 3, longest: "1m" },
  }, { fate: takes(0, "failed") });
  await it.world.pass(5 * minute);
  const begun = it.world.effects.filter(({ what }) => what === "begun").map(({ at }) =>
    at - 1_700_000_001_000
  );
  assert.deepEqual(begun, [0, 10_000, 40_000, 100_000]);
  assert.deepEqual(await it.states(), ["dead"]);
  const { schedules } = it.world.schedules;
  const [letter] = await schedules.history({ states: ["dead"] });
  assert.equal((await schedules.show("s")).dead, 1);
  const again = await schedules.again(letter?.id ?? "", it.world.maker);
  await it.world.pass(5 * minute);
  assert.equal((await schedules.firing(again.id)).state, "dead");
  assert.equal((await schedules.firing(again.id)).of, letter?.id);
  assert.equal((await schedules.firing(letter?.id ?? "")).state, "failed");
  const dropped = await schedules.drop(again.id, it.world.maker);
  assert.match(dropped.reason ?? "", /dropped by uid:1000$/);
  assert.equal((await schedules.show("s")).dead, 0);
});

Deno.test("what nobody knows the outcome of is not tried again, what was refused neither", async () => {
  for (const [end, state] of [["unknown", "dead"], ["denied", "failed"]] as const) {
    await using it = await story({ triggers: [{ at: 1_700_000_001_000 }], retries: { most: 3 } }, {
      fate: takes(0, end),
    });
    await it.world.pass(60 * minute);
    assert.deepEqual(await it.states(), [state]);
    assert.equal(it.world.effects.filter(({ what }) => what === "begun").length, 1, end);
  }
});

Deno.test("a run that takes too long is cancelled, one that a person cancels is not tried again", async () => {
  await using it = await story({
    triggers: [{ at: 1_700_000_001_000 }],
    timeout: "30s",
    retries: { most: 1, initial: "1s" },
  }, { fate: takes(10 * minute) });
  await it.world.pass(32_500);
  const [late] = await it.world.schedules.schedules.history();
  assert.equal(late?.attempt, 2);
  const run = late?.runs.at(-1) ?? "";
  assert.equal((await it.world.store.run(late?.runs[0] ?? ""))?.state, "cancelled");
  await it.world.runs.cancel(run, "a person asked for it");
  await it.world.pass(minute);
  const [ended] = await it.world.schedules.schedules.history();
  assert.equal(ended?.state, "failed");
  assert.equal(ended?.reason, "a person asked for it");
});

Deno.test("a run that takes too long is told from one that was cancelled by its exit", async () => {
  await using it = await story({ triggers: [{ at: 1_700_000_001_000 }], timeout: "30s" }, {
    fate: takes(10 * minute),
  });
  await it.world.pass(2 * minute);
  const [late] = await it.world.schedules.schedules.history();
  assert.deepEqual([late?.state, late?.exit], ["failed", 124]);
  assert.match(late?.reason ?? "", /longer than its schedule allows: 30 s/);
});

Deno.test("a run that the daemon's death interrupts is taken up again, unless its schedule says not to", async () => {
  for (const [resume, states] of [[true, ["done"]], [false, ["dead"]]] as const) {
    await using it = await story({ triggers: [{ at: 1_700_000_001_000 }], resume }, { fate: takes(minute) });
    await it.world.pass(30_000);
    await it.world.reboot();
    await it.world.pass(2 * minute);
    assert.deepEqual(await it.states(), states);
    const what = it.world.effects.map((each) => each.what);
    assert.deepEqual(what, resume ? ["begun", "resumed", "ended"] : ["begun"]);
  }
});

Deno.test("a dead letter whose run is interrupted is not run again beside it", async () => {
  await using it = await story({ triggers: [{ at: 1_700_000_001_000 }], resume: false }, {
    fate: takes(minute),
  });
  await it.world.pass(30_000);
  await it.world.reboot();
  await it.world.pass(1000);
  const { schedules } = it.world.schedules;
  const [letter] = await schedules.history({ states: ["dead"] });
  await assert.rejects(schedules.again(letter?.id ?? "", it.world.maker), {
    code: "wrong-state",
    hint: new RegExp(`drover runs abandon ${letter?.runs[0]}`),
  });
  await it.world.runs.abandon(letter?.runs[0] ?? "");
  await schedules.again(letter?.id ?? "", it.world.maker);
  await it.world.pass(2 * minute);
  assert.equal((await schedules.history()).at(0)?.state, "done");
});

Deno.test("what was on record and did not begin while nobody was there was missed, where that is skipped", async () => {
  for (const [policy, state] of [["skip", "missed"], ["run-once", "done"]] as const) {
    await using it = await story({
      triggers: [{ at: 1_700_000_001_000 }],
      jitter: "1h",
      missed: { policy },
    });
    await it.world.pass(2000);
    assert.deepEqual(await it.states(), ["waiting"]);
    it.world.kill();
    await it.world.pass(5 * 60 * minute);
    await it.world.reboot();
    await it.world.pass(minute);
    assert.deepEqual(await it.states(), [state]);
  }
});

Deno.test("a run that is not to be taken up is given up and tried anew where there is another attempt", async () => {
  await using it = await story({
    triggers: [{ at: 1_700_000_001_000 }],
    resume: false,
    retries: { most: 1, initial: "1s" },
  }, { fate: takes(minute) });
  await it.world.pass(30_000);
  await it.world.reboot();
  await it.world.pass(2 * minute);
  const [firing] = await it.world.store.firings();
  assert.equal(firing?.state, "done");
  assert.equal((await it.world.store.run(firing?.runs[0] ?? ""))?.state, "abandoned");
});

Deno.test("what is paused begins nothing, and says afterwards what it left out", async () => {
  await using it = await story({});
  const { schedules } = it.world.schedules;
  await it.world.pass(1.5 * minute);
  await schedules.pause("s", it.world.maker);
  await it.world.pass(3 * minute);
  const byHand = await schedules.runNow("s", it.world.maker);
  await it.world.pass(5000);
  assert.equal((await schedules.firing(byHand.id)).state, "done", "by hand it runs also then");
  assert.equal((await schedules.show("s")).next, undefined);
  await schedules.resume("s", it.world.maker);
  await it.world.pass(minute);
  assert.deepEqual(await it.states(), ["done", "done", "3 skipped", "done"]);
});

Deno.test("a schedule that is removed while a firing waits begins nothing more; one of the name may be made anew", async () => {
  await using it = await story({ overlap: "queue-one" }, { fate: takes(90_000) });
  const { schedules } = it.world.schedules;
  await it.world.pass(2.2 * minute);
  assert.deepEqual(await it.states(), ["running", "waiting"]);
  await schedules.remove("s", it.world.maker);
  await it.world.pass(5 * minute);
  assert.deepEqual(await it.states(), ["done", "skipped"]);
  assert.deepEqual(await schedules.list(), []);
  assert.equal((await schedules.history({ schedule: "s" })).length, 2, "its history stays");
  await schedules.add(spec({}), it.world.maker);
  assert.equal((await schedules.history({ schedule: "s" })).length, 0);
});

Deno.test("asking by hand twice with one key is one firing, and a second one is refused while it runs", async () => {
  await using it = await story({}, { fate: takes(50_000) });
  const { schedules } = it.world.schedules;
  const first = await schedules.runNow("s", { ...it.world.maker, key: "k" });
  assert.equal((await schedules.runNow("s", { ...it.world.maker, key: "k" })).id, first.id);
  await assert.rejects(schedules.runNow("s", it.world.maker), { code: "wrong-state" });
  await schedules.runNow("s", { ...it.world.maker, force: true });
  await it.world.pass(1000);
  assert.deepEqual(await it.states(), ["running", "running"]);
});

Deno.test("grants for some time count from when the schedule was made", async () => {
  await using it = await story({ grants: ["domain:start(for=1h)"] });
  const [schedule] = await it.world.store.schedules();
  assert.match(schedule?.spec.grants[0] ?? "", /^domain:start\(until=2023-11-14T23:13:20Z\)$/);
});

Deno.test("what cannot be a schedule is refused with its place", async () => {
  await using world = await ScheduleWorld.make();
  const { schedules } = world.schedules;
  const add = (given: Partial<ScheduleInput>): Promise<unknown> => schedules.add(spec(given), world.maker);
  await assert.rejects(add({ triggers: [] }), { code: "invalid-argument", message: /"triggers"/ });
  await assert.rejects(add({ triggers: [{ cron: "61 * * * *" }] }), { code: "invalid-argument" });
  await assert.rejects(add({ triggers: [{ cron: "0 0 30 2 *" }] }), { code: "invalid-argument" });
  await assert.rejects(add({ triggers: [{ at: 1 }] }), { code: "invalid-argument", message: /is over/ });
  await assert.rejects(add({ triggers: [{ every: "1ms" }] }), { code: "invalid-argument" });
  await assert.rejects(add({ grants: ["domian:start"] }), { code: "invalid-argument" });
  await assert.rejects(add({ name: "../x" }), { code: "invalid-argument", message: /"name"/ });
  await add({});
  await assert.rejects(add({}), { code: "already-exists" });
});

let sequence = 0;

function event(given: Partial<VirtEvent>, at: number, name = "web-1"): VirtEvent {
  return {
    sequence: ++sequence,
    at,
    object: { $ref: "domain", id: name, name, generation: 1, connection: "host" },
    type: "crashed",
    ...given,
  };
}

const uri = "test:///default";

Deno.test("events that come close together are one firing, with all of them in its input", async () => {
  await using it = await story({
    triggers: [{ event: { uri, object: "web-*", types: ["crashed"] }, as: "event", debounce: "2s" }],
  });
  const { world } = it;
  world.happen(uri, event({}, world.clock.now()));
  world.happen(uri, event({ type: "started" }, world.clock.now()));
  world.happen(uri, event({}, world.clock.now(), "db-1"));
  await world.pass(1000);
  world.happen(uri, event({}, world.clock.now(), "web-2"));
  await world.pass(10_000);
  assert.deepEqual((await it.states()).filter((state) => !state.includes("missed")), ["2 done"]);
  const [run] = await world.store.runs();
  const { event: given } = run?.input as { readonly event: Record<string, unknown> };
  assert.equal(given["count"], 2);
  assert.deepEqual(
    (given["events"] as readonly { readonly object: { readonly name: string } }[]).map(({ object }) =>
      object.name
    ),
    ["web-1", "web-2"],
  );
});

Deno.test("what happens while a firing is under way is not lost, but one firing after it", async () => {
  await using it = await story({ triggers: [{ event: { uri }, debounce: 0, as: "event" }] }, {
    fate: takes(10_000),
  });
  const { world } = it;
  world.happen(uri, event({}, world.clock.now()));
  await world.pass(2000);
  for (const name of ["web-2", "web-3"]) {
    world.happen(uri, event({}, world.clock.now(), name));
    await world.pass(1000);
  }
  assert.deepEqual(await it.states(), ["running", "2 waiting"]);
  await world.pass(20_000);
  assert.deepEqual(await it.states(), ["done", "2 done"]);
  const what = world.effects.map((each) => each.what);
  assert.deepEqual(what, ["begun", "ended", "begun", "ended"], "one after the other");
});

Deno.test("what its grants do not let it see, a schedule does not hear of", async () => {
  await using it = await story({ triggers: [{ event: { uri } }], grants: ["domain:getattr@db-*"] });
  it.world.happen(uri, event({}, it.world.clock.now()));
  await it.world.pass(10_000);
  assert.equal(it.world.effects.length, 0);
  it.world.happen(uri, event({}, it.world.clock.now(), "db-1"));
  await it.world.pass(10_000);
  assert.equal(it.world.effects.length, 2);
});

Deno.test("a recipe that sets itself off is held up by the bound on firings within an hour", async () => {
  await using it = await story({ triggers: [{ event: { uri }, debounce: 0, mostPerHour: 5 }] }, {
    fate: takes(10),
  });
  for (let count = 0; count < 20; count++) {
    it.world.happen(uri, event({}, it.world.clock.now()));
    await it.world.pass(1000);
  }
  assert.equal(it.world.effects.filter(({ what }) => what === "begun").length, 5);
  assert.equal((await it.states()).at(-1), "15 skipped");
  assert.match((await it.reasons()).at(-1) ?? "", /does it set itself off\?$/);
});

Deno.test("after a link broke it is said that events may be missing, or fired where that is wanted", async () => {
  for (const resync of [false, true]) {
    await using it = await story({ triggers: [{ event: { uri }, resync, debounce: 0 }] });
    await it.world.pass(1000);
    it.world.happen(uri, event({ type: "resync" }, it.world.clock.now()));
    await it.world.pass(1000);
    assert.equal((await it.states()).at(-1), resync ? "done" : "missed");
  }
});

Deno.test("an event that is on record fires although the daemon dies before its time", async () => {
  await using it = await story({ triggers: [{ event: { uri }, debounce: "10s" }] });
  it.world.happen(uri, event({}, it.world.clock.now()));
  await it.world.pass(1000);
  await it.world.reboot();
  await it.world.pass(20_000);
  assert.equal(it.world.effects.filter(({ what }) => what === "begun").length, 1);
});
