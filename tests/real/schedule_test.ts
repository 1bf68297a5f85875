/**
 * Schedules on a real hypervisor with a real guest: the daemon as people start it, killed where it hurts.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Control } from "../../runtime/control/control.ts";
import { openControl } from "../../runtime/control/open.ts";
import { RunningDaemon } from "../daemon/kit/running_daemon.ts";
import { guestXml } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const { test } = realTests({ needs: guestNeeds, mayCrash: true });

const name = "kept-up";

/** What became of the schedule's firings, newest first: `done started`. */
async function told(control: Control): Promise<readonly string[]> {
  const rows = await control.request("schedules.history", { schedule: "keeper" });
  return await Promise.all(rows.map(async ({ state, runs, events }) => {
    const [run = ""] = runs;
    // The row of a firing is there before its run is.
    const isOver = state !== "running" && state !== "waiting";
    const result = run === "" || !isOver ? "" : (await control.request("runs.show", { id: run })).run.result;
    return `${events?.[0]?.type} ${state} ${result ?? ""}`;
  }));
}

test("a guest is kept up by its events, also over the death of the daemon and of libvirtd", async (host) => {
  await host.virsh("define", await host.file("kept-up.xml", await guestXml(name)));
  await host.virsh("start", name);
  const isUp = (): Promise<true> =>
    until(async () => await host.virsh("domstate", name) === "running" ? true : undefined, {
      what: "the guest to be up again",
    });
  const directory = await Deno.makeTempDir({ prefix: "drover-keeper-" });
  const attach = (): Promise<Control> =>
    openControl({
      stateDirectory: `${directory}/state`,
      principal: "test",
      become: () => Promise.resolve(undefined),
    });
  const listens = (control: Control): Promise<true> =>
    until(async () => {
      const { schedule } = await control.request("schedules.show", { name: "keeper" });
      return schedule.trouble === undefined ? true : undefined;
    }, { what: "the schedule to hear events" });
  const fired = (control: Control, what: string): Promise<true> =>
    until(async () => (await told(control))[0] === what ? true : undefined, { what: `a firing ${what}` });
  try {
    {
      await using daemon = await RunningDaemon.start({ directory });
      await using control = await attach();
      await control.request("schedules.add", {
        spec: {
          name: "keeper",
          work: {
            kind: "recipe",
            file: fileURLToPath(new URL("recipes/keep_up.ts", import.meta.url)),
            hosts: { host: host.uri() },
            input: { domain: name },
          },
          triggers: [{
            event: { uri: host.uri(), objectClass: "domain", object: "kept-*", types: ["stopped"] },
            ...{ as: "event", debounce: 100, resync: true },
          }],
          overlap: "queue-one",
          grants: [`connect:search_domains`, `domain:getattr,read,start@${name}`],
        },
      });
      await listens(control);
      await host.virsh("destroy", name);
      await isUp();
      await fired(control, "stopped done started");
      await daemon.stop("SIGKILL");
    }
    // Nobody hears this; whoever comes next is told that something may have been missed.
    await host.virsh("destroy", name);
    await using _daemon = await RunningDaemon.start({ directory });
    await using control = await attach();
    await isUp();
    await fired(control, "resync done started");
    const before = (await told(control)).length;
    await host.restart();
    await until(async () => (await told(control)).length > before ? true : undefined, {
      what: "a firing after the link was mended",
    });
    await fired(control, "resync done up");
    await host.virsh("destroy", name);
    await isUp();
    await fired(control, "stopped done started");
    assert.ok((await told(control)).every((each) => / done (up|started)$/.test(each)));
  } finally {
    await host.tryVirsh("destroy", name);
    await host.tryVirsh("undefine", name);
    await Deno.remove(directory, { recursive: true });
  }
});
