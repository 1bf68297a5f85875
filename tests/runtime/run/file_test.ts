import assert from "node:assert/strict";
import type { ToRecipe } from "../../../model/channel.ts";
import { readRecipeFile } from "../../../runtime/run/recipe_files.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { LedgerHost } from "./ledger.ts";
import { RawRecipe } from "./raw_recipe.ts";
import { World } from "./world.ts";

/** Takes an answer only when it is told to. */
class ReluctantRecipe extends RawRecipe {
  readonly willing: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  override async send(message: ToRecipe): Promise<void> {
    await super.send(message);
    if (message.t === "answer") await this.willing.promise;
  }
}

Deno.test("a recipe reads its own files, and nothing hidden or outside of its folder, by whatever way", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/recipes/.ssh`, { recursive: true });
    for (const name of ["key", "recipes/.ssh/key", "recipes/.env", "recipes/data.txt"]) {
      await Deno.writeTextFile(`${folder}/${name}`, name);
    }
    await Deno.symlink(".ssh/key", `${folder}/recipes/link.txt`);
    await Deno.symlink("../key", `${folder}/recipes/out.txt`);
    const recipe = `${folder}/recipes/recipe.ts`;
    assert.deepEqual(await readRecipeFile(recipe, "data.txt"), new TextEncoder().encode("recipes/data.txt"));
    for (
      const name of [".ssh/key", ".env", "link.txt", "out.txt", "../key", `${folder}/key`, "./.ssh/../.env"]
    ) {
      await assert.rejects(readRecipeFile(recipe, name), { code: "permission-denied" }, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a recipe that does not take its files does not fill memory and journal with them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/data.txt`, "data");
    await using world = await World.make({ drivers: [new LedgerHost().driver], recipe: undefined });
    const asked = Promise.withResolvers<void>();
    const recipe: ReluctantRecipe = new ReluctantRecipe(async ({ say, hear }) => {
      for (let step = 0; step < 100; step++) say({ t: "file", step, name: "data.txt" });
      asked.resolve();
      for (let step = 0; step < 100; step++) await hear("answer");
      say({ t: "done", result: null });
    }, ["data.txt"]);
    world.launchNext(recipe);
    const run = await world.start({ file: `${folder}/recipe.ts` });
    await asked.promise;
    while ((await world.store.deliveries(run.id)).length < 2) await settled();
    for (let turn = 0; turn < 10; turn++) await settled();
    assert.deepEqual((await world.store.deliveries(run.id)).map(({ delivery }) => delivery.t), [
      "start",
      "answer",
    ]);
    recipe.willing.resolve();
    assert.equal((await run.ended).state, "done");
    assert.equal((await world.store.deliveries(run.id)).length, 101);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
