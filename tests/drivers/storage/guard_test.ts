import assert from "node:assert/strict";
import { recipe, z } from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";

const pool = "/var/lib/libvirt/default";
const hypervisor = {
  pools: [{
    name: "default",
    volumes: ["golden.qcow2", { name: "web.qcow2", backing: `${pool}/golden.qcow2` }, "free.qcow2"],
  }],
  domains: [{ name: "web-1", disks: [`${pool}/web.qcow2`] }],
};

const remove = recipe({
  summary: "Delete a volume",
  needs: ["storage_pool:getattr", "storage_vol:getattr,delete,format"],
  input: z.object({ name: z.string(), evenIfNeeded: z.boolean().default(false) }),
  run: async ({ host, input: { name, evenIfNeeded } }) => {
    const volume = await (await host.pool("default")).volume(name);
    await volume.delete({ evenIfNeeded });
  },
});

Deno.test("a volume that another one is made of is not deleted, and the error shows the graph", async () => {
  await using lab = await simulate({ hypervisor });
  const run = await lab.run(remove, { input: { name: "golden.qcow2" } });
  assert.equal(run.error?.code, "in-use");
  assert.equal(
    run.error?.message,
    [
      'Cannot delete storage volume "golden.qcow2": an image is needed:',
      `${pool}/golden.qcow2`,
      `  ${pool}/web.qcow2  <- domain "web-1", disk vda`,
    ].join("\n"),
  );
  assert.deepEqual(lab.host.pools[0]?.volumes, ["free.qcow2", "golden.qcow2", "web.qcow2"]);
});

Deno.test("a volume that a domain uses is not deleted, one that nothing needs is", async () => {
  await using lab = await simulate({ hypervisor });
  assert.equal((await lab.run(remove, { input: { name: "web.qcow2" } })).error?.code, "in-use");
  assert.equal((await lab.run(remove, { input: { name: "free.qcow2" } })).error, undefined);
});

Deno.test("whoever may break it can, and needs a permission of its own for that", async () => {
  await using lab = await simulate({ hypervisor });
  const input = { name: "golden.qcow2", evenIfNeeded: true };
  const grants = ["storage_pool:getattr", "storage_vol:getattr,delete"];
  const refused = await lab.run(remove, { input, grants });
  assert.equal(refused.error?.code, "permission-denied");
  assert.equal((await lab.run(remove, { input })).error, undefined);
  assert.deepEqual(lab.host.pools[0]?.volumes, ["free.qcow2", "web.qcow2"]);
});
