import assert from "node:assert/strict";
import { isVirtError } from "../../model/error.ts";
import { inPlace } from "../cli/kit/process.ts";
import type { Bench } from "../drivers/bench.ts";
import { type Act, acts, Scene } from "./kit/acts.ts";
import { CuttingLink, type Direction } from "./kit/cutting_link.ts";
import { objectActs } from "./kit/object_acts.ts";
import type { RealHost } from "./kit/host.ts";
import { carryOut, judge, openThrough } from "./kit/judge.ts";
import { realTests } from "./kit/real_test.ts";

/**
 * Which moments between two packets: one of the first few, with `DROVER_DISTURBANCES` every fourth one, and all with
 * `DROVER_DISTURBANCES=all`. And how often while the daemon works.
 */
const asked = Deno.env.get("DROVER_DISTURBANCES");
const stride = asked === "all" ? 1 : asked === undefined ? Infinity : 4;
const whileItWorks = asked === undefined ? 1 : asked === "all" ? 5 : 2;

const { test } = realTests();

/** Kills the daemon just before a packet would be passed on; whether it came to that. */
async function killedAt(host: RealHost, { act, scene, direction, packet }: {
  readonly act: Act;
  readonly scene: Scene;
  readonly direction: Direction;
  readonly packet: number;
}): Promise<boolean> {
  const killed = Promise.withResolvers<void>();
  let reached = false;
  const verdict = await carryOut(act, scene, {
    begin: (link) =>
      link.at({ direction, packet }, () => {
        reached = true;
        host.kill();
        link.sever();
        killed.resolve();
      }),
    meanwhile: async (link, call) => {
      await Promise.race([killed.promise, call.catch(() => {})]);
      link.forget();
      if (reached) await host.restart();
    },
  });
  judge(verdict, `killed at packet ${packet} ${direction}`);
  return reached;
}

/** Kills the daemon so long after the call was made. */
async function killedAfter(host: RealHost, { act, scene, ms }: {
  readonly act: Act;
  readonly scene: Scene;
  readonly ms: number;
}): Promise<void> {
  const verdict = await carryOut(act, scene, {
    meanwhile: async (_link, call) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      await Promise.race([promise, call.catch(() => {})]);
      clearTimeout(timer);
      host.kill();
      await host.restart();
    },
  });
  judge(verdict, `killed after ${ms} ms`);
}

for (
  const [index, act] of [...acts, ...objectActs].filter(({ undoneByRestart }) => !undoneByRestart).entries()
) {
  test(`the daemon is killed during ${act.name}, and the caller is told what became of it`, async (host) => {
    const scene = new Scene(host, `killed-${index}`);
    const began = performance.now();
    const undisturbed = await carryOut(act, scene);
    const tookMs = performance.now() - began;
    assert.equal(undisturbed.told.kind, "done", JSON.stringify(undisturbed.told));
    assert.ok(undisturbed.happened);
    for (const direction of ["toServer", "toClient"] as const) {
      let packet = Math.floor(Math.random() * Math.min(stride, 6));
      while (await killedAt(host, { act, scene, direction, packet })) packet += stride;
    }
    for (let time = 0; time < whileItWorks; time += 1) {
      await killedAfter(host, { act, scene, ms: Math.random() * tookMs / 2 });
    }
    await scene.clear();
  });
}

/** A question, with an answer that does not depend on when it is asked. */
interface Question {
  readonly name: string;
  ask(bench: Bench): Promise<unknown>;
}

const questions: readonly Question[] = [
  {
    name: "domain.list",
    ask: async (bench) => (await bench.call("domain.list", {})).map(({ domain }) => domain.name).toSorted(),
  },
  {
    name: "domain.xml",
    ask: async (bench) => {
      const on = await bench.call("domain.lookup", { name: "asked-1" });
      return await bench.call("domain.xml", { inactive: true }, { on });
    },
  },
  {
    name: "domain.stats",
    ask: async (bench) => (await bench.call("domain.stats", {})).map(({ domain }) => domain.name).toSorted(),
  },
  { name: "connection.capabilities", ask: (bench) => bench.call("connection.capabilities", {}) },
];

for (const { name, ask } of questions) {
  test(`the daemon is killed during ${name}, and the answer is whole or there is none`, async (host) => {
    const scenes = [1, 2, 3].map((index) => new Scene(host, `asked-${index}`));
    for (const scene of scenes) {
      await scene.clear();
      await scene.define();
    }
    let expected: unknown;
    for (let packet = -1, reached = true; reached; packet += 1) {
      await using link = await CuttingLink.open(host.socket);
      await using bench = await openThrough(link);
      const killed = Promise.withResolvers<void>();
      reached = packet < 0;
      if (packet >= 0) {
        link.at({ direction: "toClient", packet }, () => {
          reached = true;
          host.kill();
          link.sever();
          killed.resolve();
        });
      }
      const answer = ask(bench).then((value) => ({ value }), (error: unknown) => ({ error }));
      await Promise.race([answer, killed.promise]);
      link.forget();
      if (!host.running || (reached && packet >= 0)) await host.restart();
      const given = await answer;
      if ("error" in given) assert.ok(isVirtError(given.error, "unreachable"), String(given.error));
      else assert.deepEqual(given.value, expected ??= given.value, `killed at packet ${packet}`);
    }
    for (const scene of scenes) await scene.clear();
  });
}

test("a recipe goes on over the death of the daemon, and is told what became of each step", async (host) => {
  const scene = new Scene(host, "lasting");
  await scene.clear();
  await inPlace(async (place) => {
    const file = await place.recipe(
      "lasting",
      `summary: "Define, start, stop, undefine, again and again",
      needs: ["connect:search_domains", "domain:getattr,read,write,save,start,stop,delete"],
      input: z.object({ xml: z.string() }),
      async run({ host, input, log }) {
        const told = [];
        const insist = async (step) => {
          try {
            const value = await step();
            told.push("done");
            return value;
          } catch (error) {
            told.push(error.code);
            if (error.code !== "unreachable") throw error;
            return await step();
          }
        };
        for (let round = 0; round < 5; round += 1) {
          const vm = await insist(() => host.defineDomain({ xml: input.xml }));
          log.info("round " + round);
          await insist(() => vm.start());
          await insist(() => vm.destroy());
          await insist(() => vm.undefine());
        }
        return told;
      },`,
    );
    const input = `xml=${JSON.stringify(scene.domainXml.replace(/<devices>.*<\/devices>/s, ""))}`;
    const result = `${place.directory}/result`;
    const run = place.start(
      "run",
      file,
      "-c",
      host.uri(),
      "--input",
      input,
      "--allow",
      "all",
      "--output-file",
      result,
    );
    for (let round = 0; round < 5; round += 1) {
      await run.printed(`round ${round}`);
      host.kill();
      await host.restart();
    }
    const ended = await run.ended();
    assert.equal(ended.code, 0, ended.err);
    const told: readonly string[] = JSON.parse(await Deno.readTextFile(result));
    assert.ok(told.length === 20 && told.every((word) => ["done", "unreachable"].includes(word)), `${told}`);
  });
  assert.equal(await host.virsh("list", "--all", "--name"), "");
});
