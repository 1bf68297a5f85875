/**
 * Recipes that move a real guest between two real hosts: followed, and aborted.
 */
import assert from "node:assert/strict";
import { recipe } from "../../mod.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { guestXml } from "./kit/guest.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { unavailable } from "./kit/requirements.ts";
import { TwoHosts } from "./kit/two_hosts.ts";

const reason = unavailable(guestNeeds);
let hosts: TwoHosts;
if (reason === undefined) {
  Deno.test.beforeAll(async () => {
    hosts = await TwoHosts.start();
  });
  Deno.test.afterAll(() => hosts.stop());
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn,
  });
}

const needs = ["all", "host"] as const;

async function between(xml: string, abort: boolean): Promise<Record<string, unknown>> {
  await using runs = new RecipeRuns();
  const moving = recipe({
    summary: "Move a guest",
    needs,
    hosts: ["source", "target"],
    run: async ({ hosts: { source, target } }) => {
      await using vm = await source.temporary.domain({ xml });
      await vm.start({ paused: true });
      await vm.console.open();
      await vm.resume();
      await vm.console.expect("login: ", { within: "1m" });
      // Slow enough to be seen on its way.
      const move = vm.migrate({ to: target, bandwidthMibPerS: 8 });
      const seen: number[] = [];
      try {
        for await (const { fraction } of move.progress()) {
          seen.push(fraction);
          if (abort) move.abort("it was not meant");
        }
        const there = await move;
        await there.console.sendLine("");
        await there.console.expect("login: ", { within: "30s" });
        const state = (await there.info()).state;
        await there.discard();
        return { at: there.connection, state, seen };
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return { code, message, state: (await vm.info()).state, seen, there: (await target.domains()).names };
      }
    },
  });
  const uris = { source: hosts.source.uri("qemu"), target: hosts.target.uri("qemu") };
  return await runs.result(moving, { hosts: uris, grants: ["all", "host"] }) as Record<string, unknown>;
}

test("a guest that moves is followed, and talks on its console on the other host", async () => {
  const { at, state, seen } = await between(await guestXml("mover-1"), false);
  assert.deepEqual({ at, state }, { at: "target", state: "running" });
  const fractions = seen as number[];
  assert.ok(fractions.length > 0, "it was seen on its way");
  assert.ok(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
});

test("a move that is aborted leaves the guest running where it was", async () => {
  const end = await between(await guestXml("mover-2"), true);
  assert.deepEqual({ code: end["code"], state: end["state"], there: end["there"] }, {
    code: "cancelled",
    state: "running",
    there: [],
  });
});
