import assert from "node:assert/strict";
import { recipe, z } from "drover";
import { World } from "./world.ts";

Deno.test("a recipe starts a domain, and everything is on record", async () => {
  await using world = new World();
  const run = world.begin(
    recipe({
      summary: "Stop and start",
      needs: ["domain:getattr,start,stop"],
      input: z.object({ name: z.string() }),
      async run({ host, input, log }) {
        const vm = await host.domain(input.name);
        await vm.destroy();
        log.info("stopped", { vm });
        const { state } = await vm.start();
        return { state };
      },
    }),
    { input: { name: "test" } },
  );
  const end = await run.ended;
  assert.deepEqual(end, { state: "done", exit: 0, result: { state: "running" } });
  const steps = await world.store.steps("7f3a");
  assert.deepEqual(steps.map(({ operation, outcome, label }) => [operation, outcome, label]), [
    ["domain.lookup", "done", "test"],
    ["domain.destroy", "done", "test"],
    ["domain.start", "done", "test"],
  ]);
  assert.ok(steps[1]?.intent !== undefined && steps[0]?.intent === undefined);
  const deliveries = await world.store.deliveries("7f3a");
  assert.deepEqual(deliveries.map(({ delivery }) => delivery.t), ["start", "answer", "answer", "answer"]);
  assert.equal((await world.store.run("7f3a"))?.state, "done");
  assert.deepEqual((await world.store.logs("7f3a")).map(({ message }) => message), ["stopped"]);
});
