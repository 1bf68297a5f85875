import assert from "node:assert/strict";
import { createTestDriver } from "../../drivers/test/mod.ts";
import { settled } from "../../testing/virtual_clock.ts";
import { seen } from "../kit/seen.ts";
import { MemoryDaemon } from "./kit/memory_daemon.ts";

const node = `<node>
  <uuid>4ea3ff1e-7a8c-4b5c-9a4b-3c5e6b1d7c11</uuid>
  <domain type='test'>
    <name>web-1</name>
    <uuid>b4c7f2a0-6f5b-4d5e-8d11-1f0f0c8f7a01</uuid>
    <memory>1024</memory>
    <os><type>hvm</type></os>
  </domain>
</node>`;
const web = { name: "web-1", uuid: "b4c7f2a0-6f5b-4d5e-8d11-1f0f0c8f7a01", id: 1 };

Deno.test("clients that open one file each have a host of their own, and neither waits for the other", async () => {
  const path = await Deno.makeTempFile({ prefix: "drover-node-", suffix: ".xml" });
  await Deno.writeTextFile(path, node);
  try {
    const slow = createTestDriver({ latency: [{ effect: "domain.pause", ms: 60_000 }] });
    await using daemon = new MemoryDaemon({ drivers: [slow] });
    const [one, two] = [
      await daemon.connect({ uri: `test://${path}` }),
      await daemon.connect({ uri: `test://${path}` }),
    ];
    const stateOf = async (client: typeof one): Promise<number> =>
      (await client.call("domainGetState", { dom: web, flags: 0 })).state;
    const first = seen(one.call("domainSuspend", { dom: web }));
    const second = seen(two.call("domainSuspend", { dom: web }));
    await settled();
    const slots = daemon.kernel.slots();
    assert.deepEqual(slots.map(({ label, waiters }) => [label, waiters.length]), [
      ['domain "web-1"', 0],
      ['domain "web-1"', 0],
    ]);
    assert.notEqual(slots[0]?.key, slots[1]?.key);
    await daemon.clock.advance(60_000);
    assert.ok(first.settled() && second.settled());
    await one.call("domainResume", { dom: web });
    assert.deepEqual([await stateOf(one), await stateOf(two)], [1, 3]);
    // What people see of the host is what its file says.
    const { capabilities } = await one.call("connectGetCapabilities", undefined);
    assert.match(capabilities, /4ea3ff1e-7a8c-4b5c-9a4b-3c5e6b1d7c11/);
  } finally {
    await Deno.remove(path);
  }
});
