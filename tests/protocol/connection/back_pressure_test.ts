import assert from "node:assert/strict";
import type { RpcStream } from "../../../protocol/connection.ts";
import { packetStatus, packetType } from "../../../protocol/packet.ts";
import { ClientConnection } from "../../../protocol/client_connection.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { FakeServer, packetBytes } from "../kit/fake_server.ts";
import type { Received } from "../kit/received.ts";
import { refusal, type Stage, stage } from "./stage.ts";

const range = {
  vol: { pool: "images", name: "disk", key: "/images/disk" },
  offset: 0n,
  length: 0n,
  flags: 0,
};
const limits = { windowBytes: 10_000, limitBytes: 50_000, patienceMs: 1000 };
const piece = new Uint8Array(1000);

async function download(it: Stage): Promise<{ stream: RpcStream<undefined>; far: Received }> {
  const opening = it.connection.open("storageVolDownload", range);
  const far = await it.server.next();
  far.reply("storageVolDownload", undefined);
  return { stream: await opening, far };
}

/** Sends pieces of 1000 bytes until the connection has not taken any for a while. */
async function flood(it: Stage, far: Received, most = 1000): Promise<void> {
  for (let count = 0; count < most && it.server.link.unread < 5000; count++) {
    far.data(piece);
    await settled();
  }
}

/** Reads to the end. @returns how many bytes there were */
async function drain(stream: RpcStream<undefined>): Promise<number> {
  let total = 0;
  for (let got = await stream.read(); got !== undefined; got = await stream.read()) {
    if ("data" in got) total += got.data.length;
  }
  return total;
}

Deno.test("a reader that has stopped stops the server, as long as nobody waits for anything else", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  await flood(it, far);
  await it.clock.advance(24 * 60 * 60 * 1000);
  assert.ok(it.server.link.unread >= 5000, "the socket is not read");
  for (let count = 0; count < 5; count++) await stream.read();
  await settled();
  assert.equal(it.server.link.unread, 0, "and is read again");
});

Deno.test("a reader that has stopped keeps nobody from an answer for longer than the patience", async () => {
  await using it = stage({ streams: limits });
  const { far } = await download(it);
  await flood(it, far);
  let answered = false;
  const call = it.connection.call("connectGetLibVersion", undefined).then(() => answered = true);
  (await it.server.next()).reply("connectGetLibVersion", { libVer: 1n });
  await it.clock.advance(999);
  assert.equal(answered, false);
  await it.clock.advance(1);
  await call;
});

Deno.test("a reader that goes on, however slowly, is waited for, and loses nothing", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  it.server.answer("connectGetHostname", () => ({ hostname: "far" }));
  let sent = 0;
  let read = 0;
  const call = it.connection.call("connectGetLibVersion", undefined);
  const pending = await it.server.next();
  for (let round = 0; round < 300; round++) {
    while (it.server.link.unread < 5000) {
      far.data(piece);
      sent++;
      await settled();
    }
    await stream.read();
    read++;
    await it.clock.advance(900);
    assert.ok(sent - read <= 20, `${sent - read} pieces are held`);
  }
  pending.reply("connectGetLibVersion", { libVer: 1n });
  far.end();
  while (await stream.read() !== undefined) read++;
  await call;
  assert.equal(read, sent);
});

Deno.test("a reader that is far behind is waited for as long as it goes on", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  const call = it.connection.call("connectGetLibVersion", undefined);
  const pending = await it.server.next();
  const many = packetBytes({ ...far.header, type: packetType.stream, status: packetStatus.continue }, piece);
  it.server.link.push(new Uint8Array(Array(30).fill([...many]).flat()));
  await settled();
  pending.reply("connectGetLibVersion", { libVer: 1n });
  for (let round = 0; round < 15; round++) {
    await stream.read();
    await it.clock.advance(900);
    assert.ok(it.server.link.unread > 0, `in round ${round}`);
  }
  await it.clock.advance(100);
  await call;
});

Deno.test("a reader that has stopped loses its stream when others wait and more is there than is kept for it", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  const call = it.connection.call("connectGetLibVersion", undefined);
  const pending = await it.server.next();
  await flood(it, far);
  await it.clock.advance(1000);
  await flood(it, far);
  const end = await it.server.next();
  assert.equal(end.header.serial, far.header.serial);
  assert.equal(end.header.status, packetStatus.error);
  const error = await refusal(stream.read());
  assert.equal(error.code, "budget-exceeded");
  assert.match(error.message, /storageVolDownload.*50000 bytes/);
  assert.ok(error.hint !== undefined);
  await flood(it, far, 20);
  assert.equal(it.server.link.unread, 0, "what still comes is dropped");
  pending.reply("connectGetLibVersion", { libVer: 1n });
  await call;
  await stream.abort();
});

Deno.test("a clock that is set back makes nobody wait for longer", async () => {
  const server = new FakeServer();
  const clock = new VirtualClock();
  let change = 0;
  const changing = { now: () => clock.now() + change, after: clock.after.bind(clock) };
  await using connection = new ClientConnection(server.transport, { clock: changing, streams: limits });
  const opening = connection.open("storageVolDownload", range);
  const far = await server.next();
  far.reply("storageVolDownload", undefined);
  await opening;
  far.data(new Uint8Array(12_000));
  const call = connection.call("connectGetLibVersion", undefined);
  (await server.next()).reply("connectGetLibVersion", { libVer: 1n });
  change = -60 * 60 * 1000;
  await clock.advance(2000);
  await call;
});

Deno.test("whoever listens to events or reads another stream counts as waiting", async () => {
  for (const waits of ["events", "stream", "finish"]) {
    await using it = stage({ streams: limits });
    const { far } = await download(it);
    const other = await download(it);
    await flood(it, far);
    await it.clock.advance(10_000);
    const unread = it.server.link.unread;
    assert.ok(unread >= 5000);
    let reached = false;
    if (waits === "events") it.connection.on("connectEventConnectionClosed", () => reached = true);
    if (waits === "stream") void other.stream.read().then(() => reached = true, () => {});
    if (waits === "finish") void other.stream.finish().then(() => reached = true, () => {});
    await settled();
    if (waits === "events") it.server.event("connectEventConnectionClosed", { reason: 0 });
    if (waits === "stream") other.far.data(piece);
    if (waits === "finish") other.far.confirm();
    await it.clock.advance(1000);
    assert.equal(reached, true, waits);
  }
});

Deno.test("tiny pieces count for what it costs to keep them", async () => {
  await using it = stage({ streams: limits });
  const { far } = await download(it);
  for (let count = 0; count < 1000 && it.server.link.unread === 0; count++) {
    far.data(new Uint8Array(1));
    await settled();
  }
  assert.ok(it.server.link.unread > 0);
});

Deno.test("a stream that is at its end holds nobody up", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  far.data(new Uint8Array(40_000));
  far.end();
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await settled();
  await it.clock.advance(1000);
  await it.connection.call("connectGetLibVersion", undefined);
  assert.equal(it.server.link.unread, 0);
  assert.equal(await drain(stream), 40_000);
});

Deno.test("while the socket is left unread we ask, so that the server knows us alive, and do not take it for dead", async () => {
  await using it = stage({ streams: limits });
  it.connection.startKeepalive();
  const { stream, far } = await download(it);
  await flood(it, far);
  await it.clock.advance(120_000);
  assert.equal(it.server.pings, 24);
  assert.equal(it.server.link.closed, false);
  it.server.alive = false;
  const reading = drain(stream).catch(() => "failed");
  await it.clock.advance(40_000);
  assert.equal(it.server.link.closed, true, "once it is read again, silence means something");
  assert.equal(await reading, "failed");
});

Deno.test("a server that did not answer while nobody would have heard it has its time afterwards", async () => {
  await using it = stage({ streams: limits });
  it.connection.startKeepalive();
  const { stream, far } = await download(it);
  it.server.alive = false;
  far.data(new Uint8Array(12_000));
  await it.clock.advance(58_000);
  assert.ok(it.server.pings > 5);
  await stream.read();
  await it.clock.advance(29_999);
  assert.equal(it.server.link.closed, false, "its time began when it could be heard again");
  await it.clock.advance(1);
  assert.equal(it.server.link.closed, true);
});

Deno.test("an abort of the stream that holds the socket up lets everybody go on", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  await flood(it, far);
  assert.ok(it.server.link.unread > 0);
  const aborting = stream.abort();
  (await it.server.next()).confirm();
  await aborting;
  assert.equal(it.server.link.unread, 0);
});

Deno.test("a connection whose socket is left unread can be closed, and what had come is still there", async () => {
  await using it = stage({ streams: limits });
  const { stream, far } = await download(it);
  await flood(it, far);
  await it.connection.close();
  for (let count = 0; count < 8; count++) assert.deepEqual(await stream.read(), { data: piece });
  assert.equal((await refusal(drain(stream))).code, "unreachable");
});
