import assert from "node:assert/strict";
import { toText } from "../../../runtime/journal/json.ts";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe } from "./raw_recipe.ts";
import { World } from "./world.ts";

const value = "hunter2-and-more";

/** Everything that is on record of the only run, as text. */
async function record(world: World): Promise<string> {
  const { id } = await world.run();
  return toText([
    await world.run(),
    await world.store.steps(id),
    await world.store.deliveries(id),
    await world.store.audit(),
  ]);
}

Deno.test("a secret value reaches neither recipe nor journal, and comes back where its handle is used", async () => {
  const host = new LedgerHost("web-1");
  host.secret = value;
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const raw = (until: number): RawRecipe =>
    new RawRecipe(async ({ say, hear }) => {
      const call = { t: "call", connection: "host", options: {} } as const;
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      say({ ...call, step: 0, operation: "secret.value", target, input: {} });
      const answer = (await hear("answer")).value;
      assert.deepEqual(answer, { value: { $secret: `${(await world.run()).id}/0/value` } });
      if (until === 0) {
        say({ ...call, step: 1, operation: "domain.lookup", input: { name: "web-1" } });
        await hear("answer");
        world.kill();
        return;
      }
      say({ ...call, step: 1, operation: "domain.lookup", input: { name: "web-1" } });
      await hear("answer");
      say({ ...call, step: 2, operation: "secret.setValue", target, input: answer });
      const { value: done } = await hear("answer");
      say({ t: "done", result: done });
    });
  world.launchNext(raw(0));
  await world.start();
  await world.store.flush();
  await world.until(world.died);
  await world.reboot();
  world.launchNext(raw(1));
  const end = await world.until((await world.resume()).ended);
  assert.equal(end.state, "done", end.error?.message);
  assert.deepEqual(host.ledger, [`set secret to ${value}`]);
  for (const written of [value, btoa(value)]) assert.equal((await record(world)).includes(written), false);
});

Deno.test("a secret value that is given in plain is not on record either", async () => {
  const host = new LedgerHost("web-1");
  host.secret = "old";
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const call = {
        t: "call",
        operation: "secret.setValue",
        connection: "host",
        target,
        options: {},
      } as const;
      for (const [step, input] of [{ valeu: value }, [value], value, { value: [value] }].entries()) {
        say({ ...call, step, input });
        await hear("refused");
      }
      say({ ...call, step: 4, input: { value } });
      await hear("answer");
      say({ t: "done", result: null });
    }),
  );
  assert.equal((await (await world.start()).ended).state, "done");
  assert.deepEqual(host.ledger, [`set secret to ${value}`]);
  for (const written of [value, btoa(value)]) assert.equal((await record(world)).includes(written), false);
});

Deno.test("a secret value is put in nowhere that a recipe could read it back from", async () => {
  const host = new LedgerHost("web-1");
  host.secret = value;
  await using world = await World.make({ drivers: [host.driver], recipe: undefined });
  const refusals: string[] = [];
  world.launchNext(
    new RawRecipe(async ({ say, hear }) => {
      const call = { t: "call", connection: "host", options: {} } as const;
      const target = { $ref: "secret", connection: "host", id: "s", name: "s" } as const;
      const handle = { $secret: `${(await world.run()).id}/0/value` };
      say({ ...call, step: 0, operation: "secret.value", target, input: {} });
      await hear("answer");
      const inputs: readonly (readonly [operation: string, input: unknown])[] = [
        ["domain.lookup", { name: handle }],
        ["domain.define", { xml: handle }],
        ["domain.define", handle],
        ["domain.lookup", [handle]],
        ["no.such", { value: handle }],
      ];
      for (const [index, [operation, input]] of inputs.entries()) {
        say({ ...call, step: index + 1, operation, input });
        refusals.push((await hear("refused")).error.message);
      }
      say({ t: "done", result: null });
    }),
  );
  assert.equal((await (await world.start()).ended).state, "done");
  assert.deepEqual(host.ledger, []);
  for (const message of refusals) assert.match(message, /^Cannot use a secret as /);
  for (const written of [value, btoa(value)]) assert.equal((await record(world)).includes(written), false);
});
