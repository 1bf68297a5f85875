import assert from "node:assert/strict";
import { autostart } from "../../daemon/autostart.ts";
import type { LogFields } from "../../daemon/log.ts";
import { createTestDriver, dismiss, Faults } from "../../drivers/test/mod.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import { Bench } from "../drivers/bench.ts";
import { ForgetfulFiles } from "../kit/forgetful_files.ts";

/** A durable host with a network, a pool and two domains, of which all but one domain are marked. */
class Stage implements AsyncDisposable {
  readonly bench: Bench;
  /** What the log says that could not be started. */
  readonly failed: LogFields[] = [];
  /** What was carried out. */
  readonly done: string[] = [];
  readonly #state: string;

  private constructor(bench: Bench, state: string) {
    this.bench = bench;
    this.#state = state;
  }

  static async set(faults = new Faults()): Promise<Stage> {
    const state = await Deno.makeTempDir({ prefix: "drover-autostart-" });
    const bench = await Bench.open(`test:///default?state=${state}`, {
      drivers: [createTestDriver({ faults })],
    });
    const network = await bench.call("network.define", {
      xml: "<network><name>inner</name><ip address='10.0.0.1' netmask='255.0.0.0'/></network>",
    });
    const pool = await bench.call("pool.define", {
      xml: "<pool type='dir'><name>images</name><target><path>/images</path></target></pool>",
    });
    await bench.call("network.setAutostart", { autostart: true }, { on: network });
    await bench.call("pool.setAutostart", { autostart: true }, { on: pool });
    for (const name of ["web-1", "web-2"]) {
      const xml =
        `<domain type='test'><name>${name}</name><memory>1</memory><os><type>hvm</type></os></domain>`;
      const domain = await bench.call("domain.define", { xml });
      if (name === "web-1") await bench.call("domain.setAutostart", { autostart: true }, { on: domain });
    }
    return new Stage(bench, state);
  }

  /** A start of the daemon. */
  async start(bootId: string, files: ForgetfulFiles = this.files): Promise<readonly string[]> {
    const { kernel, host } = this.bench;
    const started = await autostart(host, {
      kernel,
      carryOut: (request) => {
        this.done.push(request.operation);
        return kernel.call(request);
      },
      directory: "/state",
      bootId,
      files,
      log: (level, _message, fields = {}) => void (level === "error" && this.failed.push(fields)),
    });
    return started.map(({ $ref, name }) => `${$ref} ${name}`);
  }

  readonly files = new ForgetfulFiles();

  /** Does something to the domain that is marked. */
  async domain(operation: OperationName & ("domain.destroy" | "domain.start")): Promise<void> {
    const [found] = await this.bench.call("domain.list", { name: "web-1" });
    assert.ok(found !== undefined);
    await this.bench.call(operation, {}, { on: found.domain });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    await dismiss(this.#state);
    await Deno.remove(this.#state, { recursive: true });
  }
}

const marked = ["network inner", "pool images", "domain web-1"];

Deno.test("what is marked is started with its host, domains last, and the rest is not", async () => {
  await using stage = await Stage.set();
  assert.deepEqual(await stage.start("boot 1"), marked);
  assert.deepEqual(stage.done, ["network.start", "pool.start", "domain.start"]);
  const domains = await stage.bench.call("domain.list", {});
  assert.deepEqual(domains.map(({ domain, state }) => [domain.name, state]), [
    ["test", "running"],
    ["web-1", "running"],
    ["web-2", "shutoff"],
  ]);
});

Deno.test("it is started once for each boot, and not for each start of the daemon", async () => {
  await using stage = await Stage.set();
  await stage.start("boot 1");
  await stage.domain("domain.destroy");
  assert.deepEqual(await stage.start("boot 1"), [], "who stopped it does not find it started again");
  assert.deepEqual(await stage.start("boot 2"), ["domain web-1"], "and what still runs is left alone");
});

Deno.test("what ran already when the machine was booted is not started when it is stopped later", async () => {
  await using stage = await Stage.set();
  await stage.domain("domain.start");
  assert.deepEqual(await stage.start("boot 1"), ["network inner", "pool images"]);
  await stage.domain("domain.destroy");
  assert.deepEqual(await stage.start("boot 1"), []);
});

Deno.test("what cannot be started is told, and keeps nothing else from being started", async () => {
  const faults = new Faults();
  await using stage = await Stage.set(faults);
  faults.add({ effect: "network.bring-up", kind: "fail" });
  assert.deepEqual(await stage.start("boot 1"), ["pool images", "domain web-1"]);
  assert.deepEqual(stage.failed.map(({ object }) => object), ['network "inner"']);
  assert.deepEqual(await stage.start("boot 1"), [], "it is not tried again before the next boot");
  assert.deepEqual(await stage.start("boot 2"), ["network inner"]);
});

Deno.test("a daemon that is killed in the middle starts nothing twice, and the next one goes on", async () => {
  await using stage = await Stage.set();
  const counting = new ForgetfulFiles();
  await stage.start("count", counting);
  for (let at = 0; at < counting.writes; at++) {
    for (const done of [false, true]) {
      for (const { network } of await stage.bench.call("network.list", { name: "inner", active: true })) {
        await stage.bench.call("network.destroy", {}, { on: network });
      }
      for (const { pool } of await stage.bench.call("pool.list", { name: "images" })) {
        await stage.bench.call("pool.destroy", {}, { on: pool }).catch(() => {});
      }
      await stage.domain("domain.destroy").catch(() => {});
      stage.done.length = 0;
      const files = new ForgetfulFiles({ at, done });
      await assert.rejects(stage.start("boot", files), { code: "operation-failed" });
      await stage.start("boot", files.afterKill());
      assert.deepEqual(
        stage.done.toSorted(),
        ["domain.start", "network.start", "pool.start"],
        `${at} ${done}`,
      );
    }
  }
});

Deno.test("a record that nobody of ours wrote counts for nothing", async () => {
  await using stage = await Stage.set();
  const { host, driver } = stage.bench.host;
  stage.files.place(`/state/${host}-${driver}.json`, "{ not json");
  assert.deepEqual(await stage.start("boot 1"), marked);
});
