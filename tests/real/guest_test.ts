import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inPlace, type Place, type Started } from "../cli/kit/process.ts";
import { guestImage, guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests({ needs: guestNeeds });

const recipe = fileURLToPath(new URL("recipes/build_guest.ts", import.meta.url));

/** Starts the recipe; what it may reach on the host is granted as exactly as can be. */
async function build(host: RealHost, place: Place, grants?: readonly string[]): Promise<Started> {
  const { kernel, initrd } = await guestImage();
  const folder = `${host.directory}/nothing`;
  const allowed = grants ?? ["all", `host:kernel@${kernel}`, `host:kernel@${initrd}`, `host:path@${folder}`];
  return place.start(
    ...["run", recipe, "-c", host.uri(), "--output-file", `${place.directory}/result`],
    ...Object.entries({ kernel, initrd, folder }).flatMap((input) => ["--input", input.join("=")]),
    ...allowed.flatMap((grant) => ["--allow", grant]),
  );
}

/** Whether the host is as it was before. */
async function assertNothingLeft(host: RealHost): Promise<void> {
  assert.equal(await host.virsh("list", "--all", "--name"), "");
  assert.equal(await host.virsh("pool-list", "--all", "--name"), "");
  const files = await Array.fromAsync(Deno.readDir(`${host.directory}/nothing`)).catch(() => []);
  assert.deepEqual(files, []);
}

async function assertBuilt(place: Place): Promise<void> {
  const result = JSON.parse(await Deno.readTextFile(`${place.directory}/result`));
  assert.match(result.release, /^6\.1\..*cloud-amd64$/);
  assert.deepEqual(result, {
    release: result.release,
    hostname: "from-nothing",
    ip: "10.0.2.15",
    reverted: "clean",
    disks: ["vda", "vdb"],
    disksAfter: ["vda"],
    how: "shutdown",
  });
}

test("a recipe builds a guest from nothing, talks to it, goes back in time, plugs a disk in, and cleans up", async (host) => {
  await inPlace(async (place) => {
    const ended = await (await build(host, place)).ended();
    assert.equal(ended.code, 0, ended.err);
    await assertBuilt(place);
  });
  await assertNothingLeft(host);
});

test("a recipe that may not reach the kernel's file builds nothing", async (host) => {
  await inPlace(async (place) => {
    const ended = await (await build(host, place, ["all", `host:path@${host.directory}/nothing`])).ended();
    assert.equal(ended.code, 8, ended.err);
    assert.match(ended.err, /host:kernel/);
  });
  await assertNothingLeft(host);
});

test("a run whose runtime is killed goes on where it was, with the same guest", async (host) => {
  await inPlace(async (place) => {
    const started = await build(host, place);
    await started.printed("snapshot taken");
    started.signal("SIGKILL");
    const id = /run (\w+)/.exec((await started.ended()).out)?.[1] ?? "";
    const guest = await host.virsh("domid", "from-nothing");
    const resumed = await place.run("runs", "resume", id);
    assert.equal(resumed.code, 0, resumed.err);
    assert.match(guest, /^\d+$/);
  });
  await assertNothingLeft(host);
});
