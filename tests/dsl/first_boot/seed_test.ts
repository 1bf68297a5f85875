/**
 * Seeds: what is in them, and how they come into pools.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cloudInit, type CloudInitOptions, type Host, ignition, recipe, type Seed } from "../../../mod.ts";
import { type Lab, simulate } from "../../../testing/mod.ts";

const decoder = new TextDecoder();

/** Everything that is text in an image. */
function textOf({ bytes }: Seed): string {
  return decoder.decode(bytes);
}

function instanceOf(options: CloudInitOptions): string {
  return /"instance-id":"([^"]*)"/.exec(textOf(cloudInit(options)))?.[1] ?? "";
}

Deno.test("cloud-init's settings are a drive called cidata, with what was said in it", () => {
  const seed = cloudInit({
    hostname: "web-1.example.org",
    userData: { packages: ["nginx"] },
    networkConfig: { version: 2 },
    metaData: { "public-keys": ["k"] },
  });
  const text = textOf(seed);
  assert.match(text, /#cloud-config\n\{\n {2}"packages": \[\n/);
  assert.match(
    text,
    /"local-hostname":"web-1\.example\.org","public-keys":\["k"\],"instance-id":"web-1\.example\.org"/,
  );
  assert.match(text, /"version": 2/);
  assert.deepEqual(
    seed.bytes,
    cloudInit({
      hostname: "web-1.example.org",
      userData: { packages: ["nginx"] },
      networkConfig: { version: 2 },
      metaData: { "public-keys": ["k"] },
    }).bytes,
  );
});

Deno.test("a guest is the same instance until it is to run everything again", () => {
  const first = { hostname: "web-1", userData: { a: 1 } };
  const second = { hostname: "web-1", userData: { a: 2 } };
  assert.equal(instanceOf(first), instanceOf(second));
  assert.equal(cloudInit(second).reading.again, false);
  assert.match(cloudInit(second).reading.why, /stays "web-1".*rerun: "on-change"/);
  const again = { rerun: "on-change" } as const;
  assert.notEqual(instanceOf({ ...first, ...again }), instanceOf({ ...second, ...again }));
  assert.equal(instanceOf({ ...first, ...again }), instanceOf({ ...first, ...again }));
  assert.equal(cloudInit({ ...first, ...again }).reading.again, true);
  const own = { ...first, ...again, metaData: { "instance-id": "i-7" } };
  assert.equal(instanceOf(own), "i-7");
  assert.equal(cloudInit(own).reading.again, false);
});

Deno.test("what cloud-init would pass over is refused", () => {
  assert.throws(() => cloudInit({ hostname: "web-1", userData: "packages: [nginx]\n" }), {
    code: "invalid-argument",
    message: /begin with "packages: \[nginx\]"/,
  });
  for (const userData of ["#!/bin/sh\n", "#cloud-config\n", "Content-Type: multipart/mixed\n"]) {
    assert.ok(textOf(cloudInit({ hostname: "web-1", userData })).includes(userData));
  }
  for (const hostname of ["", "-a", "a-", "a..b", "a b", "x".repeat(64)]) {
    assert.throws(() => cloudInit({ hostname }), { code: "invalid-argument" }, hostname);
  }
});

Deno.test("Ignition's configuration gets a version and is passed on", () => {
  assert.deepEqual(JSON.parse(textOf(ignition({ storage: {} }))), {
    storage: {},
    ignition: { version: "3.4.0" },
  });
  const text = '{"ignition":{"version":"3.3.0","security":{}}}';
  assert.deepEqual(JSON.parse(textOf(ignition(text))), JSON.parse(text));
  for (
    const wrong of ["variant: fcos", "[]", '{"ignition":{"version":3}}', '{"ignition":{"version":"1.0"}}']
  ) {
    assert.throws(() => ignition(wrong), { code: "invalid-argument" }, wrong);
  }
});

const needs = [
  "storage_pool:getattr,search_storage_vols",
  "storage_vol:getattr,create,data_write,data_read,delete",
  "domain:getattr,read,write,save",
] as const;

async function onHost<T>(lab: Lab, run: (host: Host) => Promise<T>): Promise<T> {
  const body = recipe({ summary: "Use seeds", needs, run: async ({ host }) => await run(host) });
  const { exit, result, error } = await lab.run(body, { grants: ["all"] });
  assert.equal(exit, 0, error?.message);
  return result as T;
}

const simulated = { hypervisor: { pools: ["default"] } } as const;

function seedOf(text: string): Seed {
  return cloudInit({ hostname: "web-1", userData: { text } });
}

Deno.test("a seed is put into its pool once, and another one beside it", async () => {
  await using lab = await simulate(simulated);
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const first = await pool.seed("web-1", seedOf("one"));
    const same = await pool.seed("web-1", seedOf("one"));
    const other = await pool.seed("web-1", seedOf("two"));
    const { bytes } = await other.volume.download({});
    return {
      changed: [first.changed, same.changed, other.changed],
      names: [first.volume.name, same.volume.name, other.volume.name],
      disk: other.disk,
      bytes,
      tidied: await other.tidy(),
      left: (await pool.volumes({ name: "web-1-seed-*" })).names,
    };
  });
  assert.deepEqual(seen.changed, [true, false, true]);
  const [first, same, other] = seen.names;
  assert.equal(first, same);
  assert.notEqual(first, other);
  assert.match(other ?? "", /^web-1-seed-[0-9a-f]{16}\.iso$/);
  assert.deepEqual(seen.disk, {
    volume: { pool: "default", name: other },
    format: "raw",
    readonly: true,
  });
  assert.deepEqual(seen.bytes, seedOf("two").bytes);
  assert.deepEqual([seen.tidied, seen.left], [1, [other]]);
});

Deno.test("a seed that was not written to its end is written again, and names of others are left alone", async () => {
  await using lab = await simulate(simulated);
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const { volume } = await pool.seed("web-1", seedOf("one"));
    await volume.upload({ offset: 40_000, bytes: new Uint8Array(100).fill(7) });
    const again = await pool.seed("web-1", seedOf("one"));
    await pool.createVolume({
      xml: "<volume><name>web-1-seed-of-mine.iso</name><capacity>1</capacity></volume>",
    });
    await pool.seed("web-1-seed-x", seedOf("three"));
    const { bytes } = await again.volume.download({});
    return { changed: again.changed, bytes, tidied: await again.tidy() };
  });
  assert.equal(seen.changed, true);
  assert.deepEqual(seen.bytes, seedOf("one").bytes);
  assert.equal(seen.tidied, 0);
});

Deno.test("a seed that its domain still has is not deleted", async () => {
  await using lab = await simulate({ hypervisor: { pools: ["default"], domains: [{ name: "web-1" }] } });
  const seen = await onHost(lab, async (host) => {
    const pool = await host.pool("default");
    const old = await pool.seed("web-1", seedOf("one"));
    const xml = `<disk type='volume' device='cdrom'><source pool='default' volume='${old.volume.name}'/>` +
      "<target dev='sdz' bus='sata'/><readonly/></disk>";
    const vm = await host.domain("web-1");
    await vm.attachDevice({ xml, config: true });
    const other = await pool.seed("web-1", seedOf("two"));
    const kept = await other.tidy();
    await vm.detachDevice({ xml, config: true });
    return [kept, await other.tidy()];
  });
  assert.deepEqual(seen, [0, 1]);
});

Deno.test("Ignition is handed on by the firmware from the volume's path", async () => {
  await using lab = await simulate(simulated);
  const { xml, path } = await onHost(lab, async (host) => {
    const { xml, path } = await (await host.pool("default")).seed("core-1", ignition({}));
    return { xml, path };
  });
  assert.match(path, /core-1-seed-[0-9a-f]{16}\.ign$/);
  assert.equal(
    xml,
    `<domain><sysinfo type='fwcfg'><entry name='opt/com.coreos/config' file='${path}'/></sysinfo></domain>`,
  );
});
