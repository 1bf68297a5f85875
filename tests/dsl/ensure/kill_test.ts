/**
 * A kernel that dies in the middle of making objects as they shall be: the resumed run brings it to its end, once.
 */
import assert from "node:assert/strict";
import { domain, network, recipe } from "../../../mod.ts";
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
