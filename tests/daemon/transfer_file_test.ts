import assert from "node:assert/strict";
import { clearTransfers, TransferFile } from "../../daemon/transfer_file.ts";

const hourMs = 3_600_000;

/** A directory that is gone when the test has ended. */
async function within(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(`${directory}/transfers`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function names(directory: string): readonly string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name);
}

Deno.test("bytes and holes wait in a file that only its owner can read, and are gone with it", async () => {
  await within(async (directory) => {
    {
      await using file = await TransferFile.create(directory);
      await file.write(Uint8Array.of(1, 2, 3));
      await file.hole(5);
      await file.write(Uint8Array.of(4));
      await file.hole(2);
      assert.equal(file.size, 11);
      const path = await file.complete();
      assert.deepEqual(await Deno.readFile(path), Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0, 4, 0, 0));
      const folder = path.slice(0, path.lastIndexOf("/"));
      assert.equal((await Deno.stat(folder)).mode ?? 0, 0o40700);
    }
    assert.deepEqual(names(directory), []);
  });
});

Deno.test("what a daemon that died left behind is removed, unless somebody may still ask what became of it", async () => {
  await within(async (directory) => {
    // Never disposed of, as when the process is killed.
    const unfinished = await TransferFile.create(directory);
    await unfinished.write(Uint8Array.of(1));
    const whole = await TransferFile.create(directory);
    const path = await whole.complete();
    const { mtime } = await Deno.stat(path);
    const now = mtime?.getTime() ?? 0;
    await clearTransfers(directory, now + 23 * hourMs);
    assert.equal(names(directory).length, 1);
    await Deno.stat(path);
    await clearTransfers(directory, now + 25 * hourMs);
    assert.deepEqual(names(directory), []);
    await assert.rejects(() => unfinished[Symbol.asyncDispose](), Deno.errors.NotFound);
  });
});

Deno.test("where nothing was ever transferred there is nothing to remove", async () => {
  await within(async (directory) => {
    await clearTransfers(directory, 0);
    await assert.rejects(() => Deno.stat(directory), Deno.errors.NotFound);
  });
});
