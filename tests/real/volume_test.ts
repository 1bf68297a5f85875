import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { remoteDriver } from "../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../model/object.ts";
import { Bench } from "../drivers/bench.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();
const mebibyte = 1024 ** 2;

const open = (host: RealHost, driver?: string): Promise<Bench> =>
  Bench.open(host.uri(driver), { drivers: [remoteDriver] });

/** A running pool of a test's own. */
function pool(bench: Bench, host: RealHost, name: string): Promise<ObjectRef<"pool">> {
  const xml =
    `<pool type='dir'><name>${name}</name><target><path>${host.directory}/pools/${name}</path></target></pool>`;
  return bench.call("pool.create", { xml, build: true });
}

function volumeXml(name: string, bytes: number, format = "raw"): string {
  return `<volume><name>${name}</name><capacity>${bytes}</capacity><allocation>0</allocation>
    <target><format type='${format}'/></target></volume>`;
}

/** Bytes that are never twice the same. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A folder for files of this side, without links in its path. */
async function folderOf(host: RealHost, name: string): Promise<string> {
  const folder = `${await Deno.realPath(host.directory)}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

test("volumes are made, copied, resized, wiped and deleted, and virsh sees the same", async (host) => {
  await using bench = await open(host);
  const on = await pool(bench, host, "volumes");
  const raw = await bench.call("volume.create", { xml: volumeXml("raw", mebibyte) }, { on });
  const qcow2 = await bench.call("volume.create", { xml: volumeXml("image", 10 * mebibyte, "qcow2") }, {
    on,
  });
  assert.match(await host.virsh("vol-list", "volumes"), /image[\s\S]*raw/);
  const info = await bench.call("volume.info", {}, { on: qcow2 });
  assert.deepEqual([info.type, info.format, info.capacityBytes, info.path], [
    "file",
    "qcow2",
    10 * mebibyte,
    `${host.directory}/pools/volumes/image`,
  ]);
  assert.deepEqual(await bench.call("volume.byPath", { path: info.path }), qcow2);
  assert.equal((await bench.call("volume.lookup", { name: "raw" }, { on })).id, "raw");
  await bench.refused("not-found", "volume.lookup", { on, input: { name: "none" } });
  await bench.refused("not-found", "volume.byPath", { input: { path: "/nowhere" } });
  await bench.refused("already-exists", "volume.create", { on, input: { xml: volumeXml("raw", 1) } });

  const bytes = noise(mebibyte);
  await bench.call("volume.upload", { bytes }, { on: raw });
  const copy = await bench.call("volume.createFrom", { xml: volumeXml("copy", mebibyte), from: raw }, { on });
  assert.deepEqual(await Deno.readFile(`${host.directory}/pools/volumes/copy`), bytes);
  await bench.call("volume.resize", { capacityBytes: 3 * mebibyte }, { on: copy });
  assert.match(await host.virsh("vol-info", "--bytes", "copy", "--pool", "volumes"), /Capacity:\s+3145728/);
  await bench.refused("invalid-argument", "volume.resize", { on: copy, input: { capacityBytes: 512 } });
  await bench.call("volume.wipe", {}, { on: copy });
  assert.ok((await Deno.readFile(`${host.directory}/pools/volumes/copy`)).every((byte) => byte === 0));
  assert.deepEqual(await Deno.readFile(`${host.directory}/pools/volumes/raw`), bytes);

  await host.virsh("vol-create-as", "volumes", "by-virsh", "1M");
  const listed = (await bench.call("volume.list", {}, { on })).map(({ volume }) => volume.name).sort();
  assert.deepEqual(listed, ["by-virsh", "copy", "image", "raw"]);
  await host.virsh("vol-delete", "by-virsh", "--pool", "volumes");
  await bench.call("volume.delete", {}, { on: copy });
  await bench.refused("not-found", "volume.info", { on: copy, input: {} });
  assert.deepEqual(
    (await bench.call("volume.list", { name: "*a*" }, { on })).map(({ volume }) => volume.name).sort(),
    [
      "image",
      "raw",
    ],
  );
  await bench.call("pool.destroy", {}, { on });
});

test("pieces of a volume are written and read at any place, and never behind its end", async (host) => {
  await using bench = await open(host);
  const on = await pool(bench, host, "pieces");
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", 3 * mebibyte) }, { on });
  const bytes = noise(mebibyte);
  await bench.call("volume.upload", { offset: 1_234_567, bytes }, { on: volume });
  const found = await bench.call("volume.download", { offset: 1_234_567 }, { on: volume });
  assert.equal(sha256(found.bytes), sha256(bytes));
  assert.equal(found.atEnd, false);
  const end = await bench.call("volume.download", { offset: 3 * mebibyte - 5 }, { on: volume });
  assert.deepEqual([end.bytes.length, end.atEnd], [5, true]);
  const behind = await bench.call("volume.download", { offset: 9 * mebibyte }, { on: volume });
  assert.deepEqual([behind.bytes.length, behind.atEnd], [0, true]);
  await bench.refused("invalid-argument", "volume.upload", {
    on: volume,
    input: { offset: 2.5 * mebibyte, bytes },
  });
  assert.equal((await Deno.stat(`${host.directory}/pools/pieces/disk`)).size, 3 * mebibyte);
  await bench.call("pool.destroy", {}, { on });
});

test("a whole file goes into a volume and comes back, byte for byte, with its digest", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "files");
  const on = await pool(bench, host, "transfers");
  const bytes = noise(20 * mebibyte + 12_345);
  await Deno.writeFile(`${folder}/source`, bytes);
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", bytes.length) }, { on });
  const states: number[] = [];
  const sent = await bench.result("volume.uploadFile", { path: `${folder}/source` }, {
    on: volume,
    onState: (state) => state.kind === "progress" && states.push(state.fraction),
  });
  assert.deepEqual(sent.outcome, {
    kind: "done",
    value: { bytes: bytes.length, dataBytes: bytes.length, sha256: sha256(bytes) },
  });
  assert.ok(states.length >= 5 && states.every((fraction, index) => fraction >= (states[index - 1] ?? 0)));
  assert.equal(sha256(await Deno.readFile(`${host.directory}/pools/transfers/disk`)), sha256(bytes));
  const received = await bench.call("volume.downloadFile", { path: `${folder}/target` }, { on: volume });
  assert.deepEqual([received.bytes, received.sha256], [bytes.length, sha256(bytes)]);
  assert.equal(sha256(await Deno.readFile(`${folder}/target`)), sha256(bytes));
  await bench.refused("already-exists", "volume.downloadFile", {
    on: volume,
    input: { path: `${folder}/target` },
  });
  const part = { path: `${folder}/target`, offset: 1000, length: 70_000, overwrite: true };
  const some = await bench.call("volume.downloadFile", part, { on: volume });
  assert.deepEqual([some.bytes, some.sha256], [70_000, sha256(bytes.subarray(1000, 71_000))]);
  await bench.refused("invalid-argument", "volume.uploadFile", {
    on: volume,
    input: { path: `${folder}/source`, offset: 1 },
  });
  await bench.refused("not-found", "volume.uploadFile", { on: volume, input: { path: `${folder}/none` } });
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["source", "target"]);
  await bench.call("pool.destroy", {}, { on });
});

test("holes stay holes in both directions", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "sparse");
  const on = await pool(bench, host, "sparse");
  const size = 200 * mebibyte;
  const bytes = noise(mebibyte);
  using file = await Deno.open(`${folder}/source`, { create: true, write: true });
  await file.truncate(size);
  await file.seek(64 * mebibyte, Deno.SeekMode.Start);
  await file.write(bytes);
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", size) }, { on });
  const sent = await bench.call("volume.uploadFile", { path: `${folder}/source`, sparse: true }, {
    on: volume,
  });
  assert.deepEqual([sent.bytes, sent.dataBytes], [size, mebibyte]);
  const stored = await Deno.stat(`${host.directory}/pools/sparse/disk`);
  assert.deepEqual([stored.size, (stored.blocks ?? 0) * 512 <= 2 * mebibyte], [size, true]);
  const received = await bench.call("volume.downloadFile", { path: `${folder}/target` }, { on: volume });
  assert.equal(received.sha256, sent.sha256);
  assert.equal(received.bytes, size);
  assert.ok(received.dataBytes <= 2 * mebibyte);
  const target = await Deno.stat(`${folder}/target`);
  assert.deepEqual([target.size, (target.blocks ?? 0) * 512 <= 2 * mebibyte], [size, true]);
  // Into a volume that holds something zeros are written: what was there would stay in the holes.
  const again = await bench.call("volume.uploadFile", { path: `${folder}/source`, sparse: true }, {
    on: volume,
  });
  assert.deepEqual([again.dataBytes, again.sha256], [size, sent.sha256]);
  await bench.call("pool.destroy", {}, { on });
});

test("a large volume passes through little memory", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "large");
  const on = await pool(bench, host, "large");
  const size = 400 * mebibyte;
  const block = noise(4 * mebibyte);
  using file = await Deno.open(`${folder}/source`, { create: true, write: true });
  for (let written = 0; written < size; written += block.length) await file.write(block);
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", size) }, { on });
  const before = Deno.memoryUsage().rss;
  const sent = await bench.call("volume.uploadFile", { path: `${folder}/source` }, { on: volume });
  const received = await bench.call("volume.downloadFile", { path: `${folder}/target` }, { on: volume });
  assert.equal(received.sha256, sent.sha256);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 150 * mebibyte, `grew by ${Math.round(grown / mebibyte)} MiB`);
  await bench.call("pool.destroy", {}, { on });
});

test("a cancelled transfer ends at once, leaves no file, and the volume can be used again", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "cancelled");
  const on = await pool(bench, host, "cancelled");
  const size = 300 * mebibyte;
  const block = noise(4 * mebibyte);
  using file = await Deno.open(`${folder}/source`, { create: true, write: true });
  for (let written = 0; written < size; written += block.length) await file.write(block);
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", size) }, { on });
  for (
    const [operation, path] of [["volume.uploadFile", "source"], ["volume.downloadFile", "target"]] as const
  ) {
    const controller = new AbortController();
    const { outcome } = await bench.result(operation, { path: `${folder}/${path}` }, {
      on: volume,
      signal: controller.signal,
      onState: (state) => state.kind === "progress" && state.fraction > 0.1 && controller.abort(),
    });
    assert.equal(outcome.kind, "not-done", JSON.stringify(outcome));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["source"]);
  }
  const sent = await bench.call("volume.uploadFile", { path: `${folder}/source` }, { on: volume });
  assert.equal(sent.bytes, size);
  await bench.call("pool.destroy", {}, { on });
});

test("a daemon that dies during a transfer leaves no doubt about what came of it", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "killed");
  const on = await bench.call("pool.define", {
    xml:
      `<pool type='dir'><name>killed</name><target><path>${host.directory}/pools/killed</path></target></pool>`,
  });
  await bench.call("pool.start", { build: true }, { on });
  await bench.call("pool.setAutostart", {}, { on });
  const size = 200 * mebibyte;
  const block = noise(4 * mebibyte);
  using file = await Deno.open(`${folder}/source`, { create: true, write: true });
  for (let written = 0; written < size; written += block.length) await file.write(block);
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", size) }, { on });
  for (
    const [operation, path] of [["volume.uploadFile", "source"], ["volume.downloadFile", "target"]] as const
  ) {
    let restarted: Promise<void> | undefined;
    const { outcome } = await bench.result(operation, { path: `${folder}/${path}` }, {
      on: volume,
      onState: (state) => {
        if (state.kind === "progress" && state.fraction > 0.2) restarted ??= host.restart();
      },
    });
    assert.ok(restarted !== undefined, operation);
    await restarted;
    assert.equal(outcome.kind, "not-done", JSON.stringify(outcome));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["source"]);
  }
  const sent = await bench.call("volume.uploadFile", { path: `${folder}/source` }, { on: volume });
  const received = await bench.call("volume.downloadFile", { path: `${folder}/target` }, { on: volume });
  assert.equal(received.sha256, sent.sha256);
  await bench.call("pool.discard", {}, { on });
});

test("a link is not followed to files of this machine", async (host) => {
  await using bench = await open(host);
  const folder = await folderOf(host, "links");
  const on = await pool(bench, host, "links");
  const volume = await bench.call("volume.create", { xml: volumeXml("disk", mebibyte) }, { on });
  await Deno.symlink("/etc/passwd", `${folder}/passwd`);
  await Deno.symlink("/etc", `${folder}/etc`);
  for (const path of [`${folder}/passwd`, `${folder}/etc/passwd`]) {
    await bench.refused("permission-denied", "volume.uploadFile", { on: volume, input: { path } });
  }
  await bench.refused("permission-denied", "volume.downloadFile", {
    on: volume,
    input: { path: `${folder}/etc/drover`, overwrite: true },
  });
  await bench.call("pool.destroy", {}, { on });
});

test("libvirt's own test driver has volumes, but nothing in them", async (host) => {
  await using bench = await open(host, "test");
  const on = await bench.call("pool.lookup", { name: "default-pool" });
  const volume = await bench.call("volume.create", { xml: volumeXml("tiny", 1000) }, { on });
  assert.equal((await bench.call("volume.info", {}, { on: volume })).capacityBytes, 1000);
  await bench.refused("unsupported", "volume.upload", { on: volume, input: { bytes: new Uint8Array(10) } });
  await bench.refused("unsupported", "volume.resize", { on: volume, input: { capacityBytes: 2000 } });
  await bench.call("volume.delete", {}, { on: volume });
});
