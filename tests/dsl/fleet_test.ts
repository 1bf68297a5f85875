import assert from "node:assert/strict";
import { type Domain, Fleet, FleetError, recipe } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";
import { FakeRuntime, ref, type Responder } from "./fake_runtime.ts";

function listing(names: readonly string[]): Responder {
  return ({ operation, target }) => {
    if (operation === "domain.list") {
      return {
        value: names.map((name) => ({
          domain: ref("domain", name),
          state: "shutoff",
          persistent: true,
          autostart: false,
        })),
      };
    }
    if (target?.name.startsWith("bad") === true) {
      return { error: { code: "operation-failed", message: `${target.name} does not start` } };
    }
    return { value: {} };
  };
}

async function withFleet(
  names: readonly string[],
  work: (fleet: Fleet<Domain>) => unknown,
): Promise<{ readonly result: unknown; readonly runtime: FakeRuntime }> {
  const runtime = new FakeRuntime(
    recipe({ summary: "x", needs: [], run: async ({ host }) => await work(await host.domains()) }),
    listing(names),
  );
  return { result: await runtime.result(), runtime };
}

const ten = Array.from({ length: 10 }, (_, index) => `vm-${index}`);

Deno.test("a fleet reads like an array", async () => {
  const { result } = await withFleet(["a", "b", "c"], (fleet) => [
    fleet.length,
    fleet[1]?.name,
    fleet.at(-1)?.name,
    fleet.names,
    [...fleet].map(({ name }) => name),
    fleet.filter(({ name }) => name !== "b").names,
    fleet.slice(1).names,
    fleet.map(({ name }) => name.toUpperCase()),
    fleet.find(({ name }) => name > "a")?.name,
    Array.from(fleet).length,
  ]);
  assert.deepEqual(result, [
    3,
    "b",
    "c",
    ["a", "b", "c"],
    ["a", "b", "c"],
    ["a", "c"],
    ["b", "c"],
    ["A", "B", "C"],
    "b",
    3,
  ]);
});

Deno.test("no more are under way at once than the limit", async () => {
  let under = 0;
  let most = 0;
  const { result } = await withFleet(ten, async (fleet) => {
    const { done } = await fleet.forEach(async (vm) => {
      most = Math.max(most, ++under);
      await vm.start();
      under--;
    }, { limit: 3 });
    return done.length;
  });
  assert.equal(result, 10);
  assert.equal(most, 3);
});

Deno.test("failures within the budget are reported, and the rest goes on", async () => {
  const { result, runtime } = await withFleet(["a", "bad-1", "c"], async (fleet) => {
    const { done, failed, notDone } = await fleet.forEach((vm) => vm.start(), { maxFail: 1 });
    return [done.length, failed.map(({ target }) => target.name), notDone.length];
  });
  assert.deepEqual(result, [2, ["bad-1"], 0]);
  assert.match(runtime.all("log")[0]?.message ?? "", /^domain "bad-1": bad-1 does not start$/);
});

Deno.test("an exceeded budget begins no more, and says exactly what was not done", async () => {
  const { result } = await withFleet(["a", "bad-1", "c", "d"], async (fleet) => {
    try {
      await fleet.forEach((vm) => vm.start(), { limit: 1 });
      return "all well";
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      const { code, message, notDone } = error;
      return { code, message, notDone: notDone.map(({ name }) => name) };
    }
  });
  assert.deepEqual(result, {
    code: "some-failed",
    message: '1 of 4 failed, 0 were allowed to: "bad-1" (bad-1 does not start); never begun: "c", "d"',
    notDone: ["c", "d"],
  });
});

Deno.test("batches follow their sizes, and the last size stays", async () => {
  const sizes = async (batch: Parameters<Fleet["rolling"]>[0]): Promise<unknown> =>
    (await withFleet(ten, async (fleet) => {
      const seen: number[] = [];
      for await (const part of fleet.rolling(batch)) seen.push(part.length);
      return seen;
    })).result;
  assert.deepEqual(await sizes({ batch: [1, "25%"] }), [1, 2, 2, 2, 2, 1]);
  assert.deepEqual(await sizes({ batch: 4 }), [4, 4, 2]);
  assert.deepEqual(await sizes({ batch: "100%" }), [10]);
  assert.deepEqual(await sizes({}), Array(10).fill(1));
});

Deno.test("one budget counts for all batches, also where the recipe swallows the error", async () => {
  for (const swallow of [false, true]) {
    const { result } = await withFleet(["bad-1", "b", "bad-2", "d", "e"], async (fleet) => {
      try {
        for await (const batch of fleet.rolling({ batch: 2, maxFail: 1 })) {
          const work = batch.forEach((vm) => vm.start());
          await (swallow ? work.catch(() => {}) : work);
        }
        return "all well";
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
        return {
          done: error.done.map((vm) => (vm as Domain).name),
          failed: error.failed.map(({ target }) => (target as Domain).name),
          notDone: error.notDone.map((vm) => (vm as Domain).name),
        };
      }
    });
    assert.deepEqual(result, { done: ["b", "d"], failed: ["bad-1", "bad-2"], notDone: ["e"] });
  }
});

Deno.test("an empty fleet has nothing to do", async () => {
  const { result } = await withFleet([], async (fleet) => {
    for await (const _batch of fleet.rolling({ batch: "25%", maxFail: "10%" })) return "a batch";
    return (await fleet.forEach((vm) => vm.start())).done.length;
  });
  assert.equal(result, 0);
});

Deno.test("a pause lies between batches, not before the first nor after the last", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => {
        for await (const batch of (await host.domains()).rolling({ batch: 1, pause: "30s" })) {
          await batch.forEach((vm) => vm.start());
        }
      },
    }),
    listing(["a", "b", "c"]),
  );
  runtime.start();
  for (const count of [1, 2]) {
    const { step, ms } = await runtime.heard("timer", count);
    assert.equal(ms, 30_000);
    runtime.fire(step);
  }
  await runtime.served;
  assert.equal(runtime.all("timer").length, 2);
  assert.equal(runtime.said.at(-1)?.t, "done");
});

Deno.test("a cancelled run begins no more, and its failures are not the objects'", async () => {
  const runtime = new FakeRuntime(
    recipe({
      summary: "x",
      needs: [],
      run: async ({ host }) => {
        await (await host.domains()).forEach((vm) => vm.start(), { limit: 1, maxFail: 5 });
      },
    }),
    (call, runtime) => call.operation === "domain.start" ? undefined : listing(["a", "b"])(call, runtime),
  );
  runtime.start();
  const { step } = await runtime.heard("call", 2);
  runtime.cancel("Ctrl-C");
  runtime.answer(step, { error: { code: "cancelled", message: "The run was cancelled" } });
  await runtime.served;
  const last = runtime.said.at(-1);
  assert.equal(last?.t === "failed" && last.error.code, "cancelled");
  assert.equal(runtime.all("call").length, 2);
});

Deno.test("statistics of a fleet come in one call for each host, in the fleet's order", async () => {
  await using lab = await simulate({
    hypervisors: {
      blue: { domains: ["b-1", { name: "b-2", state: "running" }, "other"] },
      green: { domains: [{ name: "g-1", state: "running" }] },
    },
  });
  const run = await lab.run(recipe({
    summary: "Count",
    needs: ["connect:search_domains", "domain:getattr,read"],
    hosts: ["blue", "green"],
    run: async ({ hosts }) => {
      const all = [
        ...await hosts.green.domains(),
        ...(await hosts.blue.domains({ name: "b-*" })).toArray().toReversed(),
      ];
      const stats = await new Fleet(all).stats({ groups: ["state"] });
      const whole = await hosts.blue.stats({ active: true, groups: ["state"] });
      return {
        fleet: stats.map(({ domain, stats }) => [domain.name, stats["state.state"]]),
        whole: whole.map(({ domain }) => domain.name),
        none: await new Fleet<Domain>([]).stats(),
      };
    },
  }));
  assert.deepEqual(run.result, { fleet: [["g-1", 1], ["b-2", 1], ["b-1", 5]], whole: ["b-2"], none: [] });
  assert.equal(run.calls.filter(({ operation }) => operation === "domain.stats").length, 3);
});
