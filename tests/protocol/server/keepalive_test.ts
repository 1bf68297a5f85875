import assert from "node:assert/strict";
import { packetType } from "../../../protocol/packet.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { Stage } from "./stage.ts";

const keep = 0x6b656570;

Deno.test("a client that is asked and says nothing is taken for dead after count + 1 intervals", async () => {
  await using stage = new Stage({ keepalive: { intervalMs: 5000, count: 5 } });
  stage.server.startKeepalive();
  let ended = false;
  void stage.server.closed.then(() => ended = true);
  await stage.clock.advance(29_999);
  assert.equal(ended, false);
  assert.equal(
    (await stage.seen()).filter(({ program, procedure }) => program === keep && procedure === 1).length,
    5,
  );
  await stage.clock.advance(1);
  assert.equal(await stage.server.closed, "connection closed due to keepalive timeout");
});

Deno.test("anything that a client says is a sign of life", async () => {
  await using stage = new Stage({
    keepalive: { intervalMs: 5000, count: 2 },
    answer: () => ({ libVer: 1n }),
  });
  stage.server.startKeepalive();
  let ended = false;
  void stage.server.closed.then(() => ended = true);
  for (let round = 0; round < 20; round++) {
    await stage.clock.advance(4000);
    if (round % 2 === 0) await stage.call("connectGetLibVersion", undefined, round);
    else await stage.send({ program: keep, type: packetType.message, procedure: 2 });
    await settled();
  }
  assert.equal(ended, false);
});

Deno.test("nobody is asked who has not said that it answers", async () => {
  await using stage = new Stage({ keepalive: { intervalMs: 5000, count: 5 } });
  await stage.clock.advance(3_600_000);
  assert.deepEqual(await stage.seen(), []);
});

Deno.test("with an interval of -1 nobody is ever asked", async () => {
  await using stage = new Stage({ keepalive: { intervalMs: -1000, count: 5 } });
  stage.server.startKeepalive();
  await stage.clock.advance(3_600_000);
  assert.deepEqual(await stage.seen(), []);
});

Deno.test("a client's question is answered though it was never told that it would be", async () => {
  await using stage = new Stage();
  await stage.send({ program: keep, type: packetType.message, procedure: 1 });
  const [pong] = await stage.seen();
  assert.deepEqual([pong?.program, pong?.procedure, pong?.type, pong?.serial], [
    keep,
    2,
    packetType.message,
    0,
  ]);
});
