import assert from "node:assert/strict";
import type { RemoteInterface } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const eth1: RemoteInterface = { name: "eth1", mac: "aa:bb:cc:dd:ee:ff" };
const definition = (name: string, mac = "00:11:22:33:44:55"): string =>
  `<interface type='ethernet' name='${name}'><start mode='none'/><mac address='${mac}'/></interface>`;

Deno.test("interfaces are listed by whether they are up, and counted", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { iface } = await client.call("interfaceDefineXml", { xml: definition("eth7"), flags: 0 });
  assert.deepEqual(iface, { name: "eth7", mac: "00:11:22:33:44:55" });
  const listed = (flags: number): Promise<unknown> =>
    client.call("connectListAllInterfaces", { needResults: 1, flags });
  assert.deepEqual(await listed(0), { ifaces: [eth1, iface], ret: 2 });
  assert.deepEqual(await listed(1), { ifaces: [iface], ret: 1 });
  assert.deepEqual(await listed(2), { ifaces: [eth1], ret: 1 });
  assert.deepEqual(await client.call("connectListAllInterfaces", { needResults: 0, flags: 3 }), {
    ifaces: [],
    ret: 2,
  });
  assert.deepEqual(await client.call("connectNumOfInterfaces", undefined), { num: 1 });
  assert.deepEqual(await client.call("connectNumOfDefinedInterfaces", undefined), { num: 1 });
  assert.deepEqual(await client.call("connectListInterfaces", { maxnames: 9 }), { names: ["eth1"] });
  assert.deepEqual(await client.call("connectListDefinedInterfaces", { maxnames: 0 }), { names: [] });
  assert.deepEqual(await client.call("connectListDefinedInterfaces", { maxnames: 9 }), { names: ["eth7"] });
  assert.equal((await errorOf(listed(4))).remoteCode, "VIR_ERR_INVALID_ARG");
});

Deno.test("an interface is found by its name or by its address, whichever is asked for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  assert.deepEqual(await client.call("interfaceLookupByName", { name: "eth1" }), { iface: eth1 });
  assert.deepEqual(await client.call("interfaceLookupByMacString", { mac: eth1.mac }), { iface: eth1 });
  const byName = await errorOf(client.call("interfaceLookupByName", { name: eth1.mac }));
  assert.equal(byName.message, `Interface not found: no interface with matching name '${eth1.mac}'`);
  const byMac = await errorOf(client.call("interfaceLookupByMacString", { mac: "eth1" }));
  assert.equal(byMac.message, "Interface not found: no interface with matching mac 'eth1'");
  await client.call("interfaceDefineXml", { xml: definition("eth7", eth1.mac), flags: 0 });
  const both = await errorOf(client.call("interfaceLookupByMacString", { mac: eth1.mac }));
  assert.equal(both.remoteCode, "VIR_ERR_MULTIPLE_INTERFACES");
});

Deno.test("an interface is configured, brought up, taken down and removed", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { iface } = await client.call("interfaceDefineXml", { xml: definition("eth7"), flags: 1 });
  const isActive = async (): Promise<number> => (await client.call("interfaceIsActive", { iface })).active;
  assert.equal(await isActive(), 0);
  await client.call("interfaceCreate", { iface, flags: 0 });
  assert.equal(await isActive(), 1);
  const twice = await errorOf(client.call("interfaceCreate", { iface, flags: 0 }));
  assert.equal(twice.remoteCode, "VIR_ERR_OPERATION_INVALID");
  await client.call("interfaceDestroy", { iface, flags: 0 });
  const down = await errorOf(client.call("interfaceDestroy", { iface, flags: 0 }));
  assert.equal(down.remoteCode, "VIR_ERR_OPERATION_INVALID");
  const { xml } = await client.call("interfaceGetXmlDesc", { iface, flags: 0 });
  assert.match(xml, /^<interface type='ethernet' name='eth7'>/);
  await client.call("interfaceUndefine", { iface });
  const gone = await errorOf(client.call("interfaceIsActive", { iface }));
  assert.equal(gone.message, "Interface not found: no interface with matching name 'eth7'");
});

Deno.test("an interface without a name, and something else, is refused as libvirt refuses it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const said = async (xml: string, flags = 0): Promise<string> =>
    (await errorOf(client.call("interfaceDefineXml", { xml, flags }))).message;
  assert.equal(await said("<interface type='ethernet'/>"), "XML error: interface has no name");
  assert.equal(await said("<network/>"), "XML error: expecting root element of 'interface', not 'network'");
  assert.match(
    await said("<interface type='ethernet'/>", 1),
    /^XML document failed to validate against schema/,
  );
});

Deno.test("a change of interfaces is kept or taken back, and there is one at a time", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const count = async (): Promise<number> =>
    (await client.call("connectListAllInterfaces", { needResults: 0, flags: 0 })).ret;
  const refusedAs = async (procedure: "Begin" | "Commit" | "Rollback"): Promise<string> =>
    (await errorOf(client.call(`interfaceChange${procedure}`, { flags: 0 }))).message;
  const invalid = "Requested operation is not valid:";
  assert.equal(await refusedAs("Commit"), `${invalid} no transaction running, nothing to be committed.`);
  assert.equal(await refusedAs("Rollback"), `${invalid} no transaction running, nothing to rollback.`);
  await client.call("interfaceChangeBegin", { flags: 0 });
  assert.equal(await refusedAs("Begin"), `${invalid} there is another transaction running.`);
  await client.call("interfaceUndefine", { iface: eth1 });
  await client.call("interfaceChangeRollback", { flags: 0 });
  assert.equal(await count(), 1);
  await client.call("interfaceChangeBegin", { flags: 0 });
  await client.call("interfaceUndefine", { iface: eth1 });
  await client.call("interfaceChangeCommit", { flags: 0 });
  assert.equal(await count(), 0);
});
