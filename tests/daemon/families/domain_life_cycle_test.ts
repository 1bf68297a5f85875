import assert from "node:assert/strict";
import type { RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const test: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const paused = 3;
const running = 1;

Deno.test("a domain is suspended, and goes on", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await client.call("domainSuspend", { dom: test });
  assert.deepEqual(await client.call("domainGetState", { dom: test, flags: 0 }), {
    state: paused,
    reason: 1,
  });
  await client.call("domainResume", { dom: test });
  assert.deepEqual(await client.call("domainGetState", { dom: test, flags: 0 }), {
    state: running,
    reason: 5,
  });
});

Deno.test("a domain that runs cannot be started, and libvirt's clients understand why", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const error = await errorOf(client.call("domainCreate", { dom: test }));
  assert.equal(error.remoteCode, "VIR_ERR_OPERATION_INVALID");
  assert.match(error.message, /^Requested operation is not valid: .*already running/);
});

Deno.test("what is done is in the audit log, with who did it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await client.call("domainDestroy", { dom: test });
  await errorOf(client.call("domainDestroy", { dom: test }));
  assert.deepEqual(
    daemon.audit.map(({ principal, operation, object, decision }) => ({
      principal,
      operation,
      object,
      decision,
    })),
    [
      { principal: "uid:0", operation: "domain.destroy", object: "test", decision: "done" },
      { principal: "uid:0", operation: "domain.destroy", object: "test", decision: "not-done" },
    ],
  );
});

Deno.test("a domain that does not exist is not found", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const dom = { ...test, uuid: "00000000-0000-4000-8000-000000000000" };
  const error = await errorOf(client.call("domainSuspend", { dom }));
  assert.equal(error.remoteCode, "VIR_ERR_NO_DOMAIN");
});
