import assert from "node:assert/strict";
import { join } from "node:path";
import { sweepScratch } from "../../runtime/sandbox/scratch.ts";

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

Deno.test("what a killed runtime left in the temporary files is swept up, and nothing else", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const ended = new Deno.Command(Deno.execPath(), { args: ["eval", "0"] }).spawn();
    await ended.status;
    const left = `drover-sandbox-${ended.pid}-abc`;
    const inUse = `drover-sandbox-${Deno.pid}-def`;
    for (const name of [left, inUse, "drover-sandbox-notes", "elsewhere"]) {
      await Deno.mkdir(join(directory, name));
      await Deno.writeTextFile(join(directory, name, "file"), "");
    }
    assert.equal(await sweepScratch(directory), 1);
    assert.deepEqual(await namesIn(directory), [inUse, "drover-sandbox-notes", "elsewhere"].sort());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a folder of temporary files that is not there is no reason to fail", async () => {
  assert.equal(await sweepScratch("/nonexistent/folder"), 0);
});
