import assert from "node:assert/strict";
import { nearPath, recipeName } from "../../../cli/output/path.ts";

Deno.test("what lies below the working directory is called by the way from there", () => {
  assert.equal(nearPath(`${Deno.cwd()}/recipes/nightly.ts`), "recipes/nightly.ts");
  assert.equal(nearPath("/elsewhere/nightly.ts"), "/elsewhere/nightly.ts");
});

Deno.test("a play is called by its playbook, wherever the state directory is", () => {
  const path = "/home/ada/.local/state/drover/plays/38e86ebf6551c4c22a1c7f9f/site.play.ts";
  assert.equal(nearPath(path), "site (playbook)");
  assert.equal(recipeName(path), "site");
  assert.equal(nearPath("/plays/site.play.ts"), "/plays/site.play.ts", "somebody's own file");
});

Deno.test("a recipe is called by its file's name, and any other title as it is", () => {
  assert.equal(recipeName("recipes/nightly.ts"), "nightly");
  assert.equal(recipeName("virsh of uid:1000"), "virsh of uid:1000");
});
