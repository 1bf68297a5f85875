/**
 * Disk images of pools, as recipes use them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Host, type ImageOptions, recipe, volume } from "../../../mod.ts";
import { type Lab, simulate, type Web } from "../../../testing/mod.ts";
import { gzipped, qcow2Picture, sumOf } from "../../automation/image/pictures.ts";

const address = "https://images.example.org/debian-12.qcow2";
const picture = qcow2Picture();
const sha256 = await sumOf(picture);

const grants = ["all", "host:fetch", "host:local_read"] as const;

function labWith(web: Web): Promise<Lab> {
  return simulate({ hypervisor: { pools: [{ name: "default", path: "/images" }] }, web });
}

async function onHost<T>(
  lab: Lab,
  run: (host: Host) => Promise<T>,
  options: { readonly files?: Readonly<Record<string, Uint8Array>> } = {},
): Promise<T> {
  const files = Object.keys(options.files ?? {});
  const body = recipe({
    summary: "Use images",
    needs: ["all", "host:fetch,local_read"],
    files,
    run: async ({ host }) => await run(host),
  });
  const { result, error } = await lab.run(body, { grants, ...options });
  if (error !== undefined) throw Object.assign(new Error(error.message), error);
  return result as T;
}

interface Seen {
  readonly changed: boolean;
  readonly name: string;
  readonly path: string;
  readonly format: string;
  readonly capacityBytes: number | undefined;
}

async function image(host: Host, options: ImageOptions): Promise<Seen> {
  const pool = await host.pool("default");
  const { changed, volume: { name }, path, format, capacityBytes } = await pool.image(options);
  return { changed, name, path, format, capacityBytes };
}

Deno.test("an image is fetched once, checked, and is there under a name of its own", async () => {
  const asked: string[] = [];
  await using lab = await labWith((url) => {
    asked.push(url.href);
    return Promise.resolve(new Response(picture));
  });
  const name = `debian-12-${sha256.slice(0, 16)}.qcow2`;
  const seen = { name, path: `/images/${name}`, format: "qcow2", capacityBytes: 1024 ** 3 };
  assert.deepEqual(await onHost(lab, (host) => image(host, { from: address, sha256 })), {
    changed: true,
    ...seen,
  });
  assert.deepEqual(lab.host.pools[0]?.volumes, [name, `${name}.json`]);
  const written = lab.host.effects.length;
  assert.deepEqual(await onHost(lab, (host) => image(host, { from: address, sha256 })), {
    changed: false,
    ...seen,
  });
  assert.equal(lab.host.effects.length, written, "nothing happened on the host");
  assert.deepEqual(asked, [address]);
});

Deno.test("its bytes are those that were fetched", async () => {
  await using lab = await labWith({ [address]: picture });
  const bytes = await onHost(lab, async (host) => {
    const { volume } = await (await host.pool("default")).image({ from: address, sha256 });
    return (await volume.download({ length: picture.length })).bytes;
  });
  assert.deepEqual(bytes, picture);
});

Deno.test("volumes are made on it, as large as it says, and keep it from being removed", async () => {
  await using lab = await labWith({ [address]: picture });
  const seen = await onHost(lab, async (host) => {
    const base = await (await host.pool("default")).image({ from: address, sha256 });
    const clone = { pool: "default", name: "web-1.qcow2", backing: base };
    const made = await host.ensure(volume(clone));
    const again = await host.ensure(volume(clone));
    const { capacityBytes } = await made.object.info();
    const xml = await made.object.xml();
    const refused = await base.remove().then(() => "removed", (error) => error.code);
    await host.ensure(volume({ ...clone, state: "absent" }));
    await base.remove();
    return { made: made.changed, again: again.changed, capacityBytes, xml, refused, path: base.path };
  });
  assert.deepEqual([seen.made, seen.again, seen.capacityBytes, seen.refused], [
    true,
    false,
    1024 ** 3,
    "in-use",
  ]);
  assert.match(seen.xml, new RegExp(`<backingStore>\\s*<path>${seen.path}</path>\\s*<format type='qcow2'/>`));
  assert.deepEqual(lab.host.pools[0]?.volumes, []);
});

Deno.test("another image of the same name is put beside the one that is in use, which goes when nobody needs it", async () => {
  const second = qcow2Picture({ fill: 2 });
  const secondSum = await sumOf(second);
  let served = picture;
  await using lab = await labWith(() => Promise.resolve(new Response(served)));
  const names = (): readonly string[] =>
    lab.host.pools[0]?.volumes.filter((name) => !name.endsWith(".json")) ?? [];
  await onHost(lab, async (host) => {
    const base = await (await host.pool("default")).image({ from: address, sha256 });
    await host.ensure(volume({ pool: "default", name: "web-1.qcow2", backing: base }));
  });
  served = second;
  const first = `debian-12-${sha256.slice(0, 16)}.qcow2`;
  const tidied = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const base = await pool.image({ from: address, sha256: secondSum });
    const whileUsed = await base.tidy();
    await host.ensure(volume({ pool: "default", name: "web-1.qcow2", state: "absent" }));
    return [base.changed, whileUsed, await base.tidy(), base.volume.name];
  });
  assert.deepEqual(tidied.slice(0, 3), [true, 0, 1]);
  assert.notEqual(tidied[3], first);
  assert.deepEqual(names(), [tidied[3]]);
});

Deno.test("what was not written to its end has no beginning, and is written by the next run", async () => {
  await using lab = await labWith({ [address]: picture });
  const name = `debian-12-${sha256.slice(0, 16)}.qcow2`;
  lab.fault({ operation: "volume.uploadImage", after: 1 });
  await assert.rejects(onHost(lab, (host) => image(host, { from: address, sha256 })));
  const left = await onHost(lab, async (host) => {
    const [found] = await (await host.pool("default")).volumes({ name: "*.qcow2" });
    const head = (await found?.download({ length: 65_536 }))?.bytes ?? new Uint8Array([1]);
    return { name: found?.name, isBlank: head.every((byte) => byte === 0) };
  });
  assert.deepEqual(left, { name, isBlank: true });
  assert.deepEqual(lab.host.pools[0]?.volumes, [name]);
  const seen = await onHost(lab, async (host) => {
    const { changed, volume } = await (await host.pool("default")).image({ from: address, sha256 });
    return { changed, bytes: (await volume.download({ length: picture.length })).bytes };
  });
  assert.deepEqual([seen.changed, lab.host.pools[0]?.volumes], [true, [name, `${name}.json`]]);
  assert.deepEqual(seen.bytes, picture);
});

Deno.test("what is too small for the image gives way to it", async () => {
  await using lab = await labWith({ [address]: picture });
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const xml = `<volume><name>debian-12-${
      sha256.slice(0, 16)
    }.qcow2</name><capacity>1000</capacity></volume>`;
    await pool.createVolume({ xml });
    const { volume } = await pool.image({ from: address, sha256 });
    return (await volume.download({ length: picture.length })).bytes;
  });
  assert.deepEqual(seen, picture);
});

Deno.test("a volume that somebody deleted is made again, whatever stands beside it", async () => {
  await using lab = await labWith({ [address]: picture });
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const first = await pool.image({ from: address, sha256 });
    await first.volume.delete();
    return (await pool.image({ from: address, sha256 })).changed;
  });
  assert.equal(seen, true);
});

Deno.test("the publisher's list says which image it is, and another entry makes another volume", async () => {
  const list = {
    text: `${await sumOf(qcow2Picture({ fill: 9 }))}  other.qcow2\n${sha256} *debian-12.qcow2\n`,
  };
  const checksums = "https://images.example.org/SHA256SUMS";
  await using lab = await labWith((url) =>
    Promise.resolve(new Response(url.href === checksums ? list.text : picture))
  );
  const first = await onHost(lab, (host) => image(host, { from: address, checksums }));
  assert.equal(first.name, `debian-12-${sha256.slice(0, 16)}.qcow2`);
  assert.equal((await onHost(lab, (host) => image(host, { from: address, checksums }))).changed, false);
  list.text = "";
  await assert.rejects(onHost(lab, (host) => image(host, { from: address, checksums })), {
    code: "not-found",
    message: /the checksum of "debian-12\.qcow2" in "https:\/\/images\.example\.org\/SHA256SUMS"/,
  });
});

Deno.test("an image is a file of the recipe, compressed, and called as one likes", async () => {
  await using lab = await labWith({});
  const packed = await gzipped(picture);
  const seen = await onHost(lab, async (host) => {
    const { volume, ...rest } = await (await host.pool("default")).image({
      from: "base.img.gz",
      name: "golden",
    });
    return {
      name: volume.name,
      format: rest.format,
      bytes: (await volume.download({ length: picture.length })).bytes,
    };
  }, { files: { "base.img.gz": packed } });
  assert.deepEqual([seen.name, seen.format], [`golden-${(await sumOf(packed)).slice(0, 16)}.img`, "qcow2"]);
  assert.deepEqual(seen.bytes, picture);
});

Deno.test("nothing is there of what is not right", async () => {
  await using lab = await labWith({ [address]: picture });
  const attempt = async (options: ImageOptions): Promise<string> => {
    const error = await onHost(lab, (host) => image(host, options)).then(() => undefined, (error) => error);
    assert.deepEqual(lab.host.pools[0]?.volumes, []);
    return `${error?.code}: ${error?.message}`;
  };
  const wrong = "0".repeat(64);
  assert.match(
    await attempt({ from: address, sha256: wrong }),
    /^operation-failed: .*its sha256 is .*, and 0{64} is expected/,
  );
  assert.match(await attempt({ from: `${address}.old`, sha256 }), /^not-found: .*does not have it \(404\)/);
  assert.match(await attempt({ from: address }), /^invalid-argument: .*nothing says which one it has to be/);
  assert.match(
    await attempt({ from: address, sha256, sha512: wrong }),
    /^invalid-argument: .*several checksums/,
  );
  assert.match(
    await attempt({ from: address, sha256: "abc" }),
    /^invalid-argument: .*has 64 hexadecimal digits/,
  );
  assert.match(
    await attempt({ from: "ftp://example.org/x", sha256 }),
    /^invalid-argument: .*"ftp:" is not among/,
  );
  assert.match(await attempt({ from: "/nowhere/x.qcow2" }), /^not-found: /);
  assert.match(await attempt({ from: "x.qcow2", sha256 }), /^permission-denied: .*has not declared it/);
  assert.match(
    await attempt({ from: address, sha256, maxBytes: 1000 }),
    /^budget-exceeded: .*more than 1000 bytes/,
  );
});

Deno.test("the address has to be granted", async () => {
  await using lab = await labWith({ [address]: picture });
  const body = recipe({
    summary: "Use an image",
    needs: ["all", "host:fetch"],
    run: async ({ host }) => (await image(host, { from: address, sha256 })).name,
  });
  const denied = await lab.run(body, { grants: ["all", "host:fetch@https://other.example.org/**"] });
  assert.equal(denied.error?.code, "permission-denied");
  assert.match(denied.error?.message ?? "", /host:fetch/);
  const allowed = await lab.run(body, { grants: ["all", "host:fetch@https://images.example.org/*.qcow2"] });
  assert.equal(allowed.error, undefined);
});

Deno.test("two who put the same image into a pool at once have the same one", async () => {
  await using lab = await labWith({ [address]: picture });
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const both = await Promise.all([1, 2, 3].map(() => pool.image({ from: address, sha256 })));
    const bytes = (await both[0]?.volume.download({ length: picture.length }))?.bytes;
    return { names: both.map(({ volume }) => volume.name), bytes };
  });
  assert.equal(new Set(seen.names).size, 1);
  assert.deepEqual(seen.bytes, picture);
  assert.deepEqual(lab.host.pools[0]?.volumes, [seen.names[0], `${seen.names[0]}.json`]);
});

Deno.test("a pool without room for it says so, and has it when there is room", async () => {
  await using lab = await simulate({
    hypervisor: { pools: [{ name: "default", path: "/images", capacityGib: 0.0003, volumes: [] }] },
    web: { [address]: picture },
  });
  const full = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const xml = "<volume><name>big</name><capacity>200000</capacity></volume>";
    const big = await pool.createVolume({ xml });
    const refused = await pool.image({ from: address, sha256 }).then(() => "taken", (error) => error.message);
    await big.delete();
    return { refused, changed: (await pool.image({ from: address, sha256 })).changed };
  });
  assert.match(full.refused, /storage pool "default" has [0-9.]+ bytes left/);
  assert.equal(full.changed, true);
});
