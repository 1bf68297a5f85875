import assert from "node:assert/strict";
import type { ArgumentsOf, RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { answeringDriver, type Answers, type Asked } from "../kit/answering_driver.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const mebibyte = 1024 ** 2;

type BlockProcedure =
  | "domainBlockPull"
  | "domainBlockRebase"
  | "domainBlockCommit"
  | "domainBlockCopy"
  | "domainBlockJobSetSpeed"
  | "domainBlockJobAbort"
  | "domainSetBlockThreshold"
  | "domainSetThrottleGroup"
  | "domainDelThrottleGroup"
  | "domainBlockPeek";

const nothing: Answers = {
  "domain.blockPull": {},
  "domain.blockCommit": {},
  "domain.blockCopy": {},
  "domain.setBlockJobSpeed": {},
  "domain.abortBlockJob": {},
  "domain.setBlockThreshold": {},
  "domain.setThrottleGroup": {},
  "domain.removeThrottleGroup": {},
  "domain.peekBlock": { data: Uint8Array.of(1, 2) },
};

/** What a driver is asked for a call. */
async function asked<P extends BlockProcedure>(
  procedure: P,
  args: ArgumentsOf<P>,
): Promise<Asked | undefined> {
  const { driver, asked } = answeringDriver(nothing);
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  await (await daemon.connect()).call(procedure, args);
  return asked[0];
}

Deno.test("a pull is limited in MiB, or in bytes where the client says so", async () => {
  const args = { dom, path: "vda", bandwidth: 3n, flags: 0 };
  assert.deepEqual(await asked("domainBlockPull", args), {
    operation: "domain.blockPull",
    input: { disk: "vda", relative: false, bandwidthBytesPerS: 3 * mebibyte },
  });
  assert.deepEqual((await asked("domainBlockPull", { ...args, flags: 64 }))?.input, {
    disk: "vda",
    relative: false,
    bandwidthBytesPerS: 3,
  });
  assert.deepEqual((await asked("domainBlockPull", { ...args, bandwidth: 0n }))?.input, {
    disk: "vda",
    relative: false,
  });
});

Deno.test("a rebase is a pull to a base, or a copy to a path", async () => {
  const args = { dom, path: "vda", base: "vda[2]", bandwidth: 0n, flags: 16 };
  assert.deepEqual(await asked("domainBlockRebase", args), {
    operation: "domain.blockPull",
    input: { disk: "vda", base: "vda[2]", relative: true },
  });
  const copy = await asked("domainBlockRebase", { ...args, base: "/new & old", flags: 8 | 1 | 2 | 4 });
  assert.equal(copy?.operation, "domain.blockCopy");
  assert.partialDeepStrictEqual(copy?.input, {
    disk: "vda",
    xml: "<disk type='file'><source file='/new &amp; old'/><driver type='raw'/></disk>",
    shallow: true,
    reuseExternal: true,
    transientJob: false,
    synchronousWrites: false,
  });
});

Deno.test("a commit and a copy take what their flags and parameters say", async () => {
  const commit = await asked("domainBlockCommit", {
    dom,
    disk: "vda",
    base: undefined,
    top: "vda[1]",
    bandwidth: 5n,
    flags: 1 | 2 | 4 | 8 | 16,
  });
  assert.partialDeepStrictEqual(commit?.input, {
    disk: "vda",
    top: "vda[1]",
    shallow: true,
    active: true,
    removeCommitted: true,
    relative: true,
    bandwidthBytesPerS: 5,
  });
  const copy = await asked("domainBlockCopy", {
    dom,
    path: "vda",
    destxml: "<disk type='file'><source file='/new'/></disk>",
    params: [
      { field: "bandwidth", value: { kind: 4, value: 7n } },
      { field: "granularity", value: { kind: 2, value: 65_536 } },
      { field: "buf-size", value: { kind: 4, value: 1_048_576n } },
    ],
    flags: 4 | 8,
  });
  assert.partialDeepStrictEqual(copy?.input, {
    disk: "vda",
    xml: "<disk type='file'><source file='/new'/></disk>",
    shallow: false,
    reuseExternal: false,
    transientJob: true,
    synchronousWrites: true,
    bandwidthBytesPerS: 7,
    granularityBytes: 65_536,
    bufferBytes: 1_048_576,
  });
});

Deno.test("a job's speed is changed and it is ended, and a threshold set", async () => {
  const speed = await asked("domainBlockJobSetSpeed", { dom, path: "vda", bandwidth: 2n, flags: 0 });
  assert.deepEqual(speed?.input, { disk: "vda", bandwidthBytesPerS: 2 * mebibyte });
  const abort = await asked("domainBlockJobAbort", { dom, path: "vda", flags: 1 | 2 });
  assert.deepEqual(abort?.input, { disk: "vda", pivot: true });
  const threshold = await asked("domainSetBlockThreshold", { dom, dev: "vda[1]", threshold: 9n, flags: 0 });
  assert.deepEqual(threshold?.input, { disk: "vda[1]", thresholdBytes: 9 });
});

Deno.test("limits that disks share are set and removed, and a disk is read", async () => {
  const params = [{ field: "total_iops_sec", value: { kind: 4, value: 100n } }] as const;
  assert.deepEqual((await asked("domainSetThrottleGroup", { dom, group: "slow", params, flags: 2 }))?.input, {
    group: "slow",
    parameters: { total_iops_sec: 100 },
    config: true,
  });
  assert.deepEqual((await asked("domainDelThrottleGroup", { dom, group: "slow", flags: 1 }))?.input, {
    group: "slow",
    live: true,
  });
  const peek = await asked("domainBlockPeek", { dom, path: "vda", offset: 5n, size: 2, flags: 0 });
  assert.deepEqual(peek?.input, { disk: "vda", offsetBytes: 5, sizeBytes: 2 });
});

Deno.test("what goes on on a disk is told, or that nothing does", async () => {
  const job = {
    type: "active-commit",
    ready: true,
    position: 10,
    end: 20,
    fraction: 0.5,
    bandwidthBytesPerS: 3 * mebibyte + 1,
  } as const;
  const { driver } = answeringDriver({ "domain.blockJob": { job } });
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  const client = await daemon.connect();
  const told = { found: 1, type: 4, bandwidth: 4n, cur: 10n, end: 20n };
  assert.deepEqual(await client.call("domainGetBlockJobInfo", { dom, path: "vda", flags: 0 }), told);
  assert.deepEqual(await client.call("domainGetBlockJobInfo", { dom, path: "vda", flags: 1 }), {
    ...told,
    bandwidth: BigInt(3 * mebibyte + 1),
  });
  const idle = answeringDriver({ "domain.blockJob": {} });
  await using quiet = new MemoryDaemon({ drivers: [idle.driver] });
  const other = await quiet.connect();
  assert.equal((await other.call("domainGetBlockJobInfo", { dom, path: "vda", flags: 0 })).found, 0);
});

Deno.test("a driver that works on no images says so as libvirt's test driver does", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const error = await errorOf(client.call("domainBlockPull", { dom, path: "vda", bandwidth: 0n, flags: 0 }));
  assert.equal(
    error.message,
    "this function is not supported by the connection driver: virDomainBlockPull",
  );
});
