import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Host, recipe, type Volume } from "../../mod.ts";
import { type Lab, type RunStory, simulate } from "../../testing/mod.ts";

const needs = [
  "storage_pool:getattr,search_storage_vols",
  "storage_vol:getattr,read,create,data_write,data_read,delete",
  "host:local_read,local_write",
] as const;
const mebibyte = 1024 * 1024;

/** Three MiB and a little: data, a MiB of zeros, and data again. */
function image(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(3 * mebibyte + 100);
  for (let at = 0; at < bytes.length; at++) bytes[at] = at * 7 % 251;
  bytes.fill(0, mebibyte, 2 * mebibyte);
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function fresh(host: Host, capacity = 8 * mebibyte): Promise<Volume> {
  const pool = await host.pool("default");
  return await pool.createVolume({
    xml: `<volume><name>disk.raw</name><capacity>${capacity}</capacity><allocation>0</allocation></volume>`,
  });
}

interface Options {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly declared?: readonly string[];
  readonly grants?: readonly string[];
}

async function withHost<T>(
  lab: Lab,
  run: (host: Host) => Promise<T>,
  { files = {}, declared = Object.keys(files), grants = ["all"] }: Options = {},
): Promise<RunStory<T>> {
  const body = recipe({
    summary: "Use volumes",
    needs,
    files: declared,
    run: async ({ host }) => await run(host),
  });
  return await lab.run(body, { files, grants }) as RunStory<T>;
}

const simulated = { hypervisor: { pools: ["default"] } } as const;

Deno.test("a recipe's own data file goes into a volume as a whole, and is followed on its way", async () => {
  await using lab = await simulate({ ...simulated, latency: { "volume.uploadFile": "10s" } });
  const bytes = image();
  const run = await withHost(lab, async (host) => {
    const volume = await fresh(host);
    const sending = volume.uploadFrom("disk.raw");
    const seen: number[] = [];
    for await (const { fraction } of sending.progress()) seen.push(Math.round(fraction * 100) / 100);
    const passed = await sending;
    const { bytes: piece } = await volume.download({ offset: bytes.length - 1, length: 1 });
    const { bytes: start } = await volume.download({ length: 1 });
    return { seen, passed, first: start[0], last: piece[0] };
  }, { files: { "disk.raw": bytes } });
  assert.deepEqual(run.result, {
    seen: [0.33, 0.67, 1, 1],
    passed: { bytes: bytes.length, dataBytes: bytes.length, sha256: sha256(bytes) },
    first: 0,
    last: (bytes.length - 1) * 7 % 251,
  });
  assert.ok(!JSON.stringify(run.calls).includes('bytes":'), "the bytes are on no record");
});

Deno.test("zeros become holes where that is wanted, and only in a volume that holds nothing", async () => {
  await using lab = await simulate(simulated);
  const bytes = image();
  const run = await withHost(lab, async (host) => {
    const volume = await fresh(host);
    const passed = await volume.uploadFrom("disk.raw", { sparse: true });
    const again = await volume.uploadFrom("disk.raw", { sparse: true });
    return { passed, again };
  }, { files: { "disk.raw": bytes } });
  assert.deepEqual(run.result, {
    passed: { bytes: bytes.length, dataBytes: bytes.length - mebibyte, sha256: sha256(bytes) },
    again: { bytes: bytes.length, dataBytes: bytes.length, sha256: sha256(bytes) },
  });
});

Deno.test("a volume goes into a file that is there when it is complete, and replaces none unasked", async () => {
  await using lab = await simulate(simulated);
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const bytes = image();
    const run = await withHost(lab, async (host) => {
      const volume = await fresh(host, bytes.length);
      await volume.uploadFrom("disk.raw");
      const { sha256 } = await volume.downloadTo(`${folder}/copy.raw`);
      const again = await volume.downloadTo(`${folder}/copy.raw`).catch((error) => error.code);
      const part = await volume.downloadTo(`${folder}/part.raw`, { offset: 10, length: 20 });
      return [sha256, again, part.bytes];
    }, { files: { "disk.raw": bytes }, grants: ["all", `host:local_write@${folder}/*`] });
    assert.deepEqual(run.result, [sha256(bytes), "already-exists", 20]);
    assert.deepEqual(await Deno.readFile(`${folder}/copy.raw`), bytes);
    assert.deepEqual(await Deno.readFile(`${folder}/part.raw`), bytes.slice(10, 30));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a recipe has not declared it cannot have sent, and what is elsewhere needs a grant", async () => {
  await using lab = await simulate(simulated);
  const undeclared = await withHost(lab, async (host) => {
    await (await fresh(host)).uploadFrom("disk.raw");
  }, { files: { "disk.raw": "x" }, declared: [] });
  assert.equal(undeclared.error?.code, "permission-denied");
  assert.match(undeclared.error?.hint ?? "", /files: \["disk\.raw"\]/);

  const hostile = await withHost(lab, async (host) => {
    const volume = await (await host.pool("default")).volume("disk.raw");
    return [
      await volume.uploadFile({ path: "recipe:disk.raw" }).catch((error) => error.code),
      await volume.uploadFile({ path: "recipe:../../etc/passwd" }).catch((error) => error.code),
      await volume.uploadFrom("/etc/passwd").catch((error) => error.code),
      await volume.downloadTo("/etc/cron.d/mine").catch((error) => error.code),
    ];
  });
  assert.deepEqual(hostile.result, [
    "invalid-argument",
    "invalid-argument",
    "permission-denied",
    "permission-denied",
  ]);
});

Deno.test("declared names lead nowhere else", async () => {
  await using lab = await simulate(simulated);
  const run = await withHost(lab, async (host) => {
    const volume = await fresh(host);
    return [
      await volume.uploadFrom("../outside").catch((error) => error.code),
      await volume.uploadFrom(".hidden").catch((error) => error.code),
      await volume.uploadFrom("missing").catch((error) => error.code),
    ];
  }, { declared: ["../outside", ".hidden", "missing"] });
  assert.deepEqual(run.result, ["invalid-argument", "invalid-argument", "not-found"]);
});

Deno.test("a file that is too large is refused before anything is written", async () => {
  await using lab = await simulate(simulated);
  const run = await withHost(lab, async (host) => {
    await (await fresh(host, mebibyte)).uploadFrom("disk.raw");
  }, { files: { "disk.raw": image() } });
  assert.equal(run.error?.code, "invalid-argument");
  assert.ok(!lab.host.effects.some(({ effect }) => effect === "volume.upload"));
});

Deno.test("an upload that is aborted ends between two pieces, and the volume can be used again", async () => {
  await using lab = await simulate({ ...simulated, latency: { "volume.uploadFile": "10s" } });
  const run = await withHost(lab, async (host) => {
    const volume = await fresh(host);
    const sending = volume.uploadFrom("disk.raw");
    for await (const { fraction } of sending.progress()) {
      if (fraction < 0.5) sending.abort();
      break;
    }
    const code = await sending.then(() => "sent", (error) => error.code);
    await volume.upload({ bytes: new Uint8Array([1, 2, 3]) });
    return code;
  }, { files: { "disk.raw": image() } });
  assert.equal(run.result, "cancelled");
  assert.ok(lab.host.effects.filter(({ effect }) => effect === "volume.upload").length < 5);
});
