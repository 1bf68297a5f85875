/**
 * What every driver does with storage pools and volumes.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { type Bench, withTest } from "../bench.ts";
import type { ContractHost } from "./host.ts";

const mebibyte = 1024 ** 2;

/** Declares the tests. */
export function storageContract(host: ContractHost): void {
  const test = withTest(host);
  const running = (bench: Bench, name: string): Promise<ObjectRef<"pool">> =>
    bench.call("pool.create", { xml: host.xml.pool(name), build: true });

  test("pool.define", "a pool is defined, built, started, stopped, deleted and undefined", async (bench) => {
    const ref = await bench.call("pool.define", { xml: host.xml.pool("p-life") });
    const state = async () => (await bench.call("pool.info", {}, { on: ref })).state;
    for (const operation of ["pool.destroy", "pool.refresh", "volume.list"] as const) {
      await bench.refused("wrong-state", operation, { on: ref, input: {} });
    }
    await bench.call("pool.build", {}, { on: ref });
    await bench.call("pool.start", {}, { on: ref });
    assert.equal(await state(), "running");
    for (const operation of ["pool.start", "pool.build", "pool.delete", "pool.undefine"] as const) {
      await bench.refused("wrong-state", operation, { on: ref, input: {} });
    }
    await bench.call("pool.refresh", {}, { on: ref });
    await bench.call("pool.setAutostart", { autostart: true }, { on: ref });
    const { path = "" } = await bench.call("pool.info", {}, { on: ref });
    assert.equal((await bench.call("pool.lookup", { name: path })).id, ref.id);
    await bench.call("pool.destroy", {}, { on: ref });
    assert.equal(await state(), "inactive");
    await bench.call("pool.delete", {}, { on: ref });
    await bench.call("pool.undefine", {}, { on: ref });
    await bench.refused("not-found", "pool.lookup", { input: { name: "p-life" } });
  });

  test("pool.define", "two pools do not share a name or a target", async (bench) => {
    const ref = await bench.call("pool.define", { xml: host.xml.pool("p-only") });
    await bench.refused("already-exists", "pool.define", { input: { xml: host.xml.pool("p-only") } });
    await bench.refused("already-exists", "pool.define", {
      input: { xml: host.xml.pool("p-other").replace("/p-other<", "/p-only<") },
    });
    await bench.call("pool.undefine", {}, { on: ref });
  });

  test("volume.create", "a volume takes space of its pool and gives it back", async (bench) => {
    const pool = await running(bench, "p-space");
    const before = await bench.call("pool.info", {}, { on: pool });
    const volume = await bench.call("volume.create", {
      xml: host.xml.volume("v-space", mebibyte).replace("<allocation>0<", "<allocation>4096<"),
    }, { on: pool });
    const after = await bench.call("pool.info", {}, { on: pool });
    assert.deepEqual([before.availableBytes - after.availableBytes, after.volumes], [4096, 1]);
    const info = await bench.call("volume.info", {}, { on: volume });
    assert.deepEqual([info.path, info.capacityBytes, info.format], [
      `${after.path}/v-space`,
      mebibyte,
      "raw",
    ]);
    assert.equal((await bench.call("volume.byPath", { path: info.path })).name, "v-space");
    assert.match(await bench.call("volume.xml", {}, { on: volume }), /<capacity unit='bytes'>1048576</);
    await bench.refused("already-exists", "volume.create", {
      on: pool,
      input: { xml: host.xml.volume("v-space", 1) },
    });
    // More than a file may have, so that nobody tries: what merely does not fit is tried, and fills the disk of everybody.
    await bench.refused("operation-failed", "volume.create", {
      on: pool,
      input: { xml: `<volume><name>v-big</name><capacity unit='P'>4</capacity></volume>` },
    });
    await bench.call("volume.delete", {}, { on: volume });
    await bench.refused("not-found", "volume.info", { on: volume, input: {} });
    const last = await bench.call("pool.info", {}, { on: pool });
    assert.equal(last.volumes, 0);
    if (host.sharesRoom !== true) assert.equal(last.availableBytes, before.availableBytes);
    await bench.call("pool.discard", {}, { on: pool });
  });

  test("volume.upload", "what is written into a volume is read out of it, piece by piece", async (bench) => {
    const pool = await running(bench, "p-bytes");
    const volume = await bench.call("volume.create", { xml: host.xml.volume("v-bytes", 200_000) }, {
      on: pool,
    });
    const bytes = new Uint8Array(100_000).map((_, index) => index * 7 + (index >> 8));
    assert.equal(
      (await bench.call("volume.upload", { offset: 65_000, bytes }, { on: volume })).written,
      100_000,
    );
    const read = await bench.call("volume.download", { offset: 64_999, length: 100_002 }, { on: volume });
    assert.deepEqual(read.bytes.subarray(1, 100_001), bytes);
    assert.deepEqual([read.bytes[0], read.bytes[100_001], read.atEnd], [0, 0, false]);
    const end = await bench.call("volume.download", { offset: 199_999 }, { on: volume });
    assert.deepEqual([end.bytes.length, end.atEnd], [1, true]);
    await bench.refused("invalid-argument", "volume.upload", {
      on: volume,
      input: { offset: 150_000, bytes },
    });
    await bench.refused("invalid-argument", "volume.upload", {
      on: volume,
      input: { bytes: new Uint8Array(mebibyte + 1) },
    });
    const copy = await bench.call("volume.createFrom", { xml: host.xml.volume("v-copy", 1), from: volume }, {
      on: pool,
    });
    await bench.call("volume.wipe", {}, { on: volume });
    const at = { offset: 65_000, length: 10 };
    assert.deepEqual((await bench.call("volume.download", at, { on: volume })).bytes, new Uint8Array(10));
    assert.deepEqual((await bench.call("volume.download", at, { on: copy })).bytes, bytes.slice(0, 10));
    await bench.call("pool.discard", {}, { on: pool });
  });

  test("volume.resize", "a volume grows, and shrinks only where that is allowed", async (bench) => {
    const pool = await running(bench, "p-size");
    const volume = await bench.call("volume.create", { xml: host.xml.volume("v-size", 1000) }, { on: pool });
    const capacity = async () => (await bench.call("volume.info", {}, { on: volume })).capacityBytes;
    await bench.call("volume.resize", { capacityBytes: 5000 }, { on: volume });
    assert.equal(await capacity(), 5000);
    await bench.refused("invalid-argument", "volume.resize", { on: volume, input: { capacityBytes: 10 } });
    await bench.call("volume.resize", { capacityBytes: 10, shrink: true }, { on: volume });
    assert.equal(await capacity(), 10);
    await bench.call("pool.destroy", {}, { on: pool });
  });

  test("pool.findSources", "sources of pools are found where the host has some", async (bench) => {
    assert.match(await bench.call("pool.findSources", { type: "logical" }), /<sources>/);
    await bench.refused("invalid-argument", "pool.findSources", { input: { type: "netfs" } });
  });
}
