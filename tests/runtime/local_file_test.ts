import assert from "node:assert/strict";
import { LocalSource, LocalTarget, Tally } from "../../runtime/local_file.ts";
import { isVirtError } from "../../model/error.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A folder without links in its path, for one test. */
async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-local-file-" }));
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function refused(code: string, action: Promise<unknown>): Promise<string> {
  let message = "";
  await assert.rejects(action, (error: Error) => {
    message = error.message;
    return isVirtError(error) && error.code === code;
  });
  return message;
}

function names(folder: string): readonly string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("a file is read at any place, to its end", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/disk`, "0123456789");
    await using source = await LocalSource.open(`${folder}/disk`);
    assert.equal(source.size, 10);
    assert.deepEqual(await source.read(new Uint8Array(4), 3), text("3456"));
    assert.deepEqual(await source.read(new Uint8Array(4), 8), text("89"));
    assert.deepEqual(await source.read(new Uint8Array(4), 10), text(""));
  }));

Deno.test("only regular files are read, and no link is followed", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.writeTextFile(`${folder}/real/disk`, "x");
    await Deno.symlink(`${folder}/real/disk`, `${folder}/link`);
    await Deno.symlink(`${folder}/real`, `${folder}/linked`);
    await refused("permission-denied", LocalSource.open(`${folder}/link`));
    await refused("permission-denied", LocalSource.open(`${folder}/linked/disk`));
    await refused("permission-denied", LocalSource.open(`${folder}/real/../real/disk`));
    await refused("invalid-argument", LocalSource.open(`${folder}/real`));
    await refused("not-found", LocalSource.open(`${folder}/none`));
    await refused("not-found", LocalSource.open(`${folder}/none/disk`));
    assert.equal((await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output()).code, 0);
    await refused("invalid-argument", LocalSource.open(`${folder}/pipe`));
    await using source = await LocalSource.open(`${folder}/real/disk`);
    assert.equal(source.size, 1);
  }));

Deno.test("a file that is written has its name only when it is complete", () =>
  withFolder(async (folder) => {
    const path = `${folder}/disk`;
    {
      await using target = await LocalTarget.open(path, { id: "1", overwrite: false });
      await target.write(text("begin"));
      assert.deepEqual(names(folder), [".disk.1.part"]);
      target.hole(4096);
      await target.write(text("end"));
      target.hole(5);
      await target.finish();
    }
    assert.deepEqual(names(folder), ["disk"]);
    const bytes = await Deno.readFile(path);
    assert.equal(bytes.length, 5 + 4096 + 3 + 5);
    assert.deepEqual(bytes.subarray(0, 5), text("begin"));
    assert.ok(bytes.subarray(5, 5 + 4096).every((byte) => byte === 0));
    assert.deepEqual(bytes.subarray(5 + 4096, -5), text("end"));
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  }));

Deno.test("a file that was not finished leaves nothing, and what was there stays", () =>
  withFolder(async (folder) => {
    const path = `${folder}/disk`;
    await Deno.writeTextFile(path, "old");
    {
      await using target = await LocalTarget.open(path, { id: "1", overwrite: true });
      await target.write(text("new"));
    }
    assert.deepEqual(names(folder), ["disk"]);
    assert.equal(await Deno.readTextFile(path), "old");
    {
      await using target = await LocalTarget.open(path, { id: "1", overwrite: true });
      await target.write(text("new"));
      await target.finish();
    }
    assert.equal(await Deno.readTextFile(path), "new");
    await refused("already-exists", LocalTarget.open(path, { id: "2", overwrite: false }));
  }));

Deno.test("who is slower does not replace what the other wrote", () =>
  withFolder(async (folder) => {
    const path = `${folder}/disk`;
    await using target = await LocalTarget.open(path, { id: "1", overwrite: false });
    await target.write(text("mine"));
    await Deno.writeTextFile(path, "theirs");
    await refused("already-exists", target.finish());
    assert.equal(await Deno.readTextFile(path), "theirs");
  }));

Deno.test("a link is not written through", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/secret`, "keep");
    await Deno.symlink(`${folder}/secret`, `${folder}/disk`);
    await refused("already-exists", LocalTarget.open(`${folder}/disk`, { id: "1", overwrite: false }));
    await refused("invalid-argument", LocalTarget.open(`${folder}/disk`, { id: "1", overwrite: true }));
    await Deno.symlink("/", `${folder}/root`);
    await refused("permission-denied", LocalTarget.open(`${folder}/root/x`, { id: "1", overwrite: true }));
    assert.equal(await Deno.readTextFile(`${folder}/secret`), "keep");
  }));

Deno.test("what an interrupted try left behind is taken over by the next", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.disk.1.part`, "much more than before");
    await using target = await LocalTarget.open(`${folder}/disk`, { id: "1", overwrite: false });
    await target.write(text("x"));
    await target.finish();
    assert.equal(await Deno.readTextFile(`${folder}/disk`), "x");
    assert.deepEqual(names(folder), ["disk"]);
  }));

Deno.test("holes count and digest as zeros", () => {
  const sparse = new Tally();
  sparse.data(text("a"));
  sparse.hole(3 * (1 << 20) + 7);
  sparse.data(text("b"));
  const dense = new Tally();
  dense.data(text("a"));
  dense.data(new Uint8Array(3 * (1 << 20) + 7));
  dense.data(text("b"));
  const { sha256, bytes } = dense.passed();
  assert.deepEqual(sparse.passed(), { bytes, dataBytes: 2, sha256 });
});
