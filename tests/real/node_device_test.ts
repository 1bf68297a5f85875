import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

test("a host's devices are listed with what they can do, as virsh lists them", async (host) => {
  await using bench = await open(host);
  const all = await bench.call("nodeDevice.list", {});
  const names = (await host.virsh("nodedev-list")).split("\n").map((line) => line.trim()).sort();
  assert.deepEqual(all.map(({ nodeDevice }) => nodeDevice.name).sort(), names);
  const computer = all.find(({ nodeDevice }) => nodeDevice.name === "computer");
  assert.deepEqual([computer?.capabilities, computer?.parent, computer?.active], [
    ["system"],
    undefined,
    true,
  ]);
  for (const capability of ["net", "system"]) {
    const expected = (await host.virsh("nodedev-list", "--cap", capability)).split("\n")
      .map((line) => line.trim()).filter((line) => line !== "").sort();
    const found = (await bench.call("nodeDevice.list", { capability })).map(({ nodeDevice }) =>
      nodeDevice.name
    );
    assert.deepEqual(found.sort(), expected, capability);
  }
});

test("a device is found by its name and shown", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("nodeDevice.lookup", { name: "computer" });
  assert.match(await bench.call("nodeDevice.xml", {}, { on }), /<capability type='system'>/);
  const info = await bench.call("nodeDevice.info", {}, { on });
  const known = await host.virsh("nodedev-info", "computer");
  const says = (what: string): boolean => new RegExp(`${what}:\\s+yes`).test(known);
  assert.deepEqual([info.active, info.persistent, info.autostart], [
    says("Active"),
    says("Persistent"),
    says("Autostart"),
  ]);
  await bench.refused("not-found", "nodeDevice.lookup", { input: { name: "no_such_device" } });
  await bench.refused("not-found", "nodeDevice.lookup", {
    input: { name: "2000000012340001,1000000012340001" },
  });
});

test("a device that a host cannot make is refused, and says why", async (host) => {
  await using bench = await open(host);
  const mdev = (parent: string): string =>
    `<device><parent>${parent}</parent><capability type='mdev'><type id='none'/></capability></device>`;
  await bench.refused("not-found", "nodeDevice.create", { input: { xml: mdev("nowhere") } });
  const { outcome } = await bench.result("nodeDevice.define", { xml: mdev("computer") });
  assert.equal(outcome.kind, "not-done");
  await bench.refused("invalid-document", "nodeDevice.create", { input: { xml: "<domain/>" } });
});

test("a virtual adapter is made below its parent and removed, and virsh sees it", async (host) => {
  await using bench = await open(host, "test");
  const xml = `<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>
    <wwnn>2000000012340001</wwnn><wwpn>1000000012340001</wwpn></capability></capability></device>`;
  const before = (await bench.call("nodeDevice.list", {})).length;
  const on = await bench.call("nodeDevice.create", { xml });
  const info = await bench.call("nodeDevice.info", {}, { on });
  assert.deepEqual([info.parent, info.active], ["scsi_host1", true]);
  assert.equal((await bench.call("nodeDevice.list", {})).length, before + 1);
  assert.ok(
    (await bench.call("nodeDevice.list", { capability: "scsi_host" })).some(({ nodeDevice }) =>
      nodeDevice.id === on.id
    ),
  );
  await bench.call("nodeDevice.destroy", {}, { on });
  await bench.refused("not-found", "nodeDevice.lookup", { input: { name: on.name } });
  await bench.refused("unsupported", "nodeDevice.define", { input: { xml } });
});
