import assert from "node:assert/strict";
import buildVm from "../../recipes/build_vm.ts";
import { type Lab, simulate } from "../../testing/mod.ts";
import { qcow2Picture, sumOf } from "../automation/image/pictures.ts";

const picture = qcow2Picture();
const image = "https://images.example.org/debian-12.qcow2";
const grants = ["all", "host:fetch@https://images.example.org/**", "host:kernel@/boot/*"];

function labWithImage(): Promise<Lab> {
  return simulate({
    hypervisor: { domains: [], pools: ["default"], networks: ["default"] },
    guests: { boot: "20s" },
    web: { [image]: picture },
  });
}

Deno.test("a machine is built on its image, reached, and left alone the second time", async () => {
  await using lab = await labWithImage();
  const input = {
    name: "web-1",
    image,
    sha256: await sumOf(picture),
    disk: "20GiB" as const,
    keys: ["ssh-ed25519 AAAA a"],
  };
  const first = await lab.run(buildVm, { input, grants });
  assert.equal(first.error, undefined, first.error?.message);
  const { address, ...built } = first.result;
  assert.match(String(address), /^[\d.]+$/);
  assert.deepEqual(built, {
    name: "web-1",
    changed: true,
    state: "running",
    reach: [`ssh admin@${address}`, "drover console web-1 -c test:///host"],
  });
  const xml = lab.host.domain("web-1").config ?? "";
  assert.match(xml, /volume=['"]web-1\.qcow2['"]/);
  assert.match(xml, /volume=['"]web-1-seed-[0-9a-f]{16}\.iso['"]/);
  const written = lab.host.effects.length;
  const second = await lab.run(buildVm, { input, grants });
  assert.deepEqual([second.result.changed, second.result.address], [false, address]);
  assert.equal(lab.host.effects.length, written, "nothing happened on the host");
});

Deno.test("what it is told otherwise is another seed, and the old one goes", async () => {
  await using lab = await labWithImage();
  const input = { name: "web-1", image, sha256: await sumOf(picture), wait: "none" } as const;
  await lab.run(buildVm, { input, grants });
  const before = lab.host.domain("web-1").config;
  const run = await lab.run(buildVm, { input: { ...input, packages: ["nginx"] }, grants });
  assert.equal(run.error, undefined, run.error?.message);
  assert.equal(run.result.changed, true);
  const after = lab.host.domain("web-1").config ?? "";
  assert.notEqual(after, before);
  const seeds = lab.host.pools[0]?.volumes.filter((name) => name.includes("-seed-")) ?? [];
  assert.equal(seeds.length, 1);
  assert.ok(after.includes(seeds[0] ?? "none"), "the domain has the one that is left");
});

Deno.test("a machine boots a kernel without any image, and its console says that it is there", async () => {
  await using lab = await simulate({
    hypervisor: {
      domains: [],
      pools: ["default"],
      networks: ["default"],
    },
  });
  const input = {
    name: "tiny",
    kernel: "/boot/vmlinuz",
    initrd: "/boot/initrd.gz",
    network: "",
    memory: "128MiB",
    wait: "console",
  } as const;
  const { result, error } = await lab.run(buildVm, { input, grants });
  assert.equal(error, undefined, error?.message);
  assert.deepEqual([result.state, result.said], ["running", "login: "]);
  assert.match(lab.host.domain("tiny").config ?? "", /<kernel>\/boot\/vmlinuz<\/kernel>/);
});

Deno.test("an image that is not the right one leaves nothing behind", async () => {
  await using lab = await labWithImage();
  const { error } = await lab.run(buildVm, {
    input: { name: "web-1", image, sha256: "0".repeat(64) },
    grants,
  });
  assert.match(error?.message ?? "", /its sha256 is .*, and 0{64} is expected/);
  assert.deepEqual([lab.host.domains, lab.host.pools[0]?.volumes], [[], []]);
});
