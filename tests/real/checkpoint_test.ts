import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import { Bench } from "../drivers/bench.ts";
import { makeDisk } from "./kit/guest.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests();

const open = (host: RealHost): Promise<Bench> => Bench.open(host.uri(), { drivers: [remoteDriver] });

/** A running domain that boots nothing, with two disks that can hold bitmaps. */
async function running(
  bench: Bench,
  host: RealHost,
  name: string,
  size = "16M",
): Promise<ObjectRef<"domain">> {
  const disks = await Promise.all(["vda", "vdb"].map(async (target) => {
    const path = await makeDisk(host, `${name}-${target}.qcow2`, { size });
    return `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>
      <target dev='${target}' bus='virtio'/></disk>`;
  }));
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os><devices>${disks.join("")}</devices></domain>`;
  const on = await bench.call("domain.define", { xml });
  await bench.call("domain.start", {}, { on });
  return on;
}

/** Writes into a disk of a running guest from outside of it, by its monitor. */
async function write(host: RealHost, name: string, disk: string, range: string): Promise<void> {
  const device = `/machine/peripheral/virtio-disk${disk === "vda" ? 0 : 1}/virtio-backend`;
  const command = `qemu-io -d ${device} "write ${range}"`;
  const { output, error } = await host.tryVirsh("qemu-monitor-command", name, "--hmp", command);
  // What it writes is told on the emulator's own output.
  assert.equal((output + error).trim(), "");
}

async function discard(bench: Bench, on: ObjectRef<"domain">): Promise<void> {
  await bench.call("domain.destroy", {}, { on });
  await bench.call("domain.undefine", { checkpointsMetadata: true }, { on });
}

test("checkpoints are set, shown as a tree and deleted, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "points");
  const one = await bench.call("domain.createCheckpoint", { name: "one", description: "The <first>" }, {
    on,
  });
  assert.deepEqual([one.name, one.parent, one.description, one.disks], ["one", undefined, "The <first>", [
    "vda",
    "vdb",
  ]]);
  const two = await bench.call("domain.createCheckpoint", { name: "two", disks: ["vda"] }, { on });
  assert.deepEqual([two.parent, two.disks], ["one", ["vda"]]);
  await host.virsh("checkpoint-create-as", "points", "three");
  const names = async (input: { from?: string; roots?: boolean; leaves?: boolean; name?: string }) =>
    (await bench.call("domain.listCheckpoints", input, { on })).map(({ name }) => name);
  assert.deepEqual(await names({}), ["one", "two", "three"]);
  assert.deepEqual(await names({ from: "one" }), ["two", "three"]);
  assert.deepEqual(await names({ roots: true }), ["one"]);
  assert.deepEqual(await names({ leaves: true }), ["three"]);
  await bench.refused("not-found", "domain.checkpointInfo", { on, input: { name: "none" } });
  const { outcome } = await bench.result("domain.createCheckpoint", { name: "two" }, { on });
  assert.equal(outcome.kind, "not-done");
  const xml = await bench.call("domain.checkpointXml", { name: "two", withoutDomain: true }, { on });
  assert.equal(xml.trim(), await host.virsh("checkpoint-dumpxml", "--no-domain", "points", "two"));
  await bench.call("domain.deleteCheckpoint", { name: "two" }, { on });
  assert.equal((await bench.call("domain.checkpointInfo", { name: "three" }, { on })).parent, "one");
  await host.virsh("checkpoint-delete", "points", "three");
  assert.deepEqual(await names({}), ["one"]);
  const whole = await bench.call("domain.checkpointXml", { name: "one" }, { on });
  await bench.call("domain.deleteCheckpoint", { name: "one", metadataOnly: true }, { on });
  assert.deepEqual(await names({}), []);
  await bench.call("domain.createCheckpoint", { xml: whole, redefine: true }, { on });
  assert.deepEqual(await names({}), ["one"]);
  await bench.call("domain.deleteCheckpoint", { name: "one", children: true }, { on });
  await bench.refused("not-found", "domain.deleteCheckpoint", { on, input: { name: "one" } });
  await discard(bench, on);
});

test("a backup is waited for, whole and since a checkpoint", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "backed");
  const path = (what: string): string => `${host.directory}/backed-${what}`;
  const push = (what: string): string =>
    `<domainbackup><disks><disk name='vda' backup='yes' type='file'><target file='${path(what)}'/>
      <driver type='qcow2'/></disk></disks></domainbackup>`;
  const { bytes } = await bench.call("domain.backUp", { xml: push("full"), checkpoint: "monday" }, { on });
  assert.ok(bytes >= 16 * 1024 ** 2, `${bytes}`);
  assert.ok((await Deno.stat(path("full"))).isFile);
  assert.deepEqual((await bench.call("domain.listCheckpoints", {}, { on })).map(({ name }) => name), [
    "monday",
  ]);
  await write(host, "backed", "vda", "-P 7 1M 1M");
  await bench.call("domain.backUp", { xml: push("since"), incremental: "monday", checkpoint: "tuesday" }, {
    on,
  });
  const map = await new Deno.Command("qemu-img", { args: ["map", "-U", "--output=json", path("since")] })
    .output();
  assert.equal(map.code, 0, new TextDecoder().decode(map.stderr));
  const extents = JSON.parse(new TextDecoder().decode(map.stdout)) as {
    start: number;
    length: number;
    data: boolean;
  }[];
  const data = extents.filter((extent) => extent.data);
  assert.deepEqual([data[0]?.start, data.reduce((sum, { length }) => sum + length, 0)], [
    1024 ** 2,
    1024 ** 2,
  ]);
  const { outcome } = await bench.result("domain.backUp", { xml: push("full") }, { on });
  assert.equal(outcome.kind, "not-done");
  await bench.refused("invalid-argument", "domain.backUp", {
    on,
    input: { xml: "<domainbackup mode='pull'/>" },
  });
  await discard(bench, on);
});

test("a backup that others read goes on until it is ended", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "pulled");
  await bench.refused("not-found", "domain.backupXml", { on, input: {} });
  const socket = `${host.directory}/pulled.sock`;
  const xml = `<domainbackup mode='pull'><server transport='unix' socket='${socket}'/></domainbackup>`;
  await bench.call("domain.beginBackup", { xml }, { on });
  const found = await bench.call("domain.backupXml", {}, { on });
  assert.match(found, /mode='pull'[\s\S]*disk name='vda' backup='yes'/);
  assert.equal((await host.inside("qemu-img", "info", `nbd:unix:${socket}:exportname=vda`)).code, 0);
  await bench.refused("in-use", "domain.beginBackup", { on, input: { xml } });
  assert.equal((await bench.call("domain.jobInfo", {}, { on })).operation, "backup");
  await bench.call("domain.abortJob", {}, { on });
  // The host ends it in its own time.
  await until(async () => (await bench.call("domain.jobInfo", {}, { on })).type === "none", {
    what: "its end",
  });
  await bench.refused("not-found", "domain.backupXml", { on, input: {} });
  await discard(bench, on);
});

test("a backup that nobody wants any more is ended at the host, and its files go", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "unwanted", "2G");
  await write(host, "unwanted", "vda", "-P 1 0 512M");
  const path = `${host.directory}/unwanted-full`;
  const xml = `<domainbackup><disks><disk name='vda' backup='yes' type='file'><target file='${path}'/>
    <driver type='qcow2'/></disk></disks></domainbackup>`;
  const controller = new AbortController();
  let fraction = 0;
  await host.virsh("blkdeviotune", "unwanted", "vda", "--total-bytes-sec", "20000000");
  const { outcome } = await bench.result("domain.backUp", { xml }, {
    on,
    signal: controller.signal,
    onState: (state) => {
      if (state.kind !== "progress" || state.fraction === 0) return;
      fraction = state.fraction;
      controller.abort();
    },
  });
  assert.ok(fraction > 0 && fraction < 1, `${fraction}`);
  assert.equal(outcome.kind, "not-done", JSON.stringify(outcome));
  assert.match(await host.virsh("domjobinfo", "unwanted"), /Job type:\s+None/);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  await discard(bench, on);
});

test("what virsh aborts is cancelled for whoever waits for it", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "aborted", "2G");
  await write(host, "aborted", "vda", "-P 1 0 512M");
  await host.virsh("blkdeviotune", "aborted", "vda", "--total-bytes-sec", "20000000");
  const xml = `<domainbackup><disks><disk name='vda' backup='yes' type='file'>
    <target file='${host.directory}/aborted-full'/><driver type='qcow2'/></disk></disks></domainbackup>`;
  let aborted: Promise<string> | undefined;
  const { outcome } = await bench.result("domain.backUp", { xml }, {
    on,
    onState: (state) => {
      if (state.kind === "progress") aborted ??= host.virsh("domjobabort", "aborted");
    },
  });
  await aborted;
  assert.match(JSON.stringify(outcome), /not-done.*cancelled.*somebody has aborted it/);
  await discard(bench, on);
});

test("a domain that dies during its backup is gone for whoever waits for it", async (host) => {
  await using bench = await open(host);
  const on = await running(bench, host, "dying", "2G");
  await write(host, "dying", "vda", "-P 1 0 512M");
  await host.virsh("blkdeviotune", "dying", "vda", "--total-bytes-sec", "20000000");
  const xml = `<domainbackup><disks><disk name='vda' backup='yes' type='file'>
    <target file='${host.directory}/dying-full'/><driver type='qcow2'/></disk></disks></domainbackup>`;
  let killed: Promise<string> | undefined;
  const { outcome } = await bench.result("domain.backUp", { xml }, {
    on,
    onState: (state) => {
      if (state.kind === "progress") killed ??= host.virsh("destroy", "dying");
    },
  });
  await killed;
  assert.notEqual(outcome.kind, "done", JSON.stringify(outcome));
  assert.equal((await bench.call("domain.info", {}, { on })).state, "shutoff");
  await bench.call("domain.undefine", { checkpointsMetadata: true }, { on });
});
