import assert from "node:assert/strict";
import type { MessageOf, RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const test: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const definition = (name: string): string =>
  `<domain type='test'><name>${name}</name><memory>65536</memory><os><type>hvm</type></os></domain>`;

type Life = MessageOf<"domainEventCallbackLifecycle">;

/** What happened, as `NAME EVENT DETAIL` in libvirt's numbers. */
function told({ msg: { dom, event, detail } }: Life): string {
  return `${dom.name} ${event} ${detail}`;
}

Deno.test("whoever has asked is told of a domain's life, by others' doing too", async () => {
  await using daemon = new MemoryDaemon();
  const [listener, actor] = [await daemon.connect(), await daemon.connect()];
  const heard: string[] = [];
  listener.on("domainEventCallbackLifecycle", (event) => void heard.push(told(event)));
  await listener.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: undefined });
  await actor.call("domainSuspend", { dom: test });
  await actor.call("domainResume", { dom: test });
  await actor.call("domainDestroy", { dom: test });
  await actor.call("domainCreate", { dom: test });
  await listener.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, ["test 3 0", "test 4 0", "test 5 1", "test 2 0"]);
});

Deno.test("a registration for one domain hears of no other", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const heard: string[] = [];
  client.on("domainEventCallbackLifecycle", (event) => void heard.push(told(event)));
  await client.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: test });
  await client.call("domainDefineXml", { xml: definition("other") });
  await client.call("domainSuspend", { dom: test });
  await client.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, ["test 3 0"]);
});

Deno.test("each registration has a number, and ends by it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const heard: number[] = [];
  client.on("domainEventCallbackLifecycle", ({ callbackID }) => void heard.push(callbackID));
  const register = async (): Promise<number> =>
    (await client.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: undefined })).callbackID;
  const [first, second] = [await register(), await register()];
  assert.notEqual(first, second);
  await client.call("connectDomainEventCallbackDeregisterAny", { callbackID: first });
  await client.call("domainSuspend", { dom: test });
  await client.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, [second]);
  const error = await errorOf(client.call("connectDomainEventCallbackDeregisterAny", { callbackID: first }));
  assert.equal(error.message, `internal error: domain event callback ${first} not registered`);
});

Deno.test("an event that libvirt does not have cannot be registered for", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  for (const eventID of [-1, 28]) {
    const error = await errorOf(
      client.call("connectDomainEventCallbackRegisterAny", { eventID, dom: undefined }),
    );
    assert.equal(error.message, `internal error: unsupported event ID ${eventID}`);
  }
});

Deno.test("clients of before libvirt 1.3.3 are told without a number", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const heard: number[] = [];
  client.on("domainEventLifecycle", ({ event }) => void heard.push(event));
  await client.call("connectDomainEventRegister", undefined);
  await client.call("domainSuspend", { dom: test });
  await client.call("connectDomainEventDeregister", undefined);
  await client.call("domainResume", { dom: test });
  await client.call("connectGetLibVersion", undefined);
  assert.deepEqual(heard, [3]);
});
