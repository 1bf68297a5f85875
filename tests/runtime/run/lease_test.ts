import assert from "node:assert/strict";
import { recipe } from "drover";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe } from "./raw_recipe.ts";
import { World } from "./world.ts";

const needs = ["domain:getattr,start,stop,write,save,reset,delete"] as const;
const trial = { xml: "<domain><name>trial</name></domain>" };

/** Makes something for a time, holds something, and waits. */
const holder = recipe({
  summary: "Hold",
  needs: [...needs],
  async run({ host, sleep, log }): Promise<void> {
    await using _trial = await host.temporary.domain(trial);
    await using _lease = await (await host.domain("web-1")).exclusive();
    log.info("ready");
    await sleep("1h");
  },
});

const starter = recipe({
  summary: "Start",
  needs: [...needs],
  run: async ({ host }) => void await (await host.domain("web-1")).start({}, { within: "1s" }),
});

/** A run that holds what {@linkcode holder} holds when its kernel dies. */
async function heldByTheDead(): Promise<{ world: World; host: LedgerHost; id: string }> {
  const host = new LedgerHost("web-1");
  const world = await World.make({ drivers: [host.driver], recipe: holder });
  const run = await world.start();
  for await (const event of run.watch()) {
    if (event.type === "log") break;
  }
  await world.store.flush();
  await world.reboot();
  return { world, host, id: run.id };
}

Deno.test("an interrupted run keeps what it holds, and nobody else gets it", async () => {
  const { world, host, id } = await heldByTheDead();
  await using _world = world;
  world.recipe = starter;
  const other = await world.until((await world.start()).ended);
  assert.equal(other.error?.code, "slot-timeout");
  assert.deepEqual(host.ledger, ["define trial"]);
  const [slot] = world.kernel.slots();
  assert.equal(slot?.holders[0]?.caller.run, id);
});

Deno.test("a resumed run has what it held, and gives it back in the end", async () => {
  const { world, host, id } = await heldByTheDead();
  await using _world = world;
  const end = await world.until((await world.runs.resume(id)).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
  assert.deepEqual(world.kernel.slots(), []);
});

Deno.test("abandoning a run frees what it holds and undoes what it made for a time", async () => {
  const { world, host, id } = await heldByTheDead();
  await using _world = world;
  const view = await world.until(world.runs.abandon(id));
  assert.equal(view.state, "abandoned");
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
  world.recipe = starter;
  assert.equal((await world.until((await world.start()).ended)).state, "done");
  await assert.rejects(world.runs.resume(id), { code: "wrong-state" });
});

Deno.test("when the time to resume is over the run is given up", async () => {
  const { world, host, id } = await heldByTheDead();
  await using _world = world;
  await world.runs.settleDead();
  assert.equal((await world.store.run(id))?.state, "interrupted");
  await world.clock.advance(24 * 60 * 60 * 1000);
  await world.until(world.runs.settleDead());
  assert.equal((await world.store.run(id))?.state, "abandoned");
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
});

Deno.test("an undo that fails is told, stays on record, and is tried again by the next kernel", async () => {
  const host = new LedgerHost();
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Make",
      needs: [...needs],
      run: async ({ host }) => void await host.temporary.domain(trial),
    }),
  });
  let broken = true;
  host.onAct = (moment, deed) => {
    if (broken && moment === "before" && deed === "discard trial") throw new Error("the disk is stuck");
  };
  const run = await world.start();
  const end = await world.until(run.ended);
  assert.equal(end.state, "failed");
  assert.match(end.error?.message ?? "", /stuck|unknown|discard/);
  assert.ok(
    (await world.runs.logs(run.id)).some(({ level, message }) => level === "error" && /trial/.test(message)),
  );
  assert.equal((await world.store.openLeases())[0]?.state, "stuck");
  broken = false;
  await world.reboot();
  for (const { key } of await world.store.uncertain()) {
    await world.runs.accept(key, { as: "not-done", principal: "alice" });
  }
  await world.until(world.runs.settleDead());
  assert.deepEqual(await world.store.openLeases(), []);
  assert.equal(host.guests.size, 0);
});

Deno.test("what is kept stays, and what was there before is not made for a time", async () => {
  const host = new LedgerHost("web-1");
  let refusal: { code?: string } = {};
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Keep",
      needs: [...needs],
      async run({ host }): Promise<void> {
        const made = await host.temporary.domain(trial);
        await made.keep();
        await host.temporary.domain({ xml: "<domain><name>web-1</name></domain>" }).catch((error) =>
          refusal = error
        );
      },
    }),
  });
  const end = await world.until((await world.start()).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["define trial"]);
  assert.equal(refusal.code, "already-exists");
  assert.deepEqual(await world.store.openLeases(), []);
});

Deno.test("a run cannot end the lease of another one", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: holder });
  const first = await world.start();
  for await (const event of first.watch()) {
    if (event.type === "log") break;
  }
  const [lease] = await world.store.leases(first.id);
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      say({ t: "release", step: 0, lease: lease?.id ?? "" });
      const { error } = await hear("refused");
      say({ t: "done", result: error.message });
    }),
  );
  const end = await (await world.start()).ended;
  assert.equal(end.state, "done");
  assert.match(String(end.result), /no such lease/);
  assert.equal((await world.store.openLeases()).length, 2);
  await world.runs.cancel(first.id);
  await world.until(first.ended);
});

Deno.test("a resume that stops at a mismatch holds on to what the run has", async () => {
  const { world, host, id } = await heldByTheDead();
  await using _world = world;
  world.recipe = recipe({
    summary: "Other",
    needs: [...needs],
    run: async ({ host }) => void await host.info(),
  });
  const stopped = await world.until((await world.runs.resume(id)).ended);
  assert.equal(stopped.error?.code, "replay-mismatch");
  assert.equal(world.kernel.slots()[0]?.holders[0]?.caller.run, id);
  world.recipe = holder;
  const end = await world.until((await world.runs.resume(id)).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, ["define trial", "discard trial"]);
});

Deno.test("an object that is gone does not keep others from the host", async () => {
  const { world, host } = await heldByTheDead();
  await using _world = world;
  host.guests.delete("00000000-0000-4000-8000-000000000001");
  world.recipe = recipe({
    summary: "Look",
    needs: [...needs],
    run: async ({ host }) => (await host.domain("trial")).name,
  });
  const end = await world.until((await world.start()).ended);
  assert.equal(end.result, "trial", end.error?.message);
});
