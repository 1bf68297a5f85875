import assert from "node:assert/strict";
import { dispatchTable } from "../../daemon/dispatch/table.ts";
import { type Identity, principalsOf } from "../../daemon/identity.ts";
import { isVirtError } from "../../model/error.ts";
import {
  allowedReadOnly,
  type Procedure,
  type ProcedureName,
  procedureRow,
  type StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import type { ClientConnection } from "../../protocol/client_connection.ts";
import { alice, GuardedDaemon, local } from "./kit/guarded_daemon.ts";
import { errorOf, MemoryDaemon } from "./kit/memory_daemon.ts";
import { furnish, sampleArguments } from "./kit/sample_arguments.ts";

const test = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const definition = (name: string, more = ""): string =>
  `<domain type='test'><name>${name}</name>${more}<memory>65536</memory><os><type>hvm</type></os></domain>`;
const labelled = "<metadata><labels xmlns='urn:drover:labels'><label>prod</label></labels></metadata>";

async function names(client: ClientConnection): Promise<readonly string[]> {
  const { domains } = await client.call("connectListAllDomains", { needResults: 1, flags: 0 });
  return domains.map(({ name }) => name).toSorted();
}

/** What comes of a call, by the name of libvirt's number for it. */
async function outcome(client: ClientConnection, procedure: ProcedureName): Promise<string> {
  const args = sampleArguments(procedure);
  const call = (procedureRow(procedure) as Procedure).kind === "stream"
    ? client.open(procedure as StreamProcedureName, args as never).then((stream) => stream.abort())
    : client.call(procedure, args);
  return await call.then(() => "done", ({ remoteCode }) => String(remoteCode));
}

/** Procedures of which a client is refused what a read-only one may not do, or allowed what it may not. */
async function wronglyDecided(client: ClientConnection): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const procedure of dispatchTable.keys()) {
    if (/^auth|^connect(Open|Close|SupportsFeature)$/.test(procedure)) continue;
    const allowed = allowedReadOnly(procedureRow(procedure) as Procedure, sampleArguments(procedure));
    const found = await outcome(client, procedure);
    if ((found === "VIR_ERR_OPERATION_DENIED") === allowed) wrong.push(`${procedure}: ${found}`);
  }
  return wrong;
}

Deno.test("by the socket for looking only, nothing can be changed by any procedure", async () => {
  await using daemon = new MemoryDaemon();
  await furnish(await daemon.connect());
  assert.deepEqual(await wronglyDecided(await daemon.connect({ readonly: true })), []);
});

for (const transport of ["tls", "tcp"] as const) {
  Deno.test(`without a policy whoever comes by ${transport} may do what a read-only client may`, async () => {
    await using daemon = new GuardedDaemon();
    await furnish(await daemon.owner());
    const far: Identity = { transport, saslUser: "root", x509Name: "CN=root", anonymous: false };
    assert.deepEqual(await wronglyDecided(await daemon.connect(far)), []);
  });
}

Deno.test("without a policy whoever is let in on this machine may do everything", async () => {
  await using daemon = new GuardedDaemon();
  const client = await daemon.connect(local(1000));
  await client.call("domainSuspend", { dom: test });
});

Deno.test("root and the daemon's own user need no grant, and others do who prove to be somebody else", async () => {
  await using daemon = new GuardedDaemon("principals: { 'sasl:alice': connect:getattr }");
  await (await daemon.connect(local(0))).call("domainSuspend", { dom: test });
  const client = await daemon.connect({ ...local(0), saslUser: "alice" });
  const error = await errorOf(client.call("domainResume", { dom: test }));
  assert.equal(error.remoteCode, "VIR_ERR_ACCESS_DENIED");
});

Deno.test("who may not even know the host cannot open it", async () => {
  await using daemon = new GuardedDaemon("principals: { 'x509:CN=bob': connect:getattr }");
  const error = await errorOf(daemon.connect());
  assert.equal(error.remoteCode, "VIR_ERR_ACCESS_DENIED");
  assert.equal(error.message, "access denied: 'Test' denied access");
});

Deno.test("a client is known by what it has proved, its user, its groups, and nothing else", () => {
  const known = {
    user: (uid: number) => `u${uid}`,
    group: (gid: number) => gid === 5 ? undefined : `g${gid}`,
  };
  assert.deepEqual(principalsOf({ ...local(7, 8, [8, 9, 5]), saslUser: "x" }, known), [
    ...["sasl:x", "uid:7", "user:u7", "gid:8", "group:g8", "gid:9", "group:g9", "gid:5"],
  ]);
  assert.deepEqual(principalsOf({ transport: "tcp", anonymous: true }, known), ["anonymous:tcp"]);
  assert.deepEqual(principalsOf(alice, known), ["x509:CN=alice"]);
});

const policy = `
grants: connect:getattr
roles:
  viewer: ["connect:search_domains", "domain:getattr,read"]
groups:
  far: ["x509:CN=alice", "sasl:alice"]
principals:
  "group:far": { roles: viewer }
  "user:bob": { roles: viewer, allow: domain:suspend@test }
  "group:ops": domain:stop
  "gid:28": domain:start@test
`;

for (
  const [who, identity, allowed] of [
    ["a name in a certificate", alice, ["list"]],
    ["a name proved by SASL", { transport: "tcp", saslUser: "alice", anonymous: false }, ["list"]],
    ["a user of this machine", local(1001), ["list", "suspend"]],
    ["a user's own group", local(1002, 27), ["destroy"]],
    ["a user's further groups", local(1002, 1002, [27, 28]), ["destroy", "create"]],
    ["nobody that the policy names", local(1003), []],
  ] as const
) {
  Deno.test(`a policy grants ${who} what it says`, async () => {
    await using daemon = new GuardedDaemon(policy);
    const client = await daemon.connect(identity);
    const may = async (call: Promise<unknown>): Promise<boolean> =>
      await call.then(() => true, (error) => {
        if (!isVirtError(error)) throw error;
        return error.remoteCode !== "VIR_ERR_ACCESS_DENIED";
      });
    const done: string[] = [];
    if (await may(client.call("connectListAllDomains", { needResults: 1, flags: 0 }))) done.push("list");
    if (await may(client.call("domainSuspend", { dom: test }))) done.push("suspend");
    if (await may(client.call("domainDestroy", { dom: test }))) done.push("destroy");
    if (await may(client.call("domainCreate", { dom: test }))) done.push("create");
    assert.deepEqual(done, allowed);
  });
}

Deno.test("names and labels select what a client sees and may do", async () => {
  await using daemon = new GuardedDaemon(`
principals:
  "x509:CN=alice":
    - connect:getattr,search_domains
    - domain:getattr,start@web-*
    - domain:getattr,read,start#prod
`);
  const owner = await daemon.owner();
  for (const [name, more] of [["web-1", ""], ["db-1", labelled], ["db-2", ""]] as const) {
    await owner.call("domainDefineXml", { xml: definition(name, more) });
  }
  const client = await daemon.connect();
  assert.deepEqual(await names(client), ["db-1", "web-1"]);
  const { dom } = await client.call("domainLookupByName", { name: "db-1" });
  await client.call("domainCreate", { dom });
  const hidden = (await owner.call("domainLookupByName", { name: "db-2" })).dom;
  const error = await errorOf(client.call("domainCreate", { dom: hidden }));
  assert.equal(error.remoteCode, "VIR_ERR_ACCESS_DENIED");
  // The client may say of it what it likes: it is what it is.
  const disguised = { ...hidden, name: "web-1" };
  assert.equal(
    (await errorOf(client.call("domainCreate", { dom: disguised }))).remoteCode,
    "VIR_ERR_ACCESS_DENIED",
  );
});

Deno.test("a saved domain is shown and changed by what it is, whatever a client calls it", async () => {
  await using daemon = new GuardedDaemon();
  await furnish(await daemon.owner());
  daemon.grant(["connect:getattr", "domain:write,hibernate@web-*", "host"]);
  const client = await daemon.connect();
  const file = "/sample";
  const shown = await errorOf(client.call("domainSaveImageGetXmlDesc", { file, flags: 0 }));
  assert.equal(shown.remoteCode, "VIR_ERR_ACCESS_DENIED");
  const dxml = definition("web-1");
  const changed = await errorOf(client.call("domainSaveImageDefineXml", { file, dxml, flags: 0 }));
  assert.equal(changed.remoteCode, "VIR_ERR_ACCESS_DENIED");
});

Deno.test("passwords in a definition take a permission of their own", async () => {
  await using daemon = new GuardedDaemon("grants: [connect:getattr, domain:getattr, domain:read]");
  const client = await daemon.connect();
  await client.call("domainGetXmlDesc", { dom: test, flags: 0 });
  for (const flags of [1, 8, 3]) {
    const error = await errorOf(client.call("domainGetXmlDesc", { dom: test, flags }));
    assert.equal(error.remoteCode, "VIR_ERR_ACCESS_DENIED", `${flags}`);
  }
  daemon.grant(["connect:getattr", "domain:read,read_secure"]);
  await client.call("domainGetXmlDesc", { dom: test, flags: 1 });
});

Deno.test("a client hears of no object that it may not see", async () => {
  await using daemon = new GuardedDaemon(
    "grants: ['connect:getattr,search_domains,search_networks', 'domain:getattr@web-*', 'network:getattr@web-*']",
  );
  const [owner, client] = [await daemon.owner(), await daemon.connect()];
  const heard: string[] = [];
  client.on("domainEventCallbackLifecycle", ({ msg: { dom } }) => void heard.push(dom.name));
  client.on("domainEventLifecycle", ({ dom }) => void heard.push(`old ${dom.name}`));
  client.on("networkEventLifecycle", ({ net }) => void heard.push(net.name));
  await client.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: undefined });
  await client.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: test });
  await client.call("connectDomainEventRegister", undefined);
  await client.call("connectNetworkEventRegisterAny", { eventID: 0, net: undefined });
  await owner.call("domainSuspend", { dom: test });
  for (const name of ["db-1", "web-1"]) {
    await owner.call("domainDefineXml", { xml: definition(name) });
    await owner.call("networkDefineXml", { xml: `<network><name>${name}</name></network>` });
  }
  await client.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, ["web-1", "old web-1", "web-1"]);
  daemon.grant(["connect:getattr"]);
  await owner.call("domainDefineXml", { xml: definition("web-2") });
  await client.call("connectGetLibVersion", undefined);
  assert.equal(heard.length, 3);
});

Deno.test("a policy that is read again counts at once, for clients that are there too", async () => {
  await using daemon = new GuardedDaemon("grants: [connect:getattr, domain:suspend]");
  const [far, near] = [await daemon.connect(), await daemon.connect(local(1000))];
  await far.call("domainSuspend", { dom: test });
  daemon.use("principals: { 'uid:1000': domain:suspend }");
  assert.equal((await errorOf(far.call("domainResume", { dom: test }))).remoteCode, "VIR_ERR_ACCESS_DENIED");
  await near.call("domainResume", { dom: test });
  daemon.use(undefined);
  const error = await errorOf(far.call("domainSuspend", { dom: test }));
  assert.equal(error.remoteCode, "VIR_ERR_OPERATION_DENIED");
  await near.call("domainDestroy", { dom: test });
});

Deno.test("a policy that cannot be read says where, and the one before it stays", async () => {
  await using daemon = new GuardedDaemon("grants: [connect:getattr, domain:suspend]");
  const client = await daemon.connect();
  assert.throws(
    () => daemon.use("grants:\n  - all\n  - domain:strat"),
    (error) =>
      isVirtError(error, "invalid-argument") && error.at?.file === "policy.yaml" && error.at.line === 3 &&
      error.at.column === 12 && /no verb "strat"/.test(error.message),
  );
  await client.call("domainSuspend", { dom: test });
  assert.equal(
    (await errorOf(client.call("domainDestroy", { dom: test }))).remoteCode,
    "VIR_ERR_ACCESS_DENIED",
  );
});
