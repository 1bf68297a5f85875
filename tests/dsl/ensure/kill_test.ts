/**
 * A kernel that dies in the middle of making objects as they shall be: the resumed run brings it to its end, once.
 */
import assert from "node:assert/strict";
import { domain, network, recipe, volume } from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";
import { everyDeath } from "../mortal_run.ts";

const keep = recipe({
  summary: "Ensure a network and a running domain",
  needs: [
    "connect:getattr,read",
    "domain:getattr,read,write,save,start",
    "network:getattr,read,write,save,start",
    "host:path,network",
  ],
  run: async ({ host }) => {
    const made = await host.ensure([
      network({ name: "lab", address: "192.168.50.1/24", state: "active", autostart: true }),
      domain({
        name: "web-1",
        title: "Kept",
        memory: "256MiB",
        autostart: true,
      }),
    ]);
    const again = await host.plan(domain({ name: "web-1", title: "Kept", memory: "256MiB" }));
    return { made: made.map(({ plan }) => plan.action), again: again.action, pending: again.pending };
  },
});

Deno.test("wherever the kernel dies, a resumed ensure ends with what is desired, done once", async () => {
  const hosts = { host: { domains: [{ name: "web-1", state: "running" }] } } as const;
  // What is loaded at its first use takes time that is not the run's: here nothing is used for the first time.
  await using warm = await simulate({ hypervisor: hosts.host });
  await warm.run(keep);
  await everyDeath({ recipe: keep, hosts }, ({ view, lives }, when) => {
    assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
    assert.deepEqual(view.result, { made: ["create", "update"], again: "none", pending: [] }, when);
    const host = lives.host()!;
    const { live = "", config = "", autostart } = host.domain("web-1");
    assert.equal(autostart, true, when);
    for (const xml of [live, config]) {
      assert.match(xml, /<title>Kept</, when);
    }
    assert.deepEqual(
      host.networks.filter(({ name }) => name === "lab"),
      [{ name: "lab", active: true }],
      when,
    );
    const changed = host.effects.filter(({ effect }) => effect === "domain.change-live").length;
    assert.equal(changed, 2, `${when}: a title and memory, each once`);
  });
});

const replace = recipe({
  summary: "Replace a volume",
  needs: ["connect:getattr", "storage_pool:getattr", "storage_vol:getattr,read,create,delete"],
  run: async ({ host }) => {
    const wanted = volume({ pool: "default", name: "scratch.img", format: "qcow2", replace: true });
    const { plan: { action } } = await host.ensure(wanted);
    return { action, again: (await host.plan(wanted)).action };
  },
});

Deno.test("wherever the kernel dies, a volume is replaced once, and nothing is left of what was tried", async () => {
  const pools = [{ name: "default", volumes: [{ name: "scratch.img", format: "raw" }] }];
  const hosts = { host: { pools } };
  await using warm = await simulate({ hypervisor: hosts.host });
  await warm.run(replace);
  await everyDeath({ recipe: replace, hosts }, ({ view, lives }, when) => {
    assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
    assert.deepEqual(view.result, { action: "replace", again: "none" }, when);
    const host = lives.host()!;
    assert.deepEqual(host.pools.flatMap((pool) => pool.volumes), ["scratch.img"], when);
    const deleted = host.effects.filter(({ effect }) => effect === "volume.delete").length;
    assert.equal(deleted, 2, `${when}: what was tried, and what was replaced`);
  });
});

const restart = recipe({
  summary: "Restart a domain for more memory",
  needs: ["connect:getattr,read", "domain:getattr,read,write,save,start,init_control,stop", "host:path"],
  run: async ({ host }) => {
    const wanted = domain({ name: "web-1", title: "Kept", memory: "2GiB" });
    const shutdown = { within: "20s", otherwise: "destroy" } as const;
    const { restarted } = await host.ensure(wanted, { restart: "if-needed", shutdown });
    const { action, pending } = await host.plan(wanted);
    return { restarted, action, pending };
  },
});

Deno.test("wherever the kernel dies, a domain is restarted once for what waits for that", async () => {
  const hosts = { host: { domains: [{ name: "web-1", state: "running", memoryMib: 512 }] } } as const;
  await using warm = await simulate({ hypervisor: hosts.host });
  await warm.run(restart);
  await everyDeath({ recipe: restart, hosts }, ({ view, lives }, when) => {
    assert.equal(view.state, "done", `${when}: ${JSON.stringify(view.error)}`);
    assert.deepEqual(view.result, { restarted: true, action: "none", pending: [] }, when);
    const host = lives.host()!;
    const { live = "", state } = host.domain("web-1");
    assert.equal(state, "running", when);
    assert.match(live, /<memory unit='KiB'>2097152</, when);
    const started = host.effects.filter(({ effect }) => effect === "domain.spawn").length;
    assert.equal(started, 1, `${when}: started once`);
  });
});
