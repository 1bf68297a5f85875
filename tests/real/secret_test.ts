import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

function secretXml(usage: string, attributes = ""): string {
  return `<secret${attributes}><usage type='ceph'><name>${usage}</name></usage></secret>`;
}

test("a secret is defined, set and read, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("secret.define", { xml: secretXml("client.one") });
  assert.match(await host.virsh("secret-list"), new RegExp(`${on.id}\\s+ceph client.one`));
  await bench.refused("not-found", "secret.value", { on, input: {} });
  await bench.call("secret.setValue", { value: "öffne dich" }, { on });
  assert.equal(await host.virsh("secret-get-value", "--plain", on.id), "öffne dich");
  await host.virsh("secret-set-value", on.id, "--base64", "b3RoZXI=");
  const { value } = await bench.call("secret.value", {}, { on });
  assert.equal(new TextDecoder().decode(value), "other");
  const bytes = new Uint8Array([0, 255, 10, 0]);
  await bench.call("secret.setValue", { value: bytes }, { on });
  assert.deepEqual((await bench.call("secret.value", {}, { on })).value, bytes);
  for (const name of ["client.one", on.id]) {
    assert.equal((await bench.call("secret.lookup", { name })).id, on.id);
  }
  await bench.refused("already-exists", "secret.define", { input: { xml: secretXml("client.one") } });
  await bench.call("secret.undefine", {}, { on });
  assert.equal(await host.virsh("secret-list"), "");
  await bench.refused("not-found", "secret.lookup", { input: { name: "client.one" } });
});

test("lists tell private and ephemeral secrets apart", async (host) => {
  await using bench = await open(host);
  const plain = await bench.call("secret.define", { xml: secretXml("plain") });
  const hidden = await bench.call("secret.define", { xml: secretXml("hidden", " private='yes'") });
  const passing = await bench.call("secret.define", { xml: secretXml("passing", " ephemeral='yes'") });
  const usages = async (input: { private?: boolean; ephemeral?: boolean }) =>
    (await bench.call("secret.list", input)).map(({ usage }) => usage).sort();
  assert.deepEqual(await usages({}), ["hidden", "passing", "plain"]);
  assert.deepEqual(await usages({ private: true }), ["hidden"]);
  assert.deepEqual(await usages({ ephemeral: false }), ["hidden", "plain"]);
  const [entry] = await bench.call("secret.list", { private: true });
  assert.deepEqual([entry?.usageType, entry?.private, entry?.ephemeral], ["ceph", true, false]);
  for (const on of [plain, hidden, passing]) await bench.call("secret.undefine", {}, { on });
});

test("a value is in no error and in no document, whatever goes wrong", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("secret.define", { xml: secretXml("quiet", " private='yes'") });
  const value = "correct horse battery staple";
  await bench.call("secret.setValue", { value }, { on });
  assert.doesNotMatch(await bench.call("secret.xml", {}, { on }), /horse/);
  const hidden = await bench.result("secret.value", {}, { on });
  assert.equal(hidden.outcome.kind, "not-done");
  assert.doesNotMatch(JSON.stringify(hidden.outcome), /horse/);
  assert.match(JSON.stringify(hidden.outcome), /permission-denied/);
  await host.virsh("secret-undefine", on.id);
  const gone = await bench.result("secret.setValue", { value }, { on });
  assert.equal(gone.outcome.kind, "not-done");
  assert.doesNotMatch(JSON.stringify(gone.outcome), /horse/);
  const large = await bench.result("secret.setValue", { value: value.repeat(4000) }, { on });
  assert.doesNotMatch(JSON.stringify(large.outcome), /horse/);
});

test("what a daemon kept of a value after its death is what the caller is told", async (host) => {
  await using bench = await open(host);
  const on = await bench.call("secret.define", { xml: secretXml("kept") });
  const pending = bench.result("secret.setValue", { value: "a" }, { on });
  host.kill();
  await host.restart();
  const { outcome } = await pending;
  const present = (await host.tryVirsh("secret-get-value", "--plain", on.id)).code === 0;
  assert.equal(outcome.kind, present ? "done" : "not-done", JSON.stringify(outcome));
  await bench.call("secret.undefine", {}, { on });
});
