import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import { guestXml } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests({ needs: guestNeeds });

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

let made = 0;

/** A network of its own for each test: name, bridge and addresses. */
function lan(options: { readonly forward?: string; readonly more?: string } = {}): {
  readonly name: string;
  readonly xml: string;
} {
  const number = ++made;
  const name = `lan-${number}`;
  return {
    name,
    xml: `<network><name>${name}</name>${options.forward ?? ""}<bridge name='br-lan-${number}'/>
      <ip address='10.50.${number}.1' netmask='255.255.255.0'>
        <dhcp><range start='10.50.${number}.10' end='10.50.${number}.99'/></dhcp></ip>${
      options.more ?? ""
    }</network>`,
  };
}

test("a network is defined, started and shown, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan();
  const on = await bench.call("network.define", { xml });
  assert.match(await host.virsh("net-info", name), new RegExp(`UUID:\\s+${on.id}`));
  await bench.call("network.start", {}, { on });
  await bench.call("network.setAutostart", {}, { on });
  const info = await bench.call("network.info", {}, { on });
  assert.deepEqual([info.active, info.persistent, info.autostart, info.bridge], [
    true,
    true,
    true,
    "br-lan-1",
  ]);
  assert.match(await host.virsh("net-info", name), /Active:\s+yes[\s\S]*Autostart:\s+yes/);
  const named = async (input: { active?: boolean; autostart?: boolean; persistent?: boolean }) =>
    (await bench.call("network.list", { name: "lan-*", ...input })).map(({ network }) => network.name);
  assert.deepEqual(await named({ active: true }), [name]);
  assert.deepEqual(await named({ autostart: true, persistent: true }), [name]);
  assert.deepEqual(await named({ active: false }), []);
  assert.equal(await bench.call("network.xml", {}, { on }), `${await host.virsh("net-dumpxml", name)}\n`);
  await bench.call("network.discard", {}, { on });
  assert.notEqual((await host.tryVirsh("net-info", name)).code, 0);
});

test("what virsh does to a network is seen at once, and counts as somebody else's doing", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan();
  const path = await host.file(`${name}.xml`, xml);
  await host.virsh("net-define", path);
  const on = await bench.call("network.lookup", { name });
  const before = on.generation ?? 0;
  await host.virsh("net-start", name);
  assert.equal((await bench.call("network.info", {}, { on })).active, true);
  const again = await bench.call("network.lookup", { name: on.id });
  assert.ok((again.generation ?? 0) > before);
  await bench.refused("wrong-state", "network.start", { on, input: {} });
  await host.virsh("net-destroy", name);
  await bench.refused("wrong-state", "network.destroy", { on, input: {} });
  await host.virsh("net-undefine", name);
  await bench.refused("not-found", "network.start", { on, input: {} });
  assert.deepEqual(await bench.call("network.list", { name }), []);
});

test("a change that is based on what virsh has changed since is refused", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan();
  const on = await bench.call("network.define", { xml });
  const basedOn = await bench.call("network.xml", { inactive: true }, { on });
  const wanted = basedOn.replace("</name>", "</name><title>mine</title>");
  await host.virsh("net-define", await host.file(`${name}.xml`, basedOn.replaceAll("10.50", "10.51")));
  const message = await bench.refused("changed-outside", "network.define", {
    input: { xml: wanted, basedOn },
  });
  assert.match(message, new RegExp(name));
  const fresh = await bench.call("network.xml", { inactive: true }, { on });
  await bench.call("network.define", { xml: fresh.replaceAll("10.51", "10.52"), basedOn: fresh });
  assert.match(await host.virsh("net-dumpxml", name), /10\.52/);
  await bench.call("network.undefine", {}, { on });
});

test("each part of a network that libvirt can change by itself is changed, live and for the next start", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan({ more: "<portgroup name='first'/>" });
  const on = await bench.call("network.define", { xml });
  await bench.call("network.start", {}, { on });
  const number = name.slice(4);
  const parts = [
    ["ip-dhcp-host", `<host mac='52:54:00:00:00:01' ip='10.50.${number}.20'/>`, /52:54:00:00:00:01/],
    ["ip-dhcp-range", `<range start='10.50.${number}.100' end='10.50.${number}.120'/>`, /\.120'/],
    ["portgroup", "<portgroup name='second'/>", /portgroup name='second'/],
    ["dns-host", `<host ip='10.50.${number}.5'><hostname>five</hostname></host>`, /<hostname>five/],
    ["dns-txt", "<txt name='about' value='drover'/>", /value='drover'/],
    ["dns-srv", "<srv service='ldap' protocol='tcp' domain='d' target='t' port='389'/>", /service='ldap'/],
  ] as const;
  for (const [section, part, shows] of parts) {
    await bench.call(
      "network.update",
      { command: "add-last", section, xml: part, live: true, config: true },
      { on },
    );
    assert.match(await host.virsh("net-dumpxml", name), shows, section);
    assert.match(await host.virsh("net-dumpxml", "--inactive", name), shows, section);
    await bench.refused("wrong-state", "network.update", {
      on,
      input: { command: "add-last", section, xml: part },
    });
    await bench.call("network.update", { command: "delete", section, xml: part, config: true }, { on });
    assert.doesNotMatch(await host.virsh("net-dumpxml", "--inactive", name), shows, section);
    assert.match(await host.virsh("net-dumpxml", name), shows, section);
  }
  await bench.refused("unsupported", "network.update", {
    on,
    input: { command: "modify", section: "bridge", xml: "<bridge name='other'/>" },
  });
  await bench.call("network.discard", {}, { on });
});

test("a network that cannot be started stays as it was, and says why", async (host) => {
  await using bench = await open(host);
  const one = lan();
  const other = lan();
  const first = await bench.call("network.create", { xml: one.xml });
  const on = await bench.call("network.define", { xml: other.xml.replaceAll(/10\.50\.\d+/g, "10.60.9") });
  await host.inside("ip", "link", "add", "br-taken", "type", "bridge");
  await host.inside("ip", "address", "add", "10.60.9.77/24", "dev", "br-taken");
  await host.inside("ip", "link", "set", "br-taken", "up");
  assert.match(await bench.refused("in-use", "network.start", { on, input: {} }), /already in use/);
  const { active, persistent } = await bench.call("network.info", {}, { on });
  assert.deepEqual([active, persistent], [false, true]);
  await host.inside("ip", "link", "delete", "br-taken");
  await bench.call("network.start", {}, { on });
  await bench.call("network.discard", {}, { on });
  await bench.call("network.destroy", {}, { on: first });
  await bench.refused("not-found", "network.info", { on: first, input: {} });
});

test("a guest gets an address, a port and a lease of its network", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan();
  const on = await bench.call("network.create", { xml });
  assert.deepEqual(await bench.call("networkPort.list", {}, { on }), []);
  const guest = await bench.call("domain.create", { xml: await guestXml("leaser", { network: name }) });
  const [{ port } = assert.fail("no port"), ...others] = await bench.call("networkPort.list", {}, { on });
  assert.deepEqual(others, []);
  const document = await bench.call("networkPort.xml", {}, { on: port });
  assert.match(document, /<owner>\s*<name>leaser</);
  assert.equal(document.trim(), await host.virsh("net-port-dumpxml", name, port.id));
  const [lease] = await until(async () => {
    const leases = await bench.call("network.leases", {}, { on });
    return leases.length > 0 ? leases : undefined;
  }, { what: "the guest's lease" });
  assert.match(lease?.address ?? "", /^10\.50\.\d+\.\d+$/);
  assert.deepEqual([lease?.family, lease?.prefix], ["ipv4", 24]);
  assert.ok((lease?.expiresAt ?? 0) > Date.now());
  assert.deepEqual(await bench.call("network.leases", { mac: "52:54:00:99:99:99" }, { on }), []);
  await bench.call("domain.destroy", {}, { on: guest });
  assert.deepEqual(await bench.call("networkPort.list", {}, { on }), []);
  await bench.refused("not-found", "networkPort.xml", { on: port, input: {} });
  await bench.call("network.destroy", {}, { on });
});

test("a port is made, limited and deleted by itself, and virsh sees it", async (host) => {
  await using bench = await open(host);
  const { name, xml } = lan();
  const on = await bench.call("network.create", { xml });
  const uuid = "5d744f21-ba4a-4d6e-bdb2-30a35ff3207d";
  const document = `<networkport><uuid>${uuid}</uuid>
    <owner><name>web</name><uuid>3d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid></owner>
    <mac address='52:54:00:7b:35:93'/></networkport>`;
  const port = await bench.call("networkPort.create", { xml: document }, { on });
  assert.equal(port.id, uuid);
  assert.match(await host.virsh("net-port-list", name), new RegExp(uuid));
  await bench.refused("already-exists", "networkPort.create", { on, input: { xml: document } });
  assert.deepEqual(await bench.call("networkPort.lookup", { name: uuid.toUpperCase() }, { on }), port);
  const parameters = {
    "inbound.average": 128,
    "inbound.peak": 256,
    "inbound.burst": 256,
    "outbound.average": 64,
  };
  await bench.call("networkPort.setParameters", { parameters }, { on: port });
  const found = await bench.call("networkPort.parameters", {}, { on: port });
  for (const [field, value] of Object.entries(parameters)) assert.equal(found[field], value, field);
  await bench.call("networkPort.delete", {}, { on: port });
  assert.equal(await host.virsh("net-port-list", name), "");
  await bench.refused("not-found", "networkPort.delete", { on: port, input: {} });
  const nameless = await bench.call(
    "networkPort.create",
    { xml: document.replace(/<uuid>5.*?<\/uuid>/, "") },
    { on },
  );
  await host.virsh("net-port-delete", name, nameless.id);
  await bench.refused("not-found", "networkPort.lookup", { on, input: { name: nameless.id } });
  await bench.call("network.destroy", {}, { on });
});

test("libvirt's own test driver has networks too", async (host) => {
  await using bench = await open(host, "test");
  const on = await bench.call("network.lookup", { name: "default" });
  assert.equal(on.id, "dd8fe884-6c02-601e-7551-cca97df1c5df");
  const { bridge, active } = await bench.call("network.info", {}, { on });
  assert.deepEqual([bridge, active], ["virbr0", true]);
  await bench.refused("unsupported", "network.leases", { on, input: {} });
});
