/**
 * What goes on inside a real guest, through its agent; its screen, its keyboard, its addresses.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DomainStage } from "./kit/domain_stage.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const real = realTests({ needs: guestNeeds });

function test(name: string, run: (stage: DomainStage) => Promise<void>): void {
  real.test(name, async (host) => {
    await using stage = await DomainStage.set(host);
    await run(stage);
  });
}

test("an agent tells of its guest, runs programs in it, and changes its clock and processors", async (stage) => {
  const { bench } = stage;
  const on = await stage.boot({ network: "user", vcpus: 2 });
  const info = await bench.call("domain.guestInfo", {}, { on });
  assert.equal(info.hostname, on.name);
  assert.equal(info.os.machine, "x86_64");
  assert.match(info.os.kernelRelease ?? "", /^\d+\.\d+/);
  assert.deepEqual(await bench.call("domain.hostname", { source: "agent" }, { on }), { hostname: on.name });

  const shell = {
    path: "/bin/sh",
    arguments: ["-c", "read line; echo got $line $WORD; echo bad >&2; exit 3"],
  };
  const ended = await bench.call(
    "domain.guestExec",
    { ...shell, stdin: "this ä\n", environment: ["WORD=that"] },
    { on },
  );
  assert.deepEqual({ ...ended, pid: 0 }, {
    exitCode: 3,
    stdout: "got this ä that\n",
    stderr: "bad\n",
    pid: 0,
  });
  const still = await bench.call("domain.guestExec", { path: "/bin/sleep", arguments: ["60"], waitMs: 300 }, {
    on,
  });
  assert.equal(still.running, true);
  const killed = await bench.call("domain.guestExec", {
    path: "/bin/sh",
    arguments: ["-c", "kill -9 $$"],
  }, { on });
  assert.equal(killed.signal, 9);
  await bench.refused("operation-failed", "domain.guestExec", { input: { path: "/nowhere" }, on });

  const { seconds } = await bench.call("domain.time", {}, { on });
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 3600);
  // The agent keeps the hardware clock in step, by a program that it looks for here.
  await bench.call("domain.guestExec", {
    path: "/bin/ln",
    arguments: ["-s", "/bin/hwclock", "/sbin/hwclock"],
  }, { on });
  await bench.call("domain.setTime", { seconds: 1_000_000_000 }, { on });
  assert.ok((await bench.call("domain.time", {}, { on })).seconds - 1_000_000_000 < 60);

  // This guest has its files in memory, where there is nothing to freeze.
  assert.deepEqual(await bench.call("domain.freeze", {}, { on }), { frozen: 0 });
  assert.deepEqual(await bench.call("domain.thaw", {}, { on }), { thawed: 0 });

  const processors = await bench.call("domain.guestVcpus", {}, { on });
  assert.equal(processors.vcpus, "0-1");
  await bench.call("domain.setGuestVcpus", { vcpus: "1", online: false }, { on });
  assert.equal((await bench.call("domain.guestVcpus", {}, { on })).online, "0");

  const answer = await bench.call("domain.agentCommand", { command: '{"execute":"guest-ping"}' }, { on });
  assert.deepEqual(JSON.parse(answer.answer ?? ""), { return: {} });
  await bench.call("domain.setAgentTimeout", { timeoutS: 10 }, { on });

  const [nic] = (await bench.call("domain.addresses", { source: "agent" }, { on }))
    .filter(({ interface: name }) => name !== "lo");
  assert.match(nic?.mac ?? "", /^52:54:00/);
  await until(async () => {
    const found = await bench.call("domain.addresses", { source: "agent" }, { on });
    return found.some(({ addresses }) => addresses.some(({ address }) => address === "10.0.2.15"));
  }, { what: "the guest's address" });
});

test("a guest without an agent, or that does not run, refuses what needs one", async (stage) => {
  const { bench } = stage;
  const on = await stage.start();
  const told = await bench.refused("operation-failed", "domain.guestInfo", { input: {}, on });
  assert.match(told, /^Cannot ask the agent of domain "guest-\d+": QEMU guest agent is not connected$/);
  await bench.call("domain.destroy", {}, { on });
  await bench.refused("wrong-state", "domain.guestExec", { input: { path: "/bin/true" }, on });
  await bench.refused("wrong-state", "domain.screenshot", { input: {}, on });
  await bench.refused("wrong-state", "domain.sendKey", { input: { keys: ["KEY_A"] }, on });
});

test("a screen is pictured, keys are pressed by name, and memory is read", async (stage) => {
  const { bench } = stage;
  const on = await stage.boot({
    devices: "<graphics type='vnc' port='-1' autoport='yes'/><video><model type='vga'/></video>",
  });
  const { mime, image } = await bench.call("domain.screenshot", {}, { on });
  const start = new TextDecoder("latin1").decode(image.subarray(0, 8));
  assert.ok(mime === "image/png" ? start.includes("PNG") : start.startsWith("P6"), `${mime}: ${start}`);
  assert.ok(image.length > 1000);
  const [display] = await bench.call("domain.displays", {}, { on });
  assert.equal(display?.type, "vnc");
  assert.ok(Number(display?.port) >= 5900);
  await bench.call("domain.sendKey", { keys: ["KEY_LEFTALT", "KEY_F2"], holdMs: 20 }, { on });
  await bench.refused("invalid-argument", "domain.sendKey", { input: { keys: ["KEY_OF_LIFE"] }, on });
  await bench.call("domain.injectNmi", {}, { on });
  const { data } = await bench.call("domain.peekMemory", { offsetBytes: 0x7c00, sizeBytes: 512 }, { on });
  assert.equal(data.length, 512);
  for (const { label, enforcing } of await bench.call("domain.securityLabels", {}, { on })) {
    assert.match(label, /^[\x20-\x7e]*$/);
    assert.equal(enforcing, false);
  }
  assert.ok(Array.isArray(await bench.call("domain.messages", {}, { on })));
});
