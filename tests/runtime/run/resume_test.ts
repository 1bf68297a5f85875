import assert from "node:assert/strict";
import { recipe } from "drover";
import type { RunView } from "../../../runtime/control/methods.ts";
import { seededRandom } from "../../../testing/random.ts";
import { LedgerHost } from "./ledger.ts";
import { World } from "./world.ts";

const needs = ["domain:getattr,start,stop,write,save,reset,delete"] as const;

/** What is left when a run was killed once and resumed. */
interface Survived {
  readonly host: LedgerHost;
  readonly world: World;
  /** The end of the resumed run; `undefined` where nothing of it was on record, or it had ended. */
  readonly end: RunView | undefined;
}

/**
 * Kills the kernel at every moment of a run at which something becomes durable or is about to, or acts on the host or
 * has just done so, one moment per world; resumes, and lets `judge` look.
 */
async function atEveryMoment(
  body: unknown,
  { guests, judge }: {
    readonly guests: readonly string[];
    readonly judge: (survived: Survived, at: string) => Promise<void> | void;
  },
): Promise<number> {
  for (let at = 0;; at++) {
    const host = new LedgerHost(...guests);
    let seen = 0;
    await using world = await World.make({
      drivers: [host.driver],
      recipe: body,
      onCommit: (_moment, world) => {
        if (seen++ === at) world.kill();
      },
    });
    host.onAct = () => {
      if (seen++ !== at) return;
      world.kill();
      return new Promise<never>(() => {});
    };
    const begun = world.start().then(({ ended }) => ended);
    const finished = await world.until(Promise.race([begun, world.died.then(() => undefined)]));
    if (finished !== undefined) return at;
    await world.reboot();
    const [run] = await world.store.runs();
    const end = run?.state === "interrupted" ? await world.until((await world.resume()).ended) : undefined;
    await judge({ host, world, end }, `killed at moment ${at}`);
  }
}

Deno.test("a kernel that dies at any moment and is resumed does each step exactly once", async () => {
  const body = recipe({
    summary: "Restart two",
    needs: [...needs],
    async run({ host, log, sleep, now }): Promise<number> {
      const [a, b] = await Promise.all([host.domain("web-1"), host.domain("web-2")]);
      const begun = now();
      await Promise.all([a.start(), b.start()]);
      log.info("started", { begun });
      await sleep("1m");
      await a.destroy();
      await Promise.race([b.destroy(), sleep("5m")]);
      return now() - begun;
    },
  });
  const moments = await atEveryMoment(body, {
    guests: ["web-1", "web-2"],
    judge: async ({ host, world, end }, at) => {
      const [run] = await world.store.runs();
      if (run === undefined) return assert.deepEqual(host.ledger, [], at);
      if (end !== undefined) assert.equal(end.state, "done", `${at}: ${end.error?.message}`);
      assert.deepEqual(
        host.ledger.toSorted(),
        ["destroy web-1", "destroy web-2", "start web-1", "start web-2"],
        at,
      );
      assert.deepEqual(await world.store.uncertain(), [], at);
      assert.equal((await world.runs.logs(run.id)).length, 1, `${at}: a line is not said twice`);
    },
  });
  assert.ok(moments > 20, `only ${moments} moments`);
});

Deno.test("what a run makes for a time is gone in the end, whenever its kernel dies", async () => {
  const body = recipe({
    summary: "Try something out",
    needs: [...needs],
    async run({ host }): Promise<void> {
      await using trial = await host.defineDomain({ xml: "<domain><name>trial</name></domain>" }, {
        temporary: true,
      });
      await trial.start();
      await host.exclusive([await host.domain("web-1")]);
    },
  });
  const moments = await atEveryMoment(body, {
    guests: ["web-1"],
    judge: async ({ host, world, end }, at) => {
      if (end !== undefined) assert.equal(end.state, "done", `${at}: ${end.error?.message}`);
      assert.deepEqual([...host.guests.values()].map(({ name }) => name), ["web-1"], at);
      assert.ok(host.ledger.filter((deed) => deed === "define trial").length <= 1, at);
      assert.deepEqual(await world.store.openLeases(), [], at);
      assert.deepEqual(world.kernel.slots(), [], at);
    },
  });
  assert.ok(moments > 10, `only ${moments} moments`);
});

Deno.test("a kernel that dies again and again, also while it resumes, does each step exactly once", async () => {
  const body = recipe({
    summary: "Three, with everything",
    needs: [...needs],
    async run({ host, sleep, step }): Promise<void> {
      const fleet = await Promise.all(["web-1", "web-2", "web-3"].map((name) => host.domain(name)));
      await Promise.all(fleet.map((vm, index) =>
        step(`restart ${vm.name}`, async () => {
          await using _lease = await vm.exclusive();
          await vm.start();
          await sleep(`${index + 1}s`);
          await vm.destroy();
        })
      ));
      await using trial = await host.temporary.domain({ xml: "<domain><name>trial</name></domain>" });
      await Promise.all([trial.start(), sleep("3s")]);
    },
  });
  const once = ["web-1", "web-2", "web-3"].flatMap((name) => [`destroy ${name}`, `start ${name}`]);
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const host = new LedgerHost("web-1", "web-2", "web-3");
    let left = 0;
    await using world = await World.make({
      drivers: [host.driver],
      recipe: body,
      onCommit: (_moment, world) => {
        if (--left === 0) world.kill();
      },
    });
    host.onAct = () => {
      if (--left !== 0) return;
      world.kill();
      return new Promise<never>(() => {});
    };
    let end: RunView | undefined;
    for (let deaths = 0; end === undefined; deaths++) {
      left = deaths < 8 ? 1 + Math.floor(random() * 25) : 0;
      const [known] = await world.store.runs();
      const going = known === undefined ? world.start() : world.resume();
      end = await world.until(
        Promise.race([going.then(({ ended }) => ended), world.died.then(() => undefined)]),
      );
      if (end !== undefined) break;
      await world.reboot();
      const [after] = await world.store.runs();
      if (after !== undefined && after.state !== "interrupted") break;
    }
    const [run] = await world.store.runs();
    assert.equal(run?.state, "done", `seed ${seed}: ${run?.error?.message}`);
    assert.deepEqual(
      host.ledger.filter((deed) => !deed.endsWith("trial")).toSorted(),
      once.toSorted(),
      `seed ${seed}`,
    );
    const trials = host.ledger.filter((deed) => deed === "define trial" || deed === "start trial");
    assert.deepEqual(trials, ["define trial", "start trial"], `seed ${seed}`);
    assert.ok(!host.guests.values().some(({ name }) => name === "trial"), `seed ${seed}: the trial is gone`);
    assert.deepEqual(await world.store.openLeases(), [], `seed ${seed}`);
    assert.deepEqual(await world.store.uncertain(), [], `seed ${seed}`);
    assert.deepEqual(world.kernel.slots(), [], `seed ${seed}`);
  }
});
