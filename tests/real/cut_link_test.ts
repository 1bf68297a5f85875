import assert from "node:assert/strict";
import { type Act, acts, Scene } from "./kit/acts.ts";
import type { Direction } from "./kit/cutting_link.ts";
import { objectActs } from "./kit/object_acts.ts";
import type { RealHost } from "./kit/host.ts";
import { carryOut, judge } from "./kit/judge.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

/** At how many places a link is cut in each direction, between the first byte of a call and its end. */
const asked = Deno.env.get("DROVER_DISTURBANCES");
const cuts = asked === undefined ? 2 : asked === "all" ? 24 : 4;

const { test } = realTests({ mayCrash: true });

/** Carries out an act whose link is cut after so many bytes. The daemon goes on, also with what it has begun. */
async function cutAfter(host: RealHost, { act, scene, direction, byte }: {
  readonly act: Act;
  readonly scene: Scene;
  readonly direction: Direction;
  readonly byte: number;
}): Promise<void> {
  const verdict = await carryOut(act, scene, {
    begin: (link) => link.at({ direction, byte }, () => link.sever()),
    meanwhile: async (_link, call) => {
      let over = false;
      void call.finally(() => over = true);
      await until(async () => {
        if (!host.running) await host.restart();
        return over;
      }, { what: `the end of ${act.name}` });
    },
  });
  judge(verdict, `cut after ${byte} bytes ${direction}`);
}

for (const [index, act] of [...acts, ...objectActs].entries()) {
  test(`the link is cut during ${act.name}, and the caller is told what became of it`, async (host) => {
    const scene = new Scene(host, `cut-${index}`);
    const passed = { toServer: 0, toClient: 0 };
    const undisturbed = await carryOut(act, scene, {
      meanwhile: async (link, call) => {
        const before = { toServer: link.traffic("toServer").bytes, toClient: link.traffic("toClient").bytes };
        await call;
        passed.toServer = link.traffic("toServer").bytes - before.toServer;
        passed.toClient = link.traffic("toClient").bytes - before.toClient;
      },
    });
    assert.equal(undisturbed.told.kind, "done", JSON.stringify(undisturbed.told));
    for (const direction of ["toServer", "toClient"] as const) {
      for (let cut = 0; cut < cuts; cut += 1) {
        const byte = Math.floor((cut + Math.random()) * passed[direction] / cuts);
        await cutAfter(host, { act, scene, direction, byte });
      }
    }
    await scene.clear();
  });
}
