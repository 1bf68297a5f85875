import assert from "node:assert/strict";
import { type Domain, isVirtError, recipe } from "../../mod.ts";
import { type Lab, type RunStory, simulate } from "../../testing/mod.ts";

const needs = [
  "domain:getattr,read,write,start,stop,suspend,fs_freeze,set_password,set_time,snapshot",
] as const;
const running = { name: "web-1", state: "running" } as const;

async function ask<T>(lab: Lab, run: (vm: Domain) => Promise<T>): Promise<RunStory<T>> {
  const asking = recipe({
    summary: "Ask the agent",
    needs,
    run: async ({ host }) => await run(await host.domain("web-1")),
  });
  return await lab.run(asking) as RunStory<T>;
}

Deno.test("programs run in the guest, with input, environment and exit codes", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await ask(lab, async ({ agent }) => [
    await agent.exec("/bin/echo", ["two", "words"]),
    await agent.exec("cat", [], { input: "from outside" }),
    await agent.exec("env", [], { env: { NAME: "value=with=signs" } }),
    await agent.exec("false"),
    await agent.exec("seq", ["3"], { captureOutput: false }),
    (await agent.exec("seq", ["100000"])).truncated,
  ]);
  const nothing = { out: "", err: "", truncated: false };
  assert.deepEqual(run.result, [
    { ...nothing, exitCode: 0, out: "two words\n" },
    { ...nothing, exitCode: 0, out: "from outside" },
    { ...nothing, exitCode: 0, out: "NAME=value=with=signs\n" },
    { ...nothing, exitCode: 1 },
    { ...nothing, exitCode: 0 },
    true,
  ]);
});

Deno.test("a program that takes too long runs on, and the error says so", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await ask(lab, async ({ agent }) => {
    const failure = await agent.exec("/bin/sleep", ["3600"], { within: "30s" }).catch((error: unknown) =>
      error
    );
    if (!isVirtError(failure, "timed-out")) throw failure;
    // The domain is not in doubt: something else can be done on it.
    return [failure.message, failure.detail, (await agent.exec("true")).exitCode];
  });
  assert.deepEqual(run.result, [
    '"/bin/sleep" still runs in domain "web-1" after 30s, as process 100',
    { pid: 100 },
    0,
  ]);
  assert.equal(run.exit, 0);
  assert.ok(run.durationMs <= 30_000);
});

Deno.test("what an agent tells of its guest", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] }, start: 1_700_000_000_000 });
  const run = await ask(lab, async ({ agent }) => {
    await agent.ping();
    await agent.setTime(1_600_000_000_000);
    const time = await agent.time();
    await agent.setTime();
    await agent.setPassword("root", "s3cret");
    return {
      hostname: await agent.hostname(),
      os: (await agent.osInfo()).id,
      users: (await agent.users()).map(({ name }) => name),
      mounted: (await agent.filesystems()).map(({ mountpoint }) => mountpoint),
      time,
      again: await agent.time(),
    };
  });
  assert.deepEqual(run.result, {
    hostname: "web-1",
    os: "test",
    users: ["root"],
    mounted: ["/", "/boot"],
    time: 1_600_000_000_000,
    again: 1_700_000_000_000,
  });
  assert.ok(!JSON.stringify(run.calls).includes("s3cret"));
});

Deno.test("what was frozen is thawed at the end of its block, also where that throws, and at the end of the run", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const frozen = (): readonly string[] =>
    lab.host.effects.map(({ effect }) => effect).filter((effect) => /freeze|thaw|snapshot/.test(effect));
  const block = await ask(lab, async (vm) => {
    try {
      await using held = await vm.agent.freeze();
      await vm.snapshots.create({ name: `with-${held.filesystems}` });
      throw new Error("in the middle");
    } catch (error) {
      return String(error);
    }
  });
  assert.equal(block.result, "Error: in the middle");
  assert.deepEqual(frozen(), ["agent.freeze", "snapshot.create", "agent.thaw"]);
  assert.deepEqual(lab.host.domain("web-1").snapshots, ["with-2"]);

  const failed = await ask(lab, async (vm) => {
    await vm.agent.freeze(["/boot"]);
    throw new Error("nobody thaws");
  });
  assert.equal(failed.state, "failed");
  assert.deepEqual(frozen().slice(3), ["agent.freeze", "agent.thaw"]);
});

Deno.test("a freeze is taken back when the run is cancelled", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = lab.start(recipe({
    summary: "Freeze and wait",
    needs,
    run: async ({ host, sleep }) => {
      await (await host.domain("web-1")).agent.freeze();
      await sleep("1h");
    },
  }));
  await lab.advance("1s");
  run.cancel();
  assert.equal((await lab.clock.until(run.ended)).state, "cancelled");
  assert.equal(lab.host.effects.at(-1)?.effect, "agent.thaw");
});

Deno.test("an agent that is not there is told from one that is not up yet", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] }, guests: { boot: "20s" } });
  const off = await ask(lab, ({ agent }) => agent.ping());
  assert.equal(off.error?.code, "wrong-state");
  const early = await ask(lab, async (vm) => {
    await vm.start();
    return await vm.agent.exec("true").catch((error: Error) => error.message);
  });
  assert.match(String(early.result), /its agent is not connected/);
  const patient = await ask(lab, async (vm) => {
    await vm.until.agent({ within: "1m" });
    return (await vm.agent.exec("hostname")).out;
  });
  assert.equal(patient.result, "web-1\n");
  assert.equal(patient.durationMs, 20_000, "its event is heard at once");
});

Deno.test("names in an environment are names", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await ask(lab, ({ agent }) => agent.exec("env", [], { env: { "A=B": "c" } }));
  assert.equal(run.error?.code, "invalid-argument");
});

Deno.test("a guest whose agent is asked for long keeps nobody off the domain", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running] } });
  const run = await ask(lab, async (vm) => {
    const slow = vm.agent.exec("sleep", ["600"], { within: "20m" }).catch((error: Error) => error.message);
    await vm.suspend();
    await vm.resume();
    await vm.destroy();
    return await slow;
  });
  assert.match(String(run.result), /is not running any more|unknown/);
  assert.equal(run.durationMs, 0, "the destroy did not wait");
});
