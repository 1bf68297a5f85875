/**
 * What the far side tells, in our words.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { MessageName, MessageOf } from "../../../protocol/procedures/mod.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { FakeLibvirtd } from "./kit/fake_libvirtd.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";
const dom = { name: "web", uuid, id: 1 };

/** A message, the number under which it is registered, and the words for it. */
interface Told<M extends MessageName = MessageName> {
  readonly id: number;
  readonly message: M;
  readonly payload: MessageOf<M>;
  readonly words: string;
}

function told<M extends MessageName>(id: number, message: M, payload: MessageOf<M>, words: string): Told {
  return { id, message, payload: payload as MessageOf<MessageName>, words };
}

const callbackID = 7;

const all: readonly Told[] = [
  told(
    0,
    "domainEventCallbackLifecycle",
    { callbackID, msg: { dom, event: 7, detail: 1 } },
    "pmsuspended disk",
  ),
  told(
    0,
    "domainEventCallbackLifecycle",
    { callbackID, msg: { dom, event: 8, detail: 0 } },
    "crashed panicked",
  ),
  told(0, "domainEventCallbackLifecycle", { callbackID, msg: { dom, event: 99, detail: 0 } }, "changed"),
  told(0, "domainEventCallbackLifecycle", { callbackID, msg: { dom, event: 5, detail: 99 } }, "stopped"),
  told(1, "domainEventCallbackReboot", { callbackID, msg: { dom } }, "reboot"),
  told(3, "domainEventCallbackWatchdog", { callbackID, msg: { dom, action: 2 } }, "watchdog reset"),
  told(
    6,
    "domainEventCallbackIoErrorReason",
    { callbackID, msg: { dom, srcPath: "/a", devAlias: "virtio-disk0", action: 1, reason: "enospc" } },
    "io-error pause virtio-disk0 enospc",
  ),
  told(
    10,
    "domainEventCallbackTrayChange",
    { callbackID, msg: { dom, devAlias: "ide0", reason: 0 } },
    "changed tray-change ide0 open",
  ),
  told(
    15,
    "domainEventCallbackDeviceRemoved",
    { callbackID, msg: { dom, devAlias: "net1" } },
    "changed device-removed net1",
  ),
  told(
    16,
    "domainEventBlockJob2",
    { callbackID, dom, dst: "vda", type: 4, status: 3 },
    "job block-active-commit vda ready",
  ),
  told(18, "domainEventCallbackAgentLifecycle", { callbackID, dom, state: 1, reason: 2 }, "agent connected"),
  told(
    19,
    "domainEventCallbackDeviceAdded",
    { callbackID, dom, devAlias: "net1" },
    "changed device-added net1",
  ),
  told(
    20,
    "domainEventCallbackMigrationIteration",
    { callbackID, dom, iteration: 3 },
    "job migration-iteration 3",
  ),
  told(21, "domainEventCallbackJobCompleted", { callbackID, dom, params: [] }, "job completed"),
  told(
    23,
    "domainEventCallbackMetadataChange",
    { callbackID, dom, type: 2, nsuri: "urn:x" },
    "changed metadata element urn:x",
  ),
  told(
    25,
    "domainEventMemoryFailure",
    { callbackID, dom, recipient: 0, action: 2, flags: 0 },
    "memory-failure fatal",
  ),
];

Deno.test("events are told in words, with libvirt's reason", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  await using bench = await RemoteBench.open({ libvirtd });
  for (const { id, message, payload } of all) libvirtd.tell(id, message, payload);
  await bench.calm();
  assert.deepEqual(bench.heard, all.map(({ words }) => `web ${words}`));
});

Deno.test("an event about a domain that nobody knew is told about it, and it is known from then on", async () => {
  await using bench = await RemoteBench.open();
  bench.libvirtd.define(xmlOf("web", { uuid }));
  await bench.calm();
  const [event] = bench.events;
  assert.deepEqual([event?.object.id, event?.object.name, event?.type], [uuid, "web", "defined"]);
  assert.equal(bench.connection.find({ $ref: "domain", id: uuid })?.name, "web");
});

Deno.test("an event about a domain that is gone brings nothing back", async () => {
  await using bench = await RemoteBench.open();
  bench.libvirtd.tell(0, "domainEventCallbackLifecycle", { callbackID, msg: { dom, event: 5, detail: 0 } });
  await bench.calm();
  assert.deepEqual(bench.heard, ["web stopped shutdown"]);
  assert.equal(bench.domain("web"), undefined);
});

Deno.test("many events about one domain lead to few looks", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  await using bench = await RemoteBench.open({ libvirtd });
  const before = bench.net.calls;
  for (let index = 0; index < 1000; index++) {
    libvirtd.tell(0, "domainEventCallbackLifecycle", { callbackID, msg: { dom, event: 4, detail: 0 } });
  }
  await bench.calm(1000);
  assert.equal(bench.events.length, 1000);
  assert.ok(bench.net.calls - before < 30, `${bench.net.calls - before} calls`);
});

Deno.test("events that a peer does not know are not asked for where its version tells so, and skipped where not", async () => {
  const libvirtd = new FakeLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  const asked: string[] = [];
  await using bench = await RemoteBench.open({
    libvirtd,
    fate: ({ procedure }) => {
      asked.push(procedure);
      return "pass";
    },
  });
  // All numbers but 4, 8 and 27.
  assert.equal(asked.filter((each) => each === "connectDomainEventCallbackRegisterAny").length, 25);
  assert.equal(asked.filter((each) => each === "connectNetworkEventRegisterAny").length, 1);
  libvirtd.stop(libvirtd.named("web")!);
  await bench.calm();
  assert.deepEqual(bench.heard, ["web stopped destroyed"]);
});
