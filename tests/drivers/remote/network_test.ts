import assert from "node:assert/strict";
import { RemoteBench } from "./kit/bench.ts";
import { FakeObjects } from "./kit/fake_objects.ts";

const xml = (name: string): string => `<network><name>${name}</name><ip address='10.0.0.1'></ip></network>`;

async function open(world = new FakeObjects()): Promise<{ bench: RemoteBench; world: FakeObjects }> {
  return { bench: await RemoteBench.open({ libvirtd: world }), world };
}

Deno.test("an update goes out in the order that the server takes, whichever that is", async () => {
  for (const inOrder of [true, false]) {
    const { bench, world } = await open();
    await using _ = bench;
    world.updatesInOrder = inOrder;
    const on = await bench.call("network.define", { xml: xml("lan") });
    await bench.call("network.update", {
      command: "add-last",
      section: "ip-dhcp-host",
      xml: "<host mac='52:54:00:00:00:01' ip='10.0.0.5'/>",
    }, { on });
    // Source of the numbers: libvirt, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST and VIR_NETWORK_SECTION_IP_DHCP_HOST.
    assert.deepEqual(world.updates, [inOrder ? "3 4" : "4 3"]);
  }
});

Deno.test("lists are complete, filtered by what is asked, and take no call per network but for its bridge", async () => {
  const { bench, world } = await open();
  await using _ = bench;
  for (let index = 0; index < 20; index++) {
    const on = await bench.call("network.define", { xml: xml(`lan-${index}`) });
    if (index % 2 === 0) await bench.call("network.start", {}, { on });
    if (index % 5 === 0) await bench.call("network.setAutostart", {}, { on });
  }
  const names = async (input: { name?: string; active?: boolean; autostart?: boolean }) =>
    (await bench.call("network.list", input)).map(({ network }) => network.name);
  assert.equal((await names({})).length, 20);
  assert.deepEqual(await names({ active: true, autostart: true }), ["lan-0", "lan-10"]);
  const before = bench.net.calls;
  assert.deepEqual(await names({ name: "lan-1" }), ["lan-1"]);
  assert.equal(bench.net.calls - before, 5);
  world.networks.clear();
  assert.deepEqual(await names({}), []);
  assert.deepEqual([...bench.connection.table.all("network")], []);
});

Deno.test("a network that is gone at the host is gone for its reference", async () => {
  const { bench, world } = await open();
  await using _ = bench;
  const on = await bench.call("network.define", { xml: xml("lan") });
  world.networks.clear();
  assert.match(await bench.refused("not-found", "network.start", { on, input: {} }), /network "lan"/);
  await bench.refused("not-found", "network.info", { on, input: {} });
});

Deno.test("what is made without a name of its own has the one that its call gives it", async () => {
  const { bench } = await open();
  await using _ = bench;
  const newId = "bbbbbbbb-0000-4000-8000-000000000002";
  const network = await bench.call("network.define", { xml: xml("lan") }, { newId });
  assert.equal(network.id, newId);
  await bench.call("network.start", {}, { on: network });
  const other = "bbbbbbbb-0000-4000-8000-000000000003";
  const port = await bench.call(
    "networkPort.create",
    { xml: "<networkport><owner><name>a</name></owner></networkport>" },
    { on: network, newId: other },
  );
  assert.deepEqual([port.id, port.parent], [other, newId]);
});

Deno.test("a class of objects that the hypervisor does not have is unsupported, and its lists are not empty", async () => {
  const world = new FakeObjects();
  for (const procedure of ["connectListAllNetworks", "networkLookupByName", "networkDefineXml"] as const) {
    world.lacking.add(procedure);
  }
  const { bench } = await open(world);
  await using _ = bench;
  await bench.refused("unsupported", "network.list", { input: {} });
  await bench.refused("unsupported", "network.lookup", { input: { name: "lan" } });
  await bench.refused("unsupported", "network.define", { input: { xml: xml("lan") } });
});

Deno.test("undefining what runs is refused, although libvirt would", async () => {
  const { bench, world } = await open();
  await using _ = bench;
  const on = await bench.call("network.define", { xml: xml("lan") });
  await bench.call("network.start", {}, { on });
  await bench.refused("wrong-state", "network.undefine", { on, input: {} });
  assert.notEqual(world.networks.get(on.id)?.config, undefined);
});

Deno.test("a network's ports go with it", async () => {
  const { bench, world } = await open();
  await using _ = bench;
  const on = await bench.call("network.define", { xml: xml("lan") });
  await bench.call("network.start", {}, { on });
  const portXml = "<networkport><owner><name>a</name></owner></networkport>";
  const port = await bench.call("networkPort.create", { xml: portXml }, { on });
  world.networks.clear();
  assert.deepEqual(await bench.call("network.list", {}), []);
  assert.deepEqual([...bench.connection.table.all("networkPort")], []);
  await bench.refused("not-found", "networkPort.delete", { on: port, input: {} });
});
