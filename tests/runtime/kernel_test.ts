import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Caller, CallResult } from "../../runtime/call.ts";
import type { Job } from "../../runtime/driver.ts";
import { settled } from "../../testing/virtual_clock.ts";
import { everythingAllowed, run } from "../kit/caller.ts";
import { Door, FakeHost, FakeKernel } from "../kit/fake_host.ts";
import { seen } from "../kit/seen.ts";

const brokenLink = (mayHaveActed: boolean): VirtError =>
  new VirtError("unreachable", "The link broke", { detail: { mayHaveActed } });

/** A host with an open gate, one domain that runs and one that does not. */
function small(options: ConstructorParameters<typeof FakeKernel>[1] = {}): {
  host: FakeHost;
  kernel: FakeKernel;
  running: ReturnType<FakeHost["add"]>;
  stopped: ReturnType<FakeHost["add"]>;
} {
  const host = new FakeHost();
  host.ready.open();
  const running = host.add("domain", "web-1", { live: { id: 1 } });
  const stopped = host.add("domain", "web-2");
  return { host, kernel: new FakeKernel({ host }, options), running, stopped };
}

function errorOf({ outcome }: CallResult): Exclude<Outcome, { kind: "done" }>["error"] {
  assert.notEqual(outcome.kind, "done");
  return (outcome as Exclude<Outcome, { kind: "done" }>).error;
}

/** Nothing is held, nobody waits, nothing is left that would wake up. */
function assertIdle({ kernel, clock }: FakeKernel): void {
  assert.deepEqual(kernel.slots(), []);
  assert.equal(clock.pending, 0, "no timer is left");
}

const hop = (where: string): (job: Job) => Promise<unknown> => (job) =>
  job.hop(where, () => Promise.resolve({}));

Deno.test("a call whose claims cannot be told any more gives back what it took", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  let asked = 0;
  host.on("domain.reset", () => Promise.resolve({}), {
    about: () => {
      if (++asked > 1) throw new VirtError("not-found", "Cannot find the pool any more");
      return [{ object: running }];
    },
  });
  host.on("domain.suspend", (job) => job.hop("stop", () => door.pass()));
  const first = kernel.call("domain.suspend", running);
  await door.reached;
  const second = kernel.call("domain.reset", running);
  door.open();
  await first;
  assert.equal(errorOf(await second).code, "not-found");
  assertIdle(kernel);
});

Deno.test("slots are claimed again where the world moved while the caller waited", async () => {
  const { host, kernel, running, stopped } = small();
  const door = new Door();
  let wanted = running;
  const jobs: string[] = [];
  host.on("domain.suspend", (job) => job.hop("stop", () => door.pass()));
  host.on("domain.define", (job) => {
    jobs.push(job.object.name);
    return Promise.resolve({});
  }, { about: () => [{ object: wanted }] });
  const first = kernel.call("domain.suspend", running);
  await door.reached;
  const second = kernel.call("domain.define", undefined, { input: { xml: "<domain/>" } });
  await settled();
  wanted = stopped;
  door.open();
  await first;
  assert.equal((await second).outcome.kind, "done");
  assert.deepEqual(jobs, ["web-2"]);
  assertIdle(kernel);
});

Deno.test("whoever waits for an object that is removed meanwhile hears that it is not there", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.suspend", async (job) => {
    await job.hop("stop", () => door.pass());
    job.remove();
    host.forget(running);
  });
  host.on("domain.reset", hop("reset"));
  const first = kernel.call("domain.suspend", running);
  await door.reached;
  const second = kernel.call("domain.reset", running);
  door.open();
  assert.equal((await first).outcome.kind, "done");
  assert.equal(errorOf(await second).code, "not-found");
  assertIdle(kernel);
});

for (const end of ["the deadline", "a cancel"] as const) {
  Deno.test(`a destroy that killed and then met ${end} does not say that nothing was done`, async () => {
    const { host, kernel, running } = small({ settings: { destroyGraceMs: 1e6 } });
    const door = new Door();
    host.on("domain.reset", (job) => job.hop("stuck", () => door.pass(), { offline: true, acts: false }));
    host.on("domain.destroy", () => Promise.resolve({}), {
      kill: (job) =>
        job.hop("kill", () => {
          running.goDown();
          return Promise.resolve();
        }, { offline: true }),
      reconcile: () => Promise.resolve({ kind: "done", value: { state: "shutoff" } }),
    });
    const stuck = kernel.call("domain.reset", running, { deadline: 1e7 });
    await door.reached;
    const controller = new AbortController();
    const destroy = kernel.call("domain.destroy", running, { deadline: 5000, signal: controller.signal });
    await settled();
    if (end === "a cancel") controller.abort(new VirtError("cancelled", "No longer needed"));
    const { outcome } = await kernel.clock.until(destroy);
    assert.equal(outcome.kind, "done");
    door.open();
    await stuck;
    assertIdle(kernel);
  });
}

Deno.test("a destroy whose kill acted and whose rest failed is looked at again", async () => {
  const { host, kernel, running } = small();
  host.on("domain.destroy", () => Promise.reject(new VirtError("operation-failed", "Cannot clean up")), {
    kill: (job) => job.hop("kill", () => Promise.resolve(running.goDown()), { offline: true }),
    reconcile: () => Promise.resolve({ kind: "done", value: {} }),
  });
  assert.equal((await kernel.call("domain.destroy", running)).outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("a destroy whose kill failed did nothing, and can be tried again", async () => {
  const { host, kernel, running } = small();
  let tries = 0;
  host.on("domain.destroy", () => Promise.resolve({}), {
    kill: (job) =>
      job.hop(
        "kill",
        () => ++tries === 1 ? Promise.reject(brokenLink(false)) : Promise.resolve(running.goDown()),
        {
          offline: true,
        },
      ),
  });
  assert.equal(errorOf(await kernel.call("domain.destroy", running)).code, "unreachable");
  assert.equal((await kernel.call("domain.destroy", running)).outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("a transient domain can be destroyed, although the kill removes it", async () => {
  const { host, kernel, running } = small();
  host.on("domain.destroy", () => Promise.resolve({ state: "shutoff" }), {
    kill: async (job) => {
      await job.hop("kill", () => Promise.resolve(), { offline: true });
      job.remove();
      host.forget(running);
    },
  });
  assert.equal((await kernel.call("domain.destroy", running)).outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("destroy gets past a job that never notices its death, which then has no right to act", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  const after: unknown[] = [];
  host.on("domain.reset", async (job) => {
    await job.hop("stuck", () => door.pass(), { offline: true });
    after.push("came back");
    await job.hop("next", () => Promise.resolve(after.push("left again")), { offline: true });
  }, { reconcile: () => Promise.resolve({ kind: "not-done" }) });
  host.on("domain.destroy", () => Promise.resolve({}), {
    kill: (job) => job.hop("kill", () => Promise.resolve(running.goDown()), { offline: true }),
  });
  const stuck = seen(kernel.call("domain.reset", running));
  await door.reached;
  const destroy = seen(kernel.call("domain.destroy", running));
  await kernel.clock.advance(1999);
  assert.equal(destroy.settled(), false);
  await kernel.clock.advance(1);
  assert.equal(destroy.value().outcome.kind, "done");
  door.open();
  await settled();
  assert.deepEqual(after, []);
  assert.equal(errorOf(stuck.value()).code, "revoked");
  await kernel.clock.advance(1e6);
  assertIdle(kernel);
});

Deno.test("destroy gets past a job that got stuck only after it had waited for another object", async () => {
  const { host, kernel, running, stopped } = small();
  const [first, second] = [running, stopped].sort((a, b) => a.key < b.key ? -1 : 1);
  assert.ok(first !== undefined && second !== undefined);
  const door = new Door();
  host.on("domain.suspend", (job) => job.hop("stop", () => door.pass()));
  host.on(
    "domain.define",
    (job) => job.hop("write", () => new Promise(() => {}), { acts: false, offline: true }),
    {
      about: () => [{ object: second }, { object: first }],
    },
  );
  host.on("domain.destroy", () => Promise.resolve({}), {
    kill: (job) => job.hop("kill", () => Promise.resolve(first.goDown()), { offline: true }),
  });
  const busy = seen(kernel.call("domain.suspend", second));
  await door.reached;
  const define = seen(kernel.call("domain.define", undefined, { input: { xml: "<domain/>" } }));
  await settled();
  const destroy = seen(kernel.call("domain.destroy", first));
  await kernel.clock.advance(2500);
  assert.equal(destroy.settled(), false);
  door.open();
  await kernel.clock.advance(2000);
  assert.equal(destroy.value().outcome.kind, "done");
  assert.equal(busy.value().outcome.kind, "done");
  await kernel.clock.advance(200_000);
  assert.equal(define.settled(), true);
  assertIdle(kernel);
});

Deno.test("a job that was evicted finds out what became of it when the slot is free, not beside its holder", async () => {
  const { host, kernel, running } = small();
  const [stuckAt, destroying] = [new Door(), new Door()];
  const order: string[] = [];
  host.on("domain.reset", (job) => job.hop("stuck", () => stuckAt.pass(), { offline: true }), {
    reconcile: () => {
      order.push("reconciled");
      return Promise.resolve({ kind: "done", value: "reset" });
    },
  });
  host.on("domain.destroy", async (job) => {
    order.push("destroying");
    await job.hop("clean up", () => destroying.pass(), { offline: true });
    order.push("destroyed");
  }, { kill: (job) => job.hop("kill", () => Promise.resolve(running.goDown()), { offline: true }) });
  const stuck = seen(kernel.call("domain.reset", running));
  await stuckAt.reached;
  const destroy = seen(kernel.call("domain.destroy", running));
  await kernel.clock.advance(2000);
  await destroying.reached;
  stuckAt.slam(brokenLink(true));
  await settled();
  destroying.open();
  await settled();
  assert.deepEqual(order, ["destroying", "destroyed", "reconciled"]);
  assert.equal(destroy.value().outcome.kind, "done");
  assert.deepEqual(stuck.value().outcome, { kind: "done", value: "reset", reconciled: true });
  assertIdle(kernel);
});

Deno.test("a stop that does not kill waits its turn instead of driving others out", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.reset", (job) => job.hop("slow", () => door.pass()));
  host.on("domain.destroy", hop("stop"));
  const slow = seen(kernel.call("domain.reset", running));
  await door.reached;
  const stop = seen(kernel.call("domain.destroy", running));
  await kernel.clock.advance(60_000);
  assert.equal(stop.settled(), false);
  door.open();
  await settled();
  assert.equal(slow.value().outcome.kind, "done");
  assert.equal(stop.value().outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("a destroy that does not wait leaves those alone who are there", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.reset", (job) => job.hop("slow", () => door.pass(), { offline: true }));
  host.on("domain.destroy", hop("stop"));
  const slow = seen(kernel.call("domain.reset", running));
  await door.reached;
  assert.equal(errorOf(await kernel.call("domain.destroy", running, { noWait: true })).code, "slot-timeout");
  await kernel.clock.advance(10_000);
  door.open();
  await settled();
  assert.equal(slow.value().outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("nobody destroys what a run holds exclusively, before the run gives it back", async () => {
  const { host, kernel, running } = small();
  let killed = false;
  const kill = (job: Job): Promise<void> =>
    job.hop("kill", () => Promise.resolve(void (killed = true)), { offline: true });
  host.on("domain.destroy", kill, { kill });
  const lease = await kernel.kernel.acquire({
    objects: [running.ref("host")],
    connections: kernel.connections,
    caller: run("1"),
  });
  const other = seen(kernel.call("domain.destroy", running, { caller: run("2") }));
  await kernel.clock.advance(10_000);
  assert.equal(killed, false);
  await lease.release();
  await settled();
  assert.equal(other.value().outcome.kind, "done");
  assert.equal(killed, true);
  assertIdle(kernel);
});

Deno.test("a run that holds an object exclusively destroys it at once", async () => {
  const { host, kernel, running } = small();
  host.on("domain.destroy", () => Promise.resolve({}), {
    kill: (job) => job.hop("kill", () => Promise.resolve(running.goDown()), { offline: true }),
  });
  const caller = run("1");
  const objects = [running.ref("host")];
  const lease = await kernel.kernel.acquire({ objects, connections: kernel.connections, caller });
  assert.equal((await kernel.call("domain.destroy", running, { caller })).outcome.kind, "done");
  await lease.release();
  assertIdle(kernel);
});

Deno.test("a look that never answers ends at the deadline and the grace, and nothing was done", async () => {
  const { host, kernel, running } = small();
  host.look = () => new Promise(() => {});
  let ran = false;
  host.on("domain.reset", () => Promise.resolve(ran = true));
  const result = await kernel.clock.until(kernel.call("domain.reset", running, { deadline: 1000 }));
  assert.equal(errorOf(result).code, "timed-out");
  assert.equal(result.outcome.kind, "not-done");
  assert.equal(ran, false);
  assert.ok(kernel.clock.now() <= 6000);
  assertIdle(kernel);
});

Deno.test("a look that finds the object gone ends the call before it acts", async () => {
  const { host, kernel, running } = small();
  host.look = (object) => {
    object.remove();
    host.forget(object);
    return Promise.resolve();
  };
  let ran = false;
  host.on("domain.reset", () => Promise.resolve(ran = true));
  assert.equal(errorOf(await kernel.call("domain.reset", running, { rebase: true })).code, "not-found");
  assert.equal(ran, false);
  assertIdle(kernel);
});

Deno.test("a look before each write finds what others changed, and a read does not look", async () => {
  const { host, kernel, running } = small();
  let looks = 0;
  host.look = (object) => {
    looks++;
    object.changedOutside();
    return Promise.resolve();
  };
  host.on("domain.reset", hop("reset"));
  host.on("domain.screenshot", hop("screendump"));
  assert.equal(errorOf(await kernel.call("domain.reset", running)).code, "object-changed");
  assert.equal((await kernel.call("domain.screenshot", running)).outcome.kind, "done");
  assert.equal(looks, 1);
  assert.equal((await kernel.call("domain.reset", running, { rebase: true })).outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("a cancel while the object is looked at ends the call before it acts", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.look = () => door.pass();
  let ran = false;
  host.on("domain.reset", () => Promise.resolve(ran = true));
  const controller = new AbortController();
  const call = kernel.call("domain.reset", running, { signal: controller.signal });
  await door.reached;
  controller.abort(new VirtError("cancelled", "No longer needed"));
  door.open();
  assert.equal(errorOf(await call).code, "cancelled");
  assert.equal(ran, false);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  assertIdle(kernel);
});

Deno.test("a read that is under way ends on abort", async () => {
  const { host, kernel, running } = small();
  host.on(
    "domain.screenshot",
    (job) =>
      job.hop(
        "screendump",
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ),
  );
  host.on(
    "domain.list",
    (job) =>
      job.hop(
        "list",
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ),
  );
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    kernel.call("domain.screenshot", running, { signal }),
    kernel.call("domain.list", undefined, { signal }),
  ];
  await settled();
  controller.abort(new VirtError("cancelled", "No longer needed"));
  for (const call of calls) assert.equal(errorOf(await call).code, "cancelled");
  assert.equal(getEventListeners(signal, "abort").length, 0);
  assertIdle(kernel);
});

Deno.test("what came back from a job that may not go on is found out, not denied", async () => {
  for (const change of ["changedOutside", "goDown", "remove"] as const) {
    const { host, kernel, running } = small();
    host.on("domain.reset", (job) => job.hop("reset", () => Promise.resolve(running[change]())), {
      reconcile: () => Promise.resolve({ kind: "done", value: "it was reset" }),
    });
    const { outcome } = await kernel.call("domain.reset", running);
    assert.deepEqual(outcome, { kind: "done", value: "it was reset", reconciled: true }, change);
    assertIdle(kernel);
  }
});

Deno.test("an acting hop that fails in a way nobody foresaw leaves doubt", async () => {
  const { host, kernel, running } = small();
  host.on(
    "domain.reset",
    (job) => job.hop("reset", () => Promise.reject(new TypeError("connection reset by peer"))),
  );
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "unknown");
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "not-done");
  kernel.kernel.accept(running.key);
  assertIdle(kernel);
});

Deno.test("what came back from a job that may not go on stays in doubt where nothing can tell", async () => {
  const { host, kernel, running } = small();
  host.on("domain.reset", (job) => job.hop("reset", () => Promise.resolve(running.changedOutside())));
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "unknown");
  kernel.kernel.accept(running.key);
  assertIdle(kernel);
});

Deno.test("what could not be given back leaves doubt, and what was given back does not", async () => {
  for (const refuses of [true, false]) {
    const { host, kernel, running } = small();
    const refused = (): Promise<never> =>
      Promise.reject(new VirtError("operation-failed", "The far side refuses"));
    host.on("domain.reset", async (job) => {
      await job.hop("begin", () => Promise.resolve());
      try {
        await job.hop("end", refused);
      } catch (error) {
        await job.hop("take back", refuses ? refused : () => Promise.resolve(), { givesBack: true }).catch(
          () => {},
        );
        throw error;
      }
    });
    assert.equal((await kernel.call("domain.reset", running)).outcome.kind, refuses ? "unknown" : "not-done");
    kernel.kernel.accept(running.key);
    assertIdle(kernel);
  }
});

Deno.test("nothing leaves where the object moved while the intent was written", async () => {
  for (const [change, code] of [["changedOutside", "changed-outside"], ["goDown", "object-gone"]] as const) {
    const { host, kernel, running } = small();
    let left = false;
    host.on("domain.reset", (job) => job.hop("reset", () => Promise.resolve(left = true)));
    const journal = {
      intent: (): Promise<void> => Promise.resolve(running[change]()),
    };
    const result = await kernel.call("domain.reset", running, { journal });
    assert.deepEqual([errorOf(result).code, result.outcome.kind, left], [code, "not-done", false]);
    assertIdle(kernel);
  }
});

Deno.test("the far side's refusal leaves no doubt", async () => {
  const { host, kernel, running } = small();
  host.on(
    "domain.reset",
    (job) => job.hop("reset", () => Promise.reject(new VirtError("wrong-state", "It is paused"))),
  );
  assert.deepEqual((await kernel.call("domain.reset", running)).outcome.kind, "not-done");
  assertIdle(kernel);
});

Deno.test("an object with an unknown outcome takes no writes from anybody until that is accepted", async () => {
  const { host, kernel, running, stopped } = small({ settings: { reconcileMs: 2000 } });
  let works = false;
  host.on(
    "domain.reset",
    (job) => job.hop("reset", () => works ? Promise.resolve({}) : Promise.reject(brokenLink(true))),
    {
      reconcile: () => Promise.resolve({ kind: "unknown", reason: "the host does not answer" }),
    },
  );
  host.on("domain.screenshot", hop("screendump"));
  host.on("domain.destroy", hop("kill"), { kill: () => Promise.resolve() });
  const { outcome } = await kernel.clock.until(kernel.call("domain.reset", running));
  assert.equal(outcome.kind, "unknown");
  works = true;
  const [view] = kernel.kernel.slots();
  assert.equal(view?.uncertain?.operation, "domain.reset");
  assert.equal(view?.uncertain?.reason, "the host does not answer");
  for (const operation of ["domain.reset", "domain.destroy"] as const) {
    const refused = errorOf(await kernel.call(operation, running, { caller: run("other") }));
    assert.equal(refused.code, "outcome-unknown");
  }
  assert.equal((await kernel.call("domain.screenshot", running)).outcome.kind, "done", "reads go on");
  assert.equal((await kernel.call("domain.reset", stopped)).outcome.kind, "done", "other objects go on");
  kernel.kernel.accept(running.key);
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("nobody gets in between an unknown outcome and the refusal of writes", async () => {
  const { host, kernel, running } = small({ settings: { reconcileMs: 2000 } });
  let acted = 0;
  host.on(
    "domain.reset",
    (job) => job.hop("reset", () => Promise.reject(++acted === 1 ? brokenLink(true) : brokenLink(false))),
    {
      reconcile: () => Promise.resolve({ kind: "unknown", reason: "the host does not answer" }),
    },
  );
  const first = kernel.call("domain.reset", running);
  await settled();
  const second = kernel.call("domain.reset", running);
  await kernel.clock.until(first);
  assert.equal(errorOf(await second).code, "outcome-unknown");
  assert.equal(acted, 1);
});

Deno.test("a hop that never answers ends at deadline and grace; its object is looked at before anybody else acts", async () => {
  const { host, kernel, running } = small();
  let looks = 0;
  host.on("domain.reset", (job) => job.hop("reset", () => new Promise(() => {})), {
    reconcile: () =>
      Promise.resolve(++looks < 3 ? { kind: "unknown", reason: "busy" } : { kind: "not-done" }),
  });
  host.on("domain.suspend", hop("stop"));
  const stuck = seen(kernel.call("domain.reset", running, { deadline: 1000 }));
  const next = seen(kernel.call("domain.suspend", running));
  await kernel.clock.advance(5999);
  assert.equal(stuck.settled(), false);
  await kernel.clock.advance(1);
  assert.equal(stuck.settled(), false, "it is being looked at");
  assert.equal(kernel.kernel.slots()[0]?.holders[0]?.operation, "reconcile domain.reset");
  assert.equal(next.settled(), false);
  await kernel.clock.advance(1000);
  assert.deepEqual([stuck.value().outcome.kind, looks], ["not-done", 3]);
  assert.equal(next.value().outcome.kind, "done");
  assertIdle(kernel);
});

Deno.test("an answer that comes when nobody waits for it any more harms nobody", async () => {
  const { host, kernel, running } = small();
  const [late, never] = [new Door(), new Door()];
  host.on("domain.reset", (job) => job.hop("reset", () => late.pass()), {
    reconcile: () => Promise.resolve({ kind: "not-done" }),
  });
  host.on("domain.suspend", (job) => job.hop("stop", () => never.pass()), {
    reconcile: () => Promise.resolve({ kind: "not-done" }),
  });
  await kernel.clock.until(kernel.call("domain.reset", running, { deadline: 1000 }));
  await kernel.clock.until(kernel.call("domain.suspend", running, { deadline: kernel.clock.now() + 1000 }));
  late.open();
  never.slam(new Error("the far side gave up"));
  await settled();
  assertIdle(kernel);
});

Deno.test("no hop leaves after the deadline", async () => {
  const { host, kernel, running } = small();
  const left: string[] = [];
  host.on("domain.reset", async (job) => {
    await job.hop("first", async () => {
      left.push("first");
      await kernel.clock.advance(1000);
    }, { acts: false });
    await job.hop("second", () => Promise.resolve(left.push("second")));
  });
  const result = await kernel.call("domain.reset", running, { deadline: 1000 });
  assert.deepEqual([errorOf(result).code, left], ["timed-out", ["first"]]);
  assertIdle(kernel);
});

for (const why of ["cancel", "deadline"] as const) {
  Deno.test(`what was begun is given back after the ${why}, with a signal and a time of its own`, async () => {
    const { host, kernel, stopped } = small();
    const given: unknown[] = [];
    host.on("domain.start", async (job) => {
      try {
        await job.hop("spawn", () => Promise.resolve());
        await job.hop(
          "prepare",
          (signal) =>
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
          { acts: false },
        );
      } catch (error) {
        await job.hop("kill", async (signal) => {
          signal.throwIfAborted();
          await new Promise<void>((resolve) => kernel.clock.after(1000, resolve));
          given.push("back");
        }, { givesBack: true, offline: true });
        throw error;
      }
    }, { reconcile: () => Promise.resolve({ kind: "not-done" }) });
    const controller = new AbortController();
    const call = kernel.call("domain.start", stopped, { signal: controller.signal, deadline: 5000 });
    await settled();
    if (why === "cancel") controller.abort(new VirtError("cancelled", "No longer needed"));
    const result = await kernel.clock.until(call);
    assert.deepEqual(given, ["back"]);
    assert.equal(errorOf(result).code, why === "cancel" ? "cancelled" : "timed-out");
    assertIdle(kernel);
  });
}

Deno.test("a lost hop on the other side of a migration leaves the doubt on both objects", async () => {
  const hosts = { host: new FakeHost(), target: new FakeHost("00000000-0000-4000-8000-000000000002") };
  for (const each of Object.values(hosts)) each.ready.open();
  const source = hosts.host.add("domain", "web-1", { live: { id: 1 } });
  const twin = hosts.target.add("domain", "web-1");
  const kernel = new FakeKernel(hosts);
  hosts.host.on("domain.migrate", async (job) => {
    assert.ok(job.peer !== undefined);
    await job.peer.hop("prepare", () => Promise.reject(brokenLink(true)));
  });
  hosts.target.on("domain.start", hop("spawn"));
  const result = await kernel.call("domain.migrate", source, { input: { to: "target" } });
  assert.equal(result.outcome.kind, "unknown");
  assert.deepEqual(kernel.kernel.slots().map(({ key, uncertain }) => [key, uncertain?.operation]), [
    [source.key, "domain.migrate"],
    [twin.key, "domain.migrate"],
  ]);
  const refused = await kernel.call("domain.start", twin.ref("target"), { connection: "target" });
  assert.equal(errorOf(refused).code, "outcome-unknown");
});

Deno.test("a migration that lost its right to act sends nothing to the other side either", async () => {
  const hosts = { host: new FakeHost(), target: new FakeHost("00000000-0000-4000-8000-000000000002") };
  for (const each of Object.values(hosts)) each.ready.open();
  const source = hosts.host.add("domain", "web-1", { live: { id: 1 } });
  const kernel = new FakeKernel(hosts);
  const left: string[] = [];
  hosts.host.on("domain.migrate", async (job) => {
    const finish = (): Promise<unknown> =>
      job.peer!.hop("finish", () => Promise.resolve(left.push("finish")), { givesBack: true });
    await job.hop("perform", () => new Promise(() => {}), { acts: false }).catch(finish);
  });
  const result = await kernel.clock.until(
    kernel.call("domain.migrate", source, { input: { to: "target" }, deadline: 1000 }),
  );
  assert.deepEqual(left, []);
  assert.equal(errorOf(result).code, "timed-out");
  assertIdle(kernel);
});

Deno.test("a cancel of a migration reaches the hop on the other side", async () => {
  const hosts = { host: new FakeHost(), target: new FakeHost("00000000-0000-4000-8000-000000000002") };
  for (const each of Object.values(hosts)) each.ready.open();
  const source = hosts.host.add("domain", "web-1", { live: { id: 1 } });
  const kernel = new FakeKernel(hosts);
  hosts.host.on(
    "domain.migrate",
    (job) =>
      job.peer!.hop(
        "prepare",
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        {
          acts: false,
        },
      ),
  );
  const controller = new AbortController();
  const call = kernel.call("domain.migrate", source, { input: { to: "target" }, signal: controller.signal });
  await settled();
  controller.abort(new VirtError("cancelled", "No longer needed"));
  assert.equal(errorOf(await call).code, "cancelled");
  assertIdle(kernel);
});

Deno.test("lists, look-ups and references wait for the first enumeration", async () => {
  const host = new FakeHost();
  const kernel = new FakeKernel({ host });
  host.on("domain.list", () => Promise.resolve([...host.objects()].map(({ name }) => name)));
  host.on("domain.reset", hop("reset"));
  const early = new FakeHost().add("domain", "web-1").ref("host");
  const calls = [
    seen(kernel.call("domain.list")),
    seen(kernel.call("domain.reset", early, { rebase: true })),
  ];
  await settled();
  assert.deepEqual(calls.map((call) => call.settled()), [false, false]);
  host.add("domain", "web-1");
  host.ready.open();
  await settled();
  assert.deepEqual(calls.map((call) => call.value().outcome.kind), ["done", "done"]);
  assertIdle(kernel);
});

Deno.test("after an enumeration that failed no list is partial: everybody hears why", async () => {
  const host = new FakeHost();
  const kernel = new FakeKernel({ host });
  host.on("domain.list", () => Promise.resolve([]));
  const early = kernel.call("domain.list");
  await settled();
  host.ready.fail(new VirtError("operation-failed", "Cannot read the devices"));
  for (const call of [early, kernel.call("domain.list")]) {
    assert.equal(errorOf(await call).code, "operation-failed");
  }
  assertIdle(kernel);
});

Deno.test("whoever may not list does not wait to hear so", async () => {
  const host = new FakeHost();
  const kernel = new FakeKernel({ host });
  host.on("domain.list", () => Promise.resolve([]));
  const denied = new VirtError("permission-denied", "No");
  const authority = { ...everythingAllowed, check: () => Promise.reject(denied) };
  assert.equal(errorOf(await kernel.call("domain.list", undefined, { authority })).code, "permission-denied");
  assertIdle(kernel);
});

Deno.test("the permission is asked for again with the slot in hand", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.suspend", (job) => job.hop("stop", () => door.pass()));
  let ran = false;
  host.on("domain.reset", () => Promise.resolve(ran = true));
  const first = kernel.call("domain.suspend", running);
  await door.reached;
  const asked: string[] = [];
  let granted = true;
  const second = kernel.call("domain.reset", running, {
    authority: {
      ...everythingAllowed,
      check: ({ when }) => {
        asked.push(when);
        if (!granted) throw new VirtError("permission-denied", "Not any more");
      },
    },
  });
  await settled();
  granted = false;
  door.open();
  await first;
  assert.equal(errorOf(await second).code, "permission-denied");
  assert.deepEqual([asked, ran], [["asked", "obtained"], false]);
  assertIdle(kernel);
});

Deno.test("an intent is durable before anything acts, and reads have none", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  const order: string[] = [];
  host.on("domain.reset", (job) => job.hop("reset", () => Promise.resolve(order.push("acted"))));
  host.on("domain.screenshot", hop("screendump"));
  const journal = {
    intent: async (): Promise<void> => {
      order.push("intent");
      await door.pass();
      order.push("durable");
    },
  };
  const call = kernel.call("domain.reset", running, { journal });
  await door.reached;
  await settled();
  assert.deepEqual(order, ["intent"]);
  door.open();
  await call;
  await kernel.call("domain.screenshot", running, { journal });
  assert.deepEqual(order, ["intent", "durable", "acted"]);
});

Deno.test("an intent that cannot be kept means that nothing is done", async () => {
  const { host, kernel, running } = small();
  let acted = false;
  host.on("domain.reset", (job) => job.hop("reset", () => Promise.resolve(acted = true)));
  const journal = { intent: () => Promise.reject(new VirtError("operation-failed", "The disk is full")) };
  const result = await kernel.call("domain.reset", running, { journal });
  assert.deepEqual([result.outcome.kind, acted], ["not-done", false]);
  assertIdle(kernel);
});

Deno.test("leases are taken in key order, are the run's own, and are given back together", async () => {
  const { host, kernel, running, stopped } = small();
  host.on("domain.reset", hop("reset"));
  const acquire = (
    caller: Caller,
    objects: readonly (typeof running)[],
    deadline = 1e6,
  ): Promise<AsyncDisposable & { keys: readonly string[] }> =>
    kernel.kernel.acquire({
      objects: objects.map((object) => object.ref("host")),
      connections: kernel.connections,
      caller,
      deadline,
    }).then((lease) => ({ keys: lease.keys, [Symbol.asyncDispose]: () => lease.release() }));
  const mine = await acquire(run("1"), [stopped, running, stopped]);
  assert.deepEqual(mine.keys, [running.key, stopped.key].sort());
  await using again = await acquire(run("1"), [running]);
  assert.deepEqual(again.keys, [running.key]);
  assert.equal((await kernel.call("domain.reset", running, { caller: run("1") })).outcome.kind, "done");
  const others = seen(acquire(run("2"), [running, stopped], 5000));
  await kernel.clock.advance(5000);
  assert.equal(others.error().code, "slot-timeout");
  await kernel.kernel.releaseRun("1");
  await using _theirs = await acquire(run("2"), [running, stopped]);
});

Deno.test("an object that is removed while somebody waits to lease it cannot be leased", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.suspend", async (job) => {
    await job.hop("stop", () => door.pass());
    job.remove();
    host.forget(running);
  });
  const call = kernel.call("domain.suspend", running);
  await door.reached;
  const lease = seen(kernel.kernel.acquire({
    objects: [running.ref("host")],
    connections: kernel.connections,
    caller: run("1"),
  }));
  door.open();
  await call;
  await settled();
  assert.equal(lease.error().code, "not-found");
  assertIdle(kernel);
});

Deno.test("a listener that fails harms neither the job nor the other listeners", async () => {
  const { host, kernel, running } = small();
  const connection = await kernel.kernel.connect("host:///");
  host.on("domain.reset", async (job) => {
    await job.hop("reset", () => Promise.resolve());
    job.emit("changed");
  });
  const heard: string[] = [];
  using _bad = kernel.kernel.subscribe(connection, () => {
    throw new Error("a listener of somebody else's");
  });
  using _good = kernel.kernel.subscribe(connection, ({ type }) => void heard.push(type));
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "done");
  assert.deepEqual(heard, ["changed"]);
});

Deno.test("events count from one per connection, and nobody hears the enumeration as events", async () => {
  const host = new FakeHost();
  const kernel = new FakeKernel({ host });
  const connection = await kernel.kernel.connect("host:///");
  const heard: unknown[] = [];
  const subscription = kernel.kernel.subscribe(
    connection,
    ({ sequence, type }) => void heard.push([sequence, type]),
  );
  const object = host.add("domain", "web-1");
  host.tell({ object, type: "defined" });
  host.ready.open();
  host.tell({ object, type: "started" });
  host.tell({ object, type: "stopped" });
  subscription[Symbol.dispose]();
  host.tell({ object, type: "started" });
  assert.deepEqual(heard, [[1, "started"], [2, "stopped"]]);
});

Deno.test("connections are shared, and one that could not be made is tried again", async () => {
  const { kernel } = small();
  const [a, b] = await Promise.all([kernel.kernel.connect("host:///"), kernel.kernel.connect("host:///")]);
  assert.equal(a, b);
  await assert.rejects(kernel.kernel.connect("nobody:///"), { code: "unsupported" });
  await assert.rejects(kernel.kernel.connect("nobody:///"), { code: "unsupported" });
  await kernel.kernel.close();
});

Deno.test("an agent job and a normal job run side by side, and neither waits for the other", async () => {
  const { host, kernel, running } = small();
  const door = new Door();
  host.on("domain.guestExec", (job) => job.hop("guest-exec", () => door.pass()));
  host.on("domain.reset", hop("reset"));
  const agent = seen(
    kernel.call("domain.guestExec", running, { input: { path: "true" } }),
  );
  await door.reached;
  assert.equal((await kernel.call("domain.reset", running)).outcome.kind, "done");
  assert.equal(agent.settled(), false);
  door.open();
  await settled();
  assert.equal(agent.value().outcome.kind, "done");
  assertIdle(kernel);
});
