import assert from "node:assert/strict";
import type { RemoteNetwork } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const standard: RemoteNetwork = { name: "default", uuid: "dd8fe884-6c02-601e-7551-cca97df1c5df" };
const uuid = "11111111-2222-4333-8444-555555555555";
const spare: RemoteNetwork = { name: "spare", uuid };
const definition = (name: string, rest = ""): string =>
  `<network><name>${name}</name><uuid>${uuid}</uuid><bridge name='virbr9'/>${rest}</network>`;
const nobody: RemoteNetwork = { name: "nobody", uuid: "00000000-0000-4000-8000-000000000000" };

const invalid = "VIR_ERR_OPERATION_INVALID";

Deno.test("networks are listed by each filter, and counted where nothing more is asked for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await client.call("networkDefineXml", { xml: definition("spare") });
  await client.call("networkSetAutostart", { net: spare, autostart: 1 });
  const listed = async (flags: number): Promise<string> =>
    (await client.call("connectListAllNetworks", { needResults: 1, flags })).nets.map(({ name }) => name)
      .join();
  assert.deepEqual(
    await Promise.all([0, 1, 2, 3, 4, 8, 16, 32, 1 | 16, 2 | 16].map(listed)),
    [
      ...["default,spare", "spare", "default", "default,spare", "default,spare", ""],
      ...["spare", "default", "spare", ""],
    ],
  );
  assert.deepEqual(await client.call("connectListAllNetworks", { needResults: 0, flags: 0 }), {
    nets: [],
    ret: 2,
  });
  assert.deepEqual(await client.call("connectNumOfNetworks", undefined), { num: 1 });
  assert.deepEqual(await client.call("connectNumOfDefinedNetworks", undefined), { num: 1 });
  assert.deepEqual(await client.call("connectListNetworks", { maxnames: 5 }), { names: ["default"] });
  assert.deepEqual(await client.call("connectListDefinedNetworks", { maxnames: 5 }), { names: ["spare"] });
  assert.deepEqual(await client.call("connectListDefinedNetworks", { maxnames: 0 }), { names: [] });
  const error = await errorOf(client.call("connectListNetworks", { maxnames: -1 }));
  assert.equal(error.remoteCode, "VIR_ERR_INVALID_ARG");
});

Deno.test("bits that libvirt's lists of networks have not are refused", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const error = await errorOf(client.call("connectListAllNetworks", { needResults: 1, flags: 0x40 }));
  assert.equal(
    error.message,
    "unsupported flags (0x40) in function testConnectListAllNetworks",
  );
});

Deno.test("a network is found by its name or by its UUID, whichever is asked for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  // It is called as the other one is numbered.
  await client.call("networkDefineXml", { xml: definition(standard.uuid) });
  assert.deepEqual((await client.call("networkLookupByName", { name: standard.uuid })).net.uuid, uuid);
  assert.deepEqual((await client.call("networkLookupByUuid", { uuid: standard.uuid })).net, standard);
  const byName = await errorOf(client.call("networkLookupByName", { name: uuid }));
  assert.equal(byName.remoteCode, "VIR_ERR_NO_NETWORK");
  assert.equal(byName.message, `Network not found: no network with matching name '${uuid}'`);
  const byUuid = await errorOf(client.call("networkLookupByUuid", { uuid: nobody.uuid }));
  assert.equal(byUuid.message, `Network not found: no network with matching uuid '${nobody.uuid}'`);
});

Deno.test("a network lives as libvirt's do, and says in its words what it cannot", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { net } = await client.call("networkDefineXmlFlags", { xml: definition("spare"), flags: 0 });
  assert.deepEqual(net, spare);
  const state = async (): Promise<readonly number[]> => [
    (await client.call("networkIsActive", { net })).active,
    (await client.call("networkIsPersistent", { net })).persistent,
    (await client.call("networkGetAutostart", { net })).autostart,
  ];
  assert.deepEqual(await state(), [0, 1, 0]);
  const stopped = await errorOf(client.call("networkDestroy", { net }));
  assert.equal(stopped.remoteCode, invalid);
  assert.equal(stopped.message, "Requested operation is not valid: network 'spare' is not active");
  await client.call("networkCreate", { net });
  await client.call("networkSetAutostart", { net, autostart: 1 });
  assert.deepEqual(await state(), [1, 1, 1]);
  const running = await errorOf(client.call("networkCreate", { net }));
  assert.equal(running.message, "Requested operation is not valid: Network 'spare' is already running");
  const kept = await errorOf(client.call("networkUndefine", { net }));
  assert.equal(kept.message, "Requested operation is not valid: Network 'spare' is still running");
  assert.equal((await client.call("networkGetBridgeName", { net })).name, "virbr9");
  await client.call("networkDestroy", { net });
  await client.call("networkUndefine", { net });
  const gone = await errorOf(client.call("networkIsActive", { net }));
  assert.equal(gone.message, `Network not found: no network with matching uuid '${uuid}'`);
});

Deno.test("a network that is not kept is gone when it stops, and starts with no host", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { net } = await client.call("networkCreateXmlFlags", { xml: definition("spare"), flags: 1 });
  assert.equal((await client.call("networkIsPersistent", { net })).persistent, 0);
  const error = await errorOf(client.call("networkSetAutostart", { net, autostart: 1 }));
  assert.equal(error.message, "Requested operation is not valid: cannot set autostart for transient network");
  await client.call("networkDestroy", { net });
  assert.equal((await errorOf(client.call("networkIsActive", { net }))).remoteCode, "VIR_ERR_NO_NETWORK");
});

Deno.test("a name and a UUID belong to one network", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const named = definition("default");
  const numbered = `<network><name>other</name><uuid>${standard.uuid}</uuid></network>`;
  const taken = `operation failed: network 'default' already exists with uuid ${standard.uuid}`;
  const defined = `operation failed: network 'default' is already defined with uuid ${standard.uuid}`;
  assert.equal((await errorOf(client.call("networkDefineXml", { xml: named }))).message, taken);
  assert.equal((await errorOf(client.call("networkCreateXml", { xml: named }))).message, taken);
  assert.equal((await errorOf(client.call("networkDefineXml", { xml: numbered }))).message, defined);
  assert.equal((await errorOf(client.call("networkCreateXml", { xml: numbered }))).message, defined);
  const { xml } = await client.call("networkGetXmlDesc", { net: standard, flags: 0 });
  const error = await errorOf(client.call("networkCreateXml", { xml }));
  assert.equal(error.message, "Requested operation is not valid: network is already active as 'default'");
});

Deno.test("a document is checked as a whole where that is asked for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const xml = definition("spare", "<colour>red</colour>");
  for (const procedure of ["networkDefineXmlFlags", "networkCreateXmlFlags"] as const) {
    const error = await errorOf(client.call(procedure, { xml, flags: 1 }));
    assert.equal(error.remoteCode, "VIR_ERR_XML_INVALID_SCHEMA");
    assert.match(error.message, /^XML document failed to validate against schema: .*\/network\/colour/);
    assert.equal(
      (await errorOf(client.call(procedure, { xml, flags: 2 }))).remoteCode,
      "VIR_ERR_INVALID_ARG",
    );
  }
  assert.deepEqual((await client.call("networkDefineXmlFlags", { xml, flags: 0 })).net, spare);
});

Deno.test("documents of something else, and without a name, are refused as libvirt refuses them", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const nameless = await errorOf(client.call("networkDefineXml", { xml: "<network/>" }));
  assert.deepEqual([nameless.remoteCode, nameless.message], ["VIR_ERR_NO_NAME", "missing name information"]);
  const other = await errorOf(client.call("networkDefineXml", { xml: "<pool/>" }));
  assert.equal(other.message, "XML error: expecting root element of 'network', not 'pool'");
});

Deno.test("a network without a bridge has no name for it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const xml = `<network><name>spare</name><uuid>${uuid}</uuid><forward mode='hostdev'/></network>`;
  const { net } = await client.call("networkDefineXml", { xml });
  const error = await errorOf(client.call("networkGetBridgeName", { net }));
  assert.equal(error.message, "internal error: network 'spare' does not have a bridge name.");
});

Deno.test("a part of a network is changed while it runs, in its definition, or in both", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const change = (host: number, flags: number): Promise<unknown> =>
    client.call("networkUpdate", {
      net: standard,
      command: 3,
      section: 4,
      parentIndex: -1,
      xml: `<host mac='00:11:22:33:44:0${host}' ip='192.168.122.${host}'/>`,
      flags,
    });
  await change(5, 0);
  await change(6, 2);
  await change(7, 3);
  const hosts = async (flags: number): Promise<readonly (string | undefined)[]> => {
    const { xml } = await client.call("networkGetXmlDesc", { net: standard, flags });
    return [...xml.matchAll(/<host .*ip='192\.168\.122\.(\d)'\/>/g)].map(([, last]) => last);
  };
  assert.deepEqual([await hosts(0), await hosts(1)], [["5", "7"], ["6", "7"]]);
  const twice = await errorOf(change(7, 1));
  assert.equal(twice.remoteCode, invalid);
  await client.call("networkDestroy", { net: standard });
  assert.deepEqual(await hosts(0), ["6", "7"]);
  const stopped = await errorOf(change(8, 1));
  assert.equal(stopped.message, "Requested operation is not valid: network is not running");
});

Deno.test("what cannot be changed by itself is not supported", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const update = { net: standard, command: 3, section: 1, parentIndex: -1, xml: "<bridge/>", flags: 0 };
  const bridge = await errorOf(client.call("networkUpdate", update));
  assert.equal(bridge.remoteCode, "VIR_ERR_OPERATION_UNSUPPORTED");
  assert.equal(bridge.message, "Operation not supported: can't update 'bridge' section of network 'default'");
  for (const wrong of [{ section: 13 }, { section: 0 }, { command: 0 }, { command: 5 }]) {
    const error = await errorOf(client.call("networkUpdate", { ...update, ...wrong }));
    assert.equal(error.remoteCode, "VIR_ERR_OPERATION_UNSUPPORTED");
  }
});

Deno.test("leases are told, only counted, or looked for by address", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const ask = { net: standard, mac: undefined, needResults: 1, flags: 0 };
  const { leases, ret } = await client.call("networkGetDhcpLeases", ask);
  assert.equal(ret, 1);
  assert.deepEqual(
    leases.map(({ iface, mac, hostname, prefix, type }) => ({ iface, mac, hostname, prefix, type })),
    [{ iface: "virbr0", mac: "aa:bb:cc:dd:ee:ff", hostname: "test", prefix: 24, type: 0 }],
  );
  assert.deepEqual(await client.call("networkGetDhcpLeases", { ...ask, needResults: 0 }), {
    leases: [],
    ret: 1,
  });
  const other = { ...ask, mac: "00:00:00:00:00:01" };
  assert.deepEqual(await client.call("networkGetDhcpLeases", other), { leases: [], ret: 0 });
});

Deno.test("whoever has asked is told of a network's life, and of no other network's than he asked for", async () => {
  await using daemon = new MemoryDaemon();
  const [all, one, actor] = [await daemon.connect(), await daemon.connect(), await daemon.connect()];
  const heard: string[] = [];
  all.on("networkEventLifecycle", ({ net, event }) => void heard.push(`all ${net.name} ${event}`));
  one.on("networkEventLifecycle", ({ net, event }) => void heard.push(`one ${net.name} ${event}`));
  const { callbackID } = await all.call("connectNetworkEventRegisterAny", { eventID: 0, net: undefined });
  await one.call("connectNetworkEventRegisterAny", { eventID: 0, net: standard });
  await actor.call("networkDefineXml", { xml: definition("spare") });
  await actor.call("networkCreate", { net: spare });
  await actor.call("networkDestroy", { net: spare });
  await actor.call("networkUndefine", { net: spare });
  await all.call("connectNetworkEventDeregisterAny", { callbackID });
  await actor.call("networkDestroy", { net: standard });
  for (const client of [all, one]) await client.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, ["all spare 0", "all spare 2", "all spare 3", "all spare 1", "one default 3"]);
  const error = await errorOf(all.call("connectNetworkEventDeregisterAny", { callbackID }));
  assert.equal(error.message, `internal error: network event callback ${callbackID} not registered`);
  const unknown = await errorOf(all.call("connectNetworkEventRegisterAny", { eventID: 2, net: undefined }));
  assert.equal(unknown.message, "internal error: unsupported network event ID 2");
});

Deno.test("a network has a title, a description and what programs keep in it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const none = { network: standard, uri: undefined, flags: 0 };
  const read = (
    type: number,
    more: { readonly uri?: string; readonly flags?: number } = {},
  ): Promise<unknown> => client.call("networkGetMetadata", { ...none, type, ...more });
  const write = (
    type: number,
    metadata: string | undefined,
    more: { readonly key?: string; readonly uri?: string; readonly flags?: number } = {},
  ): Promise<unknown> =>
    client.call("networkSetMetadata", { ...none, key: undefined, type, metadata, ...more });
  assert.equal((await errorOf(read(1))).remoteCode, "VIR_ERR_NO_NETWORK_METADATA");
  const heard: unknown[] = [];
  client.on(
    "networkEventCallbackMetadataChange",
    ({ net, type, nsuri }) => void heard.push([net, type, nsuri]),
  );
  await client.call("connectNetworkEventRegisterAny", { eventID: 1, net: standard });
  await write(1, "The first");
  await write(0, "For everybody", { flags: 2 });
  const uri = "http://example.org/a";
  await write(2, "<owner>web</owner>", { key: "a", uri, flags: 3 });
  assert.deepEqual(heard, [[standard, 1, undefined], [standard, 0, undefined], [standard, 2, uri]]);
  assert.deepEqual(await read(1), { metadata: "The first" });
  assert.deepEqual(await read(0, { flags: 2 }), { metadata: "For everybody" });
  assert.deepEqual(await read(2, { uri }), { metadata: "<owner>web</owner>" });
  assert.equal((await errorOf(read(1, { flags: 2 }))).remoteCode, "VIR_ERR_NO_NETWORK_METADATA");
  assert.match(
    (await client.call("networkGetXmlDesc", { net: standard, flags: 0 })).xml,
    /<title>The first<\/title>/,
  );
  await write(1, undefined);
  assert.equal((await errorOf(read(1))).remoteCode, "VIR_ERR_NO_NETWORK_METADATA");
  assert.equal((await errorOf(read(3))).remoteCode, "VIR_ERR_INVALID_ARG");
  assert.equal((await errorOf(read(0, { flags: 3 }))).remoteCode, "VIR_ERR_INVALID_ARG");
  await client.call("networkDestroy", { net: standard });
  assert.deepEqual(await read(2, { uri }), { metadata: "<owner>web</owner>" });
  for (const call of [read(0, { flags: 1 }), write(0, "x", { flags: 1 })]) {
    assert.equal((await errorOf(call)).message, "Requested operation is not valid: network is not running");
  }
});

Deno.test("whoever may only look can change no network", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect({ readonly: true });
  assert.equal((await client.call("networkIsActive", { net: standard })).active, 1);
  const error = await errorOf(client.call("networkDestroy", { net: standard }));
  assert.equal(error.message, "operation forbidden: read only access prevents virNetworkDestroy");
});
