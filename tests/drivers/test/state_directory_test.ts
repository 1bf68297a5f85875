import assert from "node:assert/strict";
import { dismiss, worldPaths } from "../../../drivers/test/mod.ts";
import { Bench } from "../bench.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "drover-test-" });
  try {
    await run(directory);
  } finally {
    await dismiss(directory);
    await Deno.remove(directory, { recursive: true });
  }
}

/** The effect log, as whoever judges it reads it. */
function readLog(
  directory: string,
): { readonly sequence: number; readonly effect: string; readonly object: string }[] {
  return Deno.readTextFileSync(worldPaths(directory).log).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
}

const xml =
  "<domain type='test'><name>web-1</name><memory>1048576</memory><os><type>hvm</type></os></domain>";

Deno.test("a host with a state directory keeps what was done to it", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    {
      await using bench = await Bench.open(uri);
      const web = await bench.call("domain.define", { xml });
      await bench.call("domain.start", {}, { on: web });
    }
    await using bench = await Bench.open(uri);
    const entries = await bench.call("domain.list", {});
    assert.deepEqual(entries.map(({ domain, state }) => [domain.name, state]), [["test", "running"], [
      "web-1",
      "running",
    ]]);
    assert.deepEqual(readLog(directory).map(({ sequence, effect }) => [sequence, effect]), [
      [1, "domain.write-definition"],
      [2, "domain.spawn"],
      [3, "domain.continue"],
    ]);
  });
});

Deno.test("what another kernel does to a shared host is seen, and moves the generation", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    await using one = await Bench.open(uri);
    await using other = await Bench.open(uri);
    const web = await other.call("domain.define", { xml });
    await other.call("domain.start", {}, { on: web });
    assert.equal(
      (await one.call("domain.suspend", {}, { on: await one.call("domain.lookup", { name: "web-1" }) }))
        .state,
      "paused",
    );
    const message = await other.refused("wrong-state", "domain.start", { on: web, input: {} });
    assert.match(message, /already running/);
    assert.equal((await other.call("domain.resume", {}, { on: web })).state, "running");
  });
});
