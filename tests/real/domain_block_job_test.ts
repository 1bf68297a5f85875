/**
 * Work on the images of a real guest's disk.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../model/object.ts";
import { DomainStage } from "./kit/domain_stage.ts";
import { makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const real = realTests({ needs: guestNeeds });

let disks = 0;

/** A running guest whose disk `vda` has images behind it, lowest first, all under one path and a word. */
async function withChain(
  stage: DomainStage,
  host: RealHost,
  words: readonly string[],
): Promise<{ readonly on: ObjectRef<"domain">; readonly path: string }> {
  const name = `chain-${++disks}`;
  const path = await makeDisk(host, `${name}.qcow2`, { size: "64M" });
  const on = await stage.boot({ disk: path });
  const write = async (mib: number): Promise<void> => {
    const fill = `dd if=/dev/zero of=/dev/vda bs=1M count=${mib} && sync`;
    await stage.bench.call("domain.guestExec", { path: "/bin/sh", arguments: ["-c", fill] }, { on });
  };
  await write(32);
  for (const word of words) {
    const source = path.replace(".qcow2", `.${word}`);
    await host.virsh(
      ...["snapshot-create-as", on.name, word, "--disk-only", "--no-metadata"],
      ...["--diskspec", `vda,file=${source}`],
    );
    await write(4);
  }
  return { on, path: path.replace(".qcow2", "") };
}

function test(name: string, run: (stage: DomainStage, host: RealHost) => Promise<void>): void {
  real.test(name, async (host) => {
    await using stage = await DomainStage.set(host);
    await run(stage, host);
  });
}

/** The images of the disk, the one in use first. */
async function images(stage: DomainStage, on: ObjectRef): Promise<string[]> {
  const xml = await stage.virsh("dumpxml", on);
  return [...xml.matchAll(/<source file='([^']+)'/g)].map(([, path = ""]) =>
    path.replace(/^.*\/chain-\d+\./, "")
  );
}

test("images behind a disk are pulled into it, down to a base, and then all", async (stage, host) => {
  const { bench } = stage;
  const { on, path } = await withChain(stage, host, ["one", "two"]);
  assert.deepEqual(await images(stage, on), ["two", "one", "qcow2"]);
  await bench.call("domain.blockPull", { disk: "vda", base: `${path}.qcow2` }, { on });
  const first = await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on });
  assert.ok(["completed", "ended"].includes(first.state), first.state);
  assert.deepEqual(await images(stage, on), ["two", "qcow2"]);
  await bench.call("domain.blockPull", { disk: "vda", bandwidthBytesPerS: 2 ** 20 }, { on });
  const { job } = await bench.call("domain.blockJob", { disk: "vda" }, { on });
  assert.deepEqual([job?.type, job?.ready, job?.bandwidthBytesPerS], ["pull", false, 2 ** 20]);
  await bench.call("domain.setBlockJobSpeed", { disk: "vda", bandwidthBytesPerS: 0 }, { on });
  assert.equal((await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on })).state, "completed");
  assert.deepEqual(await images(stage, on), ["two"]);
  assert.deepEqual(await bench.call("domain.blockJob", { disk: "vda" }, { on }), {});
  assert.equal((await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on })).state, "ended");
});

test(
  "images are committed into the one below, those in the middle and the one in use",
  async (stage, host) => {
    const { bench } = stage;
    const { on, path } = await withChain(stage, host, ["one", "two"]);
    await bench.call("domain.blockCommit", { disk: "vda", top: `${path}.one`, shallow: true }, { on });
    await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on });
    assert.deepEqual(await images(stage, on), ["two", "qcow2"]);
    await bench.call("domain.blockCommit", { disk: "vda", active: true }, { on });
    assert.equal((await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on })).state, "ready");
    const { job } = await bench.call("domain.blockJob", { disk: "vda" }, { on });
    assert.deepEqual([job?.type, job?.ready, job?.fraction], ["active-commit", true, 1]);
    await bench.call("domain.abortBlockJob", { disk: "vda", pivot: true }, { on });
    assert.deepEqual(await images(stage, on), ["qcow2"]);
  },
);

test("a disk is copied, and the copy taken into use or left", async (stage, host) => {
  const { bench } = stage;
  const { on, path } = await withChain(stage, host, []);
  const copy = (name: string): string =>
    `<disk type='file'><source file='${path}.${name}'/><driver type='qcow2'/></disk>`;
  await bench.call("domain.blockCopy", { disk: "vda", xml: copy("left"), transientJob: true }, { on });
  await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on });
  await bench.call("domain.abortBlockJob", { disk: "vda" }, { on });
  assert.deepEqual(await images(stage, on), ["qcow2"]);
  await bench.call("domain.blockCopy", {
    disk: `${path}.qcow2`,
    xml: copy("used"),
    transientJob: true,
    granularityBytes: 65_536,
  }, { on });
  assert.equal((await bench.call("domain.awaitBlockJob", { disk: "vda" }, { on })).state, "ready");
  await bench.call("domain.abortBlockJob", { disk: "vda", pivot: true }, { on });
  assert.deepEqual(await images(stage, on), ["used"]);
});

test(
  "a slow job is waited for with progress, and ends for who waits when somebody else aborts it",
  async (stage, host) => {
    const { bench } = stage;
    const { on } = await withChain(stage, host, ["one"]);
    await bench.call("domain.blockPull", { disk: "vda", bandwidthBytesPerS: 2 ** 20 }, { on });
    const waiting = bench.call("domain.awaitBlockJob", { disk: "vda" }, { on });
    await host.virsh("blockjob", on.name, "vda", "--abort");
    assert.ok(["cancelled", "completed", "ended"].includes((await waiting).state));
    await bench.refused("invalid-argument", "domain.blockJob", { input: { disk: "vdz" }, on });
    await bench.call("domain.setBlockThreshold", { disk: "vda", thresholdBytes: 2 ** 20 }, { on });
    // The host reads from images without a format only.
    await bench.refused("unsupported", "domain.peekBlock", { input: { disk: "vda", sizeBytes: 512 }, on });
  },
);
