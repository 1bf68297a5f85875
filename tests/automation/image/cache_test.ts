import assert from "node:assert/strict";
import { ImageCache, type KeptImage } from "../../../automation/image/cache.ts";
import type { FetchFunction } from "../../../automation/image/download.ts";
import { obtainImage } from "../../../automation/image/obtain.ts";
import type { Steps } from "../../../automation/image/steps.ts";
import { gzipped, qcow2Picture, sumOf } from "./pictures.ts";
import { answering, stage } from "./stage.ts";

const url = new URL("https://images.example.org/disk.qcow2");

/** A folder for images, and images got into it. */
class Shelf implements AsyncDisposable {
  readonly directory: string = Deno.makeTempDirSync();
  asked = 0;

  async get(
    bytes: Uint8Array<ArrayBuffer>,
    { steps = stage(), cache = this.cache(), fetch, expected = bytes, maxBytes = 10_000_000 }: {
      readonly steps?: Steps;
      readonly cache?: ImageCache;
      readonly fetch?: FetchFunction;
      readonly expected?: Uint8Array<ArrayBuffer>;
      readonly maxBytes?: number;
    } = {},
  ): Promise<KeptImage> {
    const serve = answering(() => {
      this.asked++;
      return new Response(bytes);
    });
    const checksum = { algorithm: "sha256", hex: await sumOf(expected) } as const;
    return await cache.image(checksum, {
      steps,
      make: (folder) =>
        obtainImage(steps, { source: { url }, checksum, maxBytes, fetch: fetch ?? serve, folder }),
    });
  }

  /** As another kernel has it. */
  cache(maxBytes?: number): ImageCache {
    return new ImageCache({ directory: this.directory, ...(maxBytes === undefined ? {} : { maxBytes }) });
  }

  /** What is there, but for locks. */
  get names(): readonly string[] {
    return [...Deno.readDirSync(this.directory)].map(({ name }) => name).filter((name) =>
      !name.endsWith(".lock")
    )
      .toSorted();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.directory, { recursive: true });
  }
}

async function bytesOf({ head, rest }: KeptImage): Promise<Uint8Array> {
  return new Uint8Array(
    await new Blob(await Promise.all([head, rest].map((path) => Deno.readFile(path)))).arrayBuffer(),
  );
}

Deno.test("what is here is not fetched again, by whichever kernel", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  using first = await shelf.get(picture);
  using second = await shelf.get(picture);
  assert.deepEqual([first.fetched, second.fetched, shelf.asked], [true, false, 1]);
  assert.deepEqual(await bytesOf(second), picture);
});

Deno.test("several who want the same at once fetch it once", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  const got = await Promise.all(Array.from({ length: 8 }, () => shelf.get(picture)));
  assert.deepEqual([got.filter(({ fetched }) => fetched).length, shelf.asked], [1, 1]);
  for (const image of got) image[Symbol.dispose]();
});

Deno.test("when one of them fails the next one tries", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  const missing = answering(() => new Response("", { status: 404 }));
  const [failed, done] = await Promise.allSettled([
    shelf.get(picture, { fetch: missing }),
    shelf.get(picture),
  ]);
  assert.equal(done?.status, "fulfilled");
  if (done?.status === "fulfilled") done.value[Symbol.dispose]();
  // Who comes first is not settled: whoever comes second finds it there.
  if (failed?.status === "fulfilled") failed.value[Symbol.dispose]();
  else assert.equal(failed?.reason.code, "not-found");
});

Deno.test("what was not used for longest goes, and what is in use stays", async () => {
  await using shelf = new Shelf();
  let now = Date.UTC(2030, 0, 1);
  const steps = stage({ now: () => now += 60_000 });
  const pictures = [1, 2, 3].map((fill) => qcow2Picture({ fill }));
  const [a, b, c] = await Promise.all(pictures.map(async (picture) => `sha256-${await sumOf(picture)}`));
  const cache = shelf.cache(450_000);
  const get = (picture: Uint8Array<ArrayBuffer> | undefined): Promise<KeptImage> =>
    shelf.get(picture ?? new Uint8Array(), { steps, cache });
  (await get(pictures[0]))[Symbol.dispose]();
  using held = await get(pictures[1]);
  (await get(pictures[0]))[Symbol.dispose]();
  (await get(pictures[2]))[Symbol.dispose]();
  assert.deepEqual(shelf.names, [b, c].toSorted(), "the one that is held was used longest ago");
  assert.ok(!shelf.names.includes(a ?? ""));
  assert.deepEqual(await bytesOf(held), pictures[1]);
});

Deno.test("what is not whole is not taken, and made again", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  const first = await shelf.get(picture);
  await Deno.truncate(first.rest, 10);
  first[Symbol.dispose]();
  using second = await shelf.get(picture);
  assert.deepEqual([second.fetched, shelf.asked], [true, 2]);
  assert.deepEqual(await bytesOf(second), picture);
});

Deno.test("the wrong bytes are nowhere afterwards, and what was left of another try does not spoil the right ones", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  await assert.rejects(shelf.get(qcow2Picture({ fill: 9 }), { expected: picture }), {
    code: "operation-failed",
    message: /its sha256 is [0-9a-f]{64}, and [0-9a-f]{64} is expected/,
  });
  const image = await shelf.get(picture);
  assert.deepEqual(await bytesOf(image), picture);
  const [name = ""] = shelf.names;
  image[Symbol.dispose]();
  // As if an earlier kernel had been killed, with a disk that lost what it had.
  const folder = `${shelf.directory}/${name}`;
  await Deno.remove(folder, { recursive: true });
  await Deno.mkdir(`${folder}.part/got`, { recursive: true });
  await Deno.writeFile(`${folder}.part/got/head`, new Uint8Array(65_536));
  await Deno.writeFile(`${folder}.part/got/rest`, new Uint8Array(50_000));
  await Deno.writeTextFile(`${folder}.part/from.json`, JSON.stringify({ url: url.href, etag: '"e"' }));
  const fetch = answering((_, headers) => {
    const from = Number(/\d+/.exec(headers.get("range") ?? "")?.[0] ?? 0);
    if (from === 0) return new Response(picture);
    const range = `bytes ${from}-${picture.length - 1}/${picture.length}`;
    return new Response(picture.slice(from), {
      status: 206,
      headers: { "content-range": range, etag: '"e"' },
    });
  });
  using again = await shelf.get(picture, { fetch });
  assert.deepEqual(await bytesOf(again), picture);
  assert.deepEqual(shelf.names, [name]);
});

Deno.test("gzip is unpacked, in one part or several, and not without end", async () => {
  await using shelf = new Shelf();
  const picture = qcow2Picture();
  const parts = await Promise.all([picture.slice(0, 100_000), picture.slice(100_000)].map(gzipped));
  const packed = new Uint8Array(await new Blob(parts).arrayBuffer());
  using image = await shelf.get(packed);
  assert.deepEqual(await bytesOf(image), picture);
  const bomb = await gzipped(new Uint8Array(5_000_000));
  await assert.rejects(shelf.get(bomb, { maxBytes: 1_000_000 }), {
    code: "budget-exceeded",
    message: /comes to more than/,
  });
  const cut = packed.slice(0, -20);
  await assert.rejects(shelf.get(cut), { code: "operation-failed", message: /no whole gzip file/ });
  const other = await gzipped(new TextEncoder().encode("KDMV and more"));
  await assert.rejects(shelf.get(other), { code: "invalid-argument", message: /a VMDK image/ });
});
