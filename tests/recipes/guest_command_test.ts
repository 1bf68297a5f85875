import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import guestCommand from "../../recipes/guest_command.ts";

const running = (name: string): { name: string; state: "running" } => ({ name, state: "running" });

Deno.test("a program runs in the guests of running domains", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [running("web-1"), running("web-2"), "web-off"] },
  });
  const run = await lab.run(guestCommand, {
    input: { domains: "web-*" },
    grants: [...guestCommand.declaration.needs],
  });
  assert.deepEqual(run.result, {
    "web-1": { exitCode: 0, out: "web-1\n", err: "" },
    "web-2": { exitCode: 0, out: "web-2\n", err: "" },
  });
  assert.equal(run.progress.at(-1)?.fraction, 1);
});

Deno.test("a program that fails is a failure, with what it printed", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running("web-1")] } });
  const run = await lab.run(guestCommand, { input: { program: "false", maxFail: 1 } });
  assert.equal(run.exit, 3);
  assert.deepEqual(run.result, { "web-1": { exitCode: 1, out: "", err: "" } });
});

Deno.test("a program that takes too long fails its guest, and takes no longer", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running("web-1")] } });
  const run = await lab.run(guestCommand, { input: { program: "sleep", args: ["3600"], within: "20s" } });
  assert.equal(run.error?.code, "some-failed");
  assert.match(run.logs.map(({ message }) => message).join("\n"), /still runs in domain "web-1" after 20s/);
  assert.ok(run.durationMs <= 30_000);
});

Deno.test("input and environment reach it", async () => {
  await using lab = await simulate({ hypervisor: { domains: [running("web-1")] } });
  const cat = await lab.run(guestCommand, { input: { program: "cat", stdin: "hello" } });
  assert.equal(cat.result["web-1"]?.out, "hello");
  const env = await lab.run(guestCommand, { input: { program: "env", env: { A: "b" } } });
  assert.equal(env.result["web-1"]?.out, "A=b\n");
});
