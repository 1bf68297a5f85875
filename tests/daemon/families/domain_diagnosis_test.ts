import assert from "node:assert/strict";
import type { RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { answeringDriver } from "../kit/answering_driver.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("a guest's memory is read as from libvirt's test driver", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const args = { dom, offset: 254n, size: 4, flags: 1 };
  assert.deepEqual(await client.call("domainMemoryPeek", args), { buffer: Uint8Array.of(254, 255, 0, 1) });
  const both = await errorOf(client.call("domainMemoryPeek", { ...args, flags: 3 }));
  assert.equal(
    both.message,
    "invalid argument: flags parameter must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL",
  );
  const tooMuch = await errorOf(client.call("domainMemoryPeek", { ...args, size: 4 * 1024 ** 2 + 1 }));
  assert.equal(tooMuch.remoteCode, "VIR_ERR_INVALID_ARG");
  await client.call("domainDestroy", { dom });
  const off = await errorOf(client.call("domainMemoryPeek", args));
  assert.equal(off.message, "Requested operation is not valid: domain is not running");
});

Deno.test("a guest whose memory is not encrypted has nothing to say of it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  assert.deepEqual(await client.call("domainGetLaunchSecurityInfo", { dom, flags: 0 }), { params: [] });
});

Deno.test("agents are waited for and commanded as they are asked to be, and writes measured", async () => {
  const { driver, asked } = answeringDriver({
    "domain.setAgentTimeout": {},
    "domain.agentCommand": { answer: "{}" },
    "domain.measureDirtyRate": {},
    "domain.reloadGraphics": {},
  });
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  const client = await daemon.connect();
  for (const timeout of [-2, -1, 0, 60]) {
    const answer = await client.call("domainAgentSetResponseTimeout", { dom, timeout, flags: 0 });
    assert.deepEqual(answer, { result: 0 });
  }
  const command = { dom, cmd: '{"execute":"guest-ping"}', timeout: 5, flags: 0 };
  assert.deepEqual(await client.call("qemuDomainAgentCommand", command), { result: "{}" });
  await client.call("domainStartDirtyRateCalc", { dom, seconds: 2, flags: 2 });
  await client.call("domainGraphicsReload", { dom, type: 1, flags: 0 });
  assert.deepEqual(asked.map(({ input }) => input), [
    { block: true },
    { block: false },
    { timeoutS: 0, block: false },
    { timeoutS: 60, block: false },
    { command: '{"execute":"guest-ping"}', timeoutS: 5 },
    { seconds: 2, mode: "dirty-ring" },
    { type: "vnc" },
  ]);
});
