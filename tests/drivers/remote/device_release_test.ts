/**
 * Devices that a guest has to let go of.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import type { FakeDomain } from "./kit/fake_libvirtd.ts";
import { ScriptedLibvirtd } from "./kit/scripted_libvirtd.ts";

const xml = "<disk type='file'><source file='/b'/><target dev='vdb'/></disk>";
const device = xml.replace("</disk>", "<alias name='virtio-disk1'/></disk>");
/** Numbers of events. Source: libvirt, virDomainEventID. */
const events = { removed: 15, removalFailed: 22 } as const;

/** A running domain with a disk that the daemon asks its guest to let go of. */
class Stage implements AsyncDisposable {
  readonly bench: RemoteBench;
  readonly libvirtd: ScriptedLibvirtd;
  readonly domain: FakeDomain;
  readonly on: ObjectRef;
  isThere = true;

  private constructor(
    bench: RemoteBench,
    { libvirtd, domain, on }: {
      readonly libvirtd: ScriptedLibvirtd;
      readonly domain: FakeDomain;
      readonly on: ObjectRef;
    },
  ) {
    this.bench = bench;
    this.libvirtd = libvirtd;
    this.domain = domain;
    this.on = on;
  }

  static async open(): Promise<Stage> {
    const libvirtd = new ScriptedLibvirtd();
    const domain = libvirtd.define(xmlOf("web"));
    libvirtd.start(domain);
    const bench = await RemoteBench.open({ libvirtd });
    const on = await bench.call("domain.lookup", { name: "web" });
    const stage = new Stage(bench, { libvirtd, domain, on });
    libvirtd.on("domainGetXmlDesc", () => ({
      xml: `<domain><name>web</name><devices>${stage.isThere ? device : ""}</devices></domain>`,
    }));
    libvirtd.on("domainDetachDeviceFlags", () => undefined);
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
  }
}

Deno.test("a detach ends when the guest has let go, and not before", async () => {
  await using stage = await Stage.open();
  let ended = false;
  const call = stage.bench.begin("domain.detachDevice", { xml, live: true }, { on: stage.on });
  void call.then(() => ended = true);
  await stage.bench.calm(10_000);
  assert.equal(ended, false);
  stage.isThere = false;
  stage.libvirtd.tell(events.removed, "domainEventCallbackDeviceRemoved", {
    callbackID: 0,
    msg: { dom: stage.domain, devAlias: "virtio-disk1" },
  });
  await stage.bench.calm(20);
  assert.equal(ended, true, "the event is enough");
  assert.equal((await call).outcome.kind, "done");
  assert.equal(stage.libvirtd.argsOf("domainDetachDeviceFlags").length, 1);
});

Deno.test("a detach ends without an event, too", async () => {
  await using stage = await Stage.open();
  const call = stage.bench.begin("domain.detachDevice", { xml, live: true }, { on: stage.on });
  await stage.bench.calm(100);
  stage.isThere = false;
  assert.equal((await stage.bench.clock.until(call)).outcome.kind, "done");
});

Deno.test("a guest that keeps its device is told of, and the device is still there", async () => {
  await using stage = await Stage.open();
  const call = stage.bench.begin("domain.detachDevice", { xml, live: true }, { on: stage.on });
  await stage.bench.calm(100);
  stage.libvirtd.tell(events.removalFailed, "domainEventCallbackDeviceRemovalFailed", {
    callbackID: 0,
    dom: stage.domain,
    devAlias: "virtio-disk1",
  });
  const { outcome } = await stage.bench.clock.until(call);
  assert.equal(outcome.kind, "not-done");
  if (outcome.kind === "not-done") assert.match(outcome.error.message, /its guest keeps it$/);
});

Deno.test("what another device's event says is none of its business", async () => {
  await using stage = await Stage.open();
  const call = stage.bench.begin("domain.detachDevice", { xml, live: true }, { on: stage.on });
  await stage.bench.calm(100);
  stage.libvirtd.tell(events.removalFailed, "domainEventCallbackDeviceRemovalFailed", {
    callbackID: 0,
    dom: stage.domain,
    devAlias: "virtio-disk10",
  });
  await stage.bench.calm(5_000);
  stage.isThere = false;
  assert.equal((await stage.bench.clock.until(call)).outcome.kind, "done");
});

Deno.test("a guest that does not answer in time is said not to have, and is asked once", async () => {
  await using stage = await Stage.open();
  const { clock } = stage.bench;
  const outcome = await stage.bench.outcome("domain.detachDevice", { xml, live: true }, {
    on: stage.on,
    deadline: clock.now() + 20_000,
  });
  assert.equal(outcome.kind, "not-done");
  if (outcome.kind === "not-done") {
    assert.equal(outcome.error.code, "timed-out");
    assert.match(outcome.error.message, /was asked, and has not released it in time/);
  }
  assert.equal(stage.libvirtd.argsOf("domainDetachDeviceFlags").length, 1);
});

Deno.test("a guest that goes away while it is waited for takes its device with it", async () => {
  await using stage = await Stage.open();
  const call = stage.bench.begin("domain.detachDevice", { xml, live: true }, { on: stage.on });
  await stage.bench.calm(100);
  stage.libvirtd.stop(stage.domain);
  const { outcome } = await stage.bench.clock.until(call);
  assert.equal(outcome.kind, "not-done");
  if (outcome.kind === "not-done") assert.equal(outcome.error.code, "object-gone");
});

Deno.test("a definition's device is gone at once", async () => {
  await using stage = await Stage.open();
  const outcome = await stage.bench.outcome("domain.detachDevice", { xml, config: true }, { on: stage.on });
  assert.equal(outcome.kind, "done");
  assert.deepEqual(stage.libvirtd.argsOf("domainDetachDeviceFlags"), [{ xml, flags: 2 }]);
});
