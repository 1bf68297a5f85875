/**
 * Somebody else acts on the same objects, by virsh: what Drover then says and does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { InputOf } from "../../model/operation.ts";
import type { OperationName, Operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Caller } from "../../runtime/call.ts";
import type { VirtEvent } from "../../model/event.ts";
import { inPlace } from "../cli/kit/process.ts";
import { Bench } from "../drivers/bench.ts";
import { descendants } from "./kit/process_tree.ts";
import { makeDisk } from "./kit/guest.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests();

function domainXml(name: string): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os></domain>`;
}

/** A kernel with a connection, and a domain that it has defined. */
async function withDomain(
  host: RealHost,
  { name, started = false }: { readonly name: string; readonly started?: boolean },
): Promise<{ readonly bench: Bench; readonly on: ObjectRef<"domain"> }> {
  const bench = await Bench.open(host.uri(), { drivers: [remoteDriver] });
  await bench.call("domain.define", { xml: domainXml(name) });
  const defined = await bench.call("domain.lookup", { name });
  if (started) await bench.call("domain.start", {}, { on: defined });
  return { bench, on: await bench.call("domain.lookup", { name }) };
}

/** Calls through a handle: what it knows of its object is what it knew when it was looked up. */
async function through<N extends OperationName>(
  bench: Bench,
  { operation, on, input, caller = { principal: "test", since: 0 } }: {
    readonly operation: N;
    readonly on: ObjectRef;
    readonly input: InputOf<Operations[N]>;
    readonly caller?: Caller;
  },
): Promise<Outcome> {
  const { outcome } = await bench.kernel.call({
    operation,
    connections: bench.connections,
    connection: "host",
    target: on,
    input,
    caller,
    authority: { check: () => {}, sees: () => true, checkReach: () => {} },
  });
  return outcome;
}

function codeOf(outcome: Outcome): string {
  return outcome.kind === "done" ? "done" : outcome.error.code;
}

/** What somebody hears of the host's objects. */
function listen(bench: Bench): { readonly heard: VirtEvent[] } & Disposable {
  const heard: VirtEvent[] = [];
  const subscription = bench.kernel.subscribe(bench.host, (event) => void heard.push(event));
  return { heard, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
}

test("a definition that is based on one that somebody else has replaced is refused", async (host) => {
  const { bench, on } = await withDomain(host, { name: "based" });
  await using _bench = bench;
  const basedOn = await bench.call("domain.xml", { inactive: true }, { on });
  await host.virsh("setvcpus", "based", "3", "--maximum", "--config");
  const mine = basedOn.replace("16384", "32768");
  await bench.refused("changed-outside", "domain.define", { input: { xml: mine, basedOn } });
  assert.equal(await host.virsh("vcpucount", "based", "--maximum", "--config"), "3");
  const now = await bench.call("domain.xml", { inactive: true }, { on });
  await bench.call("domain.define", { xml: now.replaceAll("16384", "32768"), basedOn: now });
  assert.match(await host.virsh("dominfo", "based"), /Max memory:\s+32768/);
  assert.equal(await host.virsh("vcpucount", "based", "--maximum", "--config"), "3");
  await host.virsh("undefine", "based");
});

test("a write through a handle of a guest that somebody else has restarted is refused", async (host) => {
  const { bench, on } = await withDomain(host, { name: "restarted", started: true });
  await using _bench = bench;
  await host.virsh("destroy", "restarted");
  await host.virsh("start", "restarted");
  const outcome = await through(bench, { operation: "domain.suspend", on, input: {} });
  assert.equal(codeOf(outcome), "object-changed");
  assert.equal(await host.virsh("domstate", "restarted"), "running");
  const fresh = await bench.call("domain.lookup", { name: "restarted" });
  assert.ok((fresh.generation ?? 0) > (on.generation ?? 0), "the generation has moved");
  assert.equal(codeOf(await through(bench, { operation: "domain.suspend", on: fresh, input: {} })), "done");
  assert.equal(await host.virsh("domstate", "restarted"), "paused");
  await host.virsh("destroy", "restarted");
  await host.virsh("undefine", "restarted");
});

test("what somebody else does is told by events, and is what is there for who looks", async (host) => {
  const { bench, on } = await withDomain(host, { name: "watched" });
  await using _bench = bench;
  using ears = listen(bench);
  const heardOf = (type: string): Promise<VirtEvent> =>
    until(() => ears.heard.find((event) => event.type === type && event.object.id === on.id), {
      what: `the event "${type}"`,
    });
  await host.virsh("start", "watched");
  await heardOf("started");
  assert.equal((await bench.call("domain.info", {}, { on })).state, "running");
  await host.virsh("suspend", "watched");
  await heardOf("suspended");
  assert.equal((await bench.call("domain.info", {}, { on })).state, "paused");
  await host.virsh("destroy", "watched");
  await heardOf("stopped");
  await host.virsh("undefine", "watched");
  await heardOf("undefined");
  await bench.refused("not-found", "domain.info", { on, input: {} });
  assert.deepEqual(await bench.call("domain.list", { name: "watched" }), []);
});

test("a guest that somebody else destroys while a call waits for its turn is not touched by that call", async (host) => {
  const { bench, on } = await withDomain(host, { name: "waited-for", started: true });
  await using _bench = bench;
  const holder: Caller = { principal: "test", run: "holder", since: 1 };
  const lease = await bench.kernel.acquire({
    objects: [on],
    connections: bench.connections,
    caller: holder,
  });
  const waiting = through(bench, { operation: "domain.suspend", on, input: {} });
  await until(() => bench.kernel.slots().some(({ waiters }) => waiters.length > 0), { what: "the queue" });
  await host.virsh("destroy", "waited-for");
  await host.virsh("start", "waited-for");
  await lease.release();
  assert.equal(codeOf(await waiting), "object-changed");
  assert.equal(await host.virsh("domstate", "waited-for"), "running");
  await host.virsh("destroy", "waited-for");
  await host.virsh("undefine", "waited-for");
});

test("a lease binds Drover alone: its holder is told that somebody else has acted", async (host) => {
  const { bench, on } = await withDomain(host, { name: "leased", started: true });
  await using _bench = bench;
  const holder: Caller = { principal: "test", run: "holder", since: 1 };
  const lease = await bench.kernel.acquire({
    objects: [on],
    connections: bench.connections,
    caller: holder,
  });
  await host.virsh("destroy", "leased");
  const outcome = await through(bench, { operation: "domain.suspend", on, input: {}, caller: holder });
  assert.ok(["object-changed", "wrong-state"].includes(codeOf(outcome)), codeOf(outcome));
  await lease.release();
  await host.virsh("undefine", "leased");
});

test("what somebody else has removed is not there, and its name is free", async (host) => {
  const { bench, on } = await withDomain(host, { name: "removed" });
  await using _bench = bench;
  await host.virsh("undefine", "removed");
  const outcome = await through(bench, { operation: "domain.start", on, input: {} });
  assert.ok(["not-found", "object-gone"].includes(codeOf(outcome)), codeOf(outcome));
  await host.virsh("define", await host.file("again.xml", domainXml("removed")));
  const again = await bench.call("domain.lookup", { name: "removed" });
  assert.notEqual(again.id, on.id);
  assert.equal(codeOf(await through(bench, { operation: "domain.start", on: again, input: {} })), "done");
  await bench.refused("already-exists", "domain.define", { input: { xml: domainXml("removed") } });
  await host.virsh("destroy", "removed");
  await host.virsh("undefine", "removed");
});

test("a domain that somebody else has renamed is the same one under its other name", async (host) => {
  const { bench, on } = await withDomain(host, { name: "old-name" });
  await using _bench = bench;
  await host.virsh("domrename", "old-name", "other-name");
  await bench.refused("not-found", "domain.lookup", { input: { name: "old-name" } });
  assert.equal((await bench.call("domain.lookup", { name: "other-name" })).id, on.id);
  const [entry] = await bench.call("domain.list", { name: "other-name" });
  assert.equal(entry?.domain.id, on.id);
  await bench.call("domain.start", {}, { on });
  assert.equal(await host.virsh("domstate", "other-name"), "running");
  await host.virsh("destroy", "other-name");
  await host.virsh("undefine", "other-name");
});

test("a snapshot and a volume that somebody else has deleted are gone for lists and calls", async (host) => {
  await using bench = await Bench.open(host.uri(), { drivers: [remoteDriver] });
  const disk = `<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
    <source file='${await makeDisk(
    host,
    "snapped.qcow2",
  )}'/><target dev='vda' bus='virtio'/></disk></devices>`;
  const xml = domainXml("snapped").replace("</domain>", `${disk}</domain>`);
  const on = await bench.call("domain.define", { xml });
  await host.virsh("snapshot-create-as", "snapped", "theirs");
  const theirs = await bench.call("snapshot.lookup", { name: "theirs" }, { on });
  await host.virsh("snapshot-delete", "snapped", "theirs", "--metadata");
  await bench.refused("not-found", "snapshot.info", { on: theirs, input: {} });
  assert.deepEqual(await bench.call("snapshot.list", {}, { on }), []);
  await host.virsh("undefine", "snapped");

  const folder = `${host.directory}/shared`;
  await Deno.mkdir(folder);
  const pool = `<pool type='dir'><name>shared</name><target><path>${folder}</path></target></pool>`;
  await host.virsh("pool-create", await host.file("pool.xml", pool));
  const inPool = await bench.call("pool.lookup", { name: "shared" });
  await host.virsh("vol-create-as", "shared", "theirs", "1M");
  const volume = await bench.call("volume.lookup", { name: "theirs" }, { on: inPool });
  await host.virsh("vol-delete", "theirs", "--pool", "shared");
  await bench.refused("not-found", "volume.delete", { on: volume, input: {} });
  assert.deepEqual(await bench.call("volume.list", {}, { on: inPool }), []);
  await host.virsh("pool-destroy", "shared");
});

test("while somebody else holds libvirt's own lock on a guest, a call goes on asking until it has its turn", async (host) => {
  const { bench, on } = await withDomain(host, { name: "locked", started: true });
  await using _bench = bench;
  const emulator = descendants(host.initPid).find(({ program }) => program.startsWith("qemu-system"));
  assert.ok(emulator !== undefined);
  Deno.kill(emulator.pid, "SIGSTOP");
  // It asks the emulator, which does not answer now, and keeps libvirt's lock meanwhile.
  const theirs = host.tryVirsh("qemu-monitor-command", "locked", "--hmp", "info status");
  await until(async () => /ESTAB +[1-9]\d* .*monitor\.sock/.test((await host.inside("ss", "-xn")).output), {
    what: "a command that waits for the emulator",
  });
  const ours = bench.call("domain.suspend", {}, { on });
  // libvirt gives up a call that waits for its lock after 30 seconds.
  await until(async () => (await host.log()).includes("cannot acquire state change lock"), {
    what: "libvirt to be out of patience",
    withinMs: 120_000,
  });
  Deno.kill(emulator.pid, "SIGCONT");
  assert.equal((await ours).state, "paused");
  assert.equal((await theirs).code, 0);
  assert.equal(await host.virsh("domstate", "locked"), "paused");
  await host.virsh("destroy", "locked");
  await host.virsh("undefine", "locked");
});

test("a recipe that waits for a domain goes on when somebody else starts it", async (host) => {
  await host.virsh("define", await host.file("awaited.xml", domainXml("awaited")));
  await inPlace(async (place) => {
    const file = await place.recipe(
      "wait",
      `summary: "Wait",
      needs: ["domain:getattr,read"],
      async run({ host, log }) {
        const vm = await host.domain("awaited");
        log.info("waiting");
        return (await vm.until.running({ within: "2m" })).state;
      },`,
    );
    const run = place.start("run", file, "-c", host.uri(), "--allow", "all");
    await run.printed("waiting");
    await host.virsh("start", "awaited");
    const ended = await run.ended();
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.out, /running/);
  });
  await host.virsh("destroy", "awaited");
  await host.virsh("undefine", "awaited");
});
