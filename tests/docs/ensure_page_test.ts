/**
 * What the page on desired state shows is what happens.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Recipe } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";

const page = fileURLToPath(new URL("../../docs/ensure.md", import.meta.url));

/** The first example of the page, as a module. */
async function firstRecipe(): Promise<Recipe<unknown, { changed: boolean; state: string }>> {
  const example = /```ts\n([\s\S]*?)```/.exec(await Deno.readTextFile(page))?.[1] ?? "";
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/recipe.ts`;
    await Deno.writeTextFile(file, example);
    return (await import(`file://${file}`)).default;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the recipe of the page makes everything, needs what it says, and changes nothing the second time", async () => {
  const recipe = await firstRecipe();
  await using lab = await simulate({ hypervisor: { networks: [], pools: [] } });
  const grants = recipe.declaration.needs;
  const first = await lab.run(recipe, { grants });
  assert.deepEqual(first.result, { changed: true, state: "running" });
  const written = lab.host.effects.length;
  const second = await lab.run(recipe, { grants });
  assert.deepEqual(second.result, { changed: false, state: "running" });
  assert.equal(lab.host.effects.length, written, "nothing happened on the host");
});

Deno.test("the graph of the page is what a refused delete shows", async () => {
  const text = await Deno.readTextFile(page);
  const path = "/srv/images";
  await using lab = await simulate({
    hypervisor: {
      pools: [{
        name: "images",
        path,
        volumes: ["golden.qcow2", { name: "web-1.qcow2", backing: `${path}/golden.qcow2` }],
      }],
      domains: [{ name: "web-1", disks: [`${path}/web-1.qcow2`] }],
    },
  });
  const { recipe, volume } = await import("../../mod.ts");
  const remove = recipe({
    summary: "Delete the golden image",
    needs: ["connect:getattr", "storage_pool:getattr", "storage_vol:getattr,read,delete"],
    run: ({ host }) => host.ensure(volume({ pool: "images", name: "golden.qcow2", state: "absent" })),
  });
  const { error } = await lab.run(remove);
  assert.ok(text.includes(`error: ${error?.message}`), error?.message);
});
