import assert from "node:assert/strict";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { RemoteSecret } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const uuid = (number: number): string => `11111111-2222-4333-8444-55555555550${number}`;
const ceph: RemoteSecret = { uuid: uuid(1), usageType: 2, usageID: "client.one" };
const volume: RemoteSecret = { uuid: uuid(2), usageType: 1, usageID: "/vol/one" };
const idle: RemoteSecret = { uuid: uuid(3), usageType: 0, usageID: "" };
const documents: readonly string[] = [
  `<secret><uuid>${uuid(1)}</uuid><usage type='ceph'><name>client.one</name></usage></secret>`,
  `<secret ephemeral='yes' private='yes'><uuid>${
    uuid(2)
  }</uuid><usage type='volume'><volume>/vol/one</volume></usage>
</secret>`,
  `<secret><uuid>${uuid(3)}</uuid></secret>`,
];
const open = new TextEncoder().encode("open sesame");

async function define(client: ClientConnection, xml: string): Promise<RemoteSecret> {
  return (await client.call("secretDefineXml", { xml, flags: 0 })).secret;
}

/** A client of a host with three secrets. */
async function withSecrets(daemon: MemoryDaemon): Promise<ClientConnection> {
  const client = await daemon.connect();
  for (const xml of documents) await define(client, xml);
  return client;
}

Deno.test("secrets are listed by each filter, and counted", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  const listed = async (flags: number): Promise<readonly RemoteSecret[]> =>
    (await client.call("connectListAllSecrets", { needResults: 1, flags })).secrets;
  assert.deepEqual(await listed(0), [ceph, volume, idle]);
  assert.deepEqual(await listed(1), [volume]);
  assert.deepEqual(await listed(2), [ceph, idle]);
  assert.deepEqual(await listed(4), [volume]);
  assert.deepEqual(await listed(8), [ceph, idle]);
  assert.deepEqual(await listed(1 | 8), []);
  assert.deepEqual(await listed(15), [ceph, volume, idle]);
  assert.deepEqual(await client.call("connectListAllSecrets", { needResults: 0, flags: 2 }), {
    secrets: [],
    ret: 2,
  });
  assert.deepEqual(await client.call("connectNumOfSecrets", undefined), { num: 3 });
  assert.deepEqual(await client.call("connectListSecrets", { maxuuids: 2 }), { uuids: [uuid(1), uuid(2)] });
  assert.equal((await errorOf(listed(16))).remoteCode, "VIR_ERR_INVALID_ARG");
  const error = await errorOf(client.call("connectListSecrets", { maxuuids: -1 }));
  assert.equal(error.message, "maxuuids in virConnectListSecrets must be greater than or equal to zero");
});

Deno.test("a secret is found by its UUID, or by what it is for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  for (const secret of [ceph, volume, idle]) {
    assert.deepEqual(await client.call("secretLookupByUuid", { uuid: secret.uuid }), { secret });
  }
  const byUsage = (usageType: number, usageID: string): Promise<unknown> =>
    client.call("secretLookupByUsage", { usageType, usageID });
  assert.deepEqual(await byUsage(2, "client.one"), { secret: ceph });
  const other = await errorOf(byUsage(3, "client.one"));
  assert.equal(other.message, "Secret not found: no secret with matching usage 'client.one'");
  const nobody = await errorOf(client.call("secretLookupByUuid", { uuid: uuid(9) }));
  assert.equal(nobody.message, `Secret not found: no secret with matching uuid '${uuid(9)}'`);
});

Deno.test("a secret's value is set and read, and a private one's is not", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  const empty = await errorOf(client.call("secretGetValue", { secret: ceph, flags: 0 }));
  assert.equal(empty.message, `Secret not found: secret '${uuid(1)}' does not have a value`);
  for (const secret of [ceph, volume]) {
    await client.call("secretSetValue", { secret, value: open, flags: 0 });
  }
  assert.deepEqual(await client.call("secretGetValue", { secret: ceph, flags: 0 }), { value: open });
  const hidden = await errorOf(client.call("secretGetValue", { secret: volume, flags: 0 }));
  assert.equal(hidden.message, "Invalid secret: secret is private");
  const nothing = { secret: ceph, value: new Uint8Array(), flags: 0 };
  assert.equal((await errorOf(client.call("secretSetValue", nothing))).remoteCode, "VIR_ERR_INVALID_ARG");
  const { xml } = await client.call("secretGetXmlDesc", { secret: ceph, flags: 0 });
  assert.doesNotMatch(xml, /sesame/);
  assert.doesNotMatch(JSON.stringify(daemon.audit), /sesame|b3BlbiBzZXNhbWU/);
});

Deno.test("a secret keeps its UUID for its use, and stays private", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  const said = async (xml: string, flags = 0): Promise<string> =>
    (await errorOf(client.call("secretDefineXml", { xml, flags }))).message;
  const [first = "", second = ""] = documents;
  assert.equal(
    await said(first.replace(uuid(1), uuid(4))),
    `internal error: a secret with UUID ${uuid(1)} already defined for use with client.one`,
  );
  assert.equal(
    await said(first.replace("client.one", "client.two")),
    `internal error: a secret with UUID ${uuid(1)} is already defined for use with client.one`,
  );
  assert.equal(
    await said(second.replace("private='yes'", "private='no'")),
    "internal error: cannot change private flag on existing secret",
  );
  assert.equal(await said("<network/>"), "XML error: expecting root element of 'secret', not 'network'");
  const strange = "<secret><colour/></secret>";
  assert.match(await said(strange, 1), /^XML document failed to validate against schema: .*\/secret\/colour/);
});

Deno.test("a secret is gone when it is undefined", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  await client.call("secretUndefine", { secret: ceph });
  for (
    const call of [
      client.call("secretUndefine", { secret: ceph }),
      client.call("secretGetXmlDesc", { secret: ceph, flags: 0 }),
      client.call("secretGetValue", { secret: ceph, flags: 0 }),
      client.call("secretSetValue", { secret: ceph, value: open, flags: 0 }),
    ]
  ) {
    const error = await errorOf(call);
    assert.equal(error.message, `Secret not found: no secret with matching uuid '${uuid(1)}'`);
  }
});

Deno.test("whoever has asked is told of a secret's life, and that its value is another", async () => {
  await using daemon = new MemoryDaemon();
  const client = await withSecrets(daemon);
  const heard: unknown[] = [];
  client.on("secretEventLifecycle", ({ secret, event }) => void heard.push([event, secret]));
  client.on("secretEventValueChanged", ({ secret }) => void heard.push(["value", secret]));
  const { callbackID } = await client.call("connectSecretEventRegisterAny", {
    eventID: 0,
    secret: undefined,
  });
  await client.call("connectSecretEventRegisterAny", { eventID: 1, secret: ceph });
  const made = { ...ceph, uuid: uuid(4), usageID: "client.four" };
  await define(client, (documents[0] ?? "").replace(uuid(1), uuid(4)).replace("client.one", "client.four"));
  for (const secret of [ceph, made]) await client.call("secretSetValue", { secret, value: open, flags: 0 });
  await client.call("secretUndefine", { secret: ceph });
  assert.deepEqual(heard, [[0, made], ["value", ceph], [1, ceph]]);
  await client.call("connectSecretEventDeregisterAny", { callbackID });
  const error = await errorOf(client.call("connectSecretEventDeregisterAny", { callbackID }));
  assert.equal(error.message, `internal error: secret event callback ${callbackID} not registered`);
  const unknown = await errorOf(
    client.call("connectSecretEventRegisterAny", { eventID: 2, secret: undefined }),
  );
  assert.equal(unknown.message, "internal error: unsupported secret event ID 2");
});
