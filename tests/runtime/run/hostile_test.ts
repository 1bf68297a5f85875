import assert from "node:assert/strict";
import type { FromRecipe } from "../../../model/channel.ts";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe } from "./raw_recipe.ts";
import { World } from "./world.ts";

/** How a run ends whose recipe says this once it has been started. */
async function endAfter(...messages: readonly FromRecipe[]): Promise<{ state: string; error: string }> {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  world.launchNext(
    new RawRecipe(({ say }) => {
      for (const message of messages) say(message);
      return Promise.resolve();
    }),
  );
  const end = await world.until((await world.start()).ended);
  assert.deepEqual(host.ledger, []);
  return { state: end.state, error: end.error?.message ?? "" };
}

const timer = (step: number): FromRecipe => ({ t: "timer", step, ms: 1 });

Deno.test("a recipe that does not number its steps as it issues them is ended", async () => {
  assert.match((await endAfter(timer(1))).error, /step 1 in the place of 0/);
  assert.match((await endAfter(timer(0), timer(0))).error, /step 0 in the place of 1/);
});

Deno.test("a recipe that declares itself twice is ended", async () => {
  const declaration = { summary: "Raw", needs: [], hosts: ["host"], files: [], inputSchema: {} };
  assert.match((await endAfter({ t: "recipe", declaration })).error, /twice/);
});

Deno.test("a recipe that has too much open at once is ended", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  world.launchNext(
    new RawRecipe(({ say }) => {
      for (let step = 0; step <= 10_001; step++) {
        say({ t: "timer", step, ms: 1e9 });
      }
      return Promise.resolve();
    }),
  );
  const end = await world.until((await world.start()).ended);
  assert.equal(end.error?.code, "budget-exceeded");
});

Deno.test("what the kernel refuses is answered, and the run goes on", async () => {
  const host = new LedgerHost("web-1");
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const refusals: string[] = [];
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const call = { t: "call", connection: "host", input: {}, options: {} } as const;
      const nobody = { $ref: "domain", connection: "elsewhere", id: "x", name: "x" } as const;
      const asked: readonly FromRecipe[] = [
        { ...call, step: 0, operation: "no.such" },
        { ...call, step: 1, operation: "domain.start", connection: "elsewhere" },
        { ...call, step: 2, operation: "domain.start", target: nobody },
        { ...call, step: 3, operation: "__proto__" },
        { t: "acquire", step: 4, objects: [nobody], options: {} },
        { t: "keep", step: 5, lease: "7f3a-0" },
        { t: "file", step: 6, name: "../secret" },
        { t: "subscribe", step: 7, connection: "elsewhere" },
        { ...call, step: 8, operation: "domain.lookup", input: { name: { $secret: "7f3a/0" } } },
        { ...call, step: 9, operation: "domain.reset", options: { temporary: true } },
      ];
      for (const message of asked) {
        say(message);
        const { error } = await hear("refused");
        refusals.push(error.code);
      }
      say({ t: "cancel", step: 4711 });
      say({ t: "done", result: null });
    }),
  );
  const end = await world.until((await world.start()).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(refusals, [
    "unsupported",
    "invalid-argument",
    "invalid-argument",
    "unsupported",
    "invalid-argument",
    "not-found",
    "permission-denied",
    "invalid-argument",
    "invalid-argument",
    "invalid-argument",
  ]);
  assert.deepEqual(host.ledger, []);
});
