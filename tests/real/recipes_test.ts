import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inPlace, type Place } from "../cli/kit/process.ts";
import { makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { startGuests } from "./kit/guests.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests({ needs: guestNeeds });

/** Runs one of the project's recipes as it stands, by the command line, in its sandbox; gives its result. */
async function runRecipe(place: Place, { name, uri, input = {} }: {
  readonly name: string;
  readonly uri: string;
  readonly input?: Readonly<Record<string, string>>;
}): Promise<string> {
  const file = fileURLToPath(new URL(`../../recipes/${name}.ts`, import.meta.url));
  const result = `${place.directory}/result`;
  const inputs = Object.entries(input).flatMap((pair) => ["--input", pair.join("=")]);
  const ended = await place.run("run", file, "-c", uri, ...inputs, "--allow", "all", "--output-file", result);
  assert.equal(ended.code, 0, `${name} on ${uri}: ${ended.err}`);
  return await Deno.readTextFile(result);
}

/** A pool for a host's disks. */
async function startPool(host: RealHost, name: string): Promise<string> {
  const path = `${host.directory}/${name}`;
  await Deno.mkdir(path);
  const xml = `<pool type='dir'><name>${name}</name><target><path>${path}</path></target></pool>`;
  await host.virsh("pool-create", await host.file(`${name}.xml`, xml));
  return path;
}

test("the quickstart runs on the simulated host, on libvirt's test driver and on QEMU, and leaves nothing behind", async (host) => {
  const path = await startPool(host, "quick");
  await inPlace(async (place) => {
    for (const uri of ["test:///default", host.uri("test"), host.uri()]) {
      const result = await runRecipe(place, { name: "quickstart", uri });
      assert.match(result, /domain\s+quickstart: running, 1 vCPU, 64 MiB/);
      assert.match(result, /snapshots\s+1 \(fresh\)/);
      assert.match(result, /The domain is gone again/);
    }
  });
  assert.equal(await host.virsh("list", "--all", "--name"), "");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(path)), []);
  await host.virsh("pool-destroy", "quick");
});

test("the quickstart runs on QEMU without a pool, too", async (host) => {
  await inPlace(async (place) => {
    const result = await runRecipe(place, { name: "quickstart", uri: host.uri() });
    assert.match(result, /snapshots\s+0 \(none\)/);
  });
  assert.equal(await host.virsh("list", "--all", "--name"), "");
});

test("guests are restarted one after the other, and come back with an address", async (host) => {
  const names = ["web-1", "web-2"];
  await startGuests(host, names, { network: "user" });
  const ids = async (): Promise<readonly string[]> =>
    await Promise.all(names.map((name) => host.virsh("domid", name)));
  const before = await ids();
  await inPlace(async (place) => {
    const input = { domains: "web-*", waitForIp: "true" };
    const result = JSON.parse(
      await runRecipe(place, { name: "rolling_restart", uri: host.uri(), input }),
    ) as { readonly restarted: readonly { domain: string; host: string; how: string; ip: string }[] };
    const restarted = result.restarted.toSorted((a, b) => a.domain < b.domain ? -1 : 1);
    assert.deepEqual(
      restarted,
      names.map((domain) => ({ domain, host: "host", how: "shutdown", ip: "10.0.2.15" })),
    );
  });
  for (const [index, name] of names.entries()) {
    assert.equal(await host.virsh("domstate", name), "running");
    assert.notEqual(await host.virsh("domid", name), before[index]);
    assert.equal(await host.virsh("snapshot-list", name, "--name"), "");
    await host.virsh("destroy", name);
    await host.virsh("undefine", name);
  }
});

test("what a host has is reported as virsh sees it", async (host) => {
  const disk = await makeDisk(host, "seen.qcow2");
  const xml = `<domain type='qemu'><name>seen</name><memory unit='MiB'>48</memory><vcpu>2</vcpu>
    <os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
  await host.virsh("define", await host.file("seen.xml", xml));
  await host.virsh("start", "seen", "--paused");
  await startPool(host, "looked-at");
  await inPlace(async (place) => {
    for (const uri of ["test:///default", host.uri("test")]) {
      assert.match(await runRecipe(place, { name: "inventory", uri }), /^test\s+running\s+2\s+2 GiB/m);
    }
    const input = { format: "json" };
    const found = JSON.parse(await runRecipe(place, { name: "inventory", uri: host.uri(), input }));
    assert.equal(found.host.hostname, "host");
    assert.deepEqual(found.domains, [{
      name: "seen",
      state: "paused",
      reason: "user",
      vcpus: 2,
      memoryKib: 48 * 1024,
      persistent: true,
      autostart: false,
      snapshots: 0,
      addresses: [],
    }]);
    assert.deepEqual(found.pools.map(({ name }: { name: string }) => name), ["looked-at"]);
  });
  await host.virsh("pool-destroy", "looked-at");
  await host.virsh("destroy", "seen");
  await host.virsh("undefine", "seen");
});

test("old snapshots go, and those that are to be kept stay", async (host) => {
  const disk = await makeDisk(host, "kept.qcow2");
  const xml =
    `<domain type='qemu'><name>kept</name><memory unit='MiB'>16</memory><os><type arch='x86_64'>hvm</type></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/>
    <target dev='vda' bus='virtio'/></disk></devices></domain>`;
  await host.virsh("define", await host.file("kept.xml", xml));
  for (const name of ["one", "two", "three", "mine"]) {
    // The date is what is sorted by, and has whole seconds.
    const created = `<creationTime>${1_600_000_000 + name.length}</creationTime>`;
    const snapshot = `<domainsnapshot><name>${name}</name>${created}<state>shutoff</state></domainsnapshot>`;
    await host.virsh("snapshot-create", "kept", await host.file("snapshot.xml", snapshot));
  }
  const input = { snapshots: "t*", last: "1", daily: "0", weekly: "0", dryRun: "false" };
  await inPlace(async (place) => {
    await runRecipe(place, { name: "snapshot_retention", uri: host.uri(), input });
    await runRecipe(place, { name: "snapshot_retention", uri: "test:///default", input });
  });
  const left = (await host.virsh("snapshot-list", "kept", "--name")).split("\n").toSorted();
  assert.equal(left.length, 3);
  assert.deepEqual(left.filter((name) => !name.startsWith("t")), ["mine", "one"]);
  await host.virsh("undefine", "kept", "--snapshots-metadata");
});

test("what nobody uses is removed, and what somebody uses is not", async (host) => {
  const path = await startPool(host, "attic");
  for (const name of ["used.qcow2", "unused.qcow2"]) {
    await host.virsh("vol-create-as", "attic", name, "1M", "--format", "qcow2");
  }
  const domain = (name: string, description: string): string =>
    `<domain type='qemu'><name>${name}</name><description>${description}</description><memory unit='MiB'>16</memory>
    <os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
    <source file='${path}/used.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
  for (
    const [name, description] of [["over", "expires: 2001-01-31"], ["stays", "expires: 2999-01-31"]] as const
  ) {
    await host.virsh("define", await host.file("domain.xml", domain(name, description)));
  }
  const input = { pools: "attic", domains: "*", dryRun: "false" };
  await inPlace(async (place) => {
    const report = JSON.parse(await runRecipe(place, { name: "cleanup", uri: host.uri(), input }));
    assert.deepEqual(report.domains, ["over"]);
    assert.deepEqual(report.volumes.map(({ volume }: { volume: string }) => volume), ["attic/unused.qcow2"]);
    await runRecipe(place, { name: "cleanup", uri: "test:///default", input: { ...input, pools: "*" } });
  });
  assert.equal(await host.virsh("list", "--all", "--name"), "stays");
  assert.deepEqual((await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name), ["used.qcow2"]);
  await host.virsh("undefine", "stays");
  await host.virsh("pool-destroy", "attic");
});
