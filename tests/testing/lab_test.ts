import assert from "node:assert/strict";
import { FleetError, isVirtError, recipe, z } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";

const startAll = recipe({
  summary: "Start what is off",
  input: z.object({ maxFail: z.int().default(0), limit: z.int().default(10) }),
  needs: ["connect:search_domains", "domain:getattr,start"],
  run: async ({ host, input, log }) => {
    const fleet = await host.domains({ state: "shutoff" });
    const { done } = await fleet.forEach((vm) => vm.start(), input);
    log.info("started", { count: done.length });
    return done;
  },
});

Deno.test("a recipe runs on libvirt's test host", async () => {
  await using lab = await simulate();
  const run = await lab.run(recipe({
    summary: "Look",
    needs: ["connect:search_domains", "domain:getattr"],
    run: async ({ host }) => (await host.domains()).names,
  }));
  assert.deepEqual(run.result, ["test"]);
  assert.equal(run.state, "done");
  assert.equal(run.exit, 0);
});

Deno.test("a run tells its calls, its log, its result, and how long it took", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["a", "b"] },
    latency: { "domain.start": "3s" },
  });
  const run = await lab.run(startAll, { input: { limit: 1 } });
  assert.deepEqual(run.result.map(({ name }) => name), ["a", "b"]);
  assert.deepEqual(run.calls.map(({ operation, target, outcome }) => [operation, target, outcome]), [
    ["domain.list", "host", "done"],
    ["domain.start", "a", "done"],
    ["domain.start", "b", "done"],
  ]);
  assert.deepEqual(run.logs, [{ level: "info", message: "started", fields: { count: 2 } }]);
  assert.ok(run.durationMs >= 6_000, `${run.durationMs}`);
  assert.deepEqual(lab.host.domains.map(({ state }) => state), ["running", "running"]);
});

Deno.test("faults hit the objects that they name, as often as they say", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["web-1", "web-2"] },
    faults: [{ operation: "domain.start", object: "*-1", message: "out of memory" }],
  });
  const run = await lab.run(startAll, { input: { maxFail: 1 } });
  assert.equal(run.state, "done");
  assert.equal(run.exit, 3, "some failed, although they were allowed to");
  assert.match(run.logs[0]?.message ?? "", /web-1.*out of memory/);
  assert.equal(lab.host.domain("web-1").state, "shutoff");
  await lab.run(startAll);
  assert.equal(lab.host.domain("web-1").state, "running");
});

Deno.test("what is not granted is refused", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["a", "b"] } });
  const run = await lab.run(startAll, {
    grants: ["connect:search_domains", "domain:getattr", "domain:start@a"],
    input: { limit: 1 },
  });
  assert.equal(run.error?.code, "some-failed");
  assert.equal(run.exit, 3);
  assert.throws(() => run.result, (error) => isVirtError(error, "some-failed"));
  assert.equal(lab.host.domain("a").state, "running");
  assert.equal(lab.host.domain("b").state, "shutoff");
  assert.ok(run.audit.some(({ decision, name }) => decision === "denied" && name === "b"));
});

Deno.test("several hosts go by the recipe's names", async () => {
  await using lab = await simulate({
    hypervisors: { source: { domains: ["old"] }, target: { domains: ["new"] } },
  });
  const run = await lab.run(recipe({
    summary: "Look at both",
    needs: ["connect:search_domains", "domain:getattr"],
    hosts: ["source", "target"],
    run: async ({ hosts }) => [(await hosts.source.domains()).names, (await hosts.target.domains()).names],
  }));
  assert.deepEqual(run.result, [["old"], ["new"]]);
});

Deno.test("a run can be cancelled half way", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["a"] } });
  const run = lab.start(recipe({
    summary: "Wait",
    needs: [],
    run: async ({ sleep }) => await sleep("1h"),
  }));
  await lab.advance("10m");
  run.cancel();
  const story = await lab.clock.until(run.ended);
  assert.equal(story.state, "cancelled");
  assert.equal(story.exit, 130);
  assert.equal(story.durationMs, 600_000);
});

Deno.test("the same run goes the same way twice", async () => {
  const story = async (): Promise<unknown> => {
    await using lab = await simulate({
      hypervisor: { domains: Array.from({ length: 20 }, (_, index) => `vm-${index}`) },
      latency: { "domain.start": "700ms" },
      faults: [{ operation: "domain.start", object: "vm-1*", times: 3 }],
    });
    const run = await lab.run(startAll, { input: { maxFail: 5, limit: 7 } });
    return { ...run, effects: lab.host.effects };
  };
  assert.deepEqual(await story(), await story());
});

Deno.test("a data file is what the test gives", async () => {
  await using lab = await simulate();
  const reader = recipe({
    summary: "Read",
    needs: [],
    files: ["a.json"],
    run: async ({ files }) => await files.json("a.json"),
  });
  assert.deepEqual((await lab.run(reader, { files: { "a.json": '{"a":1}' } })).result, { a: 1 });
  assert.equal((await lab.run(reader)).error?.code, "not-found");
});

Deno.test("an exceeded budget names what was never begun", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["a", "b", "c", "d", "e"] },
    faults: [{ operation: "domain.start", object: "[bc]", times: 2 }, {
      operation: "domain.start",
      object: "b",
    }, {
      operation: "domain.start",
      object: "c",
    }],
  });
  const run = await lab.run(recipe({
    summary: "Roll",
    needs: ["connect:search_domains", "domain:getattr,start"],
    run: async ({ host }) => {
      const fleet = await host.domains();
      const batches: number[] = [];
      try {
        for await (const batch of fleet.rolling({ batch: [1, 2], maxFail: 1 })) {
          batches.push(batch.length);
          await batch.forEach((vm) => vm.start());
        }
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
        const { done, failed, notDone } = error;
        return {
          batches,
          done: done.map(({ name }) => name),
          failed: failed.map(({ target }) => target.name),
          notDone: notDone.map(({ name }) => name),
        };
      }
      return undefined;
    },
  }));
  assert.deepEqual(run.result, { batches: [1, 2], done: ["a"], failed: ["b", "c"], notDone: ["d", "e"] });
});
