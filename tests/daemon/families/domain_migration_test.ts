import assert from "node:assert/strict";
import type { RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { answeringDriver } from "../kit/answering_driver.ts";
import { MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const mebibyte = 1024 ** 2;

Deno.test("what migrations may take is set and shown in libvirt's units", async () => {
  const { driver, asked } = answeringDriver({
    "domain.setMigration": {},
    "domain.startPostCopy": {},
    "domain.migrationSettings": { bandwidthBytesPerS: 8 * mebibyte, maxDowntimeMs: 300 },
  });
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  const client = await daemon.connect();
  await client.call("domainMigrateSetMaxSpeed", { dom, bandwidth: 5n, flags: 0 });
  await client.call("domainMigrateSetMaxSpeed", { dom, bandwidth: 6n, flags: 1 });
  await client.call("domainMigrateSetMaxDowntime", { dom, downtime: 200n, flags: 0 });
  await client.call("domainMigrateSetCompressionCache", { dom, cacheSize: 4096n, flags: 0 });
  await client.call("domainMigrateStartPostCopy", { dom, flags: 0 });
  assert.deepEqual(asked.map(({ input }) => input), [
    { bandwidthBytesPerS: 5 * mebibyte },
    { postCopyBandwidthBytesPerS: 6 * mebibyte },
    { maxDowntimeMs: 200 },
    { compressionCacheBytes: 4096 },
    {},
  ]);
  assert.deepEqual(await client.call("domainMigrateGetMaxSpeed", { dom, flags: 0 }), { bandwidth: 8n });
  assert.deepEqual(await client.call("domainMigrateGetMaxSpeed", { dom, flags: 1 }), { bandwidth: 0n });
  assert.deepEqual(await client.call("domainMigrateGetMaxDowntime", { dom, flags: 0 }), { downtime: 300n });
  assert.deepEqual(await client.call("domainMigrateGetCompressionCache", { dom, flags: 0 }), {
    cacheSize: 0n,
  });
});
