import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { RemoteStoragePool, RemoteStorageVolume } from "../../../protocol/procedures/mod.ts";
import type { RpcStream } from "../../../protocol/connection.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const sparse = 1;
const pool: RemoteStoragePool = { name: "default-pool", uuid: "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566" };

async function made(client: ClientConnection, mebibytes: number): Promise<RemoteStorageVolume> {
  const xml =
    `<volume><name>disk</name><capacity unit='MiB'>${mebibytes}</capacity><allocation>0</allocation></volume>`;
  return (await client.call("storageVolCreateXml", { pool, xml, flags: 0 })).vol;
}

/** Which part of a volume, and whether holes are told as such. */
interface Part {
  readonly offset?: number;
  readonly length?: number;
  readonly flags?: number;
}

function upload(
  client: ClientConnection,
  vol: RemoteStorageVolume,
  part: Part = {},
): Promise<RpcStream<unknown>> {
  const { offset = 0, length = 0, flags = 0 } = part;
  return client.open("storageVolUpload", { vol, offset: BigInt(offset), length: BigInt(length), flags });
}

/** What comes out of a volume: its bytes, and its pieces as `data LENGTH` and `hole LENGTH`. */
async function download(
  client: ClientConnection,
  vol: RemoteStorageVolume,
  { offset = 0, length = 0, flags = 0 }: Part = {},
): Promise<{ readonly bytes: Uint8Array; readonly pieces: readonly string[] }> {
  await using stream = await client.open("storageVolDownload", {
    vol,
    offset: BigInt(offset),
    length: BigInt(length),
    flags,
  });
  const parts: Uint8Array[] = [];
  const pieces: string[] = [];
  for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
    parts.push("data" in piece ? piece.data : new Uint8Array(Number(piece.hole)));
    pieces.push("data" in piece ? `data ${piece.data.length}` : `hole ${piece.hole}`);
  }
  await stream.finish();
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, pieces };
}

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff || 1);
}

/** Directories of transfers that are there now. */
function leftovers(): readonly string[] {
  const place = Deno.env.get("TMPDIR") ?? "/tmp";
  return [...Deno.readDirSync(place)].map(({ name }) => name).filter((name) =>
    name.startsWith("drover-transfer-")
  );
}

Deno.test("what is uploaded is downloaded again", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 4);
  const bytes = pattern(3 * mebibyte + 17);
  const stream = await upload(client, vol);
  await stream.write(bytes);
  await stream.finish();
  const found = await download(client, vol);
  assert.equal(found.bytes.length, 4 * mebibyte);
  assert.deepEqual(found.bytes.subarray(0, bytes.length), bytes);
  assert.ok(found.bytes.subarray(bytes.length).every((byte) => byte === 0));
  assert.deepEqual(daemon.recorded, []);
  assert.deepEqual(daemon.audit.map(({ operation, decision }) => `${operation} ${decision}`), [
    "volume.create done",
    "volume.uploadFile done",
  ]);
});

Deno.test("a part is written in its place, and a part is read", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 1);
  const first = await upload(client, vol);
  await first.write(pattern(mebibyte, 1));
  await first.finish();
  const second = await upload(client, vol, { offset: 1000, length: 500 });
  await second.write(pattern(500, 99));
  await second.finish();
  const expected = pattern(mebibyte, 1);
  expected.set(pattern(500, 99), 1000);
  assert.deepEqual((await download(client, vol)).bytes, expected);
  const { bytes } = await download(client, vol, { offset: 900, length: 300 });
  assert.deepEqual(bytes, expected.subarray(900, 1200));
  assert.equal((await download(client, vol, { offset: mebibyte })).bytes.length, 0);
});

Deno.test("holes go both ways without their zeros, and a hole is zero whatever was there", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 64);
  const first = await upload(client, vol);
  await first.write(pattern(mebibyte));
  await first.finish();
  const stream = await upload(client, vol, { flags: sparse });
  await stream.hole(BigInt(32 * mebibyte));
  await stream.write(pattern(64 * kibibyte));
  await stream.hole(BigInt(mebibyte));
  await stream.finish();
  const { bytes, pieces } = await download(client, vol, { flags: sparse });
  assert.deepEqual(pieces, [
    `hole ${32 * mebibyte}`,
    `data ${64 * kibibyte}`,
    `hole ${32 * mebibyte - 64 * kibibyte}`,
  ]);
  assert.deepEqual(bytes.subarray(32 * mebibyte, 32 * mebibyte + 64 * kibibyte), pattern(64 * kibibyte));
  const cut = await download(client, vol, { offset: mebibyte, length: mebibyte, flags: sparse });
  assert.deepEqual(cut.pieces, [`hole ${mebibyte}`]);
  const plain = await download(client, vol, { length: 2 * mebibyte });
  assert.ok(plain.pieces.every((piece) => piece.startsWith("data")));
  assert.equal(plain.bytes.length, 2 * mebibyte);
});

Deno.test("an upload that ends without data changes nothing", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 1);
  await (await upload(client, vol)).finish();
  assert.equal((await client.call("storageVolGetInfo", { vol })).allocation, 0n);
  assert.ok((await download(client, vol)).bytes.every((byte) => byte === 0));
});

Deno.test("a client that sends more than it said, or than there is, is refused and the volume is as it was", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 1);
  for (
    const [part, size] of [[{ length: 100 }, 101], [{}, mebibyte + 1], [
      { offset: 10 },
      mebibyte - 9,
    ]] as const
  ) {
    const stream = await upload(client, vol, part);
    const error = await errorOf((async () => {
      await stream.write(pattern(size));
      await stream.finish();
    })());
    assert.equal(error.message, "cannot write to stream: No space left on device");
  }
  const holes = await upload(client, vol, { flags: sparse });
  const error = await errorOf((async () => {
    await holes.hole(1n << 62n);
    await holes.finish();
  })());
  assert.equal(error.message, "cannot write to stream: No space left on device");
  assert.ok((await download(client, vol)).bytes.every((byte) => byte === 0));
});

Deno.test("a part that is not within the volume is refused at once", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 1);
  for (const part of [{ offset: mebibyte + 1 }, { offset: 1, length: mebibyte }, { length: mebibyte + 1 }]) {
    assert.equal((await errorOf(upload(client, vol, part))).remoteCode, "VIR_ERR_INVALID_ARG");
    assert.equal((await errorOf(download(client, vol, part))).remoteCode, "VIR_ERR_INVALID_ARG");
  }
  const missing = { ...vol, name: "nothing" };
  assert.equal((await errorOf(upload(client, missing))).remoteCode, "VIR_ERR_NO_STORAGE_VOL");
});

Deno.test("a client that gives an upload up, or goes away, leaves the volume as it was and nothing behind", async () => {
  await using daemon = new MemoryDaemon();
  const [client, other] = [await daemon.connect(), await daemon.connect()];
  const vol = await made(client, 4);
  const before = leftovers();
  const aborted = await upload(client, vol);
  await aborted.write(pattern(2 * mebibyte));
  await aborted.abort();
  const vanished = await upload(other, vol);
  await vanished.write(pattern(2 * mebibyte));
  await other.close();
  assert.ok((await download(client, vol)).bytes.every((byte) => byte === 0));
  const again = await upload(client, vol);
  await again.write(pattern(100));
  await again.finish();
  assert.deepEqual((await download(client, vol, { length: 100 })).bytes, pattern(100));
  await client.close();
  await daemon[Symbol.asyncDispose]();
  assert.deepEqual(leftovers().filter((name) => !before.includes(name)), []);
});

Deno.test("a download that is given up ends, and the next one begins anew", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const vol = await made(client, 16);
  const stream = await client.open("storageVolDownload", { vol, offset: 0n, length: 0n, flags: 0 });
  await stream.read();
  await stream.abort();
  const early = await client.open("storageVolDownload", { vol, offset: 0n, length: 0n, flags: 0 });
  await early.read();
  await early.finish();
  assert.equal((await download(client, vol)).bytes.length, 16 * mebibyte);
});

Deno.test("who may not write a volume cannot upload, and who may needs no right to the daemon's own files", async () => {
  const refused: string[] = [];
  await using daemon = new MemoryDaemon({
    authorityOf: () => ({
      check({ permission, name }): void {
        if (permission !== "storage_vol:data_write" || name !== "closed") return;
        throw new VirtError("permission-denied", `${permission} is not granted`);
      },
      checkReach({ places = [] }): void {
        if (places.length === 0) return;
        refused.push(...places.map(({ value }) => value));
        throw new VirtError("permission-denied", "No file may be read");
      },
      sees: () => true,
    }),
  });
  const client = await daemon.connect();
  const vol = await made(client, 1);
  const stream = await upload(client, vol);
  await stream.write(pattern(10));
  await stream.finish();
  assert.deepEqual(refused, []);
  const xml = "<volume><name>closed</name><capacity unit='MiB'>1</capacity></volume>";
  const closed = await client.call("storageVolCreateXml", { pool, xml, flags: 0 });
  const error = await errorOf(upload(client, closed.vol));
  assert.equal(error.remoteCode, "VIR_ERR_ACCESS_DENIED");
});

Deno.test("a volume is read no faster than its client takes it, and others are answered meanwhile", async () => {
  let reads = 0;
  await using daemon = new MemoryDaemon({
    authorityOf: () => ({
      check({ operation, when }): void {
        if (operation === "volume.download" && when === "asked") reads++;
      },
      checkReach: () => {},
      sees: () => true,
    }),
  });
  const [client, other] = [await daemon.connect(), await daemon.connect()];
  const vol = await made(client, 256);
  const stream = await client.open("storageVolDownload", { vol, offset: 0n, length: 0n, flags: 0 });
  await stream.read();
  for (let calls = 0; calls < 200; calls++) await other.call("connectGetLibVersion", undefined);
  assert.ok(reads < 32, `${reads} of 256 MiB were read`);
  await stream.abort();
});
