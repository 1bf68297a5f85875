/**
 * While a pool starts or is built its definition stands still, and nothing takes it apart.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver, Faults } from "../../../drivers/test/mod.ts";
import type { OperationName } from "../../../model/operations/mod.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

const other = testXml.pool("images").replace("/pools/images", "/pools/elsewhere");

async function open(host: string): Promise<{ bench: Bench; clock: VirtualClock; faults: Faults }> {
  const faults = new Faults();
  const clock = new VirtualClock();
  const driver = createTestDriver({
    faults,
    latency: [{ effect: "pool.{start,build}", ms: 0 }, { effect: "pool.start", ms: 1000 }, {
      effect: "pool.build",
      ms: 1000,
    }],
  });
  const bench = await Bench.open(`test:///default?host=${host}`, { drivers: [driver], clock });
  return { bench, clock, faults };
}

for (const operation of ["pool.start", "pool.build"] as const) {
  for (const fails of [false, true]) {
    const end = fails ? "fails" : "ends";
    Deno.test(`what is defined while ${operation} is under way holds when it ${end}`, async () => {
      const { bench, clock, faults } = await open(`${operation}-${fails}`);
      await using _bench = bench;
      const on = await bench.call("pool.define", { xml: testXml.pool("images") });
      if (fails) faults.add({ kind: "fail", effect: operation });
      const under = bench.result(operation, {}, { on });
      await clock.advance(500);
      assert.equal((await bench.call("pool.info", {}, { on })).state, "building");
      const uuid = `<uuid>${on.id}</uuid>`;
      await bench.call("pool.define", { xml: other.replace("<target>", `${uuid}<target>`) });
      assert.match(await bench.call("pool.xml", {}, { on }), /\/pools\/images</);
      assert.match(await bench.call("pool.xml", { inactive: true }, { on }), /\/pools\/elsewhere</);
      for (
        const refused of [
          "pool.undefine",
          "pool.destroy",
          "pool.delete",
          "pool.refresh",
        ] as const satisfies OperationName[]
      ) {
        const message = await bench.refused("wrong-state", refused, { on, input: {} });
        assert.match(message, /starting up/);
      }
      await clock.advance(600);
      assert.equal((await under).outcome.kind, fails ? "not-done" : "done");
      const info = await bench.call("pool.info", {}, { on });
      const started = operation === "pool.start" && !fails;
      assert.equal(info.state, started ? "running" : "inactive");
      // A pool that runs goes on with the definition it was started with.
      assert.equal(info.path, started ? "/pools/images" : "/pools/elsewhere");
      if (started) await bench.call("pool.destroy", {}, { on });
      assert.match(await bench.call("pool.xml", {}, { on }), /\/pools\/elsewhere</);
    });
  }
}
