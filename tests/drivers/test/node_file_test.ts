import assert from "node:assert/strict";
import { Bench } from "../bench.ts";

const node = `<node>
  <cpu><mhz>3000</mhz><model>i986</model><active>8</active><nodes>1</nodes><sockets>2</sockets><cores>2</cores><threads>2</threads></cpu>
  <memory>1048576</memory>
  <domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
    <name>alpha</name>
    <uuid>7e57d071-0000-4000-8000-00000000000a</uuid>
    <memory>65536</memory>
    <os><type>hvm</type></os>
    <devices><disk type='file'><source file='/a.img'/><target dev='vda'/></disk></devices>
    <test:domainrunstate>3</test:domainrunstate>
    <test:domainsnapshots>
      <domainsnapshot><name>one</name><state>running</state><creationTime>1000</creationTime></domainsnapshot>
      <domainsnapshot><name>two</name><parent><name>one</name></parent><active>1</active></domainsnapshot>
    </test:domainsnapshots>
  </domain>
  <domain type='test'>
    <name>beta</name><memory>65536</memory><os><type>hvm</type></os>
    <test:domainrunstate xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>5</test:domainrunstate>
  </domain>
  <network file='lan.xml'/>
  <pool type='dir'><name>images</name><target><path>/images</path></target>
    <volume><name>disk</name><capacity unit='M'>1</capacity></volume>
  </pool>
  <interface type='ethernet' name='eth0'><mac address='AA:BB:CC:00:00:01'/></interface>
  <device><name>computer</name><capability type='system'/></device>
</node>
`;

async function withFile(text: string, run: (uri: string, path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "drover-node-" });
  try {
    await Deno.writeTextFile(`${directory}/node.xml`, text);
    await Deno.writeTextFile(
      `${directory}/lan.xml`,
      "<network><name>lan</name><bridge name='br-lan'/></network>",
    );
    await run(`test://${directory}/node.xml`, `${directory}/node.xml`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a host is what its file says", async () => {
  await withFile(node, async (uri) => {
    await using bench = await Bench.open(uri);
    const domains = await bench.call("domain.list", {});
    assert.deepEqual(domains.map(({ domain, state }) => [domain.name, state]), [["alpha", "paused"], [
      "beta",
      "shutoff",
    ]]);
    const info = await bench.call("connection.nodeInfo", {});
    assert.deepEqual([info.cpus, info.mhz, info.model, info.memoryKib], [8, 3000, "i986", 1048576]);
    const on = domains[0]!.domain;
    const snapshots = await bench.call("snapshot.list", {}, { on });
    assert.deepEqual(snapshots.map(({ snapshot, parent, current }) => [snapshot.name, parent, current]), [
      ["one", undefined, false],
      ["two", "one", true],
    ]);
    assert.doesNotMatch(await bench.call("domain.xml", {}, { on }), /test:/);
    assert.deepEqual((await bench.call("network.list", { active: true })).map(({ bridge }) => bridge), [
      "br-lan",
    ]);
    const pool = await bench.call("pool.lookup", { name: "/images" });
    const [volume] = await bench.call("volume.list", {}, { on: pool });
    assert.deepEqual([volume?.path, volume?.capacityBytes], ["/images/disk", 1048576]);
    assert.equal((await bench.call("interface.lookup", { name: "aa:bb:cc:00:00:01" })).name, "eth0");
    assert.equal((await bench.call("nodeDevice.list", {})).length, 1);
  });
});

Deno.test("nobody shares a host from a file: its objects have the same ids each time, and keys of their own", async () => {
  await withFile(node, async (uri) => {
    await using one = await Bench.open(uri);
    await using other = await Bench.open(uri);
    await one.call("domain.start", {}, { on: await one.call("domain.lookup", { name: "beta" }) });
    assert.equal((await other.call("domain.list", { active: true })).length, 1);
    const [ours, theirs] = [[...one.host.objects()], [...other.host.objects()]];
    assert.deepEqual(ours.map(({ id }) => id), theirs.map(({ id }) => id));
    const keys = new Set(theirs.map(({ key }) => key));
    assert.ok(ours.length > 0 && !ours.some(({ key }) => keys.has(key)));
    assert.equal(
      (await one.call("connection.info", {})).hostUuid,
      (await other.call("connection.info", {})).hostUuid,
    );
    assert.notEqual(one.host.bootId, other.host.bootId);
  });
});

for (
  const [what, text] of [
    ["is no host", "<nodes/>"],
    ["is not well-formed", "<node><domain></node>"],
    ["has one name twice", node.replace("<name>beta</name>", "<name>alpha</name>")],
  ] as const
) {
  Deno.test(`a file that ${what} is refused`, async () => {
    await withFile(text, async (uri) => {
      await assert.rejects(Bench.open(uri), { code: "invalid-document" });
    });
  });
}

Deno.test("a URI that leads nowhere is refused, and says what to write", async () => {
  for (
    const [uri, code] of [
      ["test:///", "invalid-argument"],
      ["test:///nowhere.xml", "invalid-argument"],
      ["test:///default?state=relative", "invalid-argument"],
      ["test:///default?fault=domain.spawn:explode", "invalid-argument"],
      ["test:///default?latency=soon", "invalid-argument"],
    ] as const
  ) {
    await assert.rejects(Bench.open(uri), { code }, uri);
  }
});

Deno.test("latency and faults can be set in the URI", async () => {
  await using bench = await Bench.open(
    "test:///default?host=by-uri&latency=domain.spawn:1&fault=domain.pause:fail:object=te*:count=1",
  );
  const on = await bench.call("domain.lookup", { name: "test" });
  await bench.refused("operation-failed", "domain.suspend", { on, input: {} });
  assert.equal((await bench.call("domain.suspend", {}, { on })).state, "paused");
});
