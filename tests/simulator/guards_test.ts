/**
 * That a guard matters is shown by taking it out of a copy of the source and letting the simulator, or the property
 * tests, run there: they must find what the guard is for.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Finder, furtherGuards, type Guard, historicGuards } from "./guards.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folders = [
  "model",
  "runtime",
  "drivers",
  "testing",
  "tests/kit",
  "tests/simulator",
  "tests/runtime",
] as const;

/** A run in the copy that takes longer has hung. */
const patienceMs = 300_000;

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copyFolder(source, target);
    else if (entry.isFile) await Deno.copyFile(source, target);
  }
}

/** A copy of the source, which goes away afterwards. */
async function copySource(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "drover-guards-" });
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(`${root}${name}`, `${path}/${name}`);
  for (const folder of folders) await copyFolder(`${root}${folder}`, `${path}/${folder}`);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Runs what must find the bug; its exit code and all that it says. */
async function run(path: string, finder: Finder): Promise<{ readonly code: number; readonly text: string }> {
  const quick = ["-A", "--no-check", "--cached-only", "--quiet", "--frozen"];
  const args = "history" in finder
    ? ["run", ...quick, "tests/simulator/main.ts", "--history", finder.history, "--seeds", `${finder.seeds}`]
    : ["test", ...quick, ...finder.tests];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: path,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(patienceMs),
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The source without a guard. */
function without({ file, text, instead = "" }: Guard, source: string): string {
  const parts = source.split(text);
  assert.equal(parts.length, 2, `"${text}" stands in ${file} exactly once`);
  return parts.join(instead);
}

async function isFound(path: string, guard: Guard): Promise<void> {
  const file = `${path}/${guard.file}`;
  const source = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, without(guard, source));
  try {
    const { code, text } = await run(path, guard.found);
    assert.notEqual(code, 0, `Nobody notices that the guard is missing:\n${text}`);
    // It was found, and not just broken.
    assert.match(
      text,
      "history" in guard.found ? /Replay it with/ : /\| \d+ passed .*\| [1-9]\d* failed/,
      text,
    );
  } finally {
    await Deno.writeTextFile(file, source);
  }
}

Deno.test("guards", async (test) => {
  await using copy = await copySource();
  const isSound = await test.step("the copy is sound", async () => {
    const tests = [...historicGuards, ...furtherGuards].flatMap(({ found }) =>
      "tests" in found ? found.tests : []
    );
    for (
      const finder of [...["a", "b", "c", "d", "e", "mix"].map((history) => ({ history, seeds: 200 })), {
        tests,
      }]
    ) {
      const { code, text } = await run(copy.path, finder);
      assert.equal(code, 0, text);
    }
  });
  // What finds something anyway shows nothing.
  if (!isSound) return;
  for (const guard of [...historicGuards, ...furtherGuards]) {
    await test.step(`without it ${guard.without}`, () => isFound(copy.path, guard));
  }
});
