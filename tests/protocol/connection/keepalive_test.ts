import assert from "node:assert/strict";
import { packetType } from "../../../protocol/packet.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { ClientConnection } from "../../../protocol/client_connection.ts";
import { FakeServer } from "../kit/fake_server.ts";
import { mayHaveActed, refusal, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const hour = 60 * 60 * 1000;

Deno.test("a server's question is answered, whether or not we ask ourselves", async () => {
  await using it = stage();
  it.server.ping();
  it.server.ping();
  await settled();
  assert.equal(it.server.pongs, 2);
  assert.equal(it.server.pings, 0);
});

Deno.test("a server's question is answered while as many calls wait as the server takes", async () => {
  await using it = stage();
  const calls = Array.from({ length: 200 }, () => it.connection.call("domainSuspend", { dom }));
  await settled();
  assert.equal(it.server.waiting.length, 4);
  it.server.ping();
  await settled();
  assert.equal(it.server.pongs, 1);
  for (let count = 0; count < calls.length; count++) {
    (await it.server.next()).reply("domainSuspend", undefined);
  }
  await Promise.all(calls);
});

Deno.test("answers that cannot be sent do not pile up", async () => {
  await using it = stage();
  const letWrite = it.server.link.holdWrites();
  const call = it.connection.call("connectGetLibVersion", undefined);
  await settled();
  for (let count = 0; count < 1000; count++) it.server.ping();
  await settled();
  letWrite();
  (await it.server.next()).reply("connectGetLibVersion", { libVer: 1n });
  await call;
  await settled();
  assert.ok(it.server.pongs > 0 && it.server.pongs <= 16, `${it.server.pongs} answers`);
});

Deno.test("nothing is asked until keepalive begins, and then once for each interval of silence", async () => {
  await using it = stage();
  await it.clock.advance(hour);
  assert.equal(it.server.pings, 0);
  it.connection.startKeepalive();
  await it.clock.advance(4999);
  assert.equal(it.server.pings, 0);
  await it.clock.advance(1);
  assert.equal(it.server.pings, 1);
  await it.clock.advance(60_000);
  assert.equal(it.server.pings, 13);
});

Deno.test("whoever is heard of is not asked", async () => {
  await using it = stage();
  it.connection.startKeepalive();
  for (let seconds = 0; seconds < 60; seconds += 3) {
    await it.clock.advance(3000);
    it.server.send({ type: packetType.message, procedure: 4711 });
    await settled();
  }
  assert.equal(it.server.pings, 0);
});

Deno.test("a server that is silent for an interval more than it was asked is dead", async () => {
  await using it = stage();
  it.connection.startKeepalive();
  const fate = refusal(it.connection.call("domainSuspend", { dom }));
  await it.server.next();
  it.server.alive = false;
  await it.clock.advance(29_999);
  assert.equal(it.server.link.closed, false);
  assert.equal(it.server.pings, 5);
  await it.clock.advance(1);
  const error = await fate;
  assert.equal(error.code, "unreachable");
  assert.equal(mayHaveActed(error), true);
  assert.match(error.message, /no sign of life for 30 s/);
  assert.match((await it.connection.closed).message, /no sign of life/);
  assert.equal(it.server.link.closed, true);
});

Deno.test("anything that comes, even a piece of a packet, is a sign of life", async () => {
  await using it = stage();
  it.connection.startKeepalive();
  it.server.alive = false;
  await it.clock.advance(29_000);
  it.server.link.push(new Uint8Array([0]));
  await it.clock.advance(29_999);
  assert.equal(it.server.link.closed, false);
  await it.clock.advance(1);
  assert.equal(it.server.link.closed, true);
});

Deno.test("interval and count are those that were asked for", async () => {
  await using it = stage();
  it.connection.startKeepalive({ intervalMs: 1000, count: 2 });
  it.server.alive = false;
  await it.clock.advance(2999);
  assert.equal(it.server.link.closed, false);
  assert.equal(it.server.pings, 2);
  await it.clock.advance(1);
  assert.equal(it.server.link.closed, true);
});

Deno.test("an interval of 0 never asks and never gives up", async () => {
  await using it = stage();
  it.connection.startKeepalive({ intervalMs: 0 });
  await it.clock.advance(24 * hour);
  assert.equal(it.server.pings, 0);
  assert.equal(it.server.link.closed, false);
});

Deno.test("a machine that slept for an hour finds its connections alive", async () => {
  // The timers of such a machine are late, all at once; what came meanwhile waits in the socket.
  const sleeping = new VirtualClock();
  let asleep = 0;
  const server = new FakeServer();
  await using connection = new ClientConnection(server.transport, {
    clock: { now: () => sleeping.now() + asleep, after: (ms, action) => sleeping.after(ms, action) },
  });
  connection.startKeepalive();
  await sleeping.advance(4000);
  asleep = hour;
  await sleeping.advance(60_000);
  assert.equal(server.link.closed, false);
  asleep = -hour;
  server.alive = false;
  await sleeping.advance(40_000);
  assert.equal(server.link.closed, true, "a clock that was set back puts nothing off");
});

Deno.test("a connection of thirty days lives, and dies when its server does", async () => {
  const server = new FakeServer();
  const clock = new VirtualClock({ settle: soon });
  await using connection = new ClientConnection(server.transport, { clock });
  server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  connection.startKeepalive();
  for (let day = 0; day < 30; day++) {
    await clock.advance(24 * hour);
    await connection.call("connectGetLibVersion", undefined);
    server.ping();
    await soon();
    assert.equal(clock.pending, 1);
  }
  assert.equal(server.pings, 30 * 24 * 720);
  assert.equal(server.pongs, 30);
  server.alive = false;
  await clock.advance(30_000);
  assert.match((await connection.closed).message, /no sign of life/);
});

/** Long enough for a question to be sent, answered and taken, in turns of promises alone. */
async function soon(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await undefined;
}
