/**
 * What recipe authors and testers of recipes import says what it is, all of it.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("every public symbol of drover and drover/testing is documented", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "mod.ts", "testing/mod.ts"],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  const report = decoder.decode(stdout) + decoder.decode(stderr);
  assert.match(
    report,
    /missing-jsdoc/,
    "the packages that are exported again have gaps of their own; their absence means that nothing ran",
  );
  const gaps = [...report.matchAll(/error\[missing-jsdoc\][^\n]*\n\s*-->\s*(\S+)/g)]
    .map(([, place]) => place ?? "")
    .filter((place) => place.startsWith(root))
    .map((place) => place.slice(root.length));
  assert.deepEqual(gaps, []);
});
