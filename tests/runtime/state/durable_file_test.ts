import assert from "node:assert/strict";
import { isVirtError } from "../../../model/error.ts";
import { readFile, replaceFile } from "../../../runtime/state/durable_file.ts";
import { ForgetfulFiles, type Stop } from "../../kit/forgetful_files.ts";

const path = "/state/started";

/** Replaces the file until the machine stops; whether it was told that it was done. */
async function replaced(files: ForgetfulFiles, content: string): Promise<boolean> {
  try {
    await replaceFile(path, content, { files });
    return true;
  } catch (error) {
    assert.ok(isVirtError(error, "operation-failed"));
    return false;
  }
}

function stops(writes: number): readonly Stop[] {
  return Array.from({ length: writes }, (_, at) => at).flatMap((at) =>
    [false, true].map((done) => ({ at, done }))
  );
}

const losses = [0, 1, 2, 3].flatMap((namesKept) =>
  [0, 0.5, 1].map((contentKept) => ({ namesKept, contentKept }))
);

for (const before of [undefined, "the old one, which is longer"]) {
  const there = before === undefined
    ? "a new file is whole or not there"
    : "a file is the old one or the new one";

  Deno.test(`${there}, whenever its process is killed or the power goes`, async () => {
    const counting = new ForgetfulFiles();
    assert.ok(await replaced(counting, "new"));
    assert.equal(counting.writes, 4);
    const seen = new Set<string | undefined>();
    for (const stop of stops(counting.writes)) {
      const files = new ForgetfulFiles(stop);
      if (before !== undefined) files.place(path, before);
      assert.equal(await replaced(files, "new"), false, "nobody is told that it was done");
      for (const after of [files.afterKill(), ...losses.map((loss) => files.afterPowerLoss(loss))]) {
        const found = await readFile(path, { files: after });
        assert.ok(found === before || found === "new", `${JSON.stringify(stop)}: ${found}`);
        seen.add(found);
        // Whoever comes next can write it, whatever was left.
        assert.ok(await replaced(after, "next"));
        assert.equal(await readFile(path, { files: after }), "next");
      }
    }
    assert.deepEqual(seen, new Set([before, "new"]));
  });

  Deno.test(`${there}: the new one once it was said that it is done, also when the power goes then`, async () => {
    const files = new ForgetfulFiles();
    if (before !== undefined) files.place(path, before);
    assert.ok(await replaced(files, "new"));
    for (const loss of losses) {
      assert.equal(await readFile(path, { files: files.afterPowerLoss(loss) }), "new");
    }
  });
}

Deno.test("a file of this machine is replaced, and only its owner reads it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "drover-state-" });
  try {
    const file = `${folder}/started`;
    assert.equal(await readFile(file), undefined);
    await replaceFile(file, "one");
    await replaceFile(file, "two");
    assert.equal(await readFile(file), "two");
    assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["started"]);
    await assert.rejects(replaceFile(`${folder}/none/started`, "x"), { code: "operation-failed" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
