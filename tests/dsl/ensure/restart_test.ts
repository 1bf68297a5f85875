/**
 * Domains that are restarted for what waits for their next start, and runs that are cancelled in the middle.
 */
import assert from "node:assert/strict";
import { type DesiredDomain, domain, recipe, z } from "../../../mod.ts";
import { type Lab, simulate } from "../../../testing/mod.ts";

const grants = ["all", "host"];
const needs = [
  "connect:getattr,read",
  "domain:getattr,read,write,save,start,init_control,stop",
  "host:*",
];

const restarting = recipe({
  summary: "Ensure a domain, and restart it where that is needed",
  needs,
  input: z.object({ spec: z.custom<DesiredDomain>(), within: z.custom<`${number}s`>().default("20s") }),
  run: async ({ host, input }) => {
    const options = {
      restart: "if-needed",
      shutdown: { within: input.within, otherwise: "destroy" },
    } as const;
    const first = await host.ensure(domain(input.spec), options);
    const second = await host.ensure(domain(input.spec), options);
    return {
      first: [first.changed, first.restarted, first.deferred.length],
      second: [second.changed, second.restarted],
      pending: second.plan.pending,
    };
  },
});

function running(...names: readonly string[]): Promise<Lab> {
  const domains = names.map((name) => ({ name, state: "running", memoryMib: 512 } as const));
  return simulate({ hypervisor: { domains } });
}

/** Starts and stops that somebody has asked for. */
function powered({ host }: Lab): readonly string[] {
  return host.effects.map(({ effect }) => effect).filter((effect) =>
    /^domain\.(spawn|kill|press-power)/.test(effect)
  );
}

Deno.test("a running domain is restarted for what waits for its next start, once", async () => {
  await using lab = await running("web-1");
  const { result } = await lab.run(restarting, {
    grants,
    input: { spec: { name: "web-1", memory: "2GiB" } },
  });
  assert.deepEqual(result, { first: [true, true, 0], second: [false, false], pending: [] });
  assert.match(lab.host.domain("web-1").live ?? "", /<memory unit='KiB'>2097152</);
});

Deno.test("what can be changed while it runs restarts nothing, and neither does what is so already", async () => {
  await using lab = await running("web-1");
  const before = powered(lab).length;
  const { result } = await lab.run(restarting, {
    grants,
    input: { spec: { name: "web-1", memory: "256MiB" } },
  });
  assert.deepEqual(result.first, [true, false, 0]);
  assert.equal(powered(lab).length, before);
});

Deno.test("a guest that does not listen loses its power where that is said", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "running", memoryMib: 512 }] },
    guests: { deaf: "web-*" },
  });
  const { result, calls } = await lab.run(restarting, {
    grants,
    input: { spec: { name: "web-1", memory: "1GiB" } },
  });
  assert.deepEqual(result.first, [true, true, 0]);
  assert.ok(calls.some(({ operation }) => operation === "domain.destroy"));
});

Deno.test("a domain that runs is stopped to be renamed, and runs again", async () => {
  await using lab = await running("web-1");
  const { uuid } = lab.host.domain("web-1");
  const { result } = await lab.run(restarting, { grants, input: { spec: { name: "web-2", uuid } } });
  assert.deepEqual(result.first, [true, true, 0]);
  assert.equal(lab.host.domain("web-2").state, "running");
});

Deno.test("where it does not start with its new definition it runs with the old one", async () => {
  await using lab = await running("web-1");
  lab.fault({ operation: "domain.start", object: "web-1", message: "no such processor", times: 1 });
  const run = await lab.run(restarting, { grants, input: { spec: { name: "web-1", memory: "2GiB" } } });
  assert.match(run.error?.message ?? "", /no such processor; it runs with its old definition again/);
  const { state, config = "", live = "" } = lab.host.domain("web-1");
  assert.equal(state, "running");
  for (const xml of [config, live]) assert.match(xml, /<memory unit='KiB'>524288</);
});

Deno.test("a run that is cancelled in the middle says what stays and what was not done", async () => {
  await using lab = await simulate({
    hypervisor: { domains: [{ name: "web-1", state: "running", memoryMib: 512 }] },
    latency: { "domain.attachDevice": "5s" },
  });
  const spec = {
    name: "web-1",
    title: "One",
    disks: ["/var/lib/libvirt/default/web-1.qcow2", "/b.qcow2", "/c.qcow2"],
  };
  const run = lab.start(restarting, { grants, input: { spec } });
  await lab.advance("2s");
  run.cancel();
  const ended = await lab.clock.until(run.ended);
  assert.equal(ended.state, "cancelled");
  const said = ended.logs.map(({ message }) => message).join("\n");
  assert.match(
    said,
    /Cancelled in the middle of domain "web-1"\. Done, and so it stays: change the definition/,
  );
  assert.match(said, /Not done: plug in disk vdc\. Ensure it again/);
  const again = await lab.run(restarting, { grants, input: { spec } });
  assert.deepEqual(again.result.second, [false, false]);
});
