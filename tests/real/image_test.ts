/**
 * Disk images and seeds on a real hypervisor with real guests, and the recipes that build machines of them.
 */
import assert from "node:assert/strict";
import { type Host, network, pool, recipe, volume } from "../../mod.ts";
import buildVm from "../../recipes/build_vm.ts";
import goldenImage from "../../recipes/golden_image.ts";
import { sumOf } from "../automation/image/pictures.ts";
import { guestImage, guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests({ needs: { ...guestNeeds, "qemu-img": "qemu-utils" } });

const grants = ["all", "host"] as const;

/** What stands at the beginning of the golden image's disk. */
const content = "This is the golden image.";

/** A qcow2 image of a disk of 8 MiB, with a text at its beginning and noise behind. */
async function goldenPicture(host: RealHost): Promise<Uint8Array<ArrayBuffer>> {
  const disk = new Uint8Array(8 * 1024 ** 2);
  disk.set(new TextEncoder().encode(content));
  for (let at = 1024 ** 2; at < 3 * 1024 ** 2; at += 65_536) {
    crypto.getRandomValues(disk.subarray(at, at + 65_536));
  }
  const [raw, image] = [`${host.directory}/golden.raw`, `${host.directory}/golden.qcow2`];
  await Deno.writeFile(raw, disk);
  const { success } = await new Deno.Command("qemu-img", {
    args: ["convert", "-f", "raw", "-O", "qcow2", raw, image],
  }).output();
  assert.ok(success);
  return await Deno.readFile(image);
}

/** A server of one image on this machine. */
function serve(
  picture: Uint8Array<ArrayBuffer>,
): { readonly url: string; readonly asked: string[] } & AsyncDisposable {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    return new Response(picture);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/golden.qcow2`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function onHost<T>(runs: RecipeRuns, host: RealHost, run: (host: Host) => Promise<T>): Promise<T> {
  const body = recipe({
    summary: "Use images",
    needs: ["all", "host"],
    run: async ({ host }) => await run(host),
  });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: host.uri("qemu") }, grants }) as T;
}

const lab = {
  name: "lab",
  forward: "none",
  address: "192.168.88.1/24",
  range: { start: "192.168.88.10", end: "192.168.88.99" },
  state: "active",
} as const;
const images = (host: RealHost): Parameters<typeof pool>[0] => ({
  name: "images",
  path: `${host.directory}/lib/images-pool`,
  state: "active",
});

test("an image comes into a pool as it is, once, and is known there for what it is", async (real) => {
  const picture = await goldenPicture(real);
  await using server = serve(picture);
  await using runs = new RecipeRuns();
  const sha256 = await sumOf(picture);
  const seen = await onHost(runs, real, async (host) => {
    await host.ensure(pool(images(real)));
    const pooled = await host.pool("images");
    const view = async (): Promise<readonly unknown[]> => {
      const { changed, path, format, capacityBytes } = await pooled.image({ from: server.url, sha256 });
      return [changed, path, format, capacityBytes];
    };
    const [first, second] = [await view(), await view()];
    const base = await pooled.image({ from: server.url, sha256 });
    const made = await host.ensure(volume({ pool: "images", name: "made.qcow2", backing: base }));
    const { capacityBytes } = await made.object.info();
    const refused = await base.remove().then(() => "removed", (error) => error.code);
    await host.ensure(volume({ pool: "images", name: "made.qcow2", state: "absent" }));
    return { first, second, capacityBytes, refused };
  });
  const path = `${real.directory}/lib/images-pool/golden-${sha256.slice(0, 16)}.qcow2`;
  assert.deepEqual(seen.first, [true, path, "qcow2", 8 * 1024 ** 2]);
  assert.deepEqual(seen.second, [false, path, "qcow2", 8 * 1024 ** 2]);
  assert.deepEqual([seen.capacityBytes, seen.refused], [8 * 1024 ** 2, "in-use"]);
  assert.deepEqual(server.asked, ["/golden.qcow2"]);
  assert.ok((await Deno.readFile(path)).every((byte, at) => byte === picture[at]), "byte for byte");
  // What was cut off in the middle is finished by the next run, and has no beginning until then.
  await Deno.remove(`${path}.json`);
  using file = await Deno.open(path, { write: true });
  await file.write(new Uint8Array(65_536));
  await file.seek(1_000_000, Deno.SeekMode.Start);
  await file.write(new Uint8Array(65_536).fill(7));
  await real.virsh("pool-refresh", "images");
  assert.match(await real.virsh("vol-dumpxml", path), /<format type='raw'\/>/);
  const again = await onHost(runs, real, async (host) => {
    const { changed, capacityBytes } = await (await host.pool("images")).image({ from: server.url, sha256 });
    return [changed, capacityBytes];
  });
  assert.deepEqual(again, [true, 8 * 1024 ** 2]);
  assert.ok((await Deno.readFile(path)).every((byte, at) => byte === picture[at]), "byte for byte");
});

test("a guest finds its seed by its label, and reads what was meant, byte for byte", async (real) => {
  await using runs = new RecipeRuns();
  const { kernel, initrd } = await guestImage();
  await onHost(runs, real, async (host) => void await host.ensure(pool(images(real))));
  const input = {
    name: "told",
    pool: "images",
    kernel,
    initrd,
    arguments: "console=ttyS0 quiet panic=-1 seed",
    type: "qemu",
    memory: "128MiB",
    network: "",
    packages: ["ngínx"],
    wait: "console",
    console: String.raw`seed user-data (\S+)\r?\nseed meta-data (\S+)`,
    within: "1m",
  } as const;
  const run = await runs.run(buildVm, { hosts: { host: real.uri("qemu") }, input, grants });
  assert.equal(run.view.error, undefined, run.view.error?.message);
  const { said, state } = run.view.result as { said: string; state: string };
  const read = said.split(/\r?\n/).map((line) =>
    new TextDecoder().decode(Uint8Array.fromBase64(line.split(" ")[2] ?? ""))
  );
  const userData = `#cloud-config\n${
    JSON.stringify({ packages: ["ngínx"], package_update: true }, undefined, 2)
  }\n`;
  assert.deepEqual(read, [userData, '{"local-hostname":"told","instance-id":"told"}\n']);
  assert.equal(state, "running");
  // Other settings are another disk, which the guest that runs is given, and is said not to read.
  const other = await runs.run(buildVm, {
    hosts: { host: real.uri("qemu") },
    input: { ...input, packages: ["vim"], wait: "none" },
    grants,
  });
  assert.equal(other.view.error, undefined, other.view.error?.message);
  const logged = other.logs.map(({ message }) => message);
  assert.ok(
    logged.some((line) => /^\+ disk vd.: .*told-seed-[0-9a-f]{16}\.iso/.test(line)),
    logged.join("\n"),
  );
  assert.ok(
    logged.some((line) => /^- disk vd.: .*told-seed-[0-9a-f]{16}\.iso/.test(line)),
    logged.join("\n"),
  );
  const why =
    'The guest does not read its settings again: its instance-id stays "told"; what is to run again needs ' +
    'rerun: "on-change"';
  assert.ok(logged.includes(why), logged.join("\n"));
  await real.virsh("destroy", "told");
});

test("clones of a golden image come up with names and addresses of their own, and go again", async (real) => {
  const picture = await goldenPicture(real);
  await using server = serve(picture);
  await using runs = new RecipeRuns();
  const { kernel, initrd } = await guestImage();
  await onHost(runs, real, async (host) => void await host.ensure([pool(images(real)), network(lab)]));
  const input = {
    name: "web",
    image: server.url,
    sha256: await sumOf(picture),
    pool: "images",
    network: "lab",
    kernel,
    initrd,
    arguments: "console=ttyS0 quiet panic=-1",
    type: "qemu",
    memory: "128MiB",
    within: "1m",
    shutdown: "20s",
  } as const;
  const keep = async (more: { readonly count: number; readonly removeBase?: boolean }): Promise<KeptView> => {
    const { view } = await runs.run(goldenImage, {
      hosts: { host: real.uri("qemu") },
      input: { ...input, ...more },
      grants,
    });
    return {
      code: view.error?.code,
      message: view.error?.message,
      result: view.result as KeptView["result"],
    };
  };
  const first = await keep({ count: 2 });
  assert.equal(first.code, undefined, first.message);
  assert.deepEqual(first.result.clones.map(({ name, changed }) => [name, changed]), [["web-1", true], [
    "web-2",
    true,
  ]]);
  assert.equal(new Set(first.result.clones.map(({ address }) => address)).size, 2);
  const inside = await onHost(runs, real, async (host) => {
    return await Promise.all(["web-1", "web-2"].map(async (name) => {
      const vm = await host.domain(name);
      await vm.until.agent({ within: "1m" });
      const shell = `hostname; head -c ${content.length} /dev/vda`;
      return (await vm.agent.exec("sh", ["-c", shell])).out;
    }));
  });
  assert.deepEqual(inside, ["web-1", "web-2"].map((name) => `${name}\n${content}`));
  const refused = await keep({ count: 2, removeBase: true });
  assert.equal(refused.code, "in-use", refused.message);
  assert.match(refused.message ?? "", /web-2\.qcow2 {2}<- domain "web-2", disk vda/);
  const fewer = await keep({ count: 1 });
  assert.deepEqual([fewer.result.removed, fewer.result.clones.map(({ changed }) => changed)], [["web-2"], [
    false,
  ]]);
  const gone = await keep({ count: 0, removeBase: true });
  assert.deepEqual([gone.code, gone.result.removed], [undefined, ["web-1"]]);
  assert.equal((await real.virsh("vol-list", "images")).includes("golden"), false);
});

/** What a run of the golden image came to. */
interface KeptView {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly result: {
    readonly clones: readonly {
      readonly name: string;
      readonly changed: boolean;
      readonly address?: string;
    }[];
    readonly removed: readonly string[];
  };
}
