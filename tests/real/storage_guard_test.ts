/**
 * The guard before images that something needs, on a real host: whatever way the need is said.
 */
import assert from "node:assert/strict";
import { type Host, isVirtError, recipe } from "../../mod.ts";
import type { RealHost } from "./kit/host.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

async function onHost<T>(uri: string, run: (host: Host) => Promise<T>): Promise<T> {
  await using runs = new RecipeRuns();
  const needs = ["connect:*", "domain:*", "storage_pool:*", "storage_vol:*", "host:*"] as const;
  const body = recipe({ summary: "Delete", needs, run: async ({ host }) => await run(host) });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: uri }, grants: ["all", "host"] }) as T;
}

async function image(host: RealHost, ...args: readonly string[]): Promise<void> {
  const { code, error } = await host.inside("qemu-img", "create", "-q", "-f", "qcow2", ...args);
  assert.equal(code, 0, error);
}

/** Tries to delete volumes, one after the other: what is said of each. */
function deleting(host: RealHost, names: readonly string[]): Promise<Record<string, string>> {
  return onHost(host.uri(), async (connection) => {
    const pool = await connection.pool("guarded");
    const said: Record<string, string> = {};
    for (const name of names) {
      const volume = await pool.volume(name);
      said[name] = await volume.delete().then(() => "deleted", (error: unknown) => {
        if (isVirtError(error)) return `${error.code}: ${error.message}`;
        throw error;
      });
    }
    return said;
  });
}

test("an image that something needs is not deleted, in whatever words the need is said", async (host) => {
  const pool = `${host.directory}/guarded`;
  await Deno.mkdir(`${pool}/sub`, { recursive: true });
  await Deno.mkdir(`${host.directory}/outside`);
  const bases = ["relative", "json", "dots", "twice", "kernel", "initrd", "fwcfg", "free"];
  for (const name of bases) await image(host, `${pool}/${name}`, "1M");
  await host.virsh("pool-create-as", "guarded", "dir", "--target", pool);
  // Made by hand behind the pool's back.
  await image(host, "-b", "relative", "-F", "qcow2", `${pool}/of-relative`);
  const json = { driver: "qcow2", file: { driver: "file", filename: `${pool}/json` } };
  await image(host, "-b", `json:${JSON.stringify(json)}`, "-F", "qcow2", `${pool}/of-json`, "1M");
  await image(host, "-b", `${pool}/sub/../dots`, "-F", "qcow2", `${pool}/of-dots`);
  const disk = (path: string, target: string): string =>
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>
     <target dev='${target}' bus='virtio'/></disk>`;
  await host.virsh(
    "define",
    await host.file(
      "user.xml",
      `<domain type='qemu'><name>user</name><memory unit='MiB'>32</memory>
       <os><type arch='x86_64'>hvm</type><kernel>${pool}/kernel</kernel><initrd>${pool}/./initrd</initrd></os>
       <sysinfo type='fwcfg'><entry name='opt/x' file='${pool}/fwcfg'/></sysinfo>
       <devices>${disk(`${pool}//twice`, "vda")}</devices></domain>`,
    ),
  );
  const said = await deleting(host, bases);
  const needed = {
    relative: "of-relative",
    json: "of-json",
    dots: "of-dots",
    twice: 'domain "user", disk vda',
    kernel: 'domain "user", kernel',
    initrd: 'domain "user", initrd',
    fwcfg: 'domain "user", data of its firmware',
  };
  for (const [name, by] of Object.entries(needed)) {
    assert.match(said[name] ?? "", new RegExp(`^in-use: .*"${name}": an image is needed:\\n[^]*${by}`), name);
  }
  assert.equal(said["free"], "deleted");
  await host.virsh("undefine", "user");

  // A chain that only what runs knows of: its overlay is in no pool, and no snapshot tells of it.
  await host.virsh(
    "define",
    await host.file(
      "runs.xml",
      `<domain type='qemu'><name>runs</name><memory unit='MiB'>32</memory><os><type arch='x86_64'>hvm</type></os>
       <devices>${disk(`${pool}/twice`, "vda")}</devices></domain>`,
    ),
  );
  await host.virsh("start", "runs");
  const top = `${host.directory}/outside/snapshot`;
  const spec = `vda,snapshot=external,file=${top}`;
  await host.virsh("snapshot-create-as", "runs", "--disk-only", "--no-metadata", "--diskspec", spec);
  assert.match(
    (await deleting(host, ["twice"]))["twice"] ?? "",
    /twice\n {2}.*snapshot {2}<- domain "runs", disk vda/,
  );
  await host.virsh("blockcommit", "runs", "vda", "--active", "--pivot", "--wait");
  assert.match((await deleting(host, ["twice"]))["twice"] ?? "", /twice {2}<- domain "runs", disk vda$/);
  await host.virsh("blockcopy", "runs", "vda", `${pool}/copy`, "--pivot", "--wait", "--transient-job");
  await host.virsh("pool-refresh", "guarded");
  assert.deepEqual(
    Object.entries(await deleting(host, ["twice", "copy"])).map(([name, what]) => [name, what.split(":")[0]]),
    [["twice", "deleted"], ["copy", "in-use"]],
  );
  await host.virsh("destroy", "runs");
  await host.virsh("undefine", "runs");
  await host.virsh("pool-destroy", "guarded");
});
