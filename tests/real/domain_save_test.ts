/**
 * The memory of a real guest, saved and brought back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import { DomainStage } from "./kit/domain_stage.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const real = realTests({ needs: guestNeeds });

function test(name: string, run: (stage: DomainStage, host: RealHost) => Promise<void>): void {
  real.test(name, async (host) => {
    await using stage = await DomainStage.set(host);
    await run(stage, host);
  });
}

/** A path that means the same inside and outside of the host. */
function pathOn(host: RealHost, name: string): string {
  return `${host.directory}/${name}`;
}

test("a guest is saved to a file, and goes on from it", async (stage, host) => {
  const { bench } = stage;
  const on = await stage.boot();
  await bench.call("domain.guestExec", { path: "/bin/sh", arguments: ["-c", "echo here >/tmp/mark"] }, {
    on,
  });
  const path = pathOn(host, "saved");
  const off = await bench.call("domain.save", { path }, { on });
  assert.deepEqual([off.state, off.phase], ["shutoff", "inactive"]);
  assert.match(await bench.call("domain.savedXml", { path }), new RegExp(`<name>${on.name}</name>`));
  const back = await bench.call("domain.restore", { path, paused: true });
  assert.equal(back.id, on.id);
  assert.equal((await bench.call("domain.info", {}, { on })).state, "paused");
  await bench.call("domain.resume", {}, { on });
  await stage.answers(on);
  const { stdout } = await bench.call("domain.guestExec", { path: "/bin/cat", arguments: ["/tmp/mark"] }, {
    on,
  });
  assert.equal(stdout, "here\n");
  await bench.refused("wrong-state", "domain.restore", { input: { path } });
});

test("a guest is saved where its host keeps such images, and its next start goes on from there", async (stage) => {
  const { bench } = stage;
  const on = await stage.boot();
  await bench.call("domain.managedSave", { paused: true }, { on });
  assert.equal((await bench.call("domain.info", {}, { on })).managedSave, true);
  const xml = await bench.call("domain.managedSaveXml", { secure: true }, { on });
  await bench.call("domain.defineManagedSave", {
    xml: xml.replace("<on_crash>destroy", "<on_crash>preserve"),
  }, { on });
  assert.match(await bench.call("domain.managedSaveXml", {}, { on }), /<on_crash>preserve/);
  const status = await bench.call("domain.start", {}, { on });
  assert.equal(status.state, "paused");
  await bench.call("domain.managedSave", {}, { on });
  await bench.call("domain.removeManagedSave", {}, { on });
  assert.equal((await bench.call("domain.info", {}, { on })).managedSave, false);
  await bench.refused("wrong-state", "domain.managedSave", { input: {}, on });
});

test(
  "a guest's memory is written for analysis, and becomes of the guest what is asked for",
  async (stage, host) => {
    const { bench } = stage;
    const on = await stage.boot();
    const paths = ["whole", "elf", "crash"].map((name) => pathOn(host, `dump-${name}`));
    const [whole = "", elf = "", crash = ""] = paths;
    assert.equal(
      (await bench.call("domain.dump", { path: whole, afterwards: "is-paused" }, { on })).state,
      "paused",
    );
    await bench.call("domain.resume", {}, { on });
    assert.equal((await bench.call("domain.dump", { path: elf, memoryOnly: true }, { on })).state, "running");
    assert.equal(
      (await bench.call("domain.dump", { path: crash, afterwards: "crashes" }, { on })).phase,
      "inactive",
    );
    for (const path of paths) assert.ok((await Deno.stat(path)).size > 2 ** 20);
    assert.equal(new TextDecoder("latin1").decode((await Deno.readFile(elf)).subarray(1, 4)), "ELF");
    await bench.call("domain.start", {}, { on });
    await bench.refused("operation-failed", "domain.dump", { input: { path: "/nowhere/dump" }, on });
    assert.equal((await bench.call("domain.info", {}, { on })).state, "running");
  },
);

for (const how of ["is cancelled", "is aborted by somebody else"] as const) {
  test(`a save that ${how} leaves the guest running and no image behind`, async (stage, host) => {
    const { bench } = stage;
    const on = await stage.boot({ memory: 256 });
    const fill = "head -c 40m /dev/urandom >/tmp/fill";
    await bench.call("domain.guestExec", { path: "/bin/sh", arguments: ["-c", fill] }, { on });
    await bench.call("domain.setMigration", { bandwidthBytesPerS: 2 ** 20 }, { on });
    const path = pathOn(host, "aborted");
    const controller = new AbortController();
    const fractions: number[] = [];
    const saved = bench.kernel.call({
      operation: "domain.save",
      connections: bench.connections,
      connection: "host",
      target: { $ref: "domain", connection: "host", id: on.id, name: on.name },
      input: { path },
      caller: { principal: "test", since: 0 },
      authority: { check: () => {}, sees: () => true, checkReach: () => {} },
      signal: controller.signal,
      onState: (state) => {
        if (state.kind === "progress") fractions.push(state.fraction);
      },
    });
    const end = saved.then(() => true);
    const atWork = async (): Promise<boolean> =>
      await Promise.race([end, host.virsh("domjobinfo", on.name).then((text) => /Save/.test(text))]);
    await until(atWork, { what: "the save to begin" });
    if (how === "is cancelled") controller.abort(new VirtError("cancelled", "Never mind"));
    else await host.virsh("domjobabort", on.name);
    const { outcome } = await saved;
    assert.equal(outcome.kind, "not-done", JSON.stringify(outcome));
    if (outcome.kind === "not-done") assert.equal(outcome.error.code, "cancelled", outcome.error.message);
    assert.equal((await bench.call("domain.info", {}, { on })).state, "running");
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  });
}
