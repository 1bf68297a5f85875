import assert from "node:assert/strict";
import { decode } from "../../../protocol/xdr/mod.ts";
import { messageRow } from "../../../protocol/procedures/mod.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { Stage } from "./stage.ts";

const dom = { name: "web", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("events go out in their order, under the number 0", async () => {
  await using stage = new Stage();
  for (const event of [2, 3, 4]) {
    stage.server.tell("domainEventCallbackLifecycle", { callbackID: 9, msg: { dom, event, detail: 0 } });
  }
  const seen = await stage.seen();
  assert.deepEqual(seen.map(({ type, serial, status }) => [type, serial, status]), Array(3).fill([2, 0, 0]));
  const { payload } = messageRow("domainEventCallbackLifecycle");
  assert.deepEqual(seen.map((each) => decode(payload, each.payload).msg.event), [2, 3, 4]);
});

Deno.test("an answer that is ready goes before events", async () => {
  await using stage = new Stage();
  await stage.call("connectGetLibVersion", undefined, 1);
  await settled();
  stage.calls[0]?.answer({ libVer: 1n });
  stage.server.tell("domainEventCallbackReboot", { callbackID: 1, msg: { dom } });
  await settled();
  const [first, second] = await stage.seen();
  assert.deepEqual([first?.serial, second?.type], [1, 2]);
});

Deno.test("a client that does not read the events that it asked for loses its connection, and its memory", async () => {
  await using stage = new Stage({ roomBytes: 1000, maxEventBytes: 100_000 });
  stage.hold();
  let ended = false;
  void stage.server.closed.then(() => ended = true);
  let told = 0;
  while (!ended && told < 10_000) {
    stage.server.tell("domainEventCallbackReboot", { callbackID: 1, msg: { dom } });
    told++;
    await Promise.resolve();
  }
  assert.match(await stage.server.closed, /does not read the events/);
  assert.ok(told < 3_000, `${told} events were kept`);
});

Deno.test("events for who has left are dropped", async () => {
  await using stage = new Stage();
  await stage.server.close();
  stage.server.tell("domainEventCallbackReboot", { callbackID: 1, msg: { dom } });
  assert.deepEqual(await stage.seen(), []);
});
