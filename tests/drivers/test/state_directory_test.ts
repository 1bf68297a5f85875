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

Deno.test("a kernel that has been succeeded can do nothing any more", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    const kernel = { stateDirectory: "/run/drover-one" };
    await using old = await Bench.open(uri, { ...kernel, epoch: 1 });
    const web = await old.call("domain.define", { xml });
    await using next = await Bench.open(uri, { ...kernel, epoch: 2 });
    await next.call("domain.start", {}, { on: web });
    await old.refused("revoked", "domain.suspend", { on: web, input: {} });
    await using stranger = await Bench.open(uri, { stateDirectory: "/run/drover-other", epoch: 1 });
    assert.equal((await stranger.call("domain.suspend", {}, { on: web })).state, "paused");
    assert.equal(readLog(directory).filter(({ effect }) => effect === "domain.pause").length, 1);
  });
});

Deno.test("a hypervisor that is killed comes back as it was, and its clients find it again", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    await using bench = await Bench.open(uri);
    const web = await bench.call("domain.define", { xml });
    await bench.call("domain.start", {}, { on: web });
    const events: string[] = [];
    const { promise: resynced, resolve } = Promise.withResolvers<void>();
    using _heard = bench.kernel.subscribe(bench.host, ({ type }) => {
      events.push(type);
      if (type === "resync") resolve();
    });
    Deno.kill(Number(Deno.readTextFileSync(worldPaths(directory).lock)), "SIGKILL");
    await resynced;
    assert.equal((await bench.call("domain.suspend", {}, { on: web })).state, "paused");
    assert.ok(events.includes("resync"));
    assert.deepEqual(readLog(directory).map(({ sequence }) => sequence), [1, 2, 3, 4]);
  });
});

Deno.test("an effect that was committed and not logged is logged when the hypervisor comes back", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    {
      await using bench = await Bench.open(uri);
      await bench.call("domain.start", {}, { on: await bench.call("domain.define", { xml }) });
    }
    const whole = Deno.readTextFileSync(worldPaths(directory).log);
    const { pid } = JSON.parse(`{"pid":${Deno.readTextFileSync(worldPaths(directory).lock)}}`);
    Deno.kill(pid, "SIGKILL");
    // Torn in the middle of its last line, as a power cut would leave it.
    Deno.truncateSync(worldPaths(directory).log, whole.length - 20);
    await using bench = await Bench.open(uri);
    await bench.call("domain.list", {});
    const lines = Deno.readTextFileSync(worldPaths(directory).log).trimEnd().split("\n");
    assert.deepEqual(lines.filter((line) => line.endsWith("}")), whole.trimEnd().split("\n"));
  });
});

Deno.test("two who come at once are served by one hypervisor", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    const [one, other] = await Promise.all([Bench.open(uri), Bench.open(uri)]);
    await using _one = one;
    await using _other = other;
    assert.equal(one.host.host, other.host.host);
  });
});

Deno.test("a secret's value is neither in the log nor in what other clients hear", async () => {
  await withDirectory(async (directory) => {
    const uri = `test:///default?state=${directory}`;
    await using bench = await Bench.open(uri);
    const on = await bench.call("secret.define", {
      xml: "<secret><usage type='volume'><volume>/v</volume></usage></secret>",
    });
    await bench.call("secret.setValue", { value: "open sesame" }, { on });
    await bench.call("secret.setValue", { value: "another" }, { on });
    const log = Deno.readTextFileSync(worldPaths(directory).log).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    const digests = log.filter(({ effect }) => effect === "secret.set-value").map(({ digest }) => digest);
    assert.equal(digests.length, 2);
    assert.equal(digests[0], digests[1]);
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
