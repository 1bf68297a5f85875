import assert from "node:assert/strict";
import { type CallProgress, recipe, type Task } from "../../mod.ts";
import { type Lab, type RunStory, simulate } from "../../testing/mod.ts";
import type { Domain, Host } from "../../mod.ts";

const needs = ["domain:getattr,read,migrate,write,save,start,stop"] as const;

/** Two hosts, with a domain to move whose memory takes its time. */
function twoHosts(): Promise<Lab> {
  return simulate({
    hypervisors: {
      source: { domains: [{ name: "web-1", state: "running" }] },
      target: { domains: [] },
    },
    latency: { "domain.migrate": "10s" },
  });
}

async function moving<T>(
  lab: Lab,
  move: (vm: Domain, target: Host, sleep: (time: "7s" | "1m") => Promise<void>) => Promise<T>,
): Promise<RunStory<T>> {
  const moves = recipe({
    summary: "Move",
    needs,
    hosts: ["source", "target"],
    run: async ({ hosts, sleep }) => await move(await hosts.source.domain("web-1"), hosts.target, sleep),
  });
  return await lab.run(moves) as RunStory<T>;
}

function where(lab: Lab): string[] {
  return Object.entries(lab.hosts).flatMap(([name, { domains }]) =>
    domains.map(({ state }) => `${name}: ${state}`)
  );
}

Deno.test("a migration is followed while it goes on, and gives the domain over there", async () => {
  await using lab = await twoHosts();
  const run = await moving(lab, async (vm, target) => {
    const move: Task<Domain> = vm.migrate({ to: target });
    const seen: number[] = [];
    for await (const { fraction } of move.progress()) seen.push(fraction);
    const there = await move;
    return { seen, there: there.connection, latest: move.latest?.fraction };
  });
  assert.deepEqual(run.result, { seen: [0.2, 0.4, 0.6, 0.8], there: "target", latest: 0.8 });
  assert.deepEqual(where(lab), ["target: running"]);
});

Deno.test("a migration that is aborted leaves the domain where it was", async () => {
  await using lab = await twoHosts();
  const run = await moving(lab, async (vm, target) => {
    const move = vm.migrate({ to: target });
    for await (const { fraction } of move.progress()) {
      if (fraction >= 0.4) {
        move.abort("it takes too long");
        break;
      }
    }
    return await move.then(() => "moved", (error: { code: string }) => error.code);
  });
  assert.equal(run.result, "cancelled");
  assert.deepEqual(where(lab), ["source: running"]);
});

Deno.test("an abort that comes too late changes nothing, and the answer says where the domain is", async () => {
  await using lab = await twoHosts();
  const run = await moving(lab, async (vm, target, sleep) => {
    const move = vm.migrate({ to: target });
    for await (const { fraction } of move.progress()) {
      if (fraction >= 0.8) await sleep("1m");
      move.latest?.fraction === 0.8 && move.abort();
    }
    return (await move).connection;
  });
  assert.equal(run.result, "target");
  assert.deepEqual(where(lab), ["target: running"]);
});

Deno.test("who follows a migration that fails hears of it in the loop, also when busy meanwhile", async () => {
  await using lab = await simulate({
    hypervisors: { source: { domains: ["web-1"] }, target: { domains: [] } },
  });
  const run = await moving(lab, async (vm, target, sleep) => {
    const move = vm.migrate({ to: target });
    const codes: string[] = [];
    try {
      for await (const _ of move.progress()) await sleep("1m");
    } catch (error) {
      codes.push((error as { code: string }).code);
    }
    await sleep("7s");
    await move.catch((error: { code: string }) => codes.push(error.code));
    return codes;
  });
  assert.deepEqual(run.result, ["wrong-state", "wrong-state"]);
});

Deno.test("a migration that fails and that nobody looks after fails the run", async () => {
  await using lab = await simulate({
    hypervisors: { source: { domains: ["web-1"] }, target: { domains: [] } },
  });
  const run = await moving(lab, async (vm, target) => {
    await vm.migrate({ to: target });
  });
  assert.equal(run.error?.code, "wrong-state");
});

Deno.test("any long operation tells how far it is to whoever asks, and to nobody else", async () => {
  await using lab = await twoHosts();
  const told: CallProgress[] = [];
  const run = await moving(lab, async (vm, target) => {
    await vm.migrate({ to: target }, { onProgress: (progress) => void told.push(progress) });
  });
  assert.equal(run.exit, 0);
  assert.deepEqual(told.map(({ fraction }) => fraction), [0.2, 0.4, 0.6, 0.8]);
});

Deno.test("what hears of progress and throws ends the call, and its error is the call's", async () => {
  await using lab = await twoHosts();
  const run = await moving(lab, async (vm, target) => {
    await vm.migrate({ to: target }, {
      onProgress: ({ fraction }) => {
        if (fraction > 0.3) throw new Error("that is enough");
      },
    });
  });
  assert.match(run.error?.message ?? "", /that is enough/);
  assert.deepEqual(where(lab), ["source: running"]);
});

Deno.test("progress comes twice a second at most, and its last word before the answer", async () => {
  await using lab = await simulate({
    hypervisors: {
      source: { domains: [{ name: "web-1", state: "running" }] },
      target: { domains: [] },
    },
    latency: { "domain.migrate": 100 },
  });
  const run = await moving(lab, async (vm, target) => {
    const seen: number[] = [];
    await vm.migrate({ to: target }, { onProgress: ({ fraction }) => seen.push(fraction) });
    return seen;
  });
  assert.deepEqual(run.result, [0.2, 0.8]);
});
