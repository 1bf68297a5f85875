/**
 * A host is read in the background. Nobody sees a part of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver } from "../../../drivers/test/mod.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Bench } from "../bench.ts";

Deno.test("a list and a look-up that come while the host is being read wait, and then see all of it", async () => {
  const clock = new VirtualClock();
  const driver = createTestDriver({ latency: [{ effect: "host.enumerate", ms: 5_000 }] });
  await using bench = await Bench.open("test:///default?host=slow", { drivers: [driver], clock });
  let listed: number | undefined;
  const list = bench.call("nodeDevice.list", {}).then(({ length }) => listed = length);
  const look = bench.call("nodeDevice.lookup", { name: "scsi_host11" });
  await clock.advance(4_000);
  assert.equal(listed, undefined);
  await clock.advance(2_000);
  assert.equal(await list, 4);
  assert.equal((await look).name, "scsi_host11");
});

Deno.test("when the host cannot be read everybody who waits hears why", async () => {
  const clock = new VirtualClock();
  const driver = createTestDriver({
    latency: [{ effect: "host.enumerate", ms: 5_000 }],
    faults: [{ kind: "fail", effect: "host.enumerate", message: "The bus is on fire" }],
  });
  await using bench = await Bench.open("test:///default?host=broken", { drivers: [driver], clock });
  const waiting = [bench.result("nodeDevice.list", {}), bench.result("domain.lookup", { name: "test" })];
  await clock.advance(6_000);
  for (const { outcome } of await Promise.all(waiting)) {
    assert.equal(outcome.kind === "not-done" && outcome.error.message, "The bus is on fire");
  }
  const later = await bench.result("nodeDevice.list", {});
  assert.equal(later.outcome.kind, "not-done");
});
