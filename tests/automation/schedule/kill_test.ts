import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { FiringView } from "../../../automation/schedule/schedule.ts";
import type { Control } from "../../../runtime/control/control.ts";
import { openControl } from "../../../runtime/control/open.ts";
import { seededRandom } from "../../../testing/random.ts";
import { RunningDaemon } from "../../daemon/kit/running_daemon.ts";
import { lives, readEffects } from "../../kill/effect_log.ts";

/** How often the daemon is killed. It takes two seconds to come up and be killed: once for each twenty of `DROVER_KILLS`. */
const asked = Number(Deno.env.get("DROVER_KILLS"));
const kills = Number.isInteger(asked) ? Math.max(4, Math.floor(asked / 20)) : 4;

const everyMs = 1000;

/** Asks the daemon that runs. */
function attach(directory: string): Promise<Control> {
  return openControl({
    stateDirectory: `${directory}/state`,
    principal: "test",
    become: () => Promise.resolve(undefined),
  });
}

/** Resolves when nothing of a schedule is under way any more. */
async function quiet(daemon: RunningDaemon, control: Control): Promise<void> {
  while (true) {
    const lines = daemon.log.length;
    const open = await control.request("schedules.history", { states: ["waiting", "running"] });
    if (open.length === 0) return;
    await daemon.until((log) => log.length > lines ? true : undefined);
  }
}

/** Everything that is on record of firings. */
async function history(control: Control): Promise<readonly FiringView[]> {
  const rows: FiringView[] = [];
  while (true) {
    const last = rows.at(-1);
    const page = await control.request("schedules.history", {
      limit: 1000,
      ...(last === undefined ? {} : { before: last.id }),
    });
    rows.push(...page);
    if (page.length < 1000) return rows;
  }
}

Deno.test("a daemon that is killed again and again while a schedule runs neither loses nor doubles a run", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const directory = await Deno.makeTempDir({ prefix: "drover-schedule-kill-" });
  const hypervisor = `${directory}/hypervisor`;
  try {
    let from = 0;
    for (let kill = 0; kill <= kills; kill++) {
      const daemon = await RunningDaemon.start({ directory });
      await using _daemon = daemon;
      await using control = await attach(directory);
      if (kill === 0) {
        const { schedule, served } = await control.request("schedules.add", {
          spec: {
            name: "life",
            work: {
              kind: "recipe",
              file: fileURLToPath(new URL("recipes/life.ts", import.meta.url)),
              hosts: { host: `test:///default?state=${hypervisor}` },
            },
            triggers: [{ every: everyMs }],
            grants: ["all"],
          },
        });
        assert.ok(served);
        from = schedule.createdAt;
      }
      if (kill < kills) {
        // Most of the time something is on its way.
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, 200 + Math.floor(random() * 2500));
        await promise;
        clearTimeout(timer);
        // Leaving in good order is one of the ways to end in the middle.
        await daemon.stop(random() < 0.25 ? "SIGTERM" : "SIGKILL");
        continue;
      }
      await daemon.until((log) => log.find(({ message }) => message === "firing has ended"));
      const { pausedAt = 0, triggers } = await control.request("schedules.pause", { name: "life" });
      await quiet(daemon, control);
      const rows = await history(control);
      const when = `seed ${seed}: ${JSON.stringify(rows.filter(({ state }) => state !== "done"))}`;
      const fired = rows.filter(({ attempt }) => attempt > 0);
      assert.deepEqual([...new Set(fired.map(({ state }) => state))], ["done"], when);
      assert.ok(fired.length > 1, `hardly anything fired: ${when}`);
      assert.deepEqual(
        lives(readEffects(hypervisor)),
        fired.map(() => "write-definition spawn continue kill remove-definition"),
        `each firing did what it does exactly once: ${when}`,
      );
      const [trigger] = triggers;
      const first = trigger !== undefined && "every" in trigger ? trigger.from ?? from : from;
      for (let due = first + everyMs; due <= pausedAt - everyMs; due += everyMs) {
        const said = rows.filter((row) => row.due <= due && due <= (row.through ?? row.due));
        assert.equal(said.length, 1, `${said.length} rows say what became of ${due}: ${when}`);
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
