import assert from "node:assert/strict";
import { emptied, Fleet, FleetError, recipe, type ResumeList, resumeList } from "../../../mod.ts";
import { type Lab, simulate } from "../../../testing/mod.ts";
import { everyDeath } from "../mortal_run.ts";

const running = (name: string): { name: string; state: "running" } => ({ name, state: "running" });

function threeHosts(): Promise<Lab> {
  return simulate({
    hypervisors: {
      blue: { domains: [running("b-1"), running("b-2"), "b-off"] },
      green: { domains: [running("g-1")] },
      red: { domains: [] },
    },
  });
}

/** Works on hosts while they are empty, and tells what ran there meanwhile. */
const maintain = recipe({
  summary: "Work on empty hosts",
  needs: ["all"],
  hosts: "any",
  run: async ({ hosts, sleep }): Promise<{ readonly meanwhile: Record<string, string[]> } & ResumeList> => {
    const all = Object.values(hosts);
    const meanwhile: Record<string, string[]> = {};
    const rolling = new Fleet(all).rolling({ drain: emptied({ hosts: all, storage: "shared" }), maxFail: 0 });
    try {
      for await (const batch of rolling) {
        await batch.forEach(async (host) => {
          await sleep("1m");
          meanwhile[host.connection] = (await host.domains({ state: "running" })).names;
        });
      }
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
    }
    return { meanwhile, ...resumeList(rolling.report) };
  },
});

function where(lab: Lab): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(lab.hosts).map(([name, { domains }]) => [
      name,
      domains.filter(({ state }) => state === "running").map((domain) => domain.name),
    ]),
  );
}

const atHome = { blue: ["b-1", "b-2"], green: ["g-1"], red: [] };

Deno.test("each host is empty while it is worked on, and has its domains again afterwards", async () => {
  await using lab = await threeHosts();
  const run = await lab.run(maintain);
  assert.deepEqual(run.result.meanwhile, { blue: [], green: [], red: [] });
  assert.deepEqual(run.result.done.map(({ host }) => host), ["blue", "green", "red"]);
  assert.deepEqual(where(lab), atHome);
});

Deno.test("what was moved comes back also where the host could be emptied in part only", async () => {
  await using lab = await threeHosts();
  lab.fault({ operation: "domain.migrate", object: "b-2", message: "the link is down" });
  const run = await lab.run(maintain);
  const { failed, notBegun, drained, meanwhile } = run.result;
  assert.deepEqual(failed.map(({ name, during }) => [name, during]), [["blue", "drain"]]);
  assert.deepEqual([notBegun.map(({ host }) => host), drained, meanwhile], [["green", "red"], [], {}]);
  assert.deepEqual(where(lab), atHome);
});

Deno.test("a domain that does not come back is told, and its host is named as out of service", async () => {
  await using lab = await threeHosts();
  const started = lab.start(maintain);
  await lab.advance("30s");
  lab.fault({ operation: "domain.migrate", object: "b-1", message: "no way back" });
  const run = await lab.clock.until(started.ended);
  assert.deepEqual(run.result.failed.map(({ host, during }) => [host, during]), [["blue", "return"]]);
  assert.match(run.result.failed[0]?.error.message ?? "", /"\w+\/b-1" \(no way back\)/);
  assert.deepEqual(run.result.drained.map(({ host }) => host), ["blue"]);
  assert.ok(
    run.logs.some(({ message }) => /^domain "b-1" moved from "blue" to "(green|red)"$/.test(message)),
  );
});

Deno.test("killed at any moment and resumed, every domain is at home again, and runs once", async () => {
  const hosts = { blue: { domains: [running("b-1")] }, green: { domains: [] } };
  await everyDeath({ recipe: maintain, hosts }, ({ view, lives }, when) => {
    assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
    const { done, failed, unknown, drained, meanwhile } = view.result as {
      readonly meanwhile: Record<string, string[]>;
    } & ResumeList;
    assert.deepEqual(done.map(({ name }) => name), ["blue", "green"], when);
    assert.deepEqual([failed, unknown, drained], [[], [], []], when);
    assert.deepEqual(meanwhile, { blue: [], green: [] }, when);
    const found = ["blue", "green"].flatMap((host) =>
      (lives.host(host)?.domains ?? []).map(({ name, state }) => `${host}/${name} ${state}`)
    );
    assert.deepEqual(found, ["blue/b-1 running"], when);
  });
});
