import assert from "node:assert/strict";
import { recipe } from "drover";
import { LedgerHost } from "./ledger.ts";
import { eventsOf, World } from "./world.ts";

const needs = ["domain:getattr,start,stop,write,save,reset,delete"] as const;

Deno.test("a cancelled run gives back what it holds, and nothing else is admitted", async () => {
  const host = new LedgerHost("web-1");
  const refused: string[] = [];
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Hold on",
      needs: [...needs],
      async run({ host, sleep, log }): Promise<void> {
        await using _trial = await host.temporary.domain({ xml: "<domain><name>trial</name></domain>" });
        const vm = await host.domain("web-1");
        await using _lease = await vm.exclusive();
        try {
          log.info("ready");
          await sleep("1h");
        } finally {
          await vm.start().catch((error) => refused.push(error.code));
        }
      },
    }),
  });
  const run = await world.start();
  const events = eventsOf(run);
  for await (const event of run.watch()) {
    if (event.type === "log") break;
  }
  assert.equal((await world.runs.cancel(run.id)).state, "cancelling");
  const end = await run.ended;
  assert.equal(end.state, "cancelled");
  assert.equal(end.exit, 130);
  assert.deepEqual(refused, ["cancelled"]);
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
  assert.deepEqual(world.kernel.slots(), []);
  assert.deepEqual(
    (await events).flatMap((event) => event.type === "run" ? [event.run.state] : []),
    ["running", "cancelling", "cancelled"],
  );
});

Deno.test("a recipe that does not mind its cancel is killed after the grace period, and the kernel undoes the rest", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Deaf",
      needs: [...needs],
      async run({ host, log }): Promise<void> {
        await host.defineDomain({ xml: "<domain><name>trial</name></domain>" }, { temporary: true });
        log.info("ready");
        await new Promise<never>(() => {});
      },
    }),
  });
  const run = await world.start();
  for await (const event of run.watch()) {
    if (event.type === "log") break;
  }
  const begun = world.clock.now();
  await world.runs.cancel(run.id);
  const end = await world.until(run.ended);
  assert.equal(end.state, "cancelled");
  assert.equal(world.clock.now() - begun, 10_000);
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
});

Deno.test("a call in the queue is cancelled at once, one that acts is finished and on record", async () => {
  const host = new LedgerHost("web-1");
  const acting = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  host.onAct = async (moment) => {
    if (moment === "before") {
      acting.resolve();
      await goOn.promise;
    }
  };
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Two on one",
      needs: [...needs],
      async run({ host }): Promise<void> {
        const vm = await host.domain("web-1");
        await Promise.allSettled([vm.start(), vm.reset({})]);
      },
    }),
  });
  const run = await world.start();
  await acting.promise;
  await world.runs.cancel(run.id);
  goOn.resolve();
  const end = await run.ended;
  assert.equal(end.state, "cancelled");
  const steps = await world.store.steps(run.id);
  assert.deepEqual(steps.map(({ operation, outcome }) => [operation, outcome]), [
    ["domain.lookup", "done"],
    ["domain.start", "done"],
    ["domain.reset", "not-done"],
  ]);
  assert.deepEqual(host.ledger, ["start web-1"]);
});

Deno.test("when the sandbox dies, what acts is finished and on record, and what was made for a time is taken back", async () => {
  const host = new LedgerHost("web-1");
  const acting = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  host.onAct = async (moment, deed) => {
    if (moment === "before" && deed === "start web-1") {
      acting.resolve();
      await goOn.promise;
    }
  };
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Doomed",
      needs: [...needs],
      async run({ host }): Promise<void> {
        await host.defineDomain({ xml: "<domain><name>trial</name></domain>" }, { temporary: true });
        await (await host.domain("web-1")).start();
      },
    }),
  });
  const run = await world.start();
  await acting.promise;
  await world.endpoints.at(-1)?.kill("it ran out of memory");
  goOn.resolve();
  const end = await run.ended;
  assert.equal(end.state, "failed");
  assert.match(end.error?.message ?? "", /ran out of memory/);
  assert.deepEqual(host.ledger, ["define trial", "start web-1", "discard trial"]);
  assert.equal((await world.store.steps(run.id)).at(-1)?.outcome, "done");
});

Deno.test("a run that has ended cannot be cancelled, resumed or abandoned", async () => {
  const host = new LedgerHost();
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({ summary: "Nothing", needs: [], run: () => {} }),
  });
  const run = await world.start();
  await run.ended;
  for (const doing of ["cancel", "resume", "abandon"] as const) {
    await assert.rejects(world.runs[doing](run.id), { code: "wrong-state" });
    await assert.rejects(world.runs[doing]("nope"), { code: "not-found" });
  }
});

Deno.test("an unknown outcome makes the run leave with 10, even if the recipe caught it", async () => {
  const host = new LedgerHost("web-1");
  host.onAct = (moment) => {
    if (moment === "after") throw new Error("the link broke");
  };
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Careless",
      needs: [...needs],
      async run({ host }): Promise<string> {
        await (await host.domain("web-1")).reset({}).catch(() => {});
        return "all is well";
      },
    }),
  });
  const end = await (await world.start()).ended;
  assert.equal(end.state, "done");
  assert.equal(end.exit, 10);
});

Deno.test("a cancelled run can be resumed where it was cancelled", async () => {
  const host = new LedgerHost("web-1", "web-2");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Two, with a pause",
      needs: [...needs],
      async run({ host, sleep, log }): Promise<void> {
        const vm = await host.domain("web-1");
        await using _lease = await vm.exclusive();
        await vm.start();
        log.info("one is on");
        await sleep("1h").finally(() => log.info("enough"));
        await (await host.domain("web-2")).start();
        log.info("two are on");
      },
    }),
  });
  const run = await world.start();
  for await (const event of run.watch()) {
    if (event.type === "log") break;
  }
  const begun = world.clock.now();
  await world.clock.advance(600_000);
  await world.runs.cancel(run.id);
  assert.equal((await run.ended).state, "cancelled");
  assert.deepEqual((await world.runs.logs(run.id)).map(({ message }) => message), ["one is on", "enough"]);
  const resumed = await world.runs.resume(run.id);
  const end = await world.until(resumed.ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.equal(end.exit, 0);
  assert.deepEqual(host.ledger, ["start web-1", "start web-2"]);
  assert.equal(world.clock.now() - begun, 3_600_000, "the pause went on");
  assert.deepEqual((await world.runs.logs(run.id)).map(({ message }) => message), [
    "one is on",
    "enough",
    "two are on",
  ]);
});

Deno.test("a cancelled run that has taken back what it made cannot be resumed", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Hold on",
      needs: [...needs],
      async run({ host, sleep, log }): Promise<void> {
        await using _trial = await host.temporary.domain({ xml: "<domain><name>trial</name></domain>" });
        log.info("ready");
        await sleep("1h");
      },
    }),
  });
  const run = await world.start();
  for await (const event of run.watch()) {
    if (event.type === "log") break;
  }
  await world.runs.cancel(run.id);
  await run.ended;
  await assert.rejects(world.runs.resume(run.id), { code: "wrong-state", message: /trial.*taken back/ });
});

Deno.test("a call that a cancel kept from acting is asked for again on a resume", async () => {
  const host = new LedgerHost("web-1");
  const acting = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  host.onAct = async (moment) => {
    if (moment === "before") {
      acting.resolve();
      await goOn.promise;
    }
  };
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Two on one",
      needs: [...needs],
      async run({ host }): Promise<void> {
        const vm = await host.domain("web-1");
        await Promise.all([vm.start(), vm.reset({})]);
      },
    }),
  });
  const run = await world.start();
  await acting.promise;
  await world.runs.cancel(run.id);
  goOn.resolve();
  await run.ended;
  const end = await world.until((await world.runs.resume(run.id)).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["start web-1", "reset web-1"]);
});

Deno.test("a run that waits for a host that does not answer can be cancelled", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [{
      name: "ledger",
      schemes: ["ledger"],
      connect: (_uri, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    }],
    recipe: recipe({ summary: "Nothing", needs: [], run: () => {} }),
  });
  const run = await world.start();
  for (let turn = 0; turn < 20; turn++) await world.clock.advance(0);
  await world.runs.cancel(run.id);
  const end = await run.ended;
  assert.equal(end.state, "cancelled");
  assert.deepEqual(host.ledger, []);
});

Deno.test("a cancelled run whose host has lost its state stays cancelled", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({ summary: "Wait", needs: [], run: async ({ sleep }) => await sleep("1h") }),
  });
  const run = await world.start();
  while (world.clock.pending === 0) await world.clock.advance(0);
  await world.runs.cancel(run.id);
  await run.ended;
  host.bootId = "boot-2";
  await world.reboot();
  await assert.rejects(world.runs.resume(run.id), { code: "changed-outside" });
  assert.equal((await world.run()).state, "cancelled");
});
