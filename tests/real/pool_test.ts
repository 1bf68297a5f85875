import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

function poolXml(host: RealHost, name: string): string {
  return `<pool type='dir'><name>${name}</name><target><path>${host.directory}/pools/${name}</path></target></pool>`;
}

test("a pool is defined, built, started and shown, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("pool.define", { xml: poolXml(host, "life") });
  assert.match(await host.virsh("pool-info", "life"), new RegExp(`UUID:\\s+${on.id}`));
  await bench.refused("operation-failed", "pool.start", { on, input: {} });
  assert.equal((await bench.call("pool.info", {}, { on })).state, "inactive");
  await bench.call("pool.build", {}, { on });
  assert.ok((await Deno.stat(`${host.directory}/pools/life`)).isDirectory);
  await bench.call("pool.start", {}, { on });
  await bench.call("pool.setAutostart", { autostart: true }, { on });
  const info = await bench.call("pool.info", {}, { on });
  assert.deepEqual([info.state, info.type, info.path, info.persistent, info.autostart, info.volumes], [
    "running",
    "dir",
    `${host.directory}/pools/life`,
    true,
    true,
    0,
  ]);
  assert.equal(info.capacityBytes, info.allocationBytes + info.availableBytes);
  assert.match(
    await host.virsh("pool-info", "--bytes", "life"),
    new RegExp(`Capacity:\\s+${info.capacityBytes}`),
  );
  const listed = async (input: { type?: string; active?: boolean; autostart?: boolean }) =>
    (await bench.call("pool.list", { name: "li*", ...input })).map(({ pool, state }) => [pool.name, state]);
  assert.deepEqual(await listed({ type: "dir", active: true, autostart: true }), [["life", "running"]]);
  assert.deepEqual(await listed({ type: "logical" }), []);
  assert.equal((await bench.call("pool.lookup", { name: `${host.directory}/pools/life` })).id, on.id);
  assert.equal((await bench.call("pool.lookup", { name: on.id })).name, "life");
  assert.equal(await bench.call("pool.xml", {}, { on }), `${await host.virsh("pool-dumpxml", "life")}\n`);
  await bench.call("pool.discard", {}, { on });
  assert.notEqual((await host.tryVirsh("pool-info", "life")).code, 0);
});

test("what virsh does to a pool is seen at once", async (host) => {
  await using bench = await open(host);
  const path = await host.file("seen.xml", poolXml(host, "seen"));
  await host.virsh("pool-define", path);
  const on = await bench.call("pool.lookup", { name: "seen" });
  await host.virsh("pool-build", "seen");
  await host.virsh("pool-start", "seen");
  await bench.refused("wrong-state", "pool.start", { on, input: {} });
  await Deno.writeTextFile(`${host.directory}/pools/seen/stray.img`, "something");
  assert.deepEqual(await bench.call("volume.list", {}, { on }), []);
  await bench.call("pool.refresh", {}, { on });
  assert.deepEqual((await bench.call("volume.list", {}, { on })).map(({ volume }) => volume.name), [
    "stray.img",
  ]);
  await host.virsh("pool-destroy", "seen");
  await bench.refused("wrong-state", "volume.list", { on, input: {} });
  await Deno.remove(`${host.directory}/pools/seen/stray.img`);
  await bench.call("pool.delete", {}, { on });
  await assert.rejects(Deno.stat(`${host.directory}/pools/seen`), Deno.errors.NotFound);
  await host.virsh("pool-undefine", "seen");
  await bench.refused("not-found", "pool.info", { on, input: {} });
});

test("a transient pool is gone when it is stopped, and its folder stays", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("pool.create", { xml: poolXml(host, "passing"), build: true });
  assert.equal((await bench.call("pool.info", {}, { on })).persistent, false);
  await bench.refused("wrong-state", "pool.setAutostart", { on, input: {} });
  await bench.call("pool.destroy", {}, { on });
  await bench.refused("not-found", "pool.lookup", { input: { name: "passing" } });
  assert.ok((await Deno.stat(`${host.directory}/pools/passing`)).isDirectory);
});

test("pools that cannot be say why", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("pool.define", { xml: poolXml(host, "only") });
  await bench.refused("already-exists", "pool.define", { input: { xml: poolXml(host, "only") } });
  await bench.refused("already-exists", "pool.define", {
    input: { xml: poolXml(host, "other").replace("/other<", "/only<") },
  });
  await bench.refused("invalid-document", "pool.define", {
    input: { xml: poolXml(host, "bad").replace("'dir'", "'no-such-type'") },
  });
  await bench.refused("invalid-document", "pool.define", {
    input: { xml: "<network><name>x</name></network>" },
  });
  await bench.call("pool.undefine", {}, { on });
});

test("what pools could be made of is looked for, and what is unknown refused", async (host) => {
  await using bench = await open(host);
  await bench.refused("invalid-argument", "pool.findSources", { input: { type: "netfs" } });
  assert.match(await bench.call("connection.poolCapabilities", {}), /<storagepoolCapabilities>/);
});

test("libvirt's own test driver has a pool, which is found by its path", async (host) => {
  await using bench = await open(host, "test");
  const on = await bench.call("pool.lookup", { name: "/default-pool" });
  const { state, capacityBytes } = await bench.call("pool.info", {}, { on });
  assert.deepEqual([on.name, state, capacityBytes], ["default-pool", "running", 100 * 1024 ** 3]);
  assert.match(await bench.call("pool.findSources", { type: "logical" }), /<sources>/);
});

test("a host's pools, networks and filters are there for its containers too", async (host) => {
  await using qemu = await open(host);
  await using lxc = await open(host, "lxc");
  const on = await qemu.call("pool.create", { xml: poolXml(host, "shared"), build: true });
  const same = await lxc.call("pool.lookup", { name: "shared" });
  assert.equal(same.id, on.id);
  await lxc.call("volume.create", { xml: "<volume><name>v</name><capacity>1000</capacity></volume>" }, {
    on: same,
  });
  assert.deepEqual((await qemu.call("volume.list", {}, { on })).map(({ volume }) => volume.name), ["v"]);
  assert.deepEqual(await lxc.call("network.list", {}), []);
  assert.deepEqual(await lxc.call("filter.list", {}), []);
  await lxc.call("pool.destroy", {}, { on: same });
  await qemu.refused("not-found", "pool.info", { on, input: {} });
});
