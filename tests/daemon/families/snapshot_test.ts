import assert from "node:assert/strict";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { RemoteDomain, RemoteSnapshot } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const nobody: RemoteDomain = { name: "nobody", uuid: "00000000-0000-4000-8000-000000000000", id: -1 };

const [roots, metadata, leaves, noLeaves, noMetadata] = [1, 2, 4, 8, 16] as const;
const [inactive, active, diskOnly, internal, external, topological] = [32, 64, 128, 256, 512, 1024] as const;

async function taken(client: ClientConnection, name: string, flags = 0): Promise<RemoteSnapshot> {
  const xmlDesc = `<domainsnapshot><name>${name}</name></domainsnapshot>`;
  return (await client.call("domainSnapshotCreateXml", { dom, xmlDesc, flags })).snap;
}

/** Three in a row, and a second one under the first. */
async function grown(client: ClientConnection): Promise<readonly RemoteSnapshot[]> {
  const one = await taken(client, "one");
  const [two, three] = [await taken(client, "two"), await taken(client, "three")];
  await client.call("domainRevertToSnapshot", { snap: one, flags: 0 });
  return [one, two, three, await taken(client, "four")];
}

async function listed(client: ClientConnection, flags: number): Promise<readonly string[]> {
  const { snapshots, ret } = await client.call("domainListAllSnapshots", { dom, needResults: 1, flags });
  const names = snapshots.map(({ name }) => name);
  assert.equal(ret, names.length);
  assert.deepEqual(await client.call("domainSnapshotNum", { dom, flags }), { num: ret });
  assert.deepEqual(await client.call("domainSnapshotListNames", { dom, maxnames: 100, flags }), { names });
  return names;
}

Deno.test("a snapshot is taken, found, shown, and is the current one", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  assert.deepEqual(await client.call("domainHasCurrentSnapshot", { dom, flags: 0 }), { result: 0 });
  const none = await errorOf(client.call("domainSnapshotCurrent", { dom, flags: 0 }));
  assert.equal(none.message, "Domain snapshot not found: the domain does not have a current snapshot");
  const snap = await taken(client, "one");
  assert.deepEqual(snap, { name: "one", dom });
  assert.deepEqual(await client.call("domainSnapshotLookupByName", { dom, name: "one", flags: 0 }), { snap });
  assert.deepEqual(await client.call("domainSnapshotCurrent", { dom, flags: 0 }), { snap });
  assert.deepEqual(await client.call("domainHasCurrentSnapshot", { dom, flags: 0 }), { result: 1 });
  assert.deepEqual(await client.call("domainSnapshotIsCurrent", { snap, flags: 0 }), { current: 1 });
  assert.deepEqual(await client.call("domainSnapshotHasMetadata", { snap, flags: 0 }), { metadata: 1 });
  const { xml } = await client.call("domainSnapshotGetXmlDesc", { snap, flags: 0 });
  assert.match(xml, /<state>running<\/state>/);
  await taken(client, "two");
  assert.deepEqual(await client.call("domainSnapshotIsCurrent", { snap, flags: 0 }), { current: 0 });
});

Deno.test("a list shows the snapshots that its flags ask for, parents first", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await grown(client);
  const all = ["one", "two", "four", "three"];
  assert.deepEqual(await listed(client, 0), all);
  assert.deepEqual(await listed(client, topological), ["one", "four", "two", "three"]);
  assert.deepEqual(await listed(client, roots), ["one"]);
  assert.deepEqual(await listed(client, leaves), ["four", "three"]);
  assert.deepEqual(await listed(client, noLeaves), ["one", "two"]);
  assert.deepEqual(await listed(client, leaves | noLeaves), all);
  assert.deepEqual(await listed(client, metadata), all);
  assert.deepEqual(await listed(client, noMetadata), []);
  assert.deepEqual(await listed(client, active), all);
  assert.deepEqual(await listed(client, inactive | diskOnly), []);
  assert.deepEqual(await listed(client, internal), all);
  assert.deepEqual(await listed(client, external), []);
  const error = await errorOf(client.call("domainSnapshotNum", { dom, flags: 2048 }));
  assert.match(error.message, /unsupported flags \(0x800\)/);
});

Deno.test("a list tells snapshots of a domain that is off, and those without memory", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  await taken(client, "disks", 16);
  await client.call("domainDestroy", { dom });
  await taken(client, "off");
  assert.deepEqual(await listed(client, diskOnly), ["disks"]);
  assert.deepEqual(await listed(client, inactive), ["off"]);
  assert.deepEqual(await listed(client, external), ["disks"]);
  const { snap } = await client.call("domainSnapshotCurrent", { dom, flags: 0 });
  assert.deepEqual(snap.dom, { ...dom, id: -1 });
});

Deno.test("what is under a snapshot is listed, its children or all", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const [one, two] = await grown(client);
  assert.ok(one !== undefined && two !== undefined);
  const children = async (snap: RemoteSnapshot, flags: number): Promise<readonly string[]> => {
    const { names } = await client.call("domainSnapshotListChildrenNames", { snap, maxnames: 100, flags });
    assert.deepEqual(await client.call("domainSnapshotNumChildren", { snap, flags }), { num: names.length });
    const found = await client.call("domainSnapshotListAllChildren", {
      snapshot: snap,
      needResults: 1,
      flags,
    });
    assert.deepEqual(found.snapshots.map(({ name }) => name), names);
    return names;
  };
  assert.deepEqual(await children(one, 0), ["two", "four"]);
  assert.deepEqual(await children(one, 1), ["two", "four", "three"]);
  assert.deepEqual(await children(one, 1 | leaves), ["four", "three"]);
  assert.deepEqual(await children(two, 0), ["three"]);
  assert.deepEqual(
    await client.call("domainSnapshotListAllChildren", {
      snapshot: one,
      needResults: 0,
      flags: 0,
    }),
    { snapshots: [], ret: 2 },
  );
  const parent = await client.call("domainSnapshotGetParent", { snap: two, flags: 0 });
  assert.equal(parent.snap.name, "one");
  const top = await errorOf(client.call("domainSnapshotGetParent", { snap: one, flags: 0 }));
  assert.equal(top.message, "Domain snapshot not found: snapshot 'one' does not have a parent");
});

Deno.test("a domain goes back to a snapshot, running or paused", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const snap = await taken(client, "one");
  const state = async (): Promise<number> => (await client.call("domainGetState", { dom, flags: 0 })).state;
  await client.call("domainDestroy", { dom });
  await client.call("domainRevertToSnapshot", { snap, flags: 0 });
  assert.equal(await state(), 1);
  await client.call("domainRevertToSnapshot", { snap, flags: 2 });
  assert.equal(await state(), 3);
  await client.call("domainRevertToSnapshot", { snap, flags: 1 | 4 });
  assert.equal(await state(), 1);
});

Deno.test("a snapshot is deleted alone, with what is under it, or only that is", async () => {
  for (
    const [flags, left] of [
      [0, ["two", "four", "three"]],
      [1, []],
      [4, ["one"]],
      [2, ["two", "four", "three"]],
    ] as const
  ) {
    await using daemon = new MemoryDaemon();
    const client = await daemon.connect();
    const [snap] = await grown(client);
    assert.ok(snap !== undefined);
    await client.call("domainSnapshotDelete", { snap, flags });
    assert.deepEqual(await listed(client, 0), left, `${flags}`);
  }
});

Deno.test("a snapshot of a name that is taken is refused, and redefined where that is asked for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const snap = await taken(client, "one");
  assert.equal(
    (await errorOf(taken(client, "one"))).message,
    "operation failed: domain moment one already exists",
  );
  const { xml } = await client.call("domainSnapshotGetXmlDesc", { snap, flags: 1 });
  const xmlDesc = xml.replace("<state>", "<description>again</description><state>");
  await client.call("domainSnapshotCreateXml", { dom, xmlDesc, flags: 1 | 2 });
  assert.match((await client.call("domainSnapshotGetXmlDesc", { snap, flags: 0 })).xml, /again/);
});

Deno.test("snapshots that are not there are not found, in libvirt's words", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const snap: RemoteSnapshot = { name: "none", dom };
  for (
    const call of [
      client.call("domainSnapshotLookupByName", { dom, name: "none", flags: 0 }),
      client.call("domainSnapshotGetXmlDesc", { snap, flags: 0 }),
      client.call("domainSnapshotDelete", { snap, flags: 0 }),
      client.call("domainRevertToSnapshot", { snap, flags: 0 }),
      client.call("domainSnapshotNumChildren", { snap, flags: 0 }),
      client.call("domainSnapshotIsCurrent", { snap, flags: 0 }),
    ]
  ) {
    assert.equal(
      (await errorOf(call)).message,
      "Domain snapshot not found: no domain snapshot with matching name 'none'",
    );
  }
  const elsewhere = await errorOf(client.call("domainSnapshotNum", { dom: nobody, flags: 0 }));
  assert.equal(
    elsewhere.message,
    `Domain not found: no domain with matching uuid '${nobody.uuid}' (nobody)`,
  );
});
