import assert from "node:assert/strict";
import goldenImage from "../../recipes/golden_image.ts";
import { type Lab, type RunStory, simulate } from "../../testing/mod.ts";
import { qcow2Picture, sumOf } from "../automation/image/pictures.ts";

const picture = qcow2Picture();
const image = "https://images.example.org/golden.qcow2";
const grants = ["all", "host:fetch@https://images.example.org/**"];

function labWithImage(): Promise<Lab> {
  return simulate({
    hypervisor: { domains: ["web-9"], pools: ["default"], networks: ["default"] },
    web: { [image]: picture },
  });
}

type Story = RunStory<(typeof goldenImage)["types"]["result"]>;

async function keep(lab: Lab, count: number, more: { readonly removeBase?: boolean } = {}): Promise<Story> {
  const input = { name: "web", count, image, sha256: await sumOf(picture), ...more };
  return await lab.run(goldenImage, { input, grants });
}

function names(lab: Lab): readonly string[] {
  return lab.host.domains.map(({ name }) => name);
}

Deno.test("as many clones as are wanted, each with a disk, a name and an address of its own", async () => {
  await using lab = await labWithImage();
  const first = await keep(lab, 3);
  assert.equal(first.error, undefined, first.error?.message);
  const { base, clones } = first.result;
  assert.deepEqual(clones.map(({ name, changed }) => [name, changed]), [["web-1", true], ["web-2", true], [
    "web-3",
    true,
  ]]);
  assert.equal(new Set(clones.map(({ address }) => address)).size, 3);
  const macs = ["web-1", "web-2", "web-3"].map((name) =>
    /<mac address=['"]([^'"]*)/.exec(lab.host.domain(name).config ?? "")?.[1]
  );
  assert.equal(new Set(macs).size, 3);
  assert.ok(macs.every((mac) => mac?.startsWith("52:54:00:")), macs.join());
  assert.ok(lab.host.pools[0]?.volumes.includes(base ?? ""));
  const written = lab.host.effects.length;
  const second = await keep(lab, 3);
  assert.deepEqual(second.result.clones.map(({ changed }) => changed), [false, false, false]);
  assert.equal(lab.host.effects.length, written, "nothing happened on the host");
});

Deno.test("fewer takes the last ones away with all that was theirs, and more makes them again", async () => {
  await using lab = await labWithImage();
  await keep(lab, 3);
  const fewer = await keep(lab, 1);
  assert.equal(fewer.error, undefined, fewer.error?.message);
  assert.deepEqual(fewer.result.removed, ["web-3", "web-2"]);
  // One that only has such a name is not a clone.
  assert.deepEqual(names(lab), ["web-1", "web-9"]);
  const volumes = lab.host.pools[0]?.volumes.filter((name) => /^web-[23]/.test(name));
  assert.deepEqual(volumes, []);
  const more = await keep(lab, 2);
  assert.deepEqual(more.result.clones.map(({ changed }) => changed), [false, true]);
});

Deno.test("the image cannot be removed while a clone lives, and can be when the last one is gone", async () => {
  await using lab = await labWithImage();
  await keep(lab, 1);
  const refused = await keep(lab, 1, { removeBase: true });
  assert.equal(refused.error?.code, "in-use");
  assert.match(refused.error?.message ?? "", /web-1\.qcow2 {2}<- domain "web-1", disk vda/);
  const gone = await keep(lab, 0, { removeBase: true });
  assert.equal(gone.error, undefined, gone.error?.message);
  assert.deepEqual([gone.result.removed, lab.host.pools[0]?.volumes, names(lab)], [["web-1"], [], ["web-9"]]);
});
