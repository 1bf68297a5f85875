import assert from "node:assert/strict";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { RemoteCheckpoint, RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

async function set(client: ClientConnection, name: string): Promise<RemoteCheckpoint> {
  const xmlDesc = `<domaincheckpoint><name>${name}</name></domaincheckpoint>`;
  return (await client.call("domainCheckpointCreateXml", { dom, xmlDesc, flags: 0 })).checkpoint;
}

async function listed(client: ClientConnection, flags: number): Promise<readonly string[]> {
  const { checkpoints, ret } = await client.call("domainListAllCheckpoints", { dom, needResults: 1, flags });
  assert.equal(ret, checkpoints.length);
  return checkpoints.map(({ name }) => name);
}

Deno.test("checkpoints are set one after the other, found, shown and listed", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const [one, two, three] = [await set(client, "one"), await set(client, "two"), await set(client, "three")];
  assert.deepEqual(one, { name: "one", dom });
  const found = await client.call("domainCheckpointLookupByName", { dom, name: "two", flags: 0 });
  assert.deepEqual(found, { checkpoint: two });
  const parent = await client.call("domainCheckpointGetParent", { checkpoint: three, flags: 0 });
  assert.deepEqual(parent, { parent: two });
  const [roots, leaves, noLeaves] = [1, 4, 8] as const;
  assert.deepEqual(await listed(client, 0), ["one", "two", "three"]);
  assert.deepEqual(await listed(client, roots), ["one"]);
  assert.deepEqual(await listed(client, leaves), ["three"]);
  assert.deepEqual(await listed(client, noLeaves), ["one", "two"]);
  const under = async (flags: number): Promise<readonly string[]> =>
    (await client.call("domainCheckpointListAllChildren", { checkpoint: one, needResults: 1, flags }))
      .checkpoints.map(({ name }) => name);
  assert.deepEqual(await under(0), ["two"]);
  assert.deepEqual(await under(1), ["two", "three"]);
  const shown = async (flags: number): Promise<string> =>
    (await client.call("domainCheckpointGetXmlDesc", { checkpoint: two, flags })).xml;
  assert.match(await shown(0), /<domain /);
  assert.doesNotMatch(await shown(2), /<domain /);
  assert.match(await shown(4), / size='/);
});

Deno.test("a checkpoint is deleted alone, with what is under it, or only that is", async () => {
  for (
    const [flags, left] of [[0, ["one", "three"]], [1, ["one"]], [4, ["one", "two"]], [2, [
      "one",
      "three",
    ]]] as const
  ) {
    await using daemon = new MemoryDaemon();
    const client = await daemon.connect();
    await set(client, "one");
    const checkpoint = await set(client, "two");
    await set(client, "three");
    await client.call("domainCheckpointDelete", { checkpoint, flags });
    assert.deepEqual(await listed(client, 0), left, `${flags}`);
  }
});

Deno.test("checkpoints that cannot be are refused in libvirt's words", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const one = await set(client, "one");
  const said = async (call: Promise<unknown>): Promise<string> => (await errorOf(call)).message;
  assert.equal(await said(set(client, "one")), "operation failed: domain moment one already exists");
  assert.equal(
    await said(client.call("domainCheckpointGetParent", { checkpoint: one, flags: 0 })),
    "Domain checkpoint not found: checkpoint 'one' does not have a parent",
  );
  const missing = "Domain checkpoint not found: no domain checkpoint with matching name 'none'";
  const checkpoint = { name: "none", dom };
  assert.equal(
    await said(client.call("domainCheckpointLookupByName", { dom, name: "none", flags: 0 })),
    missing,
  );
  assert.equal(await said(client.call("domainCheckpointDelete", { checkpoint, flags: 0 })), missing);
  assert.equal(await said(client.call("domainCheckpointGetXmlDesc", { checkpoint, flags: 0 })), missing);
  assert.equal(
    await said(client.call("domainCheckpointListAllChildren", { checkpoint, needResults: 1, flags: 0 })),
    missing,
  );
  await client.call("domainDestroy", { dom });
  assert.equal(
    await said(set(client, "off")),
    "Operation not supported: cannot create checkpoint for inactive domain",
  );
});

Deno.test("a domain has snapshots or checkpoints, as with libvirt", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const checkpoint = await set(client, "one");
  const xmlDesc = "<domainsnapshot/>";
  const snapshot = await errorOf(client.call("domainSnapshotCreateXml", { dom, xmlDesc, flags: 0 }));
  assert.equal(snapshot.message, "Operation not supported: cannot create snapshot while checkpoint exists");
  await client.call("domainCheckpointDelete", { checkpoint, flags: 0 });
  await client.call("domainSnapshotCreateXml", { dom, xmlDesc, flags: 0 });
  const error = await errorOf(set(client, "two"));
  assert.equal(error.message, "Operation not supported: cannot create checkpoint while snapshot exists");
});
