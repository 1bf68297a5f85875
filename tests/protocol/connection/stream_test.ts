import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { RpcStream } from "../../../protocol/connection.ts";
import { packetStatus, packetType, streamChunkBytes } from "../../../protocol/packet.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import type { Received } from "../kit/received.ts";
import { mayHaveActed, refusal, type Stage, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const vol = { pool: "images", name: "disk", key: "/images/disk" };
const range = { vol, offset: 0n, length: 0n, flags: 1 };

interface Opened {
  readonly stream: RpcStream<undefined>;
  /** The call that opened it, by which the server sends on it. */
  readonly far: Received;
}

async function download(it: Stage): Promise<Opened> {
  const opening = it.connection.open("storageVolDownload", range);
  const far = await it.server.next();
  far.reply("storageVolDownload", undefined);
  return { stream: await opening, far };
}

async function upload(it: Stage): Promise<Opened> {
  const opening = it.connection.open("storageVolUpload", range);
  const far = await it.server.next();
  far.reply("storageVolUpload", undefined);
  return { stream: await opening, far };
}

function bytes(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values);
}

Deno.test("a download gives data and holes in order, then its end, and is finished by both sides", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  far.data(bytes(1, 2));
  far.sendHole(4096n);
  far.data(bytes(3));
  far.end();
  assert.deepEqual(await stream.read(), { data: bytes(1, 2) });
  assert.deepEqual(await stream.read(), { hole: 4096n });
  assert.deepEqual(await stream.read(), { data: bytes(3) });
  assert.equal(await stream.read(), undefined);
  assert.equal(await stream.read(), undefined);
  let finished = false;
  const finishing = stream.finish().then(() => finished = true);
  const end = await it.server.next();
  assert.deepEqual(end.header, { ...far.header, type: packetType.stream, status: packetStatus.ok });
  assert.equal(end.payload.length, 0);
  await settled();
  assert.equal(finished, false, "the server has not confirmed it yet");
  end.confirm();
  await finishing;
  assert.equal(await stream.read(), undefined);
});

Deno.test("an upload sends data in pieces that every server takes, and holes, and waits for the server's word", async () => {
  await using it = stage();
  const { stream, far } = await upload(it);
  const data = new Uint8Array(streamChunkBytes * 2 + 5).fill(7);
  await stream.write(data);
  await stream.hole(1n << 40n);
  await stream.write(bytes());
  const finishing = stream.finish();
  const sizes: number[] = [];
  for (let count = 0; count < 3; count++) {
    const piece = await it.server.next();
    assert.deepEqual(piece.header, { ...far.header, type: packetType.stream, status: packetStatus.continue });
    sizes.push(piece.payload.length);
  }
  assert.deepEqual(sizes, [streamChunkBytes, streamChunkBytes, 5]);
  const hole = await it.server.next();
  assert.equal(hole.header.type, packetType.streamHole);
  assert.equal(hole.hole, 1n << 40n);
  (await it.server.next()).confirm();
  await finishing;
  await stream.finish();
});

Deno.test("what the opening call answers is there with the stream", async () => {
  await using it = stage();
  const opening = it.connection.open("domainScreenshot", { dom, screen: 0, flags: 0 });
  (await it.server.next()).reply("domainScreenshot", { mime: "image/png" });
  const stream = await opening;
  assert.deepEqual(stream.result, { mime: "image/png" });
});

Deno.test("data that comes before the answer to the opening call is not lost", async () => {
  await using it = stage();
  const opening = it.connection.open("storageVolDownload", range);
  const far = await it.server.next();
  far.data(bytes(1));
  far.end();
  far.reply("storageVolDownload", undefined);
  const stream = await opening;
  assert.deepEqual(await stream.read(), { data: bytes(1) });
  assert.equal(await stream.read(), undefined);
});

Deno.test("a stream that the server refuses to open is an error, and what came for it is dropped", async () => {
  await using it = stage();
  const opening = it.connection.open("storageVolDownload", range);
  const far = await it.server.next();
  far.data(bytes(1));
  far.fail(new VirtError("not-found", "Storage volume not found", { remoteCode: "VIR_ERR_NO_STORAGE_VOL" }));
  assert.equal((await refusal(opening)).remoteCode, "VIR_ERR_NO_STORAGE_VOL");
  far.data(bytes(2));
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await it.connection.call("connectGetLibVersion", undefined);
  assert.equal(it.server.waiting.length, 0);
});

Deno.test("readers who came first are served first", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  const pieces = Promise.all([stream.read(), stream.read(), stream.read()]);
  await settled();
  far.data(bytes(1));
  far.data(bytes(2));
  far.end();
  assert.deepEqual(await pieces, [{ data: bytes(1) }, { data: bytes(2) }, undefined]);
});

Deno.test("an aborted read leaves the stream as it is", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  const controller = new AbortController();
  const reading = stream.read(controller.signal);
  await settled();
  controller.abort();
  assert.equal((await refusal(reading)).code, "cancelled");
  assert.equal((await refusal(stream.read(controller.signal))).code, "cancelled");
  far.data(bytes(1));
  assert.deepEqual(await stream.read(), { data: bytes(1) });
});

Deno.test("the server's error in the middle comes behind the data before it, and everywhere from then on", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  far.data(bytes(1));
  far.failStream(
    new VirtError("operation-failed", "cannot read the volume", { remoteCode: "VIR_ERR_SYSTEM_ERROR" }),
  );
  await settled();
  assert.deepEqual(await stream.read(), { data: bytes(1) });
  for (const attempt of [stream.read(), stream.read(), stream.write(bytes(1)), stream.finish()]) {
    const error = await refusal(attempt);
    assert.equal(error.remoteCode, "VIR_ERR_SYSTEM_ERROR");
    assert.match(error.message, /cannot read the volume/);
  }
  await stream.abort();
  assert.equal(it.server.waiting.length, 0, "there is nothing left to tell the server");
});

Deno.test("an error that a server sends as if to a call, since it cannot take a hole, ends the stream", async () => {
  await using it = stage();
  const { stream, far } = await upload(it);
  await stream.hole(4096n);
  const finishing = stream.finish();
  far.fail(new VirtError("operation-failed", "no space left", { remoteCode: "VIR_ERR_SYSTEM_ERROR" }));
  assert.match((await refusal(finishing)).message, /no space left/);
  const call = it.connection.call("connectGetLibVersion", undefined);
  while (it.server.waiting[0]?.name === "storageVolUpload") await it.server.next();
  (await it.server.next()).reply("connectGetLibVersion", { libVer: 1n });
  await call;
});

Deno.test("an upload that the server could not store is told by finish", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  await stream.write(bytes(1));
  const finishing = stream.finish();
  await it.server.next();
  (await it.server.next()).failStream(new VirtError("operation-failed", "disk is full"));
  assert.match((await refusal(finishing)).message, /disk is full/);
});

Deno.test("an aborted stream tells the server, waits for it, and drops what was on its way", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  const reading = stream.read();
  let done = false;
  const aborting = stream.abort().then(() => done = true);
  assert.equal((await refusal(reading)).code, "cancelled");
  const end = await it.server.next();
  assert.deepEqual(end.header, { ...far.header, type: packetType.stream, status: packetStatus.error });
  far.data(bytes(1));
  await settled();
  assert.equal(done, false);
  end.confirm();
  await aborting;
  await stream.abort();
  for (const attempt of [stream.read(), stream.write(bytes(1)), stream.finish()]) {
    assert.equal((await refusal(attempt)).code, "cancelled");
  }
  far.data(bytes(2));
  far.end();
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await it.connection.call("connectGetLibVersion", undefined);
});

Deno.test("an abort that crosses the server's own error is over with that", async () => {
  await using it = stage();
  const { stream, far } = await upload(it);
  const aborting = stream.abort();
  await it.server.next();
  far.failStream(new VirtError("operation-failed", "disk is full"));
  await aborting;
});

Deno.test("an abort overtakes what has not been sent, and gives up a finish that hangs", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  const letWrite = it.server.link.holdWrites();
  const first = stream.write(bytes(1));
  await settled();
  const fates = Promise.all([refusal(stream.write(new Uint8Array(10_000_000))), refusal(stream.finish())]);
  const aborting = stream.abort();
  assert.deepEqual((await fates).map(({ code }) => code), ["cancelled", "cancelled"]);
  await refusal(first);
  letWrite();
  assert.equal((await it.server.next()).payload.length, 1);
  const end = await it.server.next();
  assert.equal(end.header.status, packetStatus.error);
  end.confirm();
  await aborting;
});

Deno.test("a stream that goes out of scope is aborted, and one that was finished is not", async () => {
  await using it = stage();
  const { stream } = await download(it);
  const disposing = stream[Symbol.asyncDispose]();
  (await it.server.next()).confirm();
  await disposing;
  const second = await download(it);
  const finishing = second.stream.finish();
  (await it.server.next()).confirm();
  await finishing;
  await second.stream[Symbol.asyncDispose]();
  await settled();
  assert.equal(it.server.waiting.length, 0);
});

Deno.test("finish ends those who still read, and drops what they have not read", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  const reading = stream.read();
  await settled();
  const finishing = stream.finish();
  assert.equal(await reading, undefined);
  far.data(bytes(1));
  (await it.server.next()).confirm();
  await finishing;
  assert.equal(await stream.read(), undefined);
  assert.equal((await refusal(stream.write(bytes(1)))).code, "wrong-state");
  assert.equal((await refusal(stream.hole(1n))).code, "wrong-state");
});

Deno.test("a hole has a length that the protocol can tell", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  for (const length of [0n, -1n, 1n << 63n]) {
    assert.equal((await refusal(stream.hole(length))).code, "invalid-argument");
  }
});

Deno.test("an open that is aborted after it was sent is undone as soon as the server has opened it", async () => {
  await using it = stage();
  const controller = new AbortController();
  const opening = it.connection.open("storageVolDownload", range, { signal: controller.signal });
  const far = await it.server.next();
  controller.abort();
  assert.equal(mayHaveActed(await refusal(opening)), true);
  far.data(bytes(1));
  far.reply("storageVolDownload", undefined);
  const end = await it.server.next();
  assert.deepEqual(end.header, { ...far.header, type: packetType.stream, status: packetStatus.error });
  far.data(bytes(2));
  end.confirm();
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await it.connection.call("connectGetLibVersion", undefined);
});

Deno.test("an open whose answer cannot be read is undone", async () => {
  await using it = stage();
  const opening = it.connection.open("domainScreenshot", { dom, screen: 0, flags: 0 });
  const far = await it.server.next();
  far.answer({}, new Uint8Array(2));
  assert.equal((await refusal(opening)).code, "protocol");
  const end = await it.server.next();
  assert.equal(end.header.status, packetStatus.error);
});

Deno.test("a broken link fails a stream with all that waits for it, behind what had come", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  const other = await upload(it);
  far.data(bytes(1));
  await settled();
  const finishing = other.stream.finish();
  await it.server.next();
  it.server.link.break();
  const error = await refusal(finishing);
  assert.equal(error.code, "unreachable");
  assert.equal(mayHaveActed(error), true);
  assert.deepEqual(await stream.read(), { data: bytes(1) });
  assert.equal((await refusal(stream.read())).code, "unreachable");
  assert.equal((await refusal(stream.write(bytes(1)))).code, "unreachable");
  await stream.abort();
  await other.stream.abort();
});

const nonsense: readonly [string, (far: Received) => void][] = [
  ["data after the end", (far) => {
    far.end();
    far.data(bytes(1));
  }],
  ["a second end", (far) => {
    far.confirm();
  }],
  ["a hole of less than nothing", (far) => far.sendHole(-5n)],
  ["a hole of nothing", (far) => far.sendHole(0n)],
  ["a hole with flags", (far) => far.sendHole(1n, 1)],
  [
    "a hole that is no hole",
    (far) => far.answer({ type: packetType.streamHole, status: 2 }, bytes(1, 2, 3, 4)),
  ],
  ["a hole with an error", (far) => far.answer({ type: packetType.streamHole, status: 1 })],
  ["an error that is none", (far) => far.answer({ type: packetType.stream, status: 1 }, bytes(1, 2, 3, 4))],
  ["an unknown status", (far) => far.answer({ type: packetType.stream, status: 9 })],
  ["a reply that nobody waits for", (far) => far.answer({ type: packetType.reply, status: 0 })],
];

for (const [what, send] of nonsense) {
  Deno.test(`${what} on a stream ends the connection`, async () => {
    await using it = stage();
    const { far } = await download(it);
    const call = it.connection.call("connectGetLibVersion", undefined);
    await it.server.next();
    send(far);
    assert.equal((await refusal(call)).code, "protocol");
  });
}

Deno.test("packets under a stream's number and another procedure are not the stream's", async () => {
  await using it = stage();
  const { stream, far } = await download(it);
  far.answer({ type: packetType.stream, status: packetStatus.continue, procedure: 208 }, bytes(9));
  far.data(bytes(1));
  assert.deepEqual(await stream.read(), { data: bytes(1) });
});

Deno.test("many streams and calls at once do not mix", async () => {
  await using it = stage({ maxOutstanding: 100 });
  const opened = [];
  for (let count = 0; count < 20; count++) {
    opened.push(count % 2 === 0 ? await download(it) : await upload(it));
  }
  it.server.answer("domainLookupById", ({ id }) => ({ dom: { ...dom, id } }));
  const work = opened.map(async ({ stream, far }, index) => {
    if (index % 2 === 0) {
      for (let round = 0; round < 5; round++) far.data(bytes(index, round));
      for (let round = 0; round < 5; round++) {
        assert.deepEqual(await stream.read(), { data: bytes(index, round) });
      }
    } else {
      for (let round = 0; round < 5; round++) await stream.write(bytes(index, round));
    }
    assert.equal((await it.connection.call("domainLookupById", { id: index })).dom.id, index);
  });
  await Promise.all(work);
  const perStream = Map.groupBy(it.server.waiting, ({ header }) => header.serial);
  for (const [index, { far }] of opened.entries()) {
    if (index % 2 === 0) continue;
    const sent = perStream.get(far.header.serial)?.map(({ payload }) => payload);
    assert.deepEqual(sent, [0, 1, 2, 3, 4].map((round) => bytes(index, round)));
  }
});

Deno.test("several writers take turns, and a call goes before what they still have to send", async () => {
  await using it = stage();
  const [one, two] = [await upload(it), await upload(it)];
  const letWrite = it.server.link.holdWrites();
  const first = one.stream.write(bytes(0));
  await settled();
  const writes = [one, two].map(({ stream }) => stream.write(new Uint8Array(4 * streamChunkBytes)));
  const call = it.connection.call("connectGetLibVersion", undefined);
  await settled();
  letWrite();
  await Promise.all([first, ...writes]);
  const order = it.server.waiting.map(({ header, name }) =>
    name === "connectGetLibVersion" ? "call" : header.serial === one.far.header.serial ? "one" : "two"
  );
  assert.deepEqual(order, ["one", "call", "one", "two", "one", "two", "one", "two", "one", "two"]);
  for (const received of it.server.waiting) {
    if (received.name === "connectGetLibVersion") received.reply("connectGetLibVersion", { libVer: 1n });
  }
  await call;
});

Deno.test("a write that is aborted before anything of it was sent leaves the stream as it is", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  const letWrite = it.server.link.holdWrites();
  const first = stream.write(bytes(1));
  await settled();
  const controller = new AbortController();
  const second = stream.write(bytes(2), controller.signal);
  controller.abort();
  const error = await refusal(second);
  assert.equal(error.code, "cancelled");
  assert.equal(mayHaveActed(error), false);
  assert.equal((await refusal(stream.write(bytes(2), controller.signal))).code, "cancelled");
  letWrite();
  await Promise.all([first, stream.write(bytes(3))]);
  assert.deepEqual(it.server.waiting.map(({ payload }) => payload[0]), [1, 3]);
});

Deno.test("a write of which a part was sent takes the stream with it when it is aborted", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  const letWrite = it.server.link.holdWrites();
  const controller = new AbortController();
  const writing = stream.write(new Uint8Array(8 * streamChunkBytes), controller.signal);
  await settled();
  controller.abort();
  assert.equal(mayHaveActed(await refusal(writing)), true);
  assert.equal((await refusal(stream.write(bytes(1)))).code, "cancelled");
  letWrite();
  await settled();
  const sent = it.server.waiting.map(({ header }) => header.status);
  assert.equal(sent.at(-1), packetStatus.error);
  assert.ok(sent.length < 8, `${sent.length} packets`);
});

Deno.test("a write whose bytes have all been handed over does not outlast its signal", async () => {
  await using it = stage();
  const { stream } = await upload(it);
  const letWrite = it.server.link.holdWrites();
  const controller = new AbortController();
  const writing = stream.write(bytes(1), controller.signal);
  await settled();
  controller.abort();
  assert.equal(mayHaveActed(await refusal(writing)), true);
  letWrite();
  await stream.write(bytes(2));
  assert.deepEqual(it.server.waiting.map(({ payload }) => payload[0]), [1, 2]);
});
