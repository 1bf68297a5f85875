import assert from "node:assert/strict";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const adapter = (number: number, parent = "<parent>scsi_host1</parent>"): string =>
  `<device>${parent}<capability type='scsi_host'><capability type='fc_host'><wwnn>200000001234000${number}</wwnn>
<wwpn>100000001234000${number}</wwpn></capability></capability></device>`;
const mediated = `<device><parent>computer</parent><capability type='mdev'><type id='any'/>
<uuid>11111111-2222-4333-8444-555555555555</uuid></capability></device>`;

const bit = { system: 1, pci: 2, scsiHost: 1 << 5, fcHost: 1 << 9, vports: 1 << 10, mdev: 1 << 14 } as const;
const transient = 1 << 29;
const inactive = 1 << 30;
const active = 0x8000_0000;

Deno.test("devices are listed by what they can and how they are, and counted", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await client.call("nodeDeviceDefineXml", { xmlDesc: mediated, flags: 0 });
  const listed = async (flags: number): Promise<string> => {
    const { devices, ret } = await client.call("connectListAllNodeDevices", { needResults: 1, flags });
    assert.equal(ret, devices.length);
    return devices.map(({ name }) => name).join();
  };
  const there = "computer,scsi_host1,scsi_host2,scsi_host11";
  const defined = "mdev_11111111_2222_4333_8444_555555555555_computer";
  assert.deepEqual([await listed(0), await listed(active), await listed(inactive)], [
    `${there},${defined}`,
    there,
    defined,
  ]);
  assert.equal(await listed(transient), there);
  assert.equal(await listed(bit.system), "computer");
  assert.equal(await listed(bit.vports), "scsi_host1,scsi_host2");
  assert.equal(await listed(bit.fcHost), "scsi_host1,scsi_host2,scsi_host11");
  assert.equal(await listed(bit.system | bit.scsiHost), there);
  assert.equal(await listed(bit.mdev), defined);
  assert.equal(await listed(bit.pci), "");
  assert.deepEqual(await client.call("connectListAllNodeDevices", { needResults: 0, flags: 0 }), {
    devices: [],
    ret: 5,
  });
  const flags = 1 << 27;
  const error = await errorOf(client.call("connectListAllNodeDevices", { needResults: 1, flags }));
  assert.equal(error.remoteCode, "VIR_ERR_INVALID_ARG");
});

Deno.test("older clients list the devices that are there by one thing that they can", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const listed = async (cap: string | undefined): Promise<readonly string[]> => {
    const { names } = await client.call("nodeListDevices", { cap, maxnames: 9, flags: 0 });
    assert.equal((await client.call("nodeNumOfDevices", { cap, flags: 0 })).num, names.length);
    return names;
  };
  assert.equal((await listed(undefined)).length, 4);
  assert.deepEqual(await listed("vports"), ["scsi_host1", "scsi_host2"]);
  assert.deepEqual(await listed("nonsense"), []);
});

Deno.test("a device is found by its name, and an adapter by its world-wide names", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const scsi = { dev: { name: "scsi_host1" } };
  assert.deepEqual(await client.call("nodeDeviceLookupByName", { name: "scsi_host1" }), scsi);
  const [wwnn, wwpn] = ["2000000012341234", "1000000012341234"];
  assert.deepEqual(await client.call("nodeDeviceLookupScsiHostByWwn", { wwnn, wwpn, flags: 0 }), scsi);
  const byName = await errorOf(client.call("nodeDeviceLookupByName", { name: `${wwnn},${wwpn}` }));
  assert.equal(
    byName.message,
    `Node device not found: no node device with matching name '${wwnn},${wwpn}'`,
  );
  const other = await errorOf(client.call("nodeDeviceLookupScsiHostByWwn", { wwnn, wwpn: wwnn, flags: 0 }));
  assert.equal(other.remoteCode, "VIR_ERR_NO_NODE_DEVICE");
});

Deno.test("a device says what it is", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const name = "scsi_host1";
  assert.match(
    (await client.call("nodeDeviceGetXmlDesc", { name, flags: 0 })).xml,
    /<name>scsi_host1<\/name>/,
  );
  assert.deepEqual(await client.call("nodeDeviceGetParent", { name }), { parentName: "computer" });
  assert.deepEqual(await client.call("nodeDeviceGetParent", { name: "computer" }), { parentName: undefined });
  assert.deepEqual(await client.call("nodeDeviceNumOfCaps", { name }), { num: 3 });
  assert.deepEqual(await client.call("nodeDeviceListCaps", { name, maxnames: 9 }), {
    names: ["scsi_host", "fc_host", "vports"],
  });
  assert.deepEqual(await client.call("nodeDeviceListCaps", { name, maxnames: 1 }), { names: ["scsi_host"] });
  assert.deepEqual(await client.call("nodeDeviceIsActive", { name }), { active: 1 });
  const error = await errorOf(client.call("nodeDeviceGetParent", { name: "nobody" }));
  assert.equal(error.message, "Node device not found: no node device with matching name 'nobody'");
});

Deno.test("an adapter is made under the parent that is said in any way, or under one that can", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const parents = [
    "<parent>scsi_host2</parent>",
    "<parent wwnn='2000000056785678' wwpn='1000000056785678'/>",
    "<parent fabric_wwn='2000000087658765'/>",
    "",
  ];
  const found: (string | undefined)[] = [];
  for (const [index, parent] of parents.entries()) {
    const { dev } = await client.call("nodeDeviceCreateXml", { xmlDesc: adapter(index, parent), flags: 0 });
    found.push((await client.call("nodeDeviceGetParent", { name: dev.name })).parentName);
    await client.call("nodeDeviceDestroy", { name: dev.name });
  }
  assert.deepEqual(found, ["scsi_host2", "scsi_host2", "scsi_host2", "scsi_host1"]);
});

Deno.test("what cannot be made, and what cannot be removed, is refused as libvirt refuses it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const said = async (xmlDesc: string): Promise<string> =>
    (await errorOf(client.call("nodeDeviceCreateXml", { xmlDesc, flags: 0 }))).message;
  assert.equal(
    await said(adapter(1, "<parent>nobody</parent>")),
    "internal error: Could not find parent device for 'new device'",
  );
  assert.equal(
    await said("<device><parent>computer</parent><capability type='net'/></device>"),
    "internal error: Device is not a fibre channel HBA",
  );
  assert.equal(
    await said("<device><capability type='scsi_host'><capability type='fc_host'/></capability></device>"),
    "internal error: no WWNN supplied for 'new device', and auto-generation failed",
  );
  assert.equal(await said("<network/>"), "XML error: expecting root element of 'device', not 'network'");
  const error = await errorOf(client.call("nodeDeviceDestroy", { name: "computer" }));
  assert.equal(error.message, "Operation not supported: Unsupported device type");
});

Deno.test("a device is defined, made by its definition, started with its host, and undefined", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { dev: { name } } = await client.call("nodeDeviceDefineXml", { xmlDesc: mediated, flags: 0 });
  const state = async (): Promise<readonly number[]> => [
    (await client.call("nodeDeviceIsActive", { name })).active,
    (await client.call("nodeDeviceIsPersistent", { name })).persistent,
    (await client.call("nodeDeviceGetAutostart", { name })).autostart,
  ];
  assert.deepEqual(await state(), [0, 1, 0]);
  await client.call("nodeDeviceSetAutostart", { name, autostart: 1 });
  await client.call("nodeDeviceCreate", { name, flags: 0 });
  assert.deepEqual(await state(), [1, 1, 1]);
  await client.call("nodeDeviceDestroy", { name });
  await client.call("nodeDeviceUndefine", { name, flags: 0 });
  assert.equal(
    (await errorOf(client.call("nodeDeviceIsActive", { name }))).remoteCode,
    "VIR_ERR_NO_NODE_DEVICE",
  );
});

Deno.test("what the driver lacks is called by libvirt's name for it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const name = "scsi_host1";
  const lacks = "this function is not supported by the connection driver:";
  const said = async (call: Promise<unknown>): Promise<string> => (await errorOf(call)).message;
  assert.equal(await said(client.call("nodeDeviceDettach", { name })), `${lacks} virNodeDeviceDettach`);
  assert.equal(await said(client.call("nodeDeviceReAttach", { name })), `${lacks} virNodeDeviceReAttach`);
  assert.equal(await said(client.call("nodeDeviceReset", { name })), `${lacks} virNodeDeviceReset`);
  const detach = client.call("nodeDeviceDetachFlags", { name, driverName: "vfio", flags: 0 });
  assert.equal(await said(detach), `${lacks} virNodeDeviceDetachFlags`);
});

Deno.test("whoever has asked is told of a device's life", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const heard: string[] = [];
  client.on("nodeDeviceEventLifecycle", ({ dev, event }) => void heard.push(`${dev.name} ${event}`));
  const { callbackID } = await client.call("connectNodeDeviceEventRegisterAny", {
    eventID: 0,
    dev: undefined,
  });
  const { dev } = await client.call("nodeDeviceCreateXml", { xmlDesc: adapter(1), flags: 0 });
  await client.call("nodeDeviceDestroy", { name: dev.name });
  assert.deepEqual(heard, [`${dev.name} 0`, `${dev.name} 1`]);
  await client.call("connectNodeDeviceEventDeregisterAny", { callbackID });
  const unknown = await errorOf(
    client.call("connectNodeDeviceEventRegisterAny", { eventID: 2, dev: undefined }),
  );
  assert.equal(unknown.message, "internal error: unsupported node device event ID 2");
  const error = await errorOf(client.call("connectNodeDeviceEventDeregisterAny", { callbackID }));
  assert.equal(error.message, `internal error: node device event callback ${callbackID} not registered`);
});
