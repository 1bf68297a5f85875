// What libvirt's Technology Compatibility Kit and its bindings were seen to rely on.
import assert from "node:assert/strict";
import type { RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const test: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

function definition(devices: string): string {
  return `<domain type='test'><name>made</name><uuid>11111111-2222-4333-8444-555555555555</uuid>
    <memory>1024</memory><os><type>hvm</type></os><devices>${devices}</devices></domain>`;
}

Deno.test("a network interface without a name on the host gets one that no other has", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const nic = (target: string): string =>
    `<interface type='network'><source network='default'/>${target}<model type='virtio'/></interface>`;
  const { dom } = await client.call("domainDefineXml", {
    xml: definition(nic("") + nic("<target dev='testnet0'/>") + nic("")),
  });
  const { xml } = await client.call("domainGetXmlDesc", { dom, flags: 0 });
  assert.deepEqual(xml.match(/(?<=target dev=')[^']*/g), ["testnet1", "testnet0", "testnet2"]);
  assert.deepEqual(xml.match(/<(?:source|target|model) /g)?.slice(0, 3), ["<source ", "<target ", "<model "]);
});

Deno.test("what is attached to a drive that is there is its medium", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const drive = (source: string): string =>
    `<disk type='file' device='cdrom'>${source}<target dev='hdc' bus='ide'/><readonly/></disk>`;
  const { dom } = await client.call("domainCreateXml", {
    xmlDesc: definition(drive("<source file='/one.iso'/>")),
    flags: 0,
  });
  for (const [source, file] of [["<source file='/two.iso'/>", "/two.iso"], ["", undefined]] as const) {
    await client.call("domainAttachDevice", { dom, xml: drive(source) });
    const { xml } = await client.call("domainGetXmlDesc", { dom, flags: 0 });
    assert.equal(/source file='([^']*)'/.exec(xml)?.[1], file);
    assert.equal(xml.match(/<disk /g)?.length, 1);
  }
});

Deno.test("a device that is not there is missing, and no domain is", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const error = await errorOf(client.call("domainDetachDeviceAlias", { dom: test, alias: "none", flags: 0 }));
  assert.equal(error.remoteCode, "VIR_ERR_DEVICE_MISSING");
});

Deno.test("an I/O thread goes with what pinned it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const dom = test;
  await client.call("domainAddIothread", { dom, iothreadId: 1, flags: 1 });
  await client.call("domainPinIothread", { dom, iothreadsId: 1, cpumap: new Uint8Array([1]), flags: 1 });
  await client.call("domainDelIothread", { dom, iothreadId: 1, flags: 1 });
  const { xml } = await client.call("domainGetXmlDesc", { dom, flags: 0 });
  assert.doesNotMatch(xml, /iothread|cputune/);
});

Deno.test("metadata is read back without the namespace that it was put into", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const metadata = "<a b='c'><in k:d='1'>x &amp; y</in><!-- kept --></a>";
  const uri = "http://example.org/x";
  await client.call("domainSetMetadata", { dom: test, type: 2, metadata, key: "k", uri, flags: 1 });
  const found = await client.call("domainGetMetadata", { dom: test, type: 2, uri, flags: 1 });
  assert.equal(found.metadata.replaceAll(/>\s+</g, "><"), metadata);
});

Deno.test("domains are listed by whether they have checkpoints", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const count = async (flags: number): Promise<number> =>
    (await client.call("connectListAllDomains", { needResults: 1, flags })).ret;
  assert.deepEqual([await count(1 << 14), await count(1 << 15), await count(0)], [0, 1, 1]);
});

Deno.test("what is no XML, and what has no name, has libvirt's number for that", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const numbers = { "<domain": "VIR_ERR_XML_DETAIL", "<domain type='test'/>": "VIR_ERR_NO_NAME" };
  for (const [xml, code] of Object.entries(numbers)) {
    assert.equal((await errorOf(client.call("domainDefineXml", { xml }))).remoteCode, code);
  }
});

Deno.test("no domain has the empty name, and no file is a domain", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const nobody = await errorOf(client.call("domainLookupByName", { name: "" }));
  assert.equal(nobody.remoteCode, "VIR_ERR_NO_DOMAIN");
  const nothing = await errorOf(client.call("domainRestore", { from: "/no/such/file" }));
  assert.equal(nothing.remoteCode, "VIR_ERR_SYSTEM_ERROR");
});

Deno.test("what a migration may take is kept", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const speed = async (): Promise<bigint> =>
    (await client.call("domainMigrateGetMaxSpeed", { dom: test, flags: 0 })).bandwidth;
  assert.ok(await speed() > 1_000_000n);
  await client.call("domainMigrateSetMaxSpeed", { dom: test, bandwidth: 10_000n, flags: 0 });
  await client.call("domainMigrateSetMaxDowntime", { dom: test, downtime: 77n, flags: 0 });
  assert.equal(await speed(), 10_000n);
  const { downtime } = await client.call("domainMigrateGetMaxDowntime", { dom: test, flags: 0 });
  assert.equal(downtime, 77n);
});
