import assert from "node:assert/strict";
import { recipe } from "drover";
import { LedgerHost } from "./ledger.ts";
import { World } from "./world.ts";

const needs = ["domain:getattr,start,stop,write,save,reset,delete"] as const;

/** Runs until `deed` has been done, and dies before anybody hears of it. */
async function dieAt(
  deed: string,
  body: unknown,
  ...guests: readonly string[]
): Promise<[World, LedgerHost]> {
  const host = new LedgerHost(...guests);
  const world = await World.make({ drivers: [host.driver], recipe: body });
  host.onAct = (moment, what) => {
    if (moment !== "after" || what !== deed) return;
    world.kill();
    return new Promise<never>(() => {});
  };
  await world.start();
  await world.until(world.died);
  host.onAct = () => {};
  await world.reboot();
  return [world, host];
}

Deno.test("a changed recipe stops at the first step that differs, with its line", async () => {
  const [world, host] = await dieAt(
    "start web-2",
    recipe({
      summary: "Two",
      needs: [...needs],
      async run({ host }): Promise<void> {
        await (await host.domain("web-1")).start();
        await (await host.domain("web-2")).start();
      },
    }),
    "web-1",
    "web-2",
  );
  await using _world = world;
  world.recipe = recipe({
    summary: "Two, changed",
    needs: [...needs],
    async run({ host }): Promise<void> {
      await (await host.domain("web-1")).start();
      await (await host.domain("db-1")).start();
    },
  });
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "interrupted");
  assert.equal(end.error?.code, "replay-mismatch");
  assert.equal(end.exit, 7);
  assert.match(end.error?.message ?? "", /step 2 differs.*domain\.lookup web-2.*domain\.lookup db-1/);
  const line = end.error?.at?.line ?? 0;
  const source = (await Deno.readTextFile(new URL(import.meta.url))).split("\n");
  assert.match(source[line - 1] ?? "", /db-1/);
  assert.deepEqual(host.ledger, ["start web-1", "start web-2"]);

  // The recipe as it was goes on where the journal ends.
  world.recipe = recipe({
    summary: "Two",
    needs: [...needs],
    async run({ host }): Promise<void> {
      await (await host.domain("web-1")).start();
      await (await host.domain("web-2")).start();
    },
  });
  assert.equal((await world.until((await world.resume()).ended)).state, "done");
  assert.deepEqual(host.ledger, ["start web-1", "start web-2"]);
  const { error, interruptedAt } = await world.run();
  assert.deepEqual(
    [error, interruptedAt],
    [undefined, undefined],
    "nothing is left of the resume that failed",
  );
});

Deno.test("a changed input of a step is a mismatch", async () => {
  const body = (paused: boolean): unknown =>
    recipe({
      summary: "One",
      needs: [...needs],
      run: async ({ host }) => void await (await host.domain("web-1")).start({ paused }),
    });
  const [world] = await dieAt("start web-1", body(false), "web-1");
  await using _world = world;
  world.recipe = body(true);
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.error?.code, "replay-mismatch");
  assert.match(end.error?.message ?? "", /another input/);
});

Deno.test("a recipe that ends before its recorded steps is a mismatch, not an end", async () => {
  const [world, host] = await dieAt(
    "start web-1",
    recipe({
      summary: "One",
      needs: [...needs],
      run: async ({ host }) => void await (await host.domain("web-1")).start(),
    }),
    "web-1",
  );
  await using _world = world;
  world.recipe = recipe({ summary: "None", needs: [...needs], run: () => "nothing to do" });
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "interrupted");
  assert.equal(end.error?.code, "replay-mismatch");
  assert.match(end.error?.message ?? "", /has ended and has not issued step 0/);
  assert.deepEqual(host.ledger, ["start web-1"]);
});

Deno.test("a recipe that waits for what was recorded later is found out", async () => {
  const [world] = await dieAt(
    "start web-2",
    recipe({
      summary: "Together",
      needs: [...needs],
      async run({ host }): Promise<void> {
        await Promise.all([(await host.domain("web-1")).start(), (await host.domain("web-2")).start()]);
      },
    }),
    "web-1",
    "web-2",
  );
  await using _world = world;
  world.recipe = recipe({
    summary: "Waiting",
    needs: [...needs],
    async run({ host }): Promise<void> {
      await host.domain("web-1");
      await new Promise<never>(() => {});
    },
  });
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.error?.code, "replay-mismatch");
  assert.match(end.error?.message ?? "", /waits and has not issued step 1/);
});

Deno.test("clock, chance and parallel branches are the same again", async () => {
  const seen: unknown[] = [];
  const [world] = await dieAt(
    "destroy web-1",
    recipe({
      summary: "Look around",
      needs: [...needs],
      async run({ host, now, sleep }): Promise<void> {
        const order: unknown[] = [now()];
        const branch = async (name: string, pause: `${number}s`): Promise<void> => {
          const vm = await host.domain(name);
          await sleep(pause);
          order.push(`${name} at ${now()}`);
          await vm.start();
          order.push(`${name} is on`);
        };
        await Promise.all([branch("web-1", "3s"), branch("web-2", "2s"), branch("web-3", "3s")]);
        seen.push(order);
        await (await host.domain("web-1")).destroy();
      },
    }),
    "web-1",
    "web-2",
    "web-3",
  );
  await using _world = world;
  await world.clock.advance(60_000);
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "done");
  assert.equal(seen.length, 2);
  assert.deepEqual(seen[0], seen[1]);
});

Deno.test("a timer that was pending waits for the rest of its time only", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Wait",
      needs: [...needs],
      async run({ host, sleep, now }): Promise<number> {
        const vm = await host.domain("web-1");
        await vm.start();
        const begun = now();
        await Promise.all([sleep("10m"), vm.destroy()]);
        return now() - begun;
      },
    }),
  });
  const begun = world.clock.now();
  await world.start();
  while (!host.ledger.includes("destroy web-1")) await world.clock.advance(0);
  for (let turn = 0; turn < 20; turn++) await world.clock.advance(0);
  await world.clock.advance(4 * 60_000);
  await world.reboot();
  await world.clock.advance(60_000);
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "done");
  assert.equal(end.result, 600_000);
  assert.equal(world.clock.now() - begun, 600_000);
});

Deno.test("an outcome that nothing can find out stops the resume until a person says how it ended", async () => {
  const body = recipe({
    summary: "Reset",
    needs: [...needs],
    async run({ host }): Promise<void> {
      const vm = await host.domain("web-1");
      await vm.reset({});
      await vm.start();
    },
  });
  for (const assumed of ["done", "not-done"] as const) {
    const [world, host] = await dieAt("reset web-1", body, "web-1");
    await using _world = world;
    const stopped = await world.until((await world.resume()).ended);
    assert.equal(stopped.state, "interrupted");
    assert.equal(stopped.exit, 10);
    assert.equal(stopped.error?.code, "outcome-unknown");
    assert.match(stopped.error?.hint ?? "", /--assume 1=done\|not-done/);
    assert.deepEqual(host.ledger, ["reset web-1"]);
    const end = await world.until((await world.resume({ assume: new Map([[1, assumed]]) })).ended);
    assert.equal(end.state, "done", end.error?.message);
    const again = assumed === "done" ? [] : ["reset web-1"];
    assert.deepEqual(host.ledger, ["reset web-1", ...again, "start web-1"]);
    const audit = await world.store.audit();
    assert.ok(audit.some(({ decision, detail }) => decision === "assumed" && detail === assumed));
  }
});

Deno.test("nobody else writes to an object on which a dead run may have acted", async () => {
  const [world] = await dieAt(
    "reset web-1",
    recipe({
      summary: "Reset",
      needs: [...needs],
      run: async ({ host }) => void await (await host.domain("web-1")).reset({}),
    }),
    "web-1",
  );
  await using _world = world;
  const [first] = await world.store.runs();
  world.recipe = recipe({
    summary: "Start",
    needs: [...needs],
    run: async ({ host }) => void await (await host.domain("web-1")).start(),
  });
  const other = await world.until((await world.start()).ended);
  assert.equal(other.error?.code, "outcome-unknown");
  await world.runs.abandon(first?.id ?? "");
  assert.equal((await world.store.run(first?.id ?? ""))?.state, "abandoned");
  const [uncertain] = await world.store.uncertain();
  assert.ok(uncertain !== undefined, "abandoning does not make the outcome known");
  assert.ok(await world.runs.accept(uncertain.key, { as: "done", principal: "alice" }));
  assert.equal((await world.until((await world.start()).ended)).state, "done");
});

Deno.test("a resume against a host that has lost its state stops with 7", async () => {
  const [world, host] = await dieAt(
    "start web-1",
    recipe({
      summary: "One",
      needs: [...needs],
      run: async ({ host }) => void await (await host.domain("web-1")).start(),
    }),
    "web-1",
  );
  await using _world = world;
  host.bootId = "boot-2";
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.exit, 7);
  assert.equal(end.state, "interrupted");
  assert.match(end.error?.message ?? "", /lost its state/);
});

Deno.test("a resume resumed again goes on", async () => {
  const body = recipe({
    summary: "Many",
    needs: [...needs],
    async run({ host }): Promise<void> {
      for (const name of ["web-1", "web-2", "web-3"]) await (await host.domain(name)).start();
    },
  });
  const [world, host] = await dieAt("start web-1", body, "web-1", "web-2", "web-3");
  await using _world = world;
  host.onAct = (moment, deed) => {
    if (moment !== "before" || deed !== "start web-3") return;
    world.kill();
    return new Promise<never>(() => {});
  };
  await world.resume();
  await world.until(world.died);
  host.onAct = () => {};
  await world.reboot();
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "done");
  assert.deepEqual(host.ledger, ["start web-1", "start web-2", "start web-3"]);
  assert.equal((await world.run()).resumes, 2);
});

Deno.test("an answer that the recipe has seen is on record, whatever happens next", async () => {
  const host = new LedgerHost("web-1");
  let seen = 0;
  await using world: World = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Reset",
      needs: [...needs],
      async run({ host, sleep }): Promise<void> {
        await (await host.domain("web-1")).reset({});
        if (seen++ === 0) world.kill();
        await sleep("1s");
      },
    }),
  });
  await world.start();
  await world.until(world.died);
  await world.reboot();
  // Nothing could find out whether the machine was reset; nobody has to.
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["reset web-1"]);
});
