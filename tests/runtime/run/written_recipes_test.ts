import assert from "node:assert/strict";
import { join } from "node:path";
import { openMemoryStore } from "../../../runtime/journal/memory_store.ts";
import type { RunRecord } from "../../../runtime/journal/record.ts";
import { sweepWrittenRecipes, writtenRecipes } from "../../../runtime/run/written_recipes.ts";

const hour = 3_600_000;

Deno.test("what was written for a run stays as long as the journal has the run, and what was just written stays too", async () => {
  const stateDirectory = await Deno.realPath(await Deno.makeTempDir());
  try {
    await using store = openMemoryStore();
    const folder = writtenRecipes(stateDirectory);
    const now = 1_800_000_000_000;
    const written = async (name: string, age: number): Promise<string> => {
      await Deno.mkdir(join(folder, name), { recursive: true });
      await Deno.writeTextFile(join(folder, name, "site.play.ts"), "");
      const time = new Date(now - age);
      await Deno.utime(join(folder, name), time, time);
      return join(folder, name, "site.play.ts");
    };
    const recipe = await written("used", 9 * hour);
    await written("forgotten", 9 * hour);
    await written("draft-1", 2 * hour);
    await written("new", 1000);
    const run: RunRecord = {
      id: "a1",
      title: "site",
      kind: "recipe",
      recipe,
      versions: { drover: "0", channel: 1, operations: "" },
      input: {},
      hosts: [],
      needs: [],
      grants: [],
      principal: "tester",
      seed: "1",
      state: "done",
      epoch: 1,
      createdAt: 1,
      unknownOutcome: false,
      resumes: 0,
    };
    store.addRun(run);
    await store.flush();
    await sweepWrittenRecipes({ stateDirectory, store, now });
    const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
    assert.deepEqual(left, ["new", "used"]);
    await sweepWrittenRecipes({ stateDirectory: join(stateDirectory, "none"), store, now });
  } finally {
    await Deno.remove(stateDirectory, { recursive: true });
  }
});
