import assert from "node:assert/strict";
import { drover } from "./kit/drover.ts";
import type { FakeAnswers } from "./kit/fake_control.ts";

const names: FakeAnswers = {
  "objects.names": ({ objectClass, parent, uri }) =>
    Promise.resolve(
      uri !== "test:///default"
        ? ["elsewhere"]
        : objectClass === "domain"
        ? ["web-1", "web-2", "evil\x1b[2J"]
        : [`${parent}-snap`],
    ),
  "runs.list": () => Promise.resolve([]),
};

/** The words that are proposed for the last one. */
async function proposed(...words: readonly string[]): Promise<readonly string[]> {
  const { exit, out, err } = await drover(["__complete", ...words], { answers: names });
  assert.equal(exit, 0);
  assert.equal(err, "");
  return out.split("\n").filter((line) => line !== "").map((line) => line.split("\t")[0] ?? "");
}

Deno.test("commands, objects and verbs complete", async () => {
  assert.deepEqual(await proposed("ru"), ["run", "runs"]);
  assert.ok((await proposed("")).includes("domain"));
  assert.ok((await proposed("domain", "st")).includes("start"));
  assert.deepEqual(await proposed("runs", "res"), ["resume"]);
});

Deno.test("virsh's names complete as well", async () => {
  assert.ok((await proposed("dumpx")).includes("dumpxml"));
});

Deno.test("names come live from the connection, for virsh's names too", async () => {
  assert.deepEqual(await proposed("domain", "start", "web"), ["web-1", "web-2"]);
  assert.deepEqual(await proposed("start", "web"), ["web-1", "web-2"]);
  assert.deepEqual(await proposed("start", "-c", "qemu:///system", "e"), ["elsewhere"]);
  assert.deepEqual(await proposed("-c", "qemu:///system", "start", "e"), ["elsewhere"]);
});

Deno.test("the name of a held object completes once the one that holds it is there", async () => {
  assert.deepEqual(await proposed("snapshot", "delete", "web"), ["web-1", "web-2"]);
  assert.deepEqual(await proposed("snapshot", "delete", "web-1", ""), ["web-1-snap"]);
});

Deno.test("flags and their values complete", async () => {
  assert.deepEqual(await proposed("domain", "list", "--sta"), ["--state", "--state-dir"]);
  assert.deepEqual(await proposed("domain", "list", "--state", "ru"), ["running"]);
  assert.deepEqual(await proposed("domain", "list", "-o", "js"), ["json"]);
});

Deno.test("the words for programs are not proposed, and nothing steers the terminal", async () => {
  assert.deepEqual(await proposed("__"), []);
  assert.deepEqual((await proposed("start", "e")).filter((name) => name.includes("\x1b")), []);
});

Deno.test("a kernel that cannot be asked leaves completions empty and quiet", async () => {
  const { exit, out, err } = await drover(["__complete", "start", "w"]);
  assert.deepEqual([exit, out, err], [0, "", ""]);
});

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`the completion script for ${shell} is what it was`, async (t) => {
    const { exit, out } = await drover(["completions", shell]);
    assert.equal(exit, 0);
    await t.assertSnapshot(out);
  });
}

Deno.test("bash reads its script, and completes with it", async () => {
  const { out: script } = await drover(["completions", "bash"]);
  const test = `
drover() { printf 'web-1\\tDomain\\nweb-2\\tDomain\\n'; }
${script}
COMP_LINE="drover start we" COMP_POINT=15 COMP_WORDBREAKS=' :' _drover
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { success, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", test] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "web-1\nweb-2\n");
});
