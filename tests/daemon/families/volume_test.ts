import assert from "node:assert/strict";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { RemoteStoragePool, RemoteStorageVolume } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const mebibyte = 1024n ** 2n;
const pool: RemoteStoragePool = { name: "default-pool", uuid: "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566" };
const nothing: RemoteStorageVolume = { pool: "default-pool", name: "nothing", key: "/default-pool/nothing" };
const definition = (name: string, mebibytes = 1): string =>
  `<volume><name>${name}</name><capacity unit='MiB'>${mebibytes}</capacity><allocation>0</allocation></volume>`;

async function made(client: ClientConnection, name: string, mebibytes = 1): Promise<RemoteStorageVolume> {
  return (await client.call("storageVolCreateXml", { pool, xml: definition(name, mebibytes), flags: 0 })).vol;
}

Deno.test("a volume is made, found by name, key and path, shown and deleted", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, "disk");
  assert.deepEqual(vol, { pool: "default-pool", name: "disk", key: "/default-pool/disk" });
  assert.deepEqual(await client.call("storageVolLookupByName", { pool, name: "disk" }), { vol });
  assert.deepEqual(await client.call("storageVolLookupByKey", { key: vol.key }), { vol });
  assert.deepEqual(await client.call("storageVolLookupByPath", { path: vol.key }), { vol });
  assert.deepEqual(await client.call("storageVolGetPath", { vol }), { name: vol.key });
  assert.deepEqual(await client.call("storageVolGetInfo", { vol }), {
    type: 0,
    capacity: mebibyte,
    allocation: 0n,
  });
  const info = await client.call("storageVolGetInfoFlags", { vol, flags: 1 });
  assert.equal(info.allocation, mebibyte);
  assert.match((await client.call("storageVolGetXmlDesc", { vol, flags: 0 })).xml, /<name>disk<\/name>/);
  await client.call("storageVolDelete", { vol, flags: 0 });
  assert.equal(
    (await errorOf(client.call("storageVolGetInfo", { vol }))).remoteCode,
    "VIR_ERR_NO_STORAGE_VOL",
  );
});

Deno.test("the volumes of a pool are listed as objects and as names", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vols = [await made(client, "one"), await made(client, "two")];
  assert.deepEqual(await client.call("storagePoolListAllVolumes", { pool, needResults: 1, flags: 0 }), {
    vols,
    ret: 2,
  });
  assert.deepEqual(await client.call("storagePoolListAllVolumes", { pool, needResults: 0, flags: 0 }), {
    vols: [],
    ret: 2,
  });
  assert.deepEqual(await client.call("storagePoolNumOfVolumes", { pool }), { num: 2 });
  assert.deepEqual(await client.call("storagePoolListVolumes", { pool, maxnames: 1 }), { names: ["one"] });
});

Deno.test("what is not there is not found, in libvirt's words", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  for (
    const [call, what] of [
      [client.call("storageVolLookupByName", { pool, name: "nothing" }), "name 'nothing'"],
      [client.call("storageVolLookupByKey", { key: "nothing" }), "key 'nothing'"],
      [client.call("storageVolLookupByPath", { path: "/nothing" }), "path '/nothing'"],
      [client.call("storageVolDelete", { vol: nothing, flags: 0 }), "name 'nothing'"],
      [client.call("storageVolGetXmlDesc", { vol: nothing, flags: 0 }), "name 'nothing'"],
    ] as const
  ) {
    assert.equal(
      (await errorOf(call)).message,
      `Storage volume not found: no storage vol with matching ${what}`,
    );
  }
  const elsewhere = { ...nothing, pool: "nobody" };
  assert.equal(
    (await errorOf(client.call("storageVolGetInfo", { vol: elsewhere }))).message,
    "Storage pool not found: no storage pool with matching name 'nobody'",
  );
});

Deno.test("volumes of a pool that is stopped cannot be reached", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, "disk");
  await client.call("storagePoolDestroy", { pool });
  for (
    const call of [
      client.call("storageVolGetInfo", { vol }),
      client.call("storageVolCreateXml", { pool, xml: definition("more"), flags: 0 }),
      client.call("storagePoolNumOfVolumes", { pool }),
      client.call("storageVolLookupByName", { pool, name: "disk" }),
    ]
  ) {
    assert.equal(
      (await errorOf(call)).message,
      "Requested operation is not valid: storage pool 'default-pool' is not active",
    );
  }
  const byPath = await errorOf(client.call("storageVolLookupByPath", { path: vol.key }));
  assert.equal(byPath.remoteCode, "VIR_ERR_NO_STORAGE_VOL");
});

Deno.test("a name that is taken cannot be given again, and another pool may have one of that name", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await made(client, "disk");
  assert.equal((await errorOf(made(client, "disk"))).message, "operation failed: storage vol already exists");
  const other = await client.call("storagePoolCreateXml", {
    xml: "<pool type='dir'><name>other</name><target><path>/other</path></target></pool>",
    flags: 0,
  });
  const { vol } = await client.call("storageVolCreateXml", {
    pool: other.pool,
    xml: definition("disk"),
    flags: 0,
  });
  assert.deepEqual(vol, { pool: "other", name: "disk", key: "/other/disk" });
});

Deno.test("a pool's name is that of another pool when the first one is gone", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const xml = "<pool type='dir'><name>other</name><target><path>/other</path></target></pool>";
  const first = await client.call("storagePoolCreateXml", { xml, flags: 0 });
  const created = { pool: first.pool, xml: definition("disk"), flags: 0 };
  const { vol } = await client.call("storageVolCreateXml", created);
  await client.call("storageVolGetInfo", { vol });
  await client.call("storagePoolDestroy", { pool: first.pool });
  const second = await client.call("storagePoolCreateXml", { xml, flags: 0 });
  assert.notEqual(second.pool.uuid, first.pool.uuid);
  assert.equal(
    (await errorOf(client.call("storageVolGetInfo", { vol }))).remoteCode,
    "VIR_ERR_NO_STORAGE_VOL",
  );
  await client.call("storageVolCreateXml", { ...created, pool: second.pool });
  await client.call("storageVolGetInfo", { vol });
});

Deno.test("a volume is made from another one", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const clonevol = await made(client, "origin", 3);
  const args = { pool, xml: definition("copy"), clonevol, flags: 0 };
  const { vol } = await client.call("storageVolCreateXmlFrom", args);
  assert.equal((await client.call("storageVolGetInfo", { vol })).capacity, 3n * mebibyte);
  const missing = await errorOf(
    client.call("storageVolCreateXmlFrom", { ...args, xml: definition("more"), clonevol: nothing }),
  );
  assert.equal(missing.message, "Storage volume not found: no storage vol with matching name 'nothing'");
});

Deno.test("a volume's capacity is set, grows and shrinks by so much, and not below zero", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, "disk", 4);
  const resized = async (capacity: bigint, flags: number): Promise<bigint> => {
    await client.call("storageVolResize", { vol, capacity, flags });
    return (await client.call("storageVolGetInfo", { vol })).capacity;
  };
  const [allocate, delta, shrink] = [1, 2, 4] as const;
  assert.equal(await resized(8n * mebibyte, 0), 8n * mebibyte);
  assert.equal(await resized(mebibyte, delta), 9n * mebibyte);
  assert.equal(await resized(4n * mebibyte, delta | shrink), 5n * mebibyte);
  assert.equal((await errorOf(resized(mebibyte, 0))).remoteCode, "VIR_ERR_INVALID_ARG");
  assert.equal((await errorOf(resized(6n * mebibyte, delta | shrink))).remoteCode, "VIR_ERR_INVALID_ARG");
  assert.equal((await errorOf(resized(1n << 63n, 0))).remoteCode, "VIR_ERR_INVALID_ARG");
  await resized(6n * mebibyte, allocate);
  assert.equal((await client.call("storageVolGetInfo", { vol })).allocation, 6n * mebibyte);
});

Deno.test("a volume is wiped, in ways that there are", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, "disk");
  await client.call("storageVolWipe", { vol, flags: 0 });
  await client.call("storageVolWipePattern", { vol, algorithm: 9, flags: 0 });
  const error = await errorOf(client.call("storageVolWipePattern", { vol, algorithm: 10, flags: 0 }));
  assert.equal(error.message, "invalid argument: wiping algorithm 10 not supported");
});
