import assert from "node:assert/strict";
import { simulate } from "../../testing/mod.ts";
import consoleLogin from "../../recipes/console_login.ts";

const console = { user: "root", password: "s3cret", answers: { "ip address": "1: lo\n2: eth0" } };
const running = (name: string): { name: string; state: "running"; console: typeof console } => ({
  name,
  state: "running",
  console,
});

Deno.test("commands run on the consoles of domains, and nobody stays logged in", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [running("web-1"), running("web-2"), "web-off"] },
  });
  const run = await lab.run(consoleLogin, {
    input: { domains: "web-*", password: "s3cret", commands: ["hostname", "false", "nonsense"] },
    grants: [...consoleLogin.declaration.needs],
  });
  assert.deepEqual(run.result["web-1"], [
    { command: "hostname", exitCode: 0, output: "web-1\n" },
    { command: "false", exitCode: 1, output: "" },
    { command: "nonsense", exitCode: 127, output: "sh: nonsense: not found\n" },
  ]);
  assert.deepEqual(Object.keys(run.result).sort(), ["web-1", "web-2"]);
  const again = await lab.run(consoleLogin, { input: { domains: "web-1", password: "wrong" } });
  assert.equal(again.error?.code, "some-failed", "the one who comes next has to log in again");
  const typed = JSON.stringify(run.calls.map(({ input }) => input));
  assert.ok(!typed.includes("s3cret"));
});

Deno.test("a wrong password fails its domain, within the budget that was given", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [running("web-1"), { ...running("web-2"), console: { user: "root" } }] },
  });
  const run = await lab.run(consoleLogin, { input: { password: "wrong", maxFail: 1 } });
  assert.equal(run.exit, 3);
  assert.deepEqual(Object.keys(run.result), ["web-2"]);
  assert.ok(run.logs.some(({ message }) => /web-1.*does not let "root" in/.test(message)));
});

Deno.test("a guest that says nothing fails in time", async () => {
  await using lab = await simulate({
    hypervisor: { domains: ["web-1"] },
    guests: { boot: "1h" },
  });
  const { uuid: id } = lab.host.domain("web-1");
  lab.host.outside("domain.spawn", {
    id,
    name: "web-1",
    xml: lab.host.domain("web-1").config ?? "",
    bootMs: 3_600_000,
  });
  lab.host.outside("domain.continue", { id, reason: "booted" });
  const run = await lab.run(consoleLogin, { input: { within: "10s" } });
  assert.equal(run.error?.code, "some-failed");
  assert.equal(run.durationMs, 10_000);
});
