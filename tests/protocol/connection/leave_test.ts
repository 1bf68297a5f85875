import assert from "node:assert/strict";
import { ClientConnection } from "../../../protocol/client_connection.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { FakeServer } from "../kit/fake_server.ts";
import { refusedLater } from "../kit/refusal.ts";

Deno.test("closing lets the daemon answer what it has, then says so, and then hangs up", async () => {
  const server = new FakeServer();
  const connection = new ClientConnection(server.transport, { clock: new VirtualClock() });
  connection.opened();
  const call = refusedLater("unreachable", connection.call("connectGetLibVersion", undefined));
  const asked = await server.next();
  const closing = connection.close();
  assert.match((await call).message, /was closed on this side/);
  const late = await refusedLater("unreachable", connection.call("connectGetLibVersion", undefined));
  assert.deepEqual(late.detail, { mayHaveActed: false });
  assert.ok(!server.link.closed);
  asked.reply("connectGetLibVersion", { libVer: 9_000_000n });
  const goodbye = await server.next();
  assert.deepEqual([goodbye.name, server.link.closed], ["connectClose", false]);
  goodbye.reply("connectClose", undefined);
  await closing;
  assert.ok(server.link.closed);
});

Deno.test("a daemon that does not answer is left after a second", async () => {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const connection = new ClientConnection(server.transport, { clock });
  connection.opened();
  const closing = connection.close();
  assert.equal((await server.next()).name, "connectClose");
  await clock.advance(999);
  assert.ok(!server.link.closed);
  await clock.advance(1);
  await closing;
  assert.ok(server.link.closed);
  assert.equal(clock.pending, 0);
});

Deno.test("a link that breaks while leave is taken ends that", async () => {
  const server = new FakeServer();
  const connection = new ClientConnection(server.transport, { clock: new VirtualClock() });
  connection.opened();
  const closing = connection.close();
  await server.next();
  server.link.break(new Error("gone"));
  await closing;
  assert.ok(server.link.closed);
});
