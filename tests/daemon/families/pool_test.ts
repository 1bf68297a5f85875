import assert from "node:assert/strict";
import type { RemoteStoragePool } from "../../../protocol/procedures/mod.ts";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const gibibyte = 1024n ** 3n;
const pool: RemoteStoragePool = { name: "default-pool", uuid: "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566" };
const nobody: RemoteStoragePool = { name: "nobody", uuid: "00000000-0000-4000-8000-000000000000" };
const definition = (name: string, type = "dir"): string =>
  `<pool type='${type}'><name>${name}</name><target><path>/pools/${name}</path></target></pool>`;

async function defined(client: ClientConnection, name: string, type?: string): Promise<RemoteStoragePool> {
  return (await client.call("storagePoolDefineXml", { xml: definition(name, type), flags: 0 })).pool;
}

async function listed(client: ClientConnection, flags: number): Promise<readonly string[]> {
  const { pools, ret } = await client.call("connectListAllStoragePools", { needResults: 1, flags });
  assert.equal(ret, pools.length);
  return pools.map(({ name }) => name);
}

Deno.test("a storage pool is found by its name, its UUID, its target and a volume of it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  assert.deepEqual(await client.call("storagePoolLookupByName", { name: "default-pool" }), { pool });
  assert.deepEqual(await client.call("storagePoolLookupByUuid", { uuid: pool.uuid }), { pool });
  assert.deepEqual(await client.call("storagePoolLookupByTargetPath", { path: "/default-pool" }), { pool });
  const vol = { pool: "default-pool", name: "any", key: "any" };
  assert.deepEqual(await client.call("storagePoolLookupByVolume", { vol }), { pool });
});

Deno.test("a storage pool that is not there is not found, in libvirt's words", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const byName = await errorOf(client.call("storagePoolLookupByName", { name: "nobody" }));
  assert.equal(byName.message, "Storage pool not found: no storage pool with matching name 'nobody'");
  const byUuid = await errorOf(client.call("storagePoolLookupByUuid", { uuid: nobody.uuid }));
  assert.equal(byUuid.message, `Storage pool not found: no storage pool with matching uuid '${nobody.uuid}'`);
  // What is looked up by its UUID is not found by a name that looks the same.
  for (const name of [pool.uuid, "/default-pool"]) {
    const { remoteCode } = await errorOf(client.call("storagePoolLookupByName", { name }));
    assert.equal(remoteCode, "VIR_ERR_NO_STORAGE_POOL");
  }
  for (const procedure of ["storagePoolGetInfo", "storagePoolDestroy", "storagePoolUndefine"] as const) {
    const { remoteCode } = await errorOf(client.call(procedure, { pool: nobody }));
    assert.equal(remoteCode, "VIR_ERR_NO_STORAGE_POOL", procedure);
  }
});

Deno.test("a list shows the storage pools that its flags ask for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const [off] = [await defined(client, "off"), await defined(client, "files", "fs")];
  await client.call("storagePoolSetAutostart", { pool: off, autostart: 1 });
  await client.call("storagePoolCreateXml", { xml: definition("passing"), flags: 0 });
  const [inactive, active, persistent, transient, autostart, noAutostart, dir, fs] = [
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
  ] as const;
  const all = ["default-pool", "off", "files", "passing"];
  assert.deepEqual(await listed(client, 0), all);
  assert.deepEqual(await listed(client, active | inactive), all);
  assert.deepEqual(await listed(client, inactive), ["off", "files"]);
  assert.deepEqual(await listed(client, active), ["default-pool", "passing"]);
  assert.deepEqual(await listed(client, active | persistent), ["default-pool"]);
  assert.deepEqual(await listed(client, transient), ["passing"]);
  assert.deepEqual(await listed(client, autostart), ["off"]);
  assert.deepEqual(await listed(client, noAutostart | inactive), ["files"]);
  assert.deepEqual(await listed(client, fs), ["files"]);
  assert.deepEqual(await listed(client, dir | fs), ["default-pool", "off", "passing", "files"]);
  assert.deepEqual(await listed(client, 1 << 15), []);
  const counted = await client.call("connectListAllStoragePools", { needResults: 0, flags: 0 });
  assert.deepEqual(counted, { pools: [], ret: 4 });
  const error = await errorOf(listed(client, 1 << 20));
  assert.match(error.message, /^unsupported flags \(0x100000\)/);
});

Deno.test("older clients list names, as many as they have room for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await defined(client, "one");
  await defined(client, "two");
  assert.deepEqual(await client.call("connectNumOfStoragePools", undefined), { num: 1 });
  assert.deepEqual(await client.call("connectNumOfDefinedStoragePools", undefined), { num: 2 });
  assert.deepEqual(await client.call("connectListStoragePools", { maxnames: 10 }), {
    names: ["default-pool"],
  });
  assert.deepEqual(await client.call("connectListDefinedStoragePools", { maxnames: 1 }), { names: ["one"] });
});

Deno.test("a storage pool is defined, built, started, refreshed, stopped, deleted and undefined", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const pool = await defined(client, "life");
  const state = async (): Promise<number> => (await client.call("storagePoolGetInfo", { pool })).state;
  await client.call("storagePoolBuild", { pool, flags: 0 });
  assert.equal(await state(), 0);
  await client.call("storagePoolCreate", { pool, flags: 0 });
  assert.deepEqual(await client.call("storagePoolGetInfo", { pool }), {
    state: 2,
    capacity: 100n * gibibyte,
    allocation: 0n,
    available: 100n * gibibyte,
  });
  assert.deepEqual(await client.call("storagePoolIsActive", { pool }), { active: 1 });
  await client.call("storagePoolRefresh", { pool, flags: 0 });
  const started = await errorOf(client.call("storagePoolCreate", { pool, flags: 0 }));
  assert.equal(started.message, "Requested operation is not valid: storage pool 'life' is active");
  for (
    const call of [
      client.call("storagePoolUndefine", { pool }),
      client.call("storagePoolBuild", { pool, flags: 0 }),
      client.call("storagePoolDelete", { pool, flags: 0 }),
    ]
  ) assert.equal((await errorOf(call)).message, started.message);
  await client.call("storagePoolDestroy", { pool });
  const stopped = await errorOf(client.call("storagePoolDestroy", { pool }));
  assert.equal(stopped.message, "Requested operation is not valid: storage pool 'life' is not active");
  assert.equal(
    (await errorOf(client.call("storagePoolRefresh", { pool, flags: 0 }))).message,
    stopped.message,
  );
  await client.call("storagePoolDelete", { pool, flags: 0 });
  assert.deepEqual(await client.call("storagePoolIsPersistent", { pool }), { persistent: 1 });
  await client.call("storagePoolUndefine", { pool });
  assert.equal((await errorOf(state())).remoteCode, "VIR_ERR_NO_STORAGE_POOL");
});

Deno.test("a pool without a definition is gone when it is stopped, and does not start with its host", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { pool } = await client.call("storagePoolCreateXml", { xml: definition("passing"), flags: 1 });
  assert.deepEqual(await client.call("storagePoolIsPersistent", { pool }), { persistent: 0 });
  const error = await errorOf(client.call("storagePoolSetAutostart", { pool, autostart: 1 }));
  assert.equal(error.message, "internal error: pool has no config file");
  await client.call("storagePoolDestroy", { pool });
  assert.deepEqual(await client.call("connectNumOfStoragePools", undefined), { num: 1 });
});

Deno.test("a storage pool starts with its host, or not any more", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await client.call("storagePoolSetAutostart", { pool, autostart: 7 });
  assert.deepEqual(await client.call("storagePoolGetAutostart", { pool }), { autostart: 1 });
  await client.call("storagePoolSetAutostart", { pool, autostart: 0 });
  assert.deepEqual(await client.call("storagePoolGetAutostart", { pool }), { autostart: 0 });
});

Deno.test("a storage pool that is started shows its sizes, and what the next start uses on request", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const { xml } = await client.call("storagePoolGetXmlDesc", { pool, flags: 0 });
  assert.match(xml, /<capacity unit='bytes'>107374182400<\/capacity>/);
  const inactive = await client.call("storagePoolGetXmlDesc", { pool, flags: 1 });
  assert.doesNotMatch(inactive.xml, /<capacity/);
});

Deno.test("what is there is written over, or must not be, but not both", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const pool = await defined(client, "built");
  await client.call("storagePoolCreate", { pool, flags: 1 });
  await client.call("storagePoolDestroy", { pool });
  const kept = await errorOf(client.call("storagePoolBuild", { pool, flags: 4 }));
  assert.equal(kept.remoteCode, "VIR_ERR_OPERATION_FAILED");
  await client.call("storagePoolBuild", { pool, flags: 8 });
  for (
    const call of [
      client.call("storagePoolBuild", { pool, flags: 4 | 8 }),
      client.call("storagePoolCreate", { pool, flags: 2 | 4 }),
    ]
  ) assert.match((await errorOf(call)).message, /mutually exclusive$/);
});

Deno.test("sources for pools are found where the host has any", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const find = async (type: string, srcSpec?: string): Promise<string> =>
    (await client.call("connectFindStoragePoolSources", { type, srcSpec, flags: 0 })).xml;
  assert.match(await find("logical"), /<name>testvg1<\/name>/);
  assert.match(await find("netfs", "<source><host name='far'/></source>"), /<host name='far'\/>/);
  assert.equal((await errorOf(find("netfs"))).remoteCode, "VIR_ERR_INVALID_ARG");
  assert.equal((await errorOf(find("dir"))).remoteCode, "VIR_ERR_NO_SUPPORT");
});

Deno.test("whoever has asked hears of a storage pool's life", async () => {
  await using daemon = new MemoryDaemon();
  const [listener, actor] = [await daemon.connect(), await daemon.connect()];
  const heard: string[] = [];
  listener.on("storagePoolEventLifecycle", ({ callbackID, pool, event, detail }) => {
    heard.push(`${callbackID} ${pool.name} ${event} ${detail}`);
  });
  listener.on(
    "storagePoolEventRefresh",
    ({ callbackID, pool }) => void heard.push(`${callbackID} ${pool.name}`),
  );
  const register = async (eventID: number, of?: RemoteStoragePool): Promise<number> =>
    (await listener.call("connectStoragePoolEventRegisterAny", { eventID, pool: of })).callbackID;
  assert.deepEqual([await register(0), await register(1), await register(0, pool)], [0, 1, 2]);
  const life = await defined(actor, "life");
  await actor.call("storagePoolBuild", { pool: life, flags: 0 });
  await actor.call("storagePoolCreate", { pool: life, flags: 0 });
  await actor.call("storagePoolRefresh", { pool: life, flags: 0 });
  await actor.call("storagePoolDestroy", { pool: life });
  await actor.call("storagePoolBuild", { pool: life, flags: 0 });
  await actor.call("storagePoolDelete", { pool: life, flags: 0 });
  await actor.call("storagePoolUndefine", { pool: life });
  await listener.call("connectStoragePoolEventDeregisterAny", { callbackID: 0 });
  await actor.call("storagePoolDestroy", { pool });
  await listener.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, [
    "0 life 0 0",
    "0 life 4 0",
    "0 life 2 0",
    "1 life",
    "0 life 3 0",
    "0 life 4 0",
    "0 life 5 0",
    "0 life 1 0",
    "2 default-pool 3 0",
  ]);
});

Deno.test("only events that there are can be registered for, and registrations are taken back once", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const unknown = await errorOf(
    client.call("connectStoragePoolEventRegisterAny", { eventID: 2, pool: undefined }),
  );
  assert.equal(unknown.message, "internal error: unsupported storage pool event ID 2");
  const missing = await errorOf(
    client.call("connectStoragePoolEventRegisterAny", { eventID: 0, pool: nobody }),
  );
  assert.equal(missing.remoteCode, "VIR_ERR_NO_STORAGE_POOL");
  const error = await errorOf(client.call("connectStoragePoolEventDeregisterAny", { callbackID: 5 }));
  assert.equal(error.message, "internal error: storage pool event callback 5 not registered");
});
