import assert from "node:assert/strict";
import type { AuditRecord } from "../../runtime/journal/record.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { AuditTrail } from "../../daemon/audit.ts";
import { alice, GuardedDaemon, local } from "./kit/guarded_daemon.ts";
import { errorOf } from "./kit/memory_daemon.ts";

const test = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

/** What an entry says, without its time. */
function said({ principal, decision, operation, object, uri, permission, detail }: AuditRecord): string {
  return [principal, decision, operation, object, uri, permission, detail].filter((each) =>
    each !== undefined
  )
    .join(" ");
}

Deno.test("who did what to which object is on record, with how it ended and from where", async () => {
  await using daemon = new GuardedDaemon();
  const client = await daemon.connect(local(1000));
  await client.call("domainSuspend", { dom: test });
  await errorOf(client.call("domainCreate", { dom: test }));
  await client.call("domainDefineXml", {
    xml: "<domain type='test'><name>new</name><memory>65536</memory><os><type>hvm</type></os></domain>",
  });
  assert.deepEqual(daemon.audit.map(said), [
    "uid:1000 done domain.suspend test test:///default",
    "uid:1000 not-done domain.start test test:///default wrong-state",
    "uid:1000 done domain.define new test:///default",
  ]);
  for (const { from, at } of daemon.audit) {
    assert.match(String(from), /^unix .*pid 7 uid 1000$/);
    assert.equal(at, daemon.memory.clock.now());
  }
});

Deno.test("reading leaves no entry, whoever reads", async () => {
  await using daemon = new GuardedDaemon("grants: [connect:getattr, domain:read]");
  const client = await daemon.connect();
  await client.call("domainGetInfo", { dom: test });
  assert.deepEqual(daemon.audit, []);
});

Deno.test("what was refused to whom is on record: calls, hosts, writes of those who only look", async () => {
  await using daemon = new GuardedDaemon("principals: { 'x509:CN=alice': connect:getattr }");
  const client = await daemon.connect();
  await errorOf(client.call("domainDestroy", { dom: test }));
  await errorOf(daemon.connect({ ...alice, x509Name: "CN=bob" }));
  await errorOf(daemon.memory.connect({ identity: alice, uri: "qemu:///system" }));
  const looking = await daemon.memory.connect({ readonly: true });
  await errorOf(looking.call("domainDestroy", { dom: test }));
  assert.deepEqual(daemon.audit.map(said), [
    "x509:CN=alice denied domainDestroy test test:///default domain:stop",
    "x509:CN=bob denied connectOpen test:///default connect:getattr",
    "x509:CN=alice denied connectOpen the settings do not allow this URI",
    "uid:0 denied domainDestroy test test:///default the client may only look",
  ]);
});

Deno.test("what was allowed by which grant is on record for what changes something", async () => {
  await using daemon = new GuardedDaemon("grants: [connect:getattr, 'domain:suspend@test']");
  await (await daemon.connect()).call("domainSuspend", { dom: test });
  assert.deepEqual(daemon.audit.map(said), [
    "x509:CN=alice allowed domain.suspend test test:///default domain:suspend",
    "x509:CN=alice done domain.suspend test test:///default",
  ]);
  assert.equal(daemon.audit[0]?.use?.grant, "domain:suspend@test");
});

Deno.test("no secret gets into the log", async () => {
  await using daemon = new GuardedDaemon();
  const client = await daemon.connect(local(1000));
  const password = "hunter2hunter2";
  const xml = `<domain type='test'><name>vnc</name><memory>65536</memory><os><type>hvm</type></os>` +
    `<devices><graphics type='vnc' passwd='${password}'/></devices></domain>`;
  await client.call("domainDefineXml", { xml });
  await errorOf(client.call("domainDefineXml", { xml: xml.replace("65536", password) }));
  await client.call("domainSetUserPassword", { dom: test, user: "root", password, flags: 0 });
  assert.deepEqual(daemon.audit.map(({ decision }) => decision), ["done", "not-done", "done"]);
  assert.equal(JSON.stringify(daemon.audit).includes(password), false);
});

Deno.test("whoever tries again and again cannot make the log forget", async () => {
  const clock = new VirtualClock();
  const records: AuditRecord[] = [];
  const trail = new AuditTrail({ clock, store: { addAudit: (record) => void records.push(record) } });
  const mallory = trail.of({ principal: "sasl:mallory", from: "tcp 192.0.2.66:7" });
  const bob = trail.of({ principal: "sasl:bob", from: "tcp 192.0.2.7:7" });
  for (let count = 0; count < 10_000; count++) mallory.refused({ operation: "connectOpen", why: "no" });
  bob.refused({ operation: "connectOpen", why: "no" });
  assert.equal(records.length, 101);
  assert.equal(records.at(-1)?.principal, "sasl:bob");
  await clock.advance(60_000);
  assert.equal(records.length, 102);
  assert.deepEqual([records.at(-1)?.principal, records.at(-1)?.detail], [
    "sasl:mallory",
    "9900 more attempts within 60 s",
  ]);
  mallory.refused({ operation: "connectOpen", why: "no" });
  assert.equal(records.length, 103);
  trail[Symbol.dispose]();
  assert.equal(records.length, 103);
});

Deno.test("whoever has many names fills no memory with them", () => {
  const clock = new VirtualClock();
  let entries = 0;
  const trail = new AuditTrail({ clock, store: { addAudit: () => void entries++ } });
  for (let name = 0; name < 5000; name++) {
    trail.of({ principal: `x509:CN=${name}`, from: "tls" }).refused({ operation: "connectOpen", why: "no" });
  }
  // A thousand principals by themselves, and all others together.
  assert.equal(entries, 1100);
  trail[Symbol.dispose]();
  assert.equal(entries, 1101);
});
