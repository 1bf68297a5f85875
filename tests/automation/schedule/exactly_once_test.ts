import assert from "node:assert/strict";
import fc from "fast-check";
import { nextAfter } from "../../../automation/schedule/calendar/mod.ts";
import { nextDue } from "../../../automation/schedule/due.ts";
import type { ScheduleInput, ScheduleSpec } from "../../../automation/schedule/schedule.ts";
import type { FiringRecord } from "../../../runtime/journal/schedule_record.ts";
import { noticeKinds } from "../../../runtime/schedule/description.ts";
import { sha256 } from "../../../runtime/journal/json.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { type Fate, ScheduleWorld } from "./world.ts";

/** How many histories are tried: `DROVER_SCHEDULES=2000` for a long night. */
const histories = Number(Deno.env.get("DROVER_SCHEDULES") ?? 25);

const url = "http://127.0.0.1:1/hook";

/** What happens to a schedule and to whoever serves it. */
type Act =
  | { readonly do: "pass" | "forward" | "back"; readonly ms: number }
  | { readonly do: "kill"; readonly downMs: number }
  | { readonly do: "pause" | "resume" | "run-now" | "force" };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 240_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("forward" as const, "back" as const),
      ms: fc.integer({ min: 1, max: 7_200_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("kill" as const), downMs: fc.integer({ min: 0, max: 900_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("pause" as const, "resume" as const, "run-now" as const, "force" as const),
    }),
  },
);

const triggers: fc.Arbitrary<ScheduleInput["triggers"]> = fc.constantFrom(
  [{ every: "30s" }],
  [{ every: "7s" }],
  [{ cron: "* * * * *" }],
  // At each full minute that is even, both are due.
  [{ cron: "*/2 * * * *", timeZone: "Europe/Berlin" }, { every: 60_000, from: 1_700_000_040_000 }],
);

interface History {
  readonly triggers: ScheduleInput["triggers"];
  readonly overlap: ScheduleSpec["overlap"];
  readonly missed: ScheduleSpec["missed"]["policy"];
  readonly jitter: number;
  readonly retries: number;
  readonly longestMs: number;
  readonly timeout: number | undefined;
  readonly acts: readonly Act[];
  /** After so many commits the kernel dies, before or after the commit; then again. */
  readonly deaths: readonly { readonly commits: number; readonly moment: "before" | "after" }[];
}

const history: fc.Arbitrary<History> = fc.record({
  triggers,
  overlap: fc.constantFrom("skip" as const, "queue-one" as const, "allow" as const),
  missed: fc.constantFrom("skip" as const, "run-once" as const, "run-all" as const),
  jitter: fc.constantFrom(0, 0, 5_000),
  retries: fc.constantFrom(0, 2),
  longestMs: fc.constantFrom(100, 20_000, 100_000),
  timeout: fc.constantFrom(undefined, undefined, 30_000),
  acts: fc.array(acts, { minLength: 1, maxLength: 12 }),
  deaths: fc.array(
    fc.record({
      commits: fc.integer({ min: 1, max: 25 }),
      moment: fc.constantFrom("before" as const, "after" as const),
    }),
    { maxLength: 4 },
  ),
});

/** What the world of a history can be asked for when it is over. */
interface Lived {
  readonly world: ScheduleWorld;
  readonly createdAt: number;
  readonly until: number;
  /** The schedule as it was until then. */
  readonly spec: ScheduleSpec;
}

/** Lives through a history, and on until nothing of it is under way any more. */
async function live(story: History, judge: (lived: Lived) => Promise<void>): Promise<void> {
  const deaths = [...story.deaths];
  let commits = 0;
  await using world = await ScheduleWorld.make({
    fate: (run): Fate => {
      const chance = parseInt(sha256(`fate ${run}`).slice(0, 8), 16) / 2 ** 32;
      const end = chance < 0.6 ? "done" : chance < 0.85 ? "failed" : chance < 0.95 ? "unknown" : "denied";
      return { ms: Math.floor(((chance * 7919) % 1) * story.longestMs), end };
    },
    onCommit: (moment, world) => {
      const [death] = deaths;
      if (death === undefined || death.moment !== moment || ++commits < death.commits) return;
      deaths.shift();
      commits = 0;
      world.kill();
    },
  });
  /** What somebody asks of a kernel that may die meanwhile; then nobody answers. */
  async function ask(what: Promise<unknown>): Promise<void> {
    let waiting = true;
    const end = (): void => void (waiting = false);
    what.then(end, end);
    for (let turn = 0; waiting && turn < 100; turn++) await settled();
  }
  async function revive(downMs: number): Promise<void> {
    world.kill();
    await world.pass(downMs);
    await world.reboot();
  }
  const { schedules } = world.schedules;
  const createdAt = world.clock.now();
  await ask(schedules.add({
    name: "s",
    work: { kind: "playbook", file: "/play.yml", uri: "test:///default" },
    triggers: [...story.triggers],
    overlap: story.overlap,
    missed: { policy: story.missed },
    jitter: story.jitter,
    retries: { most: story.retries, initial: "3s" },
    ...(story.timeout === undefined ? {} : { timeout: story.timeout }),
    notify: [{ url, on: [...noticeKinds] }],
    grants: ["all"],
  }, world.maker));
  while (world.dead) await world.reboot();
  // One whose maker never heard that it is there, and that is not there, was not made.
  if ((await world.store.schedules()).length === 0) return;
  for (const act of story.acts) {
    const { schedules } = world.schedules;
    if (act.do === "pass") await world.pass(act.ms);
    else if (act.do === "forward") world.clock.offset += act.ms;
    else if (act.do === "back") world.clock.offset -= act.ms;
    else if (act.do === "kill") await revive(act.downMs);
    else if (act.do === "pause") await ask(schedules.pause("s", world.maker));
    else if (act.do === "resume") await ask(schedules.resume("s", world.maker));
    else await ask(schedules.runNow("s", { ...world.maker, force: act.do === "force" }));
    while (world.dead) await revive(1000);
  }
  await world.pass(1);
  deaths.length = 0;
  while (world.dead) await revive(1000);
  await ask(world.schedules.schedules.resume("s", world.maker));
  const until = world.clock.now();
  // It was looked at at this very moment.
  await world.pass(1);
  const spec = (await world.store.schedules())[0]?.spec;
  assert.ok(spec !== undefined);
  // From now on nothing new comes; what waits and what runs goes on.
  await ask(world.schedules.schedules.add({ ...spec, triggers: [{ every: "10d" }] }, {
    ...world.maker,
    replace: true,
  }));
  for (let look = 0; look < 100 && await isBusy(world); look++) await world.pass(300_000);
  await world.pass(300_000);
  await judge({ world, createdAt, until, spec });
}

async function isBusy({ store }: ScheduleWorld): Promise<boolean> {
  return await store.countFirings({ states: ["waiting", "running"] }) > 0;
}

const under = new Set<FiringRecord["state"]>(["waiting", "running"]);

Deno.test("whatever dies, is paused or set wrong, each due time fires once or says why it does not", async () => {
  let fired = 0;
  let died = 0;
  await fc.assert(
    fc.asyncProperty(history, async (story) => {
      died += story.deaths.length;
      await live(story, async ({ world, createdAt, until, spec }) => {
        const { effects, store } = world;
        const rows = await store.firings();
        const byTime = rows.filter(({ cause }) => cause === "time");
        assert.deepEqual(world.logged, []);

        const dues = new Set<number>();
        const last = Math.max(until, ...byTime.map(({ due }) => due));
        for (
          let due = nextDue(spec, { after: createdAt, nextAfter });
          due !== undefined && due <= last;
          due = nextDue(spec, { after: due, nextAfter })
        ) dues.add(due);
        for (const row of byTime) assert.ok(dues.has(row.due), `nothing was due at ${row.due}`);
        for (const due of dues) {
          if (due > until) break;
          const said = byTime.filter((row) => row.due <= due && due <= (row.through ?? row.due));
          assert.ok(said.length > 0, `nobody says what became of ${due}`);
          assert.ok(said.filter(({ attempt }) => attempt > 0).length <= 1, `${due} fired twice`);
        }

        for (const row of rows) {
          if (row.due <= until) assert.ok(!under.has(row.state), `${row.id} is ${row.state} for ever`);
          assert.ok(row.runs.length <= 1 + story.retries, "tried more often than it may be");
          assert.equal(new Set(row.runs).size, row.runs.length);
          if (row.attempt === 0 && !under.has(row.state)) assert.ok(row.reason !== undefined, "it says why");
        }
        const begun = effects.filter(({ what }) => what === "begun").map(({ run }) => run);
        assert.equal(new Set(begun).size, begun.length, "no run began twice");
        const known = new Set(rows.flatMap(({ runs }) => runs));
        for (const run of begun) assert.ok(known.has(run), `run ${run} is nobody's`);
        fired += begun.length;

        if (story.overlap !== "allow" && !story.acts.some((act) => act.do === "force")) {
          let running: string | undefined;
          for (const { run, what } of effects) {
            assert.ok(running === undefined || running === run, `${run} and ${running} ran at once`);
            running = what === "ended" ? undefined : run;
          }
        }

        const told = new Set(world.sent.map(({ firing, kind }) => `${firing} ${kind}`));
        const kinds = {
          done: "success",
          failed: "failure",
          dead: "dead",
          skipped: "skipped",
          missed: "missed",
        };
        for (const { id, state } of rows) {
          if (state === "waiting" || state === "running") continue;
          assert.ok(told.has(`${id} ${kinds[state]}`), `nobody was told that ${id} is ${state}`);
        }
      });
    }),
    { numRuns: histories, interruptAfterTimeLimit: 600_000, endOnFailure: false },
  );
  assert.ok(fired > histories, "hardly anything fired");
  assert.ok(died > 0);
});
