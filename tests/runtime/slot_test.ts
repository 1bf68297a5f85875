import assert from "node:assert/strict";
import fc from "fast-check";
import type { Caller } from "../../runtime/call.ts";
import { asyncJobs, type NormalJob, normalJobs } from "../../model/operation.ts";
import {
  Slot,
  type SlotHolder,
  type SlotKind,
  type SlotRequest,
  type SlotWaiter,
} from "../../runtime/slot.ts";
import { alice, run } from "../kit/caller.ts";
import { asynchronousKinds, kinds, mayCome, type NaiveParty, NaiveQueue } from "../kit/naive_queue.ts";

let groups = 0;

function request(kind: SlotKind, { caller = alice, at = 0, priority = 0 }: {
  caller?: Caller;
  at?: number;
  priority?: number;
} = {}): SlotRequest {
  const order = at - priority * 30_000;
  return { kind, operation: kind, caller, group: ++groups, holds: false, priority, since: at, order };
}

function slot(): Slot {
  return new Slot("key", { label: 'domain "web-1"', passBoundMs: 10_000 });
}

function taken(from: Slot, kind: SlotKind, caller?: Caller): SlotHolder {
  const holder = from.tryTake(request(kind, caller === undefined ? {} : { caller }), 0);
  assert.ok(holder !== undefined, `${kind} can be taken`);
  return holder;
}

function waiter(asked: SlotRequest): SlotWaiter {
  return { request: asked, grant: () => {}, fail: () => {} };
}

Deno.test("who may come beside whom is what the job model says, for every pair of kinds and every mask", () => {
  const masks: readonly (readonly NormalJob[])[] = Array.from(
    { length: 2 ** normalJobs.length },
    (_, bits) => normalJobs.filter((_, index) => (bits & (1 << index)) !== 0),
  );
  for (const held of kinds) {
    for (const wanted of kinds) {
      for (const mask of asynchronousKinds.includes(held) ? masks : [[]]) {
        const under = slot();
        taken(under, held, run("a")).mask = new Set<NormalJob>(["destroy", ...mask]);
        const came = under.tryTake(request(wanted, { caller: run("b") }), 0) !== undefined;
        assert.equal(came, mayCome(held, wanted, mask), `${wanted} beside ${held} with mask [${mask}]`);
      }
    }
  }
});

Deno.test("an asynchronous job that allows nothing allows destroy", () => {
  for (const job of asyncJobs) {
    const under = slot();
    taken(under, `async:${job}`);
    for (const kind of normalJobs) {
      assert.equal(
        under.tryTake(request(kind), 0) !== undefined,
        kind === "destroy",
        `${kind} beside ${job}`,
      );
    }
  }
});

Deno.test("a lease lets its own run do what it likes, by the usual rules, and nobody else do anything", () => {
  const under = slot();
  taken(under, "lease", run("a"));
  for (const kind of kinds) {
    assert.equal(under.tryTake(request(kind, { caller: run("b") }), 0), undefined, kind);
  }
  assert.equal(under.tryTake(request("query"), 0), undefined, "a caller without a run is nobody's run");
  taken(under, "lease", run("a"));
  taken(under, "modify", run("a"));
  assert.equal(under.tryTake(request("modify", { caller: run("a") }), 0), undefined);
});

Deno.test("of two who came in the same millisecond the first goes first", () => {
  const under = slot();
  const use = taken(under, "use");
  const modify = waiter(request("modify", { at: 5 }));
  under.enqueue(modify);
  assert.equal(under.tryTake(request("use", { at: 5 }), 5), undefined, "the use came after the modify");
  under.release(use);
  assert.deepEqual(under.takeReady(5).map((ready) => ready.waiter), [modify]);
});

Deno.test("waiting makes up for priority after the ageing time, and not before", () => {
  const order = (gap: number): readonly number[] => {
    const under = slot();
    const holder = taken(under, "modify");
    under.enqueue(waiter(request("modify", { at: 0, priority: 0 })));
    under.enqueue(waiter(request("modify", { at: gap, priority: 1 })));
    under.release(holder);
    const first = under.takeReady(gap);
    assert.equal(first.length, 1);
    return first.map((ready) => ready.waiter.request.priority);
  };
  assert.deepEqual(order(29_999), [1]);
  assert.deepEqual(order(30_001), [0]);
});

Deno.test("jobs that a running asynchronous job allows pass one that waits, for a bounded time", () => {
  const under = slot();
  taken(under, "async:backup").mask = new Set<NormalJob>(["destroy", "query"]);
  under.enqueue(waiter(request("async:dump", { at: 1000 })));
  const passed = under.tryTake(request("query", { at: 11_000 }), 11_000);
  assert.ok(passed !== undefined);
  under.release(passed);
  assert.equal(under.tryTake(request("query", { at: 11_001 }), 11_001), undefined);
  assert.ok(under.tryTake(request("destroy", { at: 11_001 }), 11_001), "destroy always passes");
});

Deno.test("a reconciliation takes the place of its job with nobody in between", () => {
  for (const kind of ["modify", "async:start"] as const) {
    const under = slot();
    const holder = taken(under, kind);
    under.enqueue(waiter(request("modify")));
    const reconciling = under.convert(holder, request("reconcile"), 0);
    assert.deepEqual(under.takeReady(0), []);
    assert.equal(under.release(holder), false, "the job's own hold is over");
    under.release(reconciling);
    assert.equal(under.takeReady(0).length, 1);
  }
});

Deno.test("the reconciliation of an agent job leaves the normal slot to others", () => {
  const under = slot();
  const agent = taken(under, "agent");
  taken(under, "modify");
  under.convert(agent, request("reconcile"), 0);
  assert.equal(under.tryTake(request("agent"), 0), undefined);
  const lanes = under.holderViews().map(({ job }) => job).sort();
  assert.deepEqual(lanes, ["agent", "modify"]);
});

interface Party extends NaiveParty {
  readonly request: SlotRequest;
}

function partyOf(request: SlotRequest): Party {
  const { kind, caller, since, order } = request;
  return { kind, run: caller.run, since, order, request };
}

interface Asked {
  readonly kind: SlotKind;
  readonly run: string | undefined;
  readonly priority: number;
}

type Command =
  | { readonly do: "ask"; readonly asked: Asked }
  | { readonly do: "release"; readonly which: number }
  | { readonly do: "leave"; readonly which: number }
  | { readonly do: "allow"; readonly which: number; readonly mask: readonly NormalJob[] }
  | { readonly do: "wait"; readonly ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("ask" as const),
      asked: fc.record({
        kind: fc.constantFrom(...kinds.filter((kind) => kind !== "reconcile")),
        run: fc.constantFrom(undefined, "a", "b"),
        priority: fc.constantFrom(0, 0, 0, 1, -1),
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat() }),
  },
  fc.record({ do: fc.constant("leave" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("allow" as const), which: fc.nat(), mask: fc.subarray([...normalJobs]) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 1, 9_000, 31_000) }),
);

Deno.test("the queue holds and lets wait exactly whom a naive queue does, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const real = slot();
      const model = new NaiveQueue<Party>();
      const held = new Map<SlotRequest, SlotHolder>();
      const waiting = new Map<SlotRequest, SlotWaiter>();
      let now = 0;
      const handOver = (): void => {
        for (const { waiter: { request: granted }, holder } of real.takeReady(now)) {
          waiting.delete(granted);
          held.set(granted, holder);
        }
        model.settle(now);
      };
      for (const step of commands) {
        switch (step.do) {
          case "ask": {
            const { kind, run: name, priority } = step.asked;
            const asked = request(kind, {
              caller: name === undefined ? alice : run(name),
              at: now,
              priority,
            });
            const holder = real.tryTake(asked, now);
            if (holder !== undefined) held.set(asked, holder);
            else {
              const queued = waiter(asked);
              waiting.set(asked, queued);
              real.enqueue(queued);
            }
            model.ask(partyOf(asked));
            model.settle(now);
            break;
          }
          case "release": {
            const asked = [...held.keys()][step.which % Math.max(1, held.size)];
            if (asked === undefined) break;
            assert.equal(real.release(held.get(asked)!), true);
            held.delete(asked);
            model.holders.splice(model.holders.findIndex(({ party }) => party.request === asked), 1);
            handOver();
            break;
          }
          case "leave": {
            const asked = [...waiting.keys()][step.which % Math.max(1, waiting.size)];
            if (asked === undefined) break;
            real.leave(waiting.get(asked)!);
            waiting.delete(asked);
            model.waiters.splice(model.waiters.findIndex(({ request }) => request === asked), 1);
            handOver();
            break;
          }
          case "allow": {
            const asked = [...held.keys()][step.which % Math.max(1, held.size)];
            if (asked === undefined) break;
            held.get(asked)!.mask = new Set<NormalJob>(["destroy", ...step.mask]);
            model.holders.find(({ party }) => party.request === asked)!.mask = step.mask;
            handOver();
            break;
          }
          case "wait":
            now += step.ms;
            handOver();
        }
        assert.deepEqual(
          [...held.keys()].map(({ group }) => group).sort(),
          model.holders.map(({ party: { request } }) => request.group).sort(),
          "holders",
        );
        assert.deepEqual(
          real.waiters.map(({ request: { group } }) => group),
          model.waiters.map(({ request }) => request.group),
        );
        assert.deepEqual(
          real.waiterViews().map(({ position }) => position),
          real.waiters.map((_, index) => index + 1),
        );
        assert.equal(real.idle, held.size === 0 && waiting.size === 0);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("nobody waits for ever: when each holder leaves in turn, everybody's turn comes", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          kind: fc.constantFrom(...kinds.filter((kind) => kind !== "reconcile")),
          run: fc.constantFrom(undefined, "a", "b", "c"),
          priority: fc.integer({ min: -10, max: 10 }),
        }),
        { minLength: 1, maxLength: 40 },
      ),
      (all) => {
        const real = slot();
        const held: SlotHolder[] = [];
        let served = 0;
        all.forEach(({ kind, run: name, priority }, at) => {
          const asked = request(kind, { caller: name === undefined ? alice : run(name), at, priority });
          const holder = real.tryTake(asked, at);
          if (holder === undefined) real.enqueue(waiter(asked));
          else held.push(holder);
        });
        while (held.length > 0) {
          real.release(held.shift()!);
          served++;
          held.push(...real.takeReady(all.length).map(({ holder }) => holder));
        }
        assert.equal(served, all.length);
        assert.ok(real.idle);
      },
    ),
    { numRuns: 1000 },
  );
});
