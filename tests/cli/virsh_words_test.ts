import assert from "node:assert/strict";
import { drover } from "./kit/drover.ts";

/** The operation that a command line of virsh becomes, and its input. */
async function means(line: string): Promise<readonly [unknown, unknown, unknown]> {
  const { control, err } = await drover(line.split(" "), {
    answers: { "operation.call": () => Promise.resolve({ kind: "done", value: {} }) },
    stdin: "<x/>",
  });
  assert.equal(control.asked.length, 1, `${line}: ${err}`);
  const { operation, target, input } = Object(control.asked[0]?.params);
  return [operation, target, input];
}

const lines: Readonly<Record<string, readonly [string, readonly string[], unknown]>> = {
  "migrate-setmaxdowntime web-1 300": ["domain.setMigration", ["web-1"], { maxDowntimeMs: 300 }],
  "migrate-setspeed web-1 2": ["domain.setMigration", ["web-1"], { bandwidthBytesPerS: 2097152 }],
  "migrate-compcache web-1 --size 1MiB": ["domain.setMigration", ["web-1"], {
    compressionCacheBytes: 1048576,
  }],
  "snapshot-create web-1 -": ["snapshot.create", ["web-1"], { xml: "<x/>" }],
  "snapshot-create-as web-1 before": ["snapshot.create", ["web-1"], { name: "before" }],
  "schedinfo web-1": ["domain.parameters", ["web-1"], { group: "scheduler" }],
  "blkiotune web-1": ["domain.parameters", ["web-1"], { group: "blkio" }],
  "vcpupin web-1": ["domain.vcpus", ["web-1"], {}],
  "vcpupin web-1 0 1-3": ["domain.pinVcpu", ["web-1"], { vcpu: 0, cpus: "1-3" }],
  "vcpupin web-1 --vcpu 0 --cpulist 1": ["domain.pinVcpu", ["web-1"], { vcpu: 0, cpus: "1" }],
  "emulatorpin web-1": ["domain.emulatorPin", ["web-1"], {}],
  "emulatorpin web-1 0-1 --live": ["domain.pinEmulator", ["web-1"], { cpus: "0-1", live: true }],
  "desc web-1": ["domain.metadata", ["web-1"], { kind: "description" }],
  "desc web-1 --title": ["domain.metadata", ["web-1"], { kind: "title" }],
  "desc web-1 text": ["domain.setMetadata", ["web-1"], { kind: "description", value: "text" }],
  "desc --title web-1 text": ["domain.setMetadata", ["web-1"], { kind: "title", value: "text" }],
  "blockjob web-1 vda": ["domain.blockJob", ["web-1"], { disk: "vda" }],
  "blockjob web-1 vda --abort": ["domain.abortBlockJob", ["web-1"], { disk: "vda" }],
  "blockjob web-1 vda --abort --pivot": ["domain.abortBlockJob", ["web-1"], { disk: "vda", pivot: true }],
  "blockjob web-1 vda 5": ["domain.setBlockJobSpeed", ["web-1"], {
    disk: "vda",
    bandwidthBytesPerS: 5242880,
  }],
  "autostart web-1 --disable": ["domain.setAutostart", ["web-1"], { autostart: false }],
  "setmem web-1 --size 1024": ["domain.setMemory", ["web-1"], { memoryKib: 1024 }],
  "dumpxml web-1 --security-info": ["domain.xml", ["web-1"], { secure: true }],
  "domid web-1": ["domain.info", ["web-1"], {}],
  "-c test:///default domstate web-1": ["domain.info", ["web-1"], {}],
};

for (const [line, meaning] of Object.entries(lines)) {
  Deno.test(`virsh's "${line}" is ${meaning[0]}`, async () => {
    assert.deepEqual(await means(line), meaning);
  });
}

Deno.test("virsh's flags of a migration are understood", async () => {
  const line = "migrate --live --p2p --undefinesource --verbose --copy-storage-all web-1 test:///other";
  assert.deepEqual((await means(line))[2], {
    to: "peer",
    live: true,
    via: "peer-to-peer",
    undefineSource: true,
    copyStorage: "all",
  });
});

const info = { name: "web-1", uuid: "u-1", id: 4, state: "running", memoryKib: 2048 };

Deno.test("commands that show one thing in virsh show it and nothing else", async () => {
  const shown = async (...args: readonly string[]): Promise<string> =>
    (await drover(args, {
      answers: { "operation.call": () => Promise.resolve({ kind: "done", value: info }) },
    })).out;
  assert.equal(await shown("domstate", "web-1"), "running\n");
  assert.equal(await shown("domid", "web-1"), "4\n");
  assert.equal(await shown("domuuid", "web-1"), "u-1\n");
  assert.equal(await shown("dominfo", "web-1", "--field", "memory"), "2.00 MiB\n");
  assert.equal(await shown("dominfo", "web-1", "--field", "reason"), "\n", "left out of this answer");
  assert.deepEqual(JSON.parse(await shown("dominfo", "web-1", "--field", "id", "-o", "json")), {
    version: 1,
    kind: "field",
    item: 4,
  });
});

Deno.test("a field that no answer has is refused with those that it has", async () => {
  const { exit, err } = await drover(["dominfo", "web-1", "--field", "colour"], {
    answers: { "operation.call": () => Promise.resolve({ kind: "done", value: info }) },
  });
  assert.equal(exit, 64);
  assert.match(err, /no field "colour"[^]*max-memory/);
});
