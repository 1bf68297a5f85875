import assert from "node:assert/strict";
import { lookAtCloudInit, readCloudInit } from "../../dsl/cloud_init.ts";
import { isVirtError, recipe, VirtError } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";

const wait = recipe({
  summary: "Wait for cloud-init",
  needs: ["domain:getattr,read,write,start"],
  run: async ({ host }) => await (await host.domain("web-1")).until.cloudInit({ within: "1m" }),
});

Deno.test("cloud-init is waited for while the guest boots, and found done", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "shutoff" }] },
    guests: { boot: "20s" },
  });
  const boot = recipe({
    summary: "Boot and wait",
    needs: ["domain:getattr,read,write,start"],
    run: async ({ host }) => {
      const vm = await host.domain("web-1");
      await vm.start();
      return await vm.until.cloudInit({ within: "1m" });
    },
  });
  const run = await lab.run(boot);
  assert.deepEqual(run.result, { status: "done", warnings: [] });
  assert.ok(run.durationMs >= 20_000, `after ${run.durationMs} ms`);
});

Deno.test("a guest that is off is waited for until the time is up, and the error says so", async () => {
  await using lab = await simulate({ hypervisor: { domains: ["web-1"] } });
  const { error } = await lab.run(wait);
  assert.equal(error?.code, "timed-out");
  assert.match(error?.message ?? "", /Waited 1m for cloud-init of domain "web-1" to be done: .*not running/);
});

Deno.test("that cloud-init has failed is said at once, and an agent that does not answer is asked again", async () => {
  const look = (ask: () => Promise<{ readonly out: string; readonly err: string }>): Promise<unknown> =>
    lookAtCloudInit('domain "web-1"', ask);
  const out = "status: error\ndetail:\nupdate-locale is missing\n";
  await assert.rejects(look(() => Promise.resolve({ out, err: "" })), {
    code: "operation-failed",
    message: /of domain "web-1" ended with an error: update-locale is missing/,
  });
  for (const code of ["timed-out", "operation-failed", "wrong-state"] as const) {
    const instead = "the agent does not answer";
    assert.deepEqual(await look(() => Promise.reject(new VirtError(code, instead))), { instead });
  }
  await assert.rejects(
    look(() => Promise.reject(new VirtError("operation-failed", "Failed to execute child"))),
    {
      code: "unsupported",
    },
  );
});

Deno.test("what cloud-init says of itself, by its versions", () => {
  const said = (text: string): unknown => readCloudInit(text, 'domain "web-1"');
  assert.deepEqual(said("status: not run\n"), { instead: "it is not run" });
  assert.deepEqual(said("status: running\ntime: Thu\n"), { instead: "it is running" });
  assert.deepEqual(said("status: disabled\n"), { found: { status: "disabled", warnings: [] } });
  const degraded =
    "status: done\nextended_status: degraded done\nerrors: []\nrecoverable_errors:\nWARNING:\n\t- Old key\n";
  assert.deepEqual(said(degraded), { found: { status: "done", warnings: ["Old key"] } });
  const failed =
    "status: error\ndetail:\nDataSourceNoCloud\nerrors:\n\t- ('scripts_user', RuntimeError('1 failed'))\n";
  assert.throws(
    () => said(failed),
    (error) =>
      isVirtError(error, "operation-failed") &&
      /web-1" ended with an error: \('scripts_user'/.test(error.message),
  );
});
