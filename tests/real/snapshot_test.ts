import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import { Bench } from "../drivers/bench.ts";
import { guestXml, makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests({ needs: guestNeeds });

const open = (host: RealHost): Promise<Bench> => Bench.open(host.uri(), { drivers: [remoteDriver] });

/** A domain that boots nothing, with a disk that can hold snapshots. */
async function defined(bench: Bench, host: RealHost, name: string): Promise<ObjectRef<"domain">> {
  const disk = await makeDisk(host, `${name}.qcow2`);
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
  return await bench.call("domain.define", { xml });
}

/** The tree of a domain's snapshots, as virsh and as we see it. */
async function trees(bench: Bench, host: RealHost, on: ObjectRef): Promise<readonly string[]> {
  const entries = await bench.call("snapshot.list", {}, { on });
  const ours = entries.map(({ snapshot, parent }) => `${parent ?? ""}/${snapshot.name}`).sort();
  const lines = (await host.virsh("snapshot-list", on.name, "--parent")).split("\n").filter((line) =>
    line !== ""
  );
  const theirs = lines.map((line) => {
    const [name = "", , , , , parent = ""] = line.trim().split(/\s+/);
    return `${parent}/${name}`;
  }).sort();
  assert.deepEqual(ours, theirs);
  return ours;
}

test("internal snapshots of a running domain are taken, shown and gone back to", async (host) => {
  await using bench = await open(host);
  const on = await defined(bench, host, "internal");
  await bench.call("domain.start", {}, { on });
  const first = await bench.call("snapshot.create", { name: "first", description: "Before <it>" }, { on });
  await bench.call("snapshot.create", { name: "second" }, { on });
  assert.deepEqual(await trees(bench, host, on), ["/first", "first/second"]);
  const info = await bench.call("snapshot.info", {}, { on: first });
  assert.deepEqual([info.state, info.location, info.description, info.children, info.current], [
    "running",
    "internal",
    "Before <it>",
    1,
    false,
  ]);
  assert.ok(Math.abs(info.createdAt - Date.now()) < 120_000);
  assert.equal((await bench.call("snapshot.current", {}, { on })).name, "second");
  await host.virsh("suspend", "internal");
  assert.equal((await bench.call("snapshot.revert", {}, { on: first })).state, "running");
  assert.equal(await host.virsh("domstate", "internal"), "running");
  await bench.call("snapshot.create", { name: "third" }, { on });
  assert.deepEqual(await trees(bench, host, on), ["/first", "first/second", "first/third"]);
  assert.equal((await bench.call("snapshot.revert", { paused: true }, { on: first })).state, "paused");
  await bench.call("domain.destroy", {}, { on });
  assert.equal((await bench.call("snapshot.revert", {}, { on: first })).state, "running");
  const xml = await bench.call("snapshot.xml", {}, { on: first });
  assert.equal(xml.trim(), (await host.virsh("snapshot-dumpxml", "internal", "first")).trim());
  await bench.call("domain.discard", {}, { on });
});

test("snapshots are listed as a tree, by all that one can ask", async (host) => {
  await using bench = await open(host);
  const on = await defined(bench, host, "tree");
  for (const name of ["a", "b", "c"]) await bench.call("snapshot.create", { name }, { on });
  const a = await bench.call("snapshot.lookup", { name: "a" }, { on });
  await bench.call("snapshot.revert", {}, { on: a });
  await bench.call("snapshot.create", { name: "d" }, { on });
  const names = async (input: { from?: string; descendants?: boolean; roots?: boolean; leaves?: boolean }) =>
    (await bench.call("snapshot.list", input, { on })).map(({ snapshot }) => snapshot.name).sort();
  assert.deepEqual(await names({ from: "a" }), ["b", "c", "d"]);
  assert.deepEqual(await names({ from: "a", descendants: false }), ["b", "d"]);
  assert.deepEqual(await names({ roots: true }), ["a"]);
  assert.deepEqual(await names({ leaves: true }), ["c", "d"]);
  assert.deepEqual(await names({ leaves: false }), ["a", "b"]);
  const b = await bench.call("snapshot.lookup", { name: "b" }, { on });
  assert.equal((await bench.call("snapshot.parent", {}, { on: b })).name, "a");
  const under = await bench.call("snapshot.children", { descendants: true }, { on: a });
  assert.deepEqual(under.map(({ snapshot }) => snapshot.name).sort(), ["b", "c", "d"]);
  await bench.call("snapshot.delete", {}, { on: b });
  assert.deepEqual(await trees(bench, host, on), ["/a", "a/c", "a/d"]);
  await bench.call("snapshot.delete", { children: true }, { on: a });
  assert.deepEqual(await trees(bench, host, on), []);
  await bench.refused("not-found", "snapshot.list", { on, input: { from: "a" } });
  await bench.call("domain.undefine", {}, { on });
});

test("what virsh does to snapshots is seen at once", async (host) => {
  await using bench = await open(host);
  const on = await defined(bench, host, "theirs");
  await host.virsh("snapshot-create-as", "theirs", "one");
  const one = await bench.call("snapshot.lookup", { name: "one" }, { on });
  await host.virsh("snapshot-create-as", "theirs", "two");
  assert.deepEqual(await trees(bench, host, on), ["/one", "one/two"]);
  await host.virsh("snapshot-delete", "theirs", "one");
  await bench.refused("not-found", "snapshot.revert", { on: one, input: {} });
  await bench.refused("not-found", "snapshot.delete", { on: one, input: {} });
  await bench.refused("not-found", "snapshot.info", { on: one, input: {} });
  assert.deepEqual(await trees(bench, host, on), ["/two"]);
  await bench.call("domain.undefine", { snapshotsMetadata: true }, { on });
});

test("a snapshot of the disks alone goes into files beside them, and is told apart", async (host) => {
  await using bench = await open(host);
  const on = await defined(bench, host, "external");
  await bench.call("domain.start", {}, { on });
  const disk = `${host.directory}/lib/images/external.qcow2`;
  const only = await bench.call("snapshot.create", { name: "disks", diskOnly: true }, { on });
  const info = await bench.call("snapshot.info", {}, { on: only });
  assert.deepEqual([info.state, info.location], ["disk-snapshot", "external"]);
  assert.match(await bench.call("domain.xml", {}, { on }), new RegExp(`${disk.replace(".qcow2", ".disks")}`));
  const overlay = `${host.directory}/lib/images/mine.overlay`;
  const xml =
    `<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='${overlay}'/></disk></disks>
    <memory snapshot='external' file='${host.directory}/lib/images/memory'/></domainsnapshot>`;
  const whole = await bench.call("snapshot.create", { name: "whole", xml }, { on });
  const both = await bench.call("snapshot.info", {}, { on: whole });
  assert.deepEqual([both.state, both.location, both.parent], ["running", "external", "disks"]);
  assert.ok((await Deno.stat(overlay)).isFile);
  await bench.refused("already-exists", "snapshot.create", { on, input: { name: "whole", xml } });
  await bench.call("snapshot.delete", { metadataOnly: true }, { on: whole });
  assert.deepEqual(await trees(bench, host, on), ["/disks"]);
  await bench.call("domain.discard", {}, { on });
});

test("metadata that was deleted is taken over again from its document", async (host) => {
  await using bench = await open(host);
  const on = await defined(bench, host, "again");
  const one = await bench.call("snapshot.create", { name: "one" }, { on });
  const xml = await bench.call("snapshot.xml", {}, { on: one });
  await bench.call("snapshot.delete", { metadataOnly: true }, { on: one });
  await bench.call("snapshot.create", { xml, redefine: true, current: true }, { on });
  assert.deepEqual(await trees(bench, host, on), ["/one"]);
  assert.equal((await bench.call("snapshot.current", {}, { on })).name, "one");
  await bench.refused("invalid-argument", "snapshot.create", { on, input: { redefine: true } });
  await bench.call("domain.undefine", { snapshotsMetadata: true }, { on });
});

test("a snapshot freezes a guest's file systems and lets them go", async (host) => {
  await using bench = await open(host);
  const disk = await makeDisk(host, "frozen.qcow2");
  const on = await bench.call("domain.create", { xml: await guestXml("frozen", { disk }) });
  await until(async () => (await bench.result("domain.guestInfo", {}, { on })).outcome.kind === "done", {
    what: "the guest's agent",
  });
  await bench.call("snapshot.create", { name: "quiet", diskOnly: true, quiesce: true }, { on });
  assert.match(
    await host.virsh("qemu-agent-command", "frozen", '{"execute":"guest-fsfreeze-status"}'),
    /thawed/,
  );
  await bench.call("domain.destroy", {}, { on });
});
