/**
 * Domains that move between two real hosts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Outcome } from "../../model/outcome.ts";
import { anyGeneration } from "../drivers/bench.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { byPeers, migrationTests } from "./kit/migration_tests.ts";
import { until } from "./kit/until.ts";

const { hosts, test } = migrationTests();

function refIn(outcome: Outcome): ObjectRef {
  assert.equal(outcome.kind, "done", JSON.stringify(outcome));
  return (outcome as { readonly value: ObjectRef }).value;
}

for (const via of ["direct", "peer-to-peer", "tunnelled"] as const) {
  test(`a running domain moves ${via}, with its definition, and is gone from where it was`, async (stage) => {
    const ref = await stage.start();
    const there = refIn(await stage.migrate(ref, { ...(via === "direct" ? {} : byPeers), via }));
    assert.equal(there.connection, "target");
    assert.deepEqual(await stage.states(), { source: "absent", target: "running" });
    assert.match(await hosts().target.virsh("dominfo", stage.name), /Persistent:\s+yes/);
    assert.equal((await stage.bench.call("domain.info", {}, { on: there })).reason, "migrated");
    await stage.bench.refused("not-found", "domain.info", { input: {}, on: ref });
  });
}

for (const via of ["direct", "peer-to-peer"] as const) {
  const way = { ...(via === "direct" ? {} : byPeers), via };
  const phase = via === "direct" ? "perform" : "migrate";

  test(`a migration ${via} that is cancelled leaves the domain where it was`, async (stage) => {
    const ref = await stage.start();
    const controller = new AbortController();
    stage.at({ phase, when: { ms: 300 } }, () => controller.abort(new VirtError("cancelled", "Never mind")));
    const told = await stage.migrate(ref, { ...way, bandwidthMibPerS: 4 }, { signal: controller.signal });
    assert.equal(told.kind, "not-done");
    assert.deepEqual(await stage.settled(), { source: "running", target: "absent" });
  });

  test(`a migration ${via} tells how far it is, and can be aborted by whoever may`, async (stage) => {
    const ref = await stage.start();
    const fractions: number[] = [];
    const moved = stage.bench.kernel.call({
      operation: "domain.migrate",
      connections: stage.bench.connections,
      connection: "source",
      target: anyGeneration(ref),
      input: { to: "target", ...way, bandwidthMibPerS: 4 },
      caller: { principal: "test", since: 0 },
      authority: { check: () => {}, sees: () => true, checkReach: () => {} },
      onState: (state) => {
        if (state.kind === "progress") fractions.push(state.fraction);
      },
    });
    await until(() => fractions.some((fraction) => fraction > 0), { what: "progress" });
    const info = await stage.bench.call("domain.jobInfo", {}, { on: ref });
    assert.equal(info.operation, "migration-out");
    assert.ok(Number(info.statistics?.["memory_total"]) > 0);
    await stage.bench.call("domain.setMigration", { bandwidthBytesPerS: 2 ** 20, maxDowntimeMs: 50 }, {
      on: ref,
    });
    assert.equal((await stage.bench.call("domain.migrationSettings", {}, { on: ref })).maxDowntimeMs, 50);
    await stage.bench.call("domain.abortJob", {}, { on: ref });
    const { outcome } = await moved;
    assert.equal(outcome.kind, "not-done");
    if (outcome.kind === "not-done") assert.equal(outcome.error.code, "cancelled");
    assert.deepEqual(await stage.settled(), { source: "running", target: "absent" });
  });

  test(`a migration ${via} that does not come to an end is ended by post-copy`, async (stage) => {
    const ref = await stage.start();
    const moved = stage.migrate(ref, { ...way, postCopy: true, bandwidthMibPerS: 1 });
    await until(async () => {
      const { type, statistics } = await stage.bench.call("domain.jobInfo", {}, { on: ref });
      return type === "unbounded" && Number(statistics?.["memory_processed"]) > 0;
    }, { what: "the first memory to be sent" });
    await stage.bench.call("domain.startPostCopy", {}, { on: ref });
    const there = refIn(await moved);
    assert.deepEqual(await stage.states(), { source: "absent", target: "running" });
    assert.equal((await stage.bench.call("domain.info", {}, { on: there })).state, "running");
  });

  test(`the definition alone moves ${via}, and the domain stays off`, async (stage) => {
    const xml = await guestXml(stage.name);
    const ref = await stage.bench.call("domain.define", { xml }, { connection: "source" });
    await stage.bench.refused("wrong-state", "domain.migrate", { input: { to: "target", ...way }, on: ref });
    refIn(await stage.migrate(ref, { ...way, offline: true, live: false }));
    assert.deepEqual(await stage.states(), { source: "absent", target: "shut off" });
  });

  test(`a paused domain moves ${via} and stays paused, and its definition stays where that is wanted`, async (stage) => {
    const ref = await stage.start();
    await stage.bench.call("domain.suspend", {}, { on: ref });
    refIn(await stage.migrate(ref, { ...way, undefineSource: false, persistent: false }));
    assert.deepEqual(await stage.states(), { source: "shut off", target: "paused" });
    assert.match(await hosts().target.virsh("dominfo", stage.name), /Persistent:\s+no/);
  });
}

test("a disk that the hosts do not share is copied with its domain", async (stage) => {
  const disk = `${hosts().source.directory}/lib/images/${stage.name}.qcow2`;
  const inside = `/var/lib/libvirt/images/${stage.name}.qcow2`;
  await makeDisk(hosts().source, `${stage.name}.qcow2`);
  await makeDisk(hosts().target, `${stage.name}.qcow2`);
  await run("qemu-io", "-c", "write -P 0x5a 0 1M", disk);
  const ref = await stage.start({ disk: inside });
  await stage.bench.refused("operation-failed", "domain.migrate", { input: { to: "target" }, on: ref });
  refIn(await stage.migrate(ref, { copyStorage: "all", disks: ["vda"] }));
  await hosts().target.virsh("destroy", stage.name);
  const copy = `${hosts().target.directory}/lib/images/${stage.name}.qcow2`;
  assert.match(await run("qemu-io", "-c", "read -P 0x5a 0 1M", copy), /read 1048576/);
});

test("what cannot be is refused before anything is touched", async (stage) => {
  const ref = await stage.start();
  const { bench } = stage;
  await bench.refused("invalid-argument", "domain.migrate", { input: { to: "source" }, on: ref });
  await bench.refused("wrong-state", "domain.migrate", { input: { to: "target", offline: true }, on: ref });
  const refused = await bench.refused("invalid-argument", "domain.migrate", {
    input: { to: "target", via: "peer-to-peer" },
    on: ref,
  });
  assert.match(refused, /how its host reaches the other one is not known/);
  for (
    const destinationUri of ["qemu+ext:///system?command=/bin/true", "qemu+ssh://-oProxyCommand=x/system"]
  ) {
    await bench.refused("invalid-argument", "domain.migrate", {
      input: { to: "target", destinationUri },
      on: ref,
    });
  }
  await hosts().target.virsh(
    "create",
    await hosts().target.file("double.xml", await guestXml(stage.name, { uuid: ref.id })),
  );
  await bench.refused("wrong-state", "domain.migrate", { input: { to: "target" }, on: ref });
  assert.deepEqual(await stage.states(), { source: "running", target: "running" });
});

/** Runs a program to its end. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`${program}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
