import assert from "node:assert/strict";
import { Bench } from "../bench.ts";

Deno.test("test:///default has one running domain", async () => {
  await using bench = await Bench.open();
  const entries = await bench.call("domain.list", {});
  assert.deepEqual(entries.map(({ domain, state }) => [domain.name, domain.id, state]), [
    ["test", "6695eb01-f6a4-8304-79aa-97f2502e193f", "running"],
  ]);
});

Deno.test("a domain can be defined, started, destroyed and started again", async () => {
  await using bench = await Bench.open();
  const ref = await bench.call("domain.define", {
    xml: "<domain type='test'><name>web-1</name><memory>1048576</memory><os><type>hvm</type></os></domain>",
  });
  assert.equal((await bench.call("domain.start", {}, { on: ref })).state, "running");
  assert.match(await bench.call("domain.xml", {}, { on: ref }), /^<domain type='test' id='2'>/);
  await bench.refused("wrong-state", "domain.start", { on: ref, input: {} });
  assert.equal((await bench.call("domain.destroy", {}, { on: ref })).state, "shutoff");
  await bench.refused("wrong-state", "domain.destroy", { on: ref, input: {} });
  assert.equal((await bench.call("domain.start", { paused: true }, { on: ref })).state, "paused");
});
