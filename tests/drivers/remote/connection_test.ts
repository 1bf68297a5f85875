/**
 * What a connection knows of a world in which others act too.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeLibvirtd, remoteFault } from "./kit/fake_libvirtd.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

Deno.test("a domain is defined, started, paused, destroyed and removed, and nobody else is seen to act", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web") });
  assert.equal((await bench.call("domain.start", {}, { on })).state, "running");
  assert.equal(bench.domain("web")?.generation, 1);
  assert.equal((await bench.call("domain.suspend", {}, { on })).state, "paused");
  assert.equal((await bench.call("domain.resume", {}, { on })).state, "running");
  await bench.calm();
  assert.equal(bench.domain("web")?.generation, 1);
  assert.equal((await bench.call("domain.destroy", {}, { on })).state, "shutoff");
  await bench.calm();
  assert.equal(bench.domain("web")?.generation, 2);
  await bench.call("domain.undefine", {}, { on });
  assert.equal(bench.domain("web"), undefined);
  assert.deepEqual(bench.heard, [
    "web defined added",
    "web started booted",
    "web suspended paused",
    "web resumed unpaused",
    "web stopped destroyed",
    "web undefined removed",
  ]);
});

Deno.test("what others do is heard, seen, and moves the generation", async () => {
  await using bench = await RemoteBench.open();
  const domain = bench.libvirtd.define(xmlOf("web", { uuid }));
  await bench.calm();
  assert.equal(bench.domain("web")?.phase, "inactive");
  bench.libvirtd.start(domain);
  await bench.calm();
  const known = bench.domain("web");
  assert.deepEqual([known?.phase, known?.generation, known?.live], ["active", 1, { id: 1 }]);
  bench.libvirtd.stop(domain);
  bench.libvirtd.start(domain);
  await bench.calm();
  assert.deepEqual([known?.phase, known?.live], ["active", { id: 2 }]);
  assert.ok((known?.generation ?? 0) > 1);
  bench.libvirtd.stop(domain);
  bench.libvirtd.undefine(domain);
  await bench.calm();
  assert.equal(known?.phase, "removed");
  assert.equal(bench.domain("web"), undefined);
});

Deno.test("a live write through a reference from before somebody restarted the domain is refused", async () => {
  await using bench = await RemoteBench.open();
  const domain = bench.libvirtd.define(xmlOf("web", { uuid }));
  bench.libvirtd.start(domain);
  const [entry] = await bench.call("domain.list", {});
  bench.libvirtd.stop(domain);
  bench.libvirtd.start(domain);
  const stale = entry?.domain as ObjectRef;
  const { outcome } = await bench.clock.until(bench.bench.kernel.call({
    operation: "domain.suspend",
    connections: bench.bench.connections,
    connection: "host",
    target: stale,
    input: {},
    caller: { principal: "test", since: 0 },
    authority: { check: () => {}, sees: () => true, checkReach: () => {} },
  }));
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "object-changed");
});

Deno.test("a definition that somebody changed moves the generation, before any event tells of it", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  await bench.calm();
  const { generation } = bench.domain("web")!;
  const domain = bench.libvirtd.domains.get(uuid)!;
  domain.config = xmlOf("web", { uuid, vcpus: 4 });
  await bench.call("domain.setAutostart", { autostart: true }, { on });
  assert.equal(bench.domain("web")?.generation, generation + 1);
});

Deno.test("a definition that nobody had read moves the generation when it is told to be another", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  await using bench = await RemoteBench.open({ libvirtd });
  const { generation } = bench.domain("web")!;
  libvirtd.define(xmlOf("web", { uuid, vcpus: 2 }));
  await bench.calm();
  assert.equal(bench.domain("web")?.generation, generation + 1);
});

Deno.test("a definition that is based on one that is gone is refused", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  const basedOn = await bench.call("domain.xml", { inactive: true }, { on });
  await bench.call("domain.define", { xml: xmlOf("web", { uuid, vcpus: 2 }), basedOn });
  const message = await bench.refused("changed-outside", "domain.define", {
    input: { xml: xmlOf("web", { uuid, vcpus: 3 }), basedOn },
  });
  assert.equal(message, 'Cannot define domain "web": its definition was changed meanwhile');
  // However it is written: what it says is what counts.
  const spaced = xmlOf("web", { uuid, vcpus: 2 }).replaceAll("><", ">\n  <");
  await bench.call("domain.define", { xml: xmlOf("web", { uuid, vcpus: 4 }), basedOn: spaced });
});

Deno.test("a name or a UUID that another domain has is refused", async () => {
  await using bench = await RemoteBench.open();
  await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  await bench.refused("already-exists", "domain.define", { input: { xml: xmlOf("db", { uuid }) } });
  await bench.refused("already-exists", "domain.define", { input: { xml: xmlOf("web") } });
  const on = await bench.call("domain.define", { xml: xmlOf("db") });
  await bench.refused("already-exists", "domain.rename", { on, input: { newName: "web" } });
});

Deno.test("a domain that others defined meanwhile is not taken for one's own", async () => {
  await using bench = await RemoteBench.open();
  const define = bench.begin("domain.define", { xml: xmlOf("web", { uuid, vcpus: 2 }) });
  bench.libvirtd.define(xmlOf("web", { uuid }));
  const { outcome } = await bench.clock.until(define);
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "changed-outside");
  assert.equal(bench.libvirtd.domains.get(uuid)?.config, xmlOf("web", { uuid }));
});

Deno.test("the far side's refusal says what was being done, to what, and what it said", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  const text = "internal error: process exited while connecting to monitor: no such machine";
  bench.libvirtd.faults.set("domainCreate", [remoteFault(1, text)]);
  const outcome = await bench.outcome("domain.start", {}, { on });
  assert.ok(outcome.kind === "not-done");
  assert.equal(
    outcome.error.message,
    'Cannot start domain "web": process exited while connecting to monitor: no such machine',
  );
  assert.equal(outcome.error.target, 'domain "web"');
  assert.equal(outcome.error.remoteCode, "VIR_ERR_INTERNAL_ERROR");
  assert.equal(typeof outcome.error.cause === "object" && outcome.error.cause.message, text);
  assert.equal(bench.domain("web")?.phase, "inactive");
});

Deno.test("libvirt's time-out of its own lock is tried again until the deadline", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  const busy = (): ReturnType<typeof remoteFault> =>
    remoteFault(68, "Timed out during operation: cannot acquire state change lock");
  bench.libvirtd.faults.set("domainCreate", [busy(), busy(), busy()]);
  assert.equal((await bench.call("domain.start", {}, { on })).state, "running");
  await bench.call("domain.destroy", {}, { on });
  bench.libvirtd.faults.set("domainCreate", Array.from({ length: 1000 }, busy));
  const deadline = bench.clock.now() + 10_000;
  const message = await bench.refused("slot-timeout", "domain.start", { on, input: {}, deadline });
  assert.equal(
    message,
    'Cannot start domain "web": somebody else works on it at the host, and has not ended in time',
  );
});

Deno.test("a guest that did not do its part in time is no lock, and is not asked twice", async () => {
  await using bench = await RemoteBench.open();
  const on = await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  const late = "Timed out during operation: vcpu unplug request timed out. Look for yourself";
  bench.libvirtd.faults.set("domainCreate", [remoteFault(68, late)]);
  const message = await bench.refused("operation-failed", "domain.start", { on, input: {} });
  assert.equal(message, 'Cannot start domain "web": vcpu unplug request timed out. Look for yourself');
});

Deno.test("a snapshot of which only a reference is left is asked for, and is gone where it is gone", async () => {
  await using bench = await RemoteBench.open();
  await bench.call("domain.define", { xml: xmlOf("web", { uuid }) });
  const found = bench.connection.find({ $ref: "snapshot", id: "old", parent: uuid });
  assert.equal(found?.label, 'domain snapshot "old"');
  assert.equal(bench.connection.find({ $ref: "snapshot", id: "old", parent: "elsewhere" }), undefined);
  assert.equal([...bench.connection.objects()].length, 1);
});
