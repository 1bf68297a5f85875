import assert from "node:assert/strict";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

Deno.test("ten thousand domains are nothing special", async () => {
  await using bench = await Bench.open("test:///default?host=large");
  const xml = testXml.domain("web-NUMBER");
  for (let number = 0; number < 10_000; number++) {
    await bench.call("domain.define", { xml: xml.replaceAll("NUMBER", `${number}`) });
  }
  const entries = await bench.call("domain.list", {});
  assert.equal(entries.length, 10_001);
  assert.equal((await bench.call("domain.list", { name: "web-99*" })).length, 111);
  assert.equal((await bench.call("domain.lookup", { name: "web-9999" })).name, "web-9999");
  assert.equal((await bench.call("domain.stats", { groups: ["state"] })).length, 10_001);
});
