import assert from "node:assert/strict";
import { recipe, z } from "drover";
import { LedgerHost } from "./ledger.ts";
import { eventsOf, World } from "./world.ts";

const needs = ["domain:getattr,start,stop,write,reset,delete"] as const;

Deno.test("a recipe's steps, answers and log are on record", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Start",
      needs: [...needs],
      input: z.object({ name: z.string() }),
      async run({ host, input, log }): Promise<{ state: string }> {
        const vm = await host.domain(input.name);
        log.info("starting", { vm });
        const { state } = await vm.start();
        return { state };
      },
    }),
  });
  const run = await world.start({ input: { name: "web-1" } });
  const view = await run.ended;
  assert.equal(view.state, "done");
  assert.equal(view.exit, 0);
  assert.deepEqual(view.result, { state: "running" });
  const steps = await world.store.steps(run.id);
  assert.deepEqual(steps.map(({ operation, outcome, label }) => [operation, outcome, label]), [
    ["domain.lookup", "done", "web-1"],
    ["domain.start", "done", "web-1"],
  ]);
  assert.equal(steps[0]?.intent, undefined, "a read has no intent");
  assert.deepEqual(steps[1]?.intent?.before, { starts: 0 });
  const deliveries = await world.store.deliveries(run.id);
  assert.deepEqual(deliveries.map(({ delivery }) => delivery.t), ["start", "answer", "answer"]);
  assert.deepEqual((await world.runs.logs(run.id)).map(({ message }) => message), ["starting"]);
  assert.deepEqual(host.ledger, ["start web-1"]);
});

Deno.test("those who watch a run see its steps and its end", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Start",
      needs: [...needs],
      run: async ({ host, step }) =>
        await step("warm up", async () => void await (await host.domain("web-1")).start()),
    }),
  });
  const run = await world.start();
  const events = await eventsOf(run);
  const told = events.map((event) =>
    event.type === "operation"
      ? `${event.operation} ${event.target} ${event.state}`
      : event.type === "step"
      ? `${event.name} ${event.state}`
      : event.type === "run"
      ? `run ${event.run.state}`
      : event.type
  );
  assert.deepEqual(told, [
    "run running",
    "warm up running",
    "domain.lookup web-1 done",
    "domain.start web-1 running",
    "domain.start web-1 done",
    "warm up done",
    "run done",
  ]);
});

Deno.test("a failed recipe ends with the code of its error", async () => {
  const host = new LedgerHost();
  await using world = await World.make({
    drivers: [host.driver],
    recipe: recipe({
      summary: "Fail",
      needs: [...needs],
      run: async ({ host }) => void await host.domain("nobody"),
    }),
  });
  const view = await (await world.start()).ended;
  assert.equal(view.state, "failed");
  assert.equal(view.error?.code, "not-found");
  assert.equal(view.exit, 6);
});
