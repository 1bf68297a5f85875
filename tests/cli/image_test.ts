/**
 * Disk images through the command: what a rehearsal says, and what a kill leaves.
 */
import assert from "node:assert/strict";
import { qcow2Picture, sumOf } from "../automation/image/pictures.ts";
import { inPlace } from "./kit/process.ts";

Deno.test("a rehearsal asks no server for anything, and its grants are enough to fetch the image", async () => {
  const picture = qcow2Picture();
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    asked.push(url);
    return new Response(picture);
  });
  const address = `http://127.0.0.1:${server.addr.port}/disk.qcow2`;
  const sha256 = await sumOf(picture);
  await inPlace(async (place) => {
    const recipe = await place.recipe(
      "image",
      `
  summary: "Put an image into a pool",
  needs: ["connect:getattr", "storage_pool:getattr,search_storage_vols",
    "storage_vol:getattr,read,create,data_write,delete", "host:fetch"],
  async run({ host }) {
    const { changed, path } = await (await host.pool("default-pool")).image({
      from: ${JSON.stringify(address)}, sha256: ${JSON.stringify(sha256)},
    });
    return { changed, path };
  },`,
    );
    const planned = await place.run("plan", "--permissions", recipe, "-o", "name");
    assert.equal(planned.code, 0, planned.err);
    const grants = planned.out.trim().split("\n");
    assert.ok(grants.includes(`host:fetch@${address}`), planned.out);
    assert.match((await place.run("plan", recipe)).out, /volume upload image/);
    assert.deepEqual(asked, []);
    const flags = grants.flatMap((grant) => ["--allow", grant]);
    const passed = await place.run("run", recipe, "-o", "json", ...flags);
    assert.equal(passed.code, 0, passed.err);
    assert.match(passed.out, /"changed": ?true/);
    assert.deepEqual(asked, [address]);
    const without = await place.run("run", recipe, "--allow", "all");
    assert.equal(without.code, 8, without.err);
    assert.match(without.err, /host:fetch is not granted/);
  });
});
