import assert from "node:assert/strict";
import { type Act, acts, Scene } from "./kit/acts.ts";
import type { Direction } from "./kit/cutting_link.ts";
import { objectActs } from "./kit/object_acts.ts";
import type { RealHost } from "./kit/host.ts";
import { carryOut, judge } from "./kit/judge.ts";
import { realTests } from "./kit/real_test.ts";

/**
 * Which moments between two packets: one of the first few, with `DROVER_KILLS` every third one, and all with
 * `DROVER_KILLS=all`. And how often while the daemon works.
 */
const asked = Deno.env.get("DROVER_KILLS");
const stride = asked === "all" ? 1 : asked === undefined ? Infinity : 3;
const whileItWorks = asked === undefined ? 1 : 3;

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
