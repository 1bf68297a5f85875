import assert from "node:assert/strict";
import { recipe } from "../../mod.ts";
import { simulate } from "../../testing/mod.ts";

Deno.test("a handle goes on after the recipe itself moved its object by way of another one", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
  const run = await lab.run(
    recipe({
      summary: "Go back and on",
      needs: ["domain"],
      run: async ({ host }) => {
        const vm = await host.domain("web-1");
        const before = await vm.snapshots.create("before");
        await before.revert();
        await vm.suspend();
        await vm.resume();
        return (await vm.info()).state;
      },
    }),
  );
  assert.equal(run.result, "running");
});

Deno.test("what somebody else moved before is still a change", async () => {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
  const other = recipe({
    summary: "Restart",
    needs: ["domain"],
    run: async ({ host }) => {
      const vm = await host.domain("web-1");
      await vm.destroy();
      await vm.start();
    },
  });
  const main = lab.start(recipe({
    summary: "Wait and go back",
    needs: ["domain"],
    run: async ({ host, sleep }) => {
      const vm = await host.domain("web-1");
      const before = await vm.snapshots.create("before");
      await sleep("1m");
      await before.revert();
      await vm.suspend();
    },
  }));
  await lab.advance("1s");
  assert.equal((await lab.run(other)).exit, 0);
  const { error } = await lab.clock.until(main.ended);
  assert.equal(error?.code, "object-changed");
});

Deno.test("a mebibyte goes into a volume and out of it in one call", async () => {
  await using lab = await simulate({ hypervisor: { pools: ["images"] } });
  const run = await lab.run(recipe({
    summary: "Write and read back",
    needs: ["storage_pool", "storage_vol"],
    run: async ({ host }) => {
      const pool = await host.pool("images");
      const xml = "<volume><name>a.raw</name><capacity unit='MiB'>1</capacity>" +
        "<target><format type='raw'/></target></volume>";
      const volume = await pool.createVolume({ xml });
      const data = new Uint8Array(1024 * 1024).fill(0x5a);
      const { written } = await volume.upload({ bytes: data });
      const { bytes, atEnd } = await volume.download();
      return { written, atEnd, same: bytes.every((byte, index) => byte === data[index]) };
    },
  }));
  assert.deepEqual(run.result, { written: 1024 * 1024, atEnd: true, same: true });
});
