import assert from "node:assert/strict";
import { settled } from "../../../testing/virtual_clock.ts";
import { refusal, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

function lifecycle(
  callbackID: number,
): { callbackID: number; msg: { dom: typeof dom; event: number; detail: number } } {
  return { callbackID, msg: { dom, event: 2, detail: 0 } };
}

Deno.test("an event reaches everybody who listens to it, and nobody else", async () => {
  await using it = stage();
  const seen: string[] = [];
  using _first = it.connection.on("domainEventCallbackLifecycle", (event) => {
    seen.push(`first ${event.callbackID} ${event.msg.dom.name}`);
  });
  using _second = it.connection.on("domainEventCallbackLifecycle", (event) => {
    seen.push(`second ${event.callbackID}`);
  });
  using _other = it.connection.on("domainEventCallbackReboot", () => void seen.push("other"));
  it.server.event("domainEventCallbackLifecycle", lifecycle(3));
  await settled();
  assert.deepEqual(seen, ["first 3 test", "second 3"]);
});

Deno.test("a listener that throws is reported, and breaks neither others nor the connection", async () => {
  const failures: unknown[] = [];
  await using it = stage({ listenerFailed: (error, message) => failures.push([message, error]) });
  const fault = new Error("a fault of the listener's");
  let heard = 0;
  using _bad = it.connection.on("domainEventCallbackLifecycle", () => {
    throw fault;
  });
  using _good = it.connection.on("domainEventCallbackLifecycle", () => heard++);
  it.server.event("domainEventCallbackLifecycle", lifecycle(1));
  it.server.event("domainEventCallbackLifecycle", lifecycle(1));
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await it.connection.call("connectGetLibVersion", undefined);
  assert.equal(heard, 2);
  assert.deepEqual(failures, [["domainEventCallbackLifecycle", fault], [
    "domainEventCallbackLifecycle",
    fault,
  ]]);
});

Deno.test("whoever has stopped listening hears nothing more, even of an event that is being delivered", async () => {
  await using it = stage();
  const seen: string[] = [];
  const first = it.connection.on("domainEventCallbackLifecycle", () => {
    seen.push("first");
    first[Symbol.dispose]();
    first[Symbol.dispose]();
  });
  using _second = it.connection.on("domainEventCallbackLifecycle", () => void seen.push("second"));
  it.server.event("domainEventCallbackLifecycle", lifecycle(1));
  it.server.event("domainEventCallbackLifecycle", lifecycle(1));
  await settled();
  assert.deepEqual(seen, ["first", "second", "second"]);
});

Deno.test("an event of which nobody knows is ignored", async () => {
  await using it = stage();
  it.server.send({ type: 2, procedure: 4711 }, new Uint8Array(12));
  it.server.send({ type: 2, procedure: 318 }, new Uint8Array(1));
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  assert.deepEqual(await it.connection.call("connectGetLibVersion", undefined), { libVer: 1n });
});

Deno.test("an event that somebody listens to and that cannot be read ends the connection", async () => {
  await using it = stage();
  using _listening = it.connection.on("domainEventCallbackLifecycle", () => {});
  const call = it.connection.call("connectGetLibVersion", undefined);
  await it.server.next();
  it.server.send({ type: 2, procedure: 318 }, new Uint8Array(5));
  assert.equal((await refusal(call)).code, "protocol");
});

Deno.test("events come in the order in which they were sent, between replies", async () => {
  await using it = stage();
  const seen: string[] = [];
  using _listening = it.connection.on("domainEventCallbackLifecycle", ({ callbackID }) => {
    seen.push(`event ${callbackID}`);
  });
  const call = it.connection.call("connectGetLibVersion", undefined).then(() => seen.push("reply"));
  const received = await it.server.next();
  it.server.event("domainEventCallbackLifecycle", lifecycle(1));
  it.server.event("domainEventCallbackLifecycle", lifecycle(2));
  received.reply("connectGetLibVersion", { libVer: 1n });
  await call;
  assert.deepEqual(seen, ["event 1", "event 2", "reply"]);
});
