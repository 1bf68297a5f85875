import assert from "node:assert/strict";
import { inPlace } from "./kit/process.ts";

Deno.test("the planned grants let the run pass, one less does not, and planning changes nothing", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "nap",
      `
  summary: "Stop, sleep for hours, start",
  needs: ["connect:search_domains", "domain:getattr,start,stop"],
  async run({ host, sleep }) {
    const there = await host.domains({ state: "running" });
    await there.forEach(async (vm) => {
      await vm.destroy();
      await sleep("100ms");
      await vm.start();
    });
  },`,
    );
    const planned = await place.run("plan", "--permissions", recipe, "-o", "name");
    assert.equal(planned.code, 0, planned.err);
    const grants = planned.out.trim().split("\n");
    const shown = await place.run("plan", "--permissions", recipe);
    assert.deepEqual(shown.out.trim().split("\n"), grants.map((grant) => `--allow ${grant}`));
    assert.equal((await place.run("runs", "list", "--all", "-o", "name")).out, "", "no run is on record");
    const flags = (all: readonly string[]): string[] => all.flatMap((grant) => ["--allow", grant]);
    const passed = await place.run("run", recipe, ...flags(grants));
    assert.equal(passed.code, 0, passed.err);
    for (const without of grants) {
      const { code, out } = await place.run(
        "run",
        recipe,
        "-o",
        "json",
        ...flags(grants.filter((grant) => grant !== without)),
      );
      // Without the right to see anything the list is empty, and there is nothing to do.
      if (!without.includes("getattr")) assert.notEqual(code, 0, `${without}: ${out}`);
    }
  });
});

Deno.test("hours of a recipe's time take no time to plan", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "patient",
      `
  summary: "Wait for a day",
  needs: ["domain:getattr,stop"],
  async run({ host, sleep }) {
    await sleep("24h");
    await (await host.domain("test")).destroy();
  },`,
    );
    const { code, out, err } = await place.run("plan", recipe);
    assert.equal(code, 0, err);
    assert.match(out, /test +domain destroy +done/);
    assert.match((await place.run("list")).out, /test +running/);
  });
});

Deno.test("a need that the recipe does not state is named", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "silent",
      `
  summary: "Destroy without saying so",
  needs: ["domain:getattr"],
  async run({ host }) { await (await host.domain("test")).destroy(); },`,
    );
    const { code, out, err } = await place.run("plan", "--permissions", recipe);
    assert.equal(code, 0, err);
    assert.match(out, /domain:getattr,stop@test/);
    assert.match(err, /does not state that it needs domain:stop/);
  });
});

Deno.test("a rehearsal that fails says so, with what was needed until then", async () => {
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "lost",
      `
  summary: "Look for what is not there",
  needs: ["domain:getattr"],
  async run({ host }) { await host.domain("nobody"); },`,
    );
    const { code, err } = await place.run("plan", "--permissions", recipe);
    assert.equal(code, 6, err);
    assert.match(err, /ended early/);
    assert.match(err, /nobody/);
  });
});
