/**
 * Schedules as the daemon serves them: with recipes in their sandboxes, playbooks, events of a host, and a webhook.
 */
import assert from "node:assert/strict";
import type { FiringView, ScheduleInput } from "../../../automation/schedule/schedule.ts";
import { launch } from "../../../cli/launch.ts";
import { schedulesOf } from "../../../cli/schedules.ts";
import { createTestDriver } from "../../../drivers/test/mod.ts";
import { openHost } from "../../../runtime/host.ts";

const uri = "test:///default";
const maker = { principal: "uid:1000" };

/** Schedules that are served over a host in memory. */
async function serve(
  act: (served: {
    readonly directory: string;
    /** Makes a schedule of something that is never due by itself. */
    readonly add: (given: Pick<ScheduleInput, "name" | "work"> & Partial<ScheduleInput>) => Promise<unknown>;
    readonly fire: (name: string) => Promise<FiringView>;
    /** Resolves with the next firing of a schedule that ends. */
    readonly ended: (name: string) => Promise<FiringView>;
    readonly logs: (run: string | undefined) => Promise<readonly string[]>;
    /** What a run has changed. */
    readonly deeds: (run: string | undefined) => Promise<readonly string[]>;
  }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "drover-served-" });
  const host = await openHost({
    stateDirectory: `${directory}/state`,
    drivers: [createTestDriver()],
    version: "0.0.0",
    launch,
  });
  assert.ok(host !== undefined);
  const waiting: { readonly name: string; readonly found: (firing: string) => void }[] = [];
  try {
    await using opened = schedulesOf(host, {
      log: (_level, message, { schedule, firing = "" } = {}) => {
        if (message !== "firing has ended") return;
        for (const each of waiting.splice(0)) {
          if (each.name === schedule) each.found(firing);
          else waiting.push(each);
        }
      },
    });
    await opened.serve();
    const { schedules } = opened;
    const ended = (name: string): Promise<FiringView> =>
      new Promise<string>((found) => waiting.push({ name, found })).then((id) => schedules.firing(id));
    await act({
      directory,
      add: (given) =>
        schedules.add({ triggers: [{ at: Date.now() + 1e9 }], grants: ["all"], ...given }, {
          ...maker,
          replace: true,
        }),
      ended,
      fire: async (name) => {
        const end = ended(name);
        await schedules.runNow(name, maker);
        return await end;
      },
      deeds: async (run = "") =>
        (await host.store.steps(run)).flatMap(({ effect, operation, label, outcome }) =>
          effect === "write" && operation !== undefined ? [`${operation} ${label} ${outcome}`] : []
        ),
      logs: async (run = "") =>
        (await host.store.logs(run)).map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`),
    });
  } finally {
    await host.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** A recipe that does one thing to the domain `test`. */
function recipeText(needs: string, act: string): string {
  return `import { recipe, z } from "drover";
export default recipe({
  summary: "Act",
  input: z.object({ event: z.any().optional() }),
  needs: ["connect:search_domains", "domain:getattr", ${needs}],
  async run({ host, input, log }) {
    const vm = await host.domain("test");
    log.info("event", { event: input.event });
    ${act}
  },
});
`;
}

Deno.test("a recipe that asks for more than its schedule was granted is refused, whatever it says that it needs", async () => {
  const told: { readonly kind: string; readonly firing: FiringView }[] = [];
  const heard = Promise.withResolvers<void>();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    told.push(await request.json());
    heard.resolve();
    return new Response();
  });
  await serve(async ({ directory, add, fire }) => {
    const file = `${directory}/recipe.ts`;
    await Deno.writeTextFile(file, recipeText(`"domain:suspend"`, "await vm.suspend();"));
    await add({
      name: "pause",
      work: { kind: "recipe", file, hosts: { host: uri } },
      grants: ["connect:search_domains", "domain:getattr,suspend@test"],
      retries: { most: 5 },
      notify: [{ url: `http://127.0.0.1:${server.addr.port}/` }],
    });
    const before = await fire("pause");
    assert.deepEqual([before.state, before.exit], ["done", 0]);
    await Deno.writeTextFile(file, recipeText(`"domain:suspend,stop,init_control"`, "await vm.destroy();"));
    const { state, exit, reason, attempt } = await fire("pause");
    assert.deepEqual([state, exit, attempt], ["failed", 8, 1], reason);
    assert.match(reason ?? "", /stop|destroy/);
    await heard.promise;
    assert.equal(told[0]?.kind, "failure");
    assert.equal(told[0]?.firing.exit, 8);
  });
});

Deno.test("a recipe that is gone is a failure that says so", async () => {
  await serve(async ({ directory, add, fire }) => {
    const file = `${directory}/recipe.ts`;
    const work = { kind: "recipe", file, hosts: { host: uri } } as const;
    await assert.rejects(add({ name: "gone", work }), { code: "not-found" });
    await Deno.writeTextFile(file, recipeText(`"domain:start"`, ""));
    await add({ name: "gone", work });
    await Deno.remove(file);
    const { state, exit, reason } = await fire("gone");
    assert.deepEqual([state, exit], ["failed", 6]);
    assert.match(reason ?? "", /there is no such recipe/);
  });
});

Deno.test("a schedule fires on what happens on a host, and its recipe is told what", async () => {
  await serve(async ({ directory, add, fire, ended, logs }) => {
    const hunter = `${directory}/hunter.ts`;
    await Deno.writeTextFile(hunter, recipeText(`"domain:stop,start"`, "await vm.destroy();"));
    const nurse = `${directory}/nurse.ts`;
    await Deno.writeTextFile(nurse, recipeText(`"domain:start"`, "await vm.start();"));
    await add({ name: "hunter", work: { kind: "recipe", file: hunter, hosts: { host: uri } } });
    await add({
      name: "nurse",
      work: { kind: "recipe", file: nurse, hosts: { host: uri } },
      triggers: [{ event: { uri, objectClass: "domain", types: ["stopped"] }, as: "event", debounce: 0 }],
    });
    const nursed = ended("nurse");
    // The schedule is listened to before its first hunter has even begun.
    assert.equal((await fire("hunter")).state, "done");
    const { state, cause, runs, events, reason } = await nursed;
    assert.deepEqual([state, cause, events?.[0]?.type, events?.[0]?.object.name], [
      "done",
      "event",
      "stopped",
      "test",
    ], reason);
    assert.match((await logs(runs[0])).join(), /"type":"stopped"/);
  });
});

Deno.test("a playbook is run as it is when it fires, over what its inventory has then", async () => {
  await serve(async ({ directory, add, fire, deeds }) => {
    const file = `${directory}/site.yml`;
    const text = (task: string): string =>
      `- name: site\n  hosts: all\n  tasks:\n    - name: stop it\n      ${task}\n`;
    await Deno.writeTextFile(file, text("domain.destroy: {}"));
    const work = { kind: "playbook", file, uri } as const;
    await add({ name: "site", work });
    const { state, runs, reason } = await fire("site");
    assert.equal(state, "done", reason);
    assert.deepEqual(await deeds(runs[0]), ["domain.destroy test done"]);
    await Deno.writeTextFile(file, text("domain.destory: {}"));
    const broken = await fire("site");
    assert.deepEqual([broken.state, broken.exit], ["failed", 64]);
    assert.match(broken.reason ?? "", /destory/);
    await assert.rejects(add({ name: "site", work }), { code: "invalid-argument" });
  });
});

Deno.test("a playbook sees of its inventory what the schedule's grants let it see", async () => {
  await serve(async ({ directory, add, fire, deeds }) => {
    const file = `${directory}/site.yml`;
    await Deno.writeTextFile(file, "- hosts: all\n  tasks:\n    - domain.destroy: {}\n");
    await assert.rejects(add({ name: "blind", work: { kind: "playbook", file, uri }, grants: [] }), {
      code: "permission-denied",
    });
    await add({ name: "narrow", work: { kind: "playbook", file, uri }, grants: ["connect:search_domains"] });
    assert.deepEqual(await deeds((await fire("narrow")).runs[0]), []);
    await add({
      name: "wide",
      work: { kind: "playbook", file, uri },
      grants: ["connect:search_domains", "domain:getattr,read,stop,init_control@test"],
    });
    assert.deepEqual(await deeds((await fire("wide")).runs[0]), ["domain.destroy test done"]);
  });
});
