import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

test("a host's interfaces are listed and shown as they are", async (host) => {
  await using bench = await open(host);
  await host.inside(
    "ip",
    "link",
    "add",
    "veth-1",
    "address",
    "52:54:00:aa:bb:01",
    "type",
    "veth",
    "peer",
    "veth-2",
  );
  const listed = async (input: { name?: string; active?: boolean }) =>
    (await bench.call("interface.list", input)).map((each) => [each.interface.name, each.active, each.mac]);
  assert.deepEqual(await listed({ name: "veth-1" }), [["veth-1", false, "52:54:00:aa:bb:01"]]);
  for (const name of ["veth-1", "veth-2"]) await host.inside("ip", "link", "set", name, "up");
  assert.deepEqual(await listed({ name: "veth-1", active: true }), [[
    "veth-1",
    true,
    "52:54:00:aa:bb:01",
  ]]);
  const on = await bench.call("interface.lookup", { name: "52:54:00:aa:bb:01" });
  assert.equal(on.name, "veth-1");
  assert.match(await bench.call("interface.xml", {}, { on }), /<interface type='ethernet' name='veth-1'>/);
  await host.inside("ip", "link", "delete", "veth-1");
  await bench.refused("not-found", "interface.lookup", { input: { name: "veth-1" } });
});

test("what this host cannot do with interfaces is unsupported, and says so", async (host) => {
  await using bench = await open(host);
  const xml = "<interface type='ethernet' name='eth9'><start mode='none'/></interface>";
  await bench.refused("unsupported", "interface.define", { input: { xml } });
  await bench.refused("unsupported", "interface.beginChange", { input: {} });
});

test("a change of interfaces is begun, kept and taken back where the hypervisor can", async (host) => {
  await using bench = await open(host, "test");
  const xml = "<interface type='ethernet' name='eth9'><start mode='none'/></interface>";
  const names = async () =>
    (await bench.call("interface.list", {})).map((each) => each.interface.name).sort();
  await bench.refused("wrong-state", "interface.commitChange", { input: {} });
  await bench.call("interface.beginChange", {});
  await bench.refused("wrong-state", "interface.beginChange", { input: {} });
  await bench.call("interface.define", { xml });
  assert.deepEqual(await names(), ["eth1", "eth9"]);
  await bench.call("interface.rollBackChange", {});
  assert.deepEqual(await names(), ["eth1"]);
  await bench.call("interface.beginChange", {});
  const on = await bench.call("interface.define", { xml });
  await bench.call("interface.commitChange", {});
  await bench.call("interface.start", {}, { on });
  assert.match(await host.virsh("-c", host.uri("test"), "iface-list"), /eth9\s+active/);
  await bench.refused("wrong-state", "interface.start", { on, input: {} });
  await bench.call("interface.destroy", {}, { on });
  await bench.call("interface.undefine", {}, { on });
  assert.deepEqual(await names(), ["eth1"]);
});
