import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import fc from "fast-check";
import type { Caller } from "../../runtime/call.ts";
import { VirtError } from "../../model/error.ts";
import { sleep } from "../../runtime/clock.ts";
import { directScheduler, type Scheduler } from "../../runtime/scheduler.ts";
import type { SlotKind } from "../../runtime/slot.ts";
import { type SlotHold, type SlotOrder, SlotTable } from "../../runtime/slots.ts";
import { settled, VirtualClock } from "../../testing/virtual_clock.ts";
import { alice, run } from "../kit/caller.ts";
import { seen } from "../kit/seen.ts";

/** A table of slots on a clock of its own. */
class World {
  readonly clock = new VirtualClock({ start: 0 });
  readonly table: SlotTable;
  #groups = 0;

  constructor(scheduler: Scheduler = directScheduler) {
    this.table = new SlotTable({
      clock: this.clock,
      scheduler,
      settings: { ageMs: 30_000, passBoundMs: 10_000 },
    });
  }

  order(key: string, kind: SlotKind, options: Partial<SlotOrder> = {}): SlotOrder {
    return {
      key,
      label: `domain "${key}"`,
      kind,
      operation: kind === "lease" ? "exclusive" : `domain.${kind}`,
      caller: alice,
      group: ++this.#groups,
      deadline: 120_000,
      ...options,
    };
  }

  async take(key: string, kind: SlotKind, options: Partial<SlotOrder> = {}): Promise<SlotHold> {
    return await this.table.take(this.order(key, kind, options));
  }

  get views(): ReturnType<SlotTable["views"]> {
    return this.table.views(new Map());
  }

  /** Nobody holds or waits for anything, and nothing is left that would wake up. */
  assertEmpty(): void {
    assert.deepEqual(this.views, []);
    assert.equal(this.clock.pending, 0, "no timer is left");
  }
}

Deno.test("a caller who waits past the deadline is told who holds the object", async () => {
  const world = new World();
  const hold = await world.take("web-1", "modify", { caller: run("7", 1), operation: "domain.setMemory" });
  const late = seen(world.take("web-1", "modify", { deadline: 5000 }));
  await world.clock.advance(4999);
  assert.equal(late.settled(), false);
  await world.clock.advance(1);
  assert.equal(late.error().code, "slot-timeout");
  assert.match(String(late.error().cause), /held by domain\.setMemory of run 7/);
  hold.release();
  world.assertEmpty();
});

Deno.test("a caller who does not wait is told at once", async () => {
  const world = new World();
  const hold = await world.take("web-1", "modify");
  await assert.rejects(world.take("web-1", "query", { noWait: true }), { code: "slot-timeout" });
  hold.release();
  world.assertEmpty();
});

Deno.test("a cancelled caller leaves the queue at once, and those behind it go on", async () => {
  const world = new World();
  const use = await world.take("pool", "use");
  const controller = new AbortController();
  const cancelled = seen(world.take("pool", "modify", { signal: controller.signal }));
  const behind = seen(world.take("pool", "use"));
  await settled();
  assert.equal(behind.settled(), false);
  controller.abort(new VirtError("cancelled", "No longer needed"));
  assert.equal(world.views[0]?.waiters.length, 0, "it left before anything else happened");
  await settled();
  assert.equal(cancelled.error().code, "cancelled");
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  behind.value().release();
  use.release();
  world.assertEmpty();
});

Deno.test("whoever gets its turn stops listening for its cancel", async () => {
  const world = new World();
  const hold = await world.take("web-1", "modify");
  const { signal } = new AbortController();
  const next = world.take("web-1", "modify", { signal });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  hold.release();
  (await next).release();
  assert.equal(getEventListeners(signal, "abort").length, 0);
  world.assertEmpty();
});

for (const end of ["cancelled", "late"] as const) {
  Deno.test(`a caller who is ${end} while the slot is on its way does not keep it`, async () => {
    const grants: (() => void)[] = [];
    const world = new World({ hop: directScheduler.hop, handOver: (grant) => void grants.push(grant) });
    const controller = new AbortController();
    const hold = await world.take("web-1", "modify");
    const first = seen(world.take("web-1", "modify", { signal: controller.signal, deadline: 1000 }));
    hold.release();
    if (end === "cancelled") controller.abort(new VirtError("cancelled", "No longer needed"));
    else await world.clock.advance(1000);
    const second = seen(world.take("web-1", "modify"));
    while (grants.length > 0) {
      grants.shift()?.();
      await settled();
    }
    first.error();
    second.value().release();
    world.assertEmpty();
  });
}

Deno.test("giving back twice gives back once", async () => {
  const world = new World();
  const first = await world.take("web-1", "modify");
  first.release();
  const second = await world.take("web-1", "modify");
  first.release();
  const third = seen(world.take("web-1", "modify"));
  await settled();
  assert.equal(third.settled(), false);
  second.release();
  await settled();
  third.value().release();
  world.assertEmpty();
});

Deno.test("the view shows who holds since when, doing what, and who waits where", async () => {
  const world = new World();
  const hold = await world.take("web-1", "async:backup", { caller: run("1"), operation: "domain.backup" });
  hold.holder.fraction = 0.5;
  hold.holder.hop = "backup-begin";
  await world.clock.advance(7);
  const waiters = [
    seen(world.take("web-1", "modify", { operation: "domain.setMemory" })),
    seen(world.take("web-1", "async:dump", { operation: "domain.dump", priority: 1 })),
  ];
  assert.deepEqual(world.views, [{
    key: "web-1",
    label: 'domain "web-1"',
    holders: [{
      operation: "domain.backup",
      job: "async:backup",
      caller: run("1"),
      since: 0,
      fraction: 0.5,
      hop: "backup-begin",
    }],
    waiters: [
      { operation: "domain.dump", job: "async:dump", caller: alice, since: 7, position: 1, priority: 1 },
      { operation: "domain.setMemory", job: "modify", caller: alice, since: 7, position: 2, priority: 0 },
    ],
  }]);
  hold.release();
  await settled();
  waiters[1]!.value().release();
  await settled();
  waiters[0]!.value().release();
  world.assertEmpty();
});

Deno.test("priority goes first, and waiting makes up for it", async () => {
  for (const [gap, first] of [[29_999, "urgent"], [30_001, "patient"]] as const) {
    const world = new World();
    const hold = await world.take("web-1", "modify", { deadline: 1e9 });
    const patient = seen(world.take("web-1", "modify", { deadline: 1e9 }));
    await world.clock.advance(gap);
    const urgent = seen(world.take("web-1", "modify", { deadline: 1e9, priority: 1 }));
    hold.release();
    await settled();
    assert.deepEqual([patient.settled(), urgent.settled()], [first === "patient", first === "urgent"]);
    (first === "patient" ? patient : urgent).value().release();
    await settled();
    (first === "patient" ? urgent : patient).value().release();
    world.assertEmpty();
  }
});

Deno.test("of two runs that wait for each other's objects the younger fails, and hears why", async () => {
  const world = new World();
  const [old, young] = [run("old", 1), run("young", 2)];
  const a = await world.take("a", "lease", { caller: old });
  const b = await world.take("b", "lease", { caller: young });
  const oldWaits = seen(world.take("b", "lease", { caller: old }));
  const youngWaits = seen(world.take("a", "modify", { caller: young }));
  await settled();
  assert.equal(youngWaits.error().code, "deadlock");
  assert.match(String(youngWaits.error().cause), /run young waits for domain "a"/);
  assert.match(String(youngWaits.error().cause), /run old waits for domain "b"/);
  b.release();
  await settled();
  oldWaits.value().release();
  a.release();
  world.assertEmpty();
});

Deno.test("the younger fails also where the older one closes the circle", async () => {
  const world = new World();
  const [old, young] = [run("old", 1), run("young", 2)];
  const holds = [
    await world.take("a", "lease", { caller: old }),
    await world.take("b", "lease", { caller: young }),
  ];
  const youngWaits = seen(world.take("a", "lease", { caller: young }));
  const oldWaits = seen(world.take("b", "lease", { caller: old }));
  await settled();
  assert.equal(youngWaits.error().code, "deadlock");
  assert.equal(oldWaits.settled(), false);
  for (const hold of holds) hold.release();
  await settled();
  oldWaits.value().release();
  world.assertEmpty();
});

Deno.test("a circle is found where a lease closes it for those who wait already", async () => {
  const world = new World();
  const [old, young] = [run("old", 1), run("young", 2)];
  const plain = await world.take("a", "modify");
  const b = await world.take("b", "lease", { caller: young });
  // The old run gets its lease on "a" only after the young one waits there; its other branch waits for "b".
  const oldLease = seen(world.take("a", "lease", { caller: old }));
  const youngWaits = seen(world.take("a", "modify", { caller: young }));
  const oldWaits = seen(world.take("b", "modify", { caller: old }));
  plain.release();
  await settled();
  assert.equal(youngWaits.error().code, "deadlock");
  b.release();
  await settled();
  oldWaits.value().release();
  oldLease.value().release();
  world.assertEmpty();
});

Deno.test("a circle that goes through a place in a queue is found", async () => {
  const world = new World();
  const [leaser, caller] = [run("leaser", 1), run("caller", 2)];
  const b = await world.take("b", "lease", { caller: leaser });
  // A call of two objects uses "a" and waits for "b" …
  const group = 1_000;
  const use = await world.take("a", "use", { caller, group });
  const callWaits = seen(world.take("b", "modify", { caller, group, holds: true }));
  // … somebody waits for "a" because of that use, and the leaser is behind them, though it could share with the use.
  const between = seen(world.take("a", "modify"));
  const leaserWaits = seen(world.take("a", "use", { caller: leaser }));
  await settled();
  assert.equal(callWaits.error().code, "deadlock");
  use.release();
  await settled();
  between.value().release();
  await settled();
  leaserWaits.value().release();
  b.release();
  world.assertEmpty();
});

Deno.test("all circles through one waiter are broken", async () => {
  const world = new World();
  const [oldest, young, younger] = [run("oldest", 1), run("young", 2), run("younger", 3)];
  const holds = [
    await world.take("a", "lease", { caller: oldest }),
    await world.take("b", "use", { caller: young, group: 501 }),
    await world.take("b", "use", { caller: younger, group: 502 }),
  ];
  const waits = [
    seen(world.take("a", "modify", { caller: young, group: 501, holds: true })),
    seen(world.take("a", "modify", { caller: younger, group: 502, holds: true })),
  ];
  const oldestWaits = seen(world.take("b", "modify", { caller: oldest }));
  await settled();
  assert.equal(oldestWaits.settled(), false);
  for (const wait of waits) assert.equal(wait.error().code, "deadlock");
  for (const hold of holds) hold.release();
  await settled();
  oldestWaits.value().release();
  world.assertEmpty();
});

Deno.test("a circle that time closes is found when the time has come", async () => {
  const world = new World();
  const [leaser, migrator] = [run("leaser", 1), run("migrator", 2)];
  const group = 700;
  const b = await world.take("b", "lease", { caller: leaser });
  const backup = await world.take("a", "async:migration-out", { caller: migrator, group });
  backup.holder.mask = new Set(["destroy", "query"]);
  const query = await world.take("a", "query");
  const dump = seen(world.take("a", "async:dump"));
  const leaserWaits = seen(world.take("a", "query", { caller: leaser }));
  const migratorWaits = seen(
    world.take("b", "async:migration-in", { caller: migrator, group, holds: true }),
  );
  await settled();
  assert.equal(migratorWaits.settled(), false, "the query will pass as soon as the other one ends");
  await world.clock.advance(10_001);
  assert.equal(migratorWaits.error().code, "deadlock");
  query.release();
  backup.release();
  await settled();
  dump.value().release();
  await settled();
  leaserWaits.value().release();
  b.release();
  world.assertEmpty();
});

interface Step {
  readonly kind: "lease" | "modify" | "query" | "use" | "async:backup";
  readonly keys: readonly string[];
  readonly ms: number;
}

const keys = ["a", "b", "c", "d"] as const;

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("lease", "lease", "modify", "query", "use", "async:backup"),
  keys: fc.subarray([...keys], { minLength: 1, maxLength: 3 }),
  ms: fc.integer({ min: 0, max: 5 }),
});

/** Runs a program as a run of a recipe would: leases stay until the end, calls take their objects in key order. */
async function perform(
  world: World,
  { caller, steps, group }: { caller: Caller; steps: readonly Step[]; group: number },
): Promise<void> {
  const leases: SlotHold[] = [];
  try {
    for (const [index, { kind, keys, ms }] of steps.entries()) {
      const holds: SlotHold[] = [];
      try {
        for (const key of keys) {
          const options = { caller, group: group + index, holds: holds.length > 0, deadline: 1e9 };
          const hold = await world.take(key, kind, options);
          (kind === "lease" ? leases : holds).push(hold);
        }
        await sleep(world.clock, ms);
      } finally {
        for (const hold of holds) hold.release();
      }
    }
  } finally {
    for (const lease of leases) lease.release();
  }
}

async function performAll(programs: readonly (readonly Step[])[]): Promise<readonly VirtError[]> {
  const world = new World();
  const ends = await world.clock.until(Promise.allSettled(
    programs.map((steps, index) =>
      perform(world, { caller: run(`${index}`, index), steps, group: (index + 1) * 1000 })
    ),
  ));
  world.assertEmpty();
  assert.ok(world.clock.now() < 10_000, `nobody waited for a deadline, it is ${world.clock.now()}`);
  return ends.flatMap((end) => {
    if (end.status === "fulfilled") return [];
    assert.ok(end.reason instanceof VirtError);
    return [end.reason];
  });
}

Deno.test("every circle of runs is broken at once, whatever they lease and call in whatever order", async () => {
  let circles = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
      async (programs) => {
        const shuffled = programs.map((steps) =>
          steps.map((each) => each.kind === "lease" ? { ...each, keys: each.keys.toReversed() } : each)
        );
        const errors = await performAll(shuffled);
        for (const error of errors) assert.equal(error.code, "deadlock");
        circles += errors.length;
        assert.ok(errors.length < programs.length, "somebody always gets through");
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(circles > 50, `the property was put to the test by ${circles} circles`);
});

Deno.test("plain calls and ordered leases never wait in a circle, and are never told so", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.subarray([...keys]), fc.array(step, { maxLength: 4 })),
        { minLength: 2, maxLength: 6 },
      ),
      async (programs) => {
        const errors = await performAll(programs.map(([leased, steps]) => [
          ...(leased.length > 0 ? [{ kind: "lease" as const, keys: leased, ms: 1 }] : []),
          // A run that holds leases calls only what it has leased.
          ...steps.flatMap((each) => {
            const within = leased.length === 0
              ? each.keys
              : each.keys.filter((key) => leased.some((each) => each === key));
            const kind = each.kind === "lease" ? "modify" : each.kind;
            return within.length === 0 ? [] : [{ ...each, kind, keys: within }];
          }),
        ]));
        assert.deepEqual(errors, []);
      },
    ),
    { numRuns: 500 },
  );
});
