import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import { ClientConnection } from "../../../protocol/client_connection.ts";
import type { StreamPiece } from "../../../protocol/connection.ts";
import { packetStatus, packetType } from "../../../protocol/packet.ts";
import { toRemoteError } from "../../../protocol/remote_error.ts";
import { type OpenedStream, ServerConnection, type ServerStream } from "../../../protocol/server/mod.ts";
import { encode, hyper, struct, uint } from "../../../protocol/xdr/mod.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { transportPair, type TransportPairOptions } from "../kit/transport_pair.ts";
import { errorIn, Stage } from "./stage.ts";

const vol = { pool: "images", name: "disk.img", key: "/images/disk.img" };
const range = { vol, offset: 0n, length: 0n };
const dom = { name: "web", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const sparse = 1;

/** A client and a server, where every call opens a stream that is served so. */
function pair(
  run: (stream: ServerStream) => Promise<void>,
  options: TransportPairOptions & { readonly result?: unknown } = {},
): { readonly client: ClientConnection; readonly server: ServerConnection } & AsyncDisposable {
  const clock = new VirtualClock();
  const link = transportPair(options);
  const server = new ServerConnection(link.server, {
    clock,
    service: () => ({
      admits: () => true,
      answer: (): OpenedStream => ({ result: options.result, run }),
      describe: (error) =>
        toRemoteError(error instanceof VirtError ? error : new VirtError("internal", String(error))),
    }),
  });
  const client = new ClientConnection(link.client, { clock });
  return {
    client,
    server,
    async [Symbol.asyncDispose](): Promise<void> {
      await client.close();
      await server.closed;
      await server.settled();
    },
  };
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

async function drain(read: () => Promise<StreamPiece | undefined>): Promise<StreamPiece[]> {
  const pieces: StreamPiece[] = [];
  for (let piece = await read(); piece !== undefined; piece = await read()) pieces.push(piece);
  return pieces;
}

function joined(pieces: readonly StreamPiece[]): Uint8Array {
  return new Uint8Array(
    pieces.flatMap((piece) => "data" in piece ? [...piece.data] : Array(Number(piece.hole)).fill(0)),
  );
}

Deno.test("what is downloaded is what was sent, then its end, then the word that all is well", async () => {
  const data = bytesOf(700_000);
  await using it = pair((stream) => stream.write(data));
  const stream = await it.client.open("storageVolDownload", { ...range, flags: 0 });
  assert.deepEqual(joined(await drain(() => stream.read())), data);
  await stream.finish();
});

Deno.test("what is uploaded has arrived when the client hears that all is well", async () => {
  const data = bytesOf(700_000);
  const arrived: StreamPiece[] = [];
  await using it = pair(async (stream) => {
    arrived.push(...await drain(() => stream.read()));
  });
  const stream = await it.client.open("storageVolUpload", { ...range, flags: 0 });
  await stream.write(data);
  await stream.finish();
  assert.deepEqual(joined(arrived), data);
});

Deno.test("holes pass as holes in both directions, where the client has said that it knows them", async () => {
  const arrived: StreamPiece[] = [];
  await using up = pair(async (stream) => void arrived.push(...await drain(() => stream.read())));
  const upload = await up.client.open("storageVolUpload", { ...range, flags: sparse });
  await upload.write(bytesOf(3));
  await upload.hole(1n << 40n);
  await upload.write(bytesOf(2));
  await upload.finish();
  assert.deepEqual(arrived.map((piece) => "hole" in piece ? piece.hole : piece.data.length), [
    3,
    1n << 40n,
    2,
  ]);

  await using down = pair(async (stream) => {
    assert.equal(stream.sparse, true);
    await stream.write(bytesOf(4096));
    await stream.hole(3n << 20n);
  });
  const download = await down.client.open("storageVolDownload", { ...range, flags: sparse });
  const pieces = await drain(() => download.read());
  assert.deepEqual(pieces.map((piece) => "hole" in piece ? piece.hole : piece.data.length), [
    4096,
    3n << 20n,
  ]);
});

Deno.test("a failure in the middle reaches the client behind what came before it", async () => {
  await using it = pair(async (stream) => {
    await stream.write(bytesOf(10));
    throw new VirtError("operation-failed", "the disk is gone");
  });
  const stream = await it.client.open("storageVolDownload", { ...range, flags: 0 });
  assert.deepEqual(joined([await stream.read() ?? { hole: 0n }]), bytesOf(10));
  await assert.rejects(() => stream.read(), /the disk is gone/);
});

Deno.test("an upload that cannot be stored fails when it is finished", async () => {
  await using it = pair(async (stream) => {
    await stream.read();
    throw new VirtError("operation-failed", "no room is left");
  });
  const stream = await it.client.open("storageVolUpload", { ...range, flags: 0 });
  await stream.write(bytesOf(10));
  await assert.rejects(() => stream.finish(), /no room is left/);
});

Deno.test("who aborts is let go at once, and whoever serves the stream hears it", async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  await using it = pair(async (stream) => {
    try {
      await drain(() => stream.read());
    } catch (error) {
      resolve(error);
      throw error;
    }
  });
  const stream = await it.client.open("storageVolUpload", { ...range, flags: 0 });
  await stream.write(bytesOf(10));
  await stream.abort();
  assert.match(String(await aborted), /aborted/);
});

Deno.test("who finishes a download before its end is let go", async () => {
  await using it = pair(async (stream) => {
    while (true) await stream.write(bytesOf(100_000));
  });
  const stream = await it.client.open("storageVolDownload", { ...range, flags: 0 });
  await stream.read();
  await stream.finish();
});

Deno.test("both sides talk at the same time, until the client has had enough", async () => {
  await using it = pair(async (stream) => {
    for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
      if ("data" in piece) await stream.write(piece.data.map((byte) => byte ^ 0x20));
    }
  });
  const stream = await it.client.open("domainOpenConsole", { dom, devName: undefined, flags: 0 });
  await stream.write(new TextEncoder().encode("hello"));
  const piece = await stream.read();
  assert.equal(new TextDecoder().decode(joined(piece === undefined ? [] : [piece])), "HELLO");
  await stream.finish();
});

Deno.test("a server that waits for its client keeps no more than one packet of each stream", async () => {
  let written = 0;
  await using it = pair(async (stream) => {
    for (; written < 100; written++) await stream.write(bytesOf(100_000));
  }, { roomBytes: 1000 });
  const held = await it.client.open("storageVolDownload", { ...range, flags: 0 });
  await settled();
  // The client's window and what is on the way; the rest has not been produced.
  assert.ok(written < 60, `${written} packets of 100000 bytes were sent ahead`);
  const pieces = await drain(() => held.read());
  assert.equal(joined(pieces).length, 10_000_000);
  await held.finish();
});

Deno.test("a client that sends faster than it is taken has to wait", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  let taken = 0;
  await using it = pair(async (stream) => {
    await go;
    taken = joined(await drain(() => stream.read())).length;
  }, { roomBytes: 1000 });
  const stream = await it.client.open("storageVolUpload", { ...range, flags: 0 });
  let sent = 0;
  const sending = (async (): Promise<void> => {
    for (; sent < 50; sent++) await stream.write(bytesOf(100_000));
    await stream.finish();
  })();
  await settled();
  assert.ok(sent <= 8, `${sent} packets of 100000 bytes lie with the server`);
  resolve();
  await sending;
  assert.equal(taken, 5_000_000);
});

Deno.test("a stream whose client is gone is not served any longer", async () => {
  const { promise: why, resolve } = Promise.withResolvers<unknown>();
  const it = pair(async (stream) => {
    stream.signal.addEventListener("abort", () => resolve(stream.signal.reason));
    await drain(() => stream.read());
  });
  await it.client.open("storageVolUpload", { ...range, flags: 0 });
  await it[Symbol.asyncDispose]();
  assert.match(String(await why), /The client has gone/);
});

const upload = { procedure: 208, type: packetType.stream, status: packetStatus.continue, serial: 4 };

/** A stage on which a stream is open under the number 4. */
async function opened(
  run: (stream: ServerStream) => Promise<void>,
  flags = 0,
): Promise<Stage> {
  const stage = new Stage({ answer: (): OpenedStream => ({ result: undefined, run }) });
  await stage.call("storageVolUpload", { ...range, flags }, 4);
  const [answer] = await stage.seen();
  assert.equal(answer?.status, packetStatus.ok);
  return stage;
}

async function taking(stream: ServerStream): Promise<void> {
  await drain(() => stream.read());
}

Deno.test("a hole where none was announced ends the connection, as with libvirt", async () => {
  await using stage = await opened(taking);
  const hole = encode(struct({ length: hyper, flags: uint }), { length: 10n, flags: 0 });
  await stage.send({ ...upload, type: packetType.streamHole }, hole);
  assert.match(await stage.server.closed, /Unexpected stream hole/);
});

Deno.test("a status that there is not ends the stream with libvirt's words", async () => {
  await using stage = await opened(taking);
  await stage.send({ ...upload, status: 5 });
  const [answer] = await stage.seen();
  assert.deepEqual([answer?.type, answer?.status, answer?.serial], [
    packetType.stream,
    packetStatus.error,
    4,
  ]);
  assert.ok(answer !== undefined);
  assert.equal(errorIn(answer).message, "stream aborted with unexpected status 5");
});

Deno.test("what comes for a stream after its end is dropped", async () => {
  await using stage = await opened(taking);
  await stage.send({ ...upload, status: packetStatus.error });
  for (let count = 0; count < 9; count++) await stage.send(upload, bytesOf(10));
  await stage.send({ ...upload, status: packetStatus.ok });
  const seen = await stage.seen();
  assert.deepEqual(seen.map(({ type, status }) => [type, status]), [[packetType.stream, packetStatus.ok]]);
});

Deno.test("packets of streams count as requests until they are taken", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  await using stage = await opened(async (stream) => {
    await go;
    await taking(stream);
  });
  for (let count = 0; count < 9; count++) await stage.send(upload, bytesOf(10));
  await stage.call("connectGetLibVersion", undefined, 5);
  assert.deepEqual(await stage.seen(), []);
  resolve();
  await stage.send({ ...upload, status: packetStatus.ok });
  const seen = await stage.seen();
  assert.deepEqual(seen.map(({ serial }) => serial).sort(), [4, 5]);
});

Deno.test("a client may not open more streams than the limit", async () => {
  await using stage = new Stage({
    maxStreams: 2,
    maxRequests: 9,
    answer: (): OpenedStream => ({ result: undefined, run: taking }),
  });
  for (const serial of [1, 2, 3]) await stage.call("storageVolUpload", { ...range, flags: 0 }, serial);
  const seen = await stage.seen();
  assert.deepEqual(seen.map(({ serial, status }) => [serial, status]), [[1, 0], [2, 0], [3, 1]]);
});

Deno.test("a call that is refused opens no stream", async () => {
  await using stage = new Stage({
    answer: () => Promise.reject(new VirtError("not-found", "there is no such volume")),
  });
  await stage.call("storageVolUpload", { ...range, flags: 0 }, 4);
  await stage.seen();
  await stage.send({ ...upload, status: packetStatus.ok });
  assert.deepEqual(await stage.seen(), []);
});

const piece = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300_000, size: "max" }).map((data) => ({
    data: Uint8Array.from(data),
  })),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((data) => ({ data: Uint8Array.from(data) })),
  fc.bigInt({ min: 1n, max: 2n ** 50n }).map((hole) => ({ hole })),
);

/** Data joined between holes: packets are cut as they like. */
function shape(pieces: readonly StreamPiece[]): readonly string[] {
  const found: string[] = [];
  let data: number[] = [];
  const flush = (): void => {
    if (data.length > 0) {
      found.push(`${data.length}:${data.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)}`);
    }
    data = [];
  };
  for (const piece of pieces) {
    if ("data" in piece) {
      for (const byte of piece.data) data.push(byte);
    } else {
      flush();
      found.push(`hole ${piece.hole}`);
    }
  }
  flush();
  return found;
}

Deno.test("whatever is sent arrives, in its order, up and down, through links of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 100, max: 300_000 }),
      async (pieces, roomBytes) => {
        const arrived: StreamPiece[] = [];
        await using up = pair(async (stream) => void arrived.push(...await drain(() => stream.read())), {
          roomBytes,
        });
        const upload = await up.client.open("storageVolUpload", { ...range, flags: sparse });
        for (const each of pieces) await ("data" in each ? upload.write(each.data) : upload.hole(each.hole));
        await upload.finish();
        assert.deepEqual(shape(arrived), shape(pieces));

        await using down = pair(async (stream) => {
          for (const each of pieces) {
            await ("data" in each ? stream.write(each.data) : stream.hole(each.hole));
          }
        }, { roomBytes });
        const download = await down.client.open("storageVolDownload", { ...range, flags: sparse });
        assert.deepEqual(shape(await drain(() => download.read())), shape(pieces));
        await download.finish();
      },
    ),
    { numRuns: 25 },
  );
});
