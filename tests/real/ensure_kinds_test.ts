/**
 * Networks, pools, volumes, secrets and snapshots of every sort on a real hypervisor: what has been made so is never planned again,
 * and its absence stays.
 */
import assert from "node:assert/strict";
import {
  type Desired,
  domain,
  type Host,
  network,
  pool,
  recipe,
  secret,
  snapshot,
  volume,
} from "../../mod.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

async function onHost<T>(uri: string, run: (host: Host) => Promise<T>): Promise<T> {
  await using runs = new RecipeRuns();
  const needs = [
    "connect:*",
    "domain:*",
    "network:*",
    "storage_pool:*",
    "storage_vol:*",
    "secret:*",
    "host:*",
  ] as const;
  const body = recipe({ summary: "Ensure", needs, run: async ({ host }) => await run(host) });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: uri }, grants: ["all", "host"] }) as T;
}

test("what an object of any kind has been made is not planned again, and what is gone stays gone", async (real) => {
  const left = await onHost(real.uri(), async (host) => {
    const said: string[] = [];
    const one = async (desired: Desired, absent: Desired): Promise<void> => {
      await host.ensure(desired);
      const again = await host.plan(desired);
      if (again.changed || again.pending.length > 0) said.push(String(again));
      await host.ensure(absent);
      if ((await host.plan(absent)).changed) said.push(`${absent.kind}: still there`);
    };
    const nets = {
      nothing: {},
      none: { forward: "none" },
      route: { forward: "route", address: "10.9.0.1/16" },
      open: { forward: "open", address: "10.8.0.1/24" },
      bridge: { forward: "bridge", bridge: "br0" },
      dom: { domain: "x.example" },
      v6: { address: "fd00:1::1/64", forward: "none" },
      dhcp: {
        address: "10.7.0.1/24",
        range: { start: "10.7.0.10", end: "10.7.0.20" },
        hosts: [{ mac: "52:54:00:AA:00:01", ip: "10.7.0.5", name: "a" }],
      },
      auto: { autostart: true, address: "10.6.0.1/24" },
      active: { state: "active", address: "10.5.0.1/24", forward: "none" },
      rawdns: {
        address: "10.4.0.1/24",
        xml:
          "<network><dns><host ip='10.4.0.9'><hostname>h</hostname></host><txt name='t' value='v'/><forwarder addr='1.1.1.1'/></dns><mtu size='9000'/></network>",
      },
      twoips: {
        address: "10.3.0.1/24",
        xml: "<network><ip family='ipv6' address='fd00:3::1' prefix='64'/></network>",
      },
      vlan: {
        xml:
          "<network><portgroup name='p' default='yes'><bandwidth><inbound average='1000'/></bandwidth></portgroup></network>",
      },
      "v6 long": { address: "FD00:0001:0::1/64", forward: "none" },
    } as const;
    for (const [what, spec] of Object.entries(nets)) {
      const name = `n-${what}`;
      await one(network({ name, ...spec }), network({ name, state: "absent" }));
    }
    const pools = {
      dir: { path: `${real.directory}/p1`, state: "active" },
      slash: { path: `${real.directory}/p2/`, state: "active", autostart: true },
      raw: {
        path: `${real.directory}/p3`,
        xml: "<pool><target><permissions><mode>0755</mode></permissions></target></pool>",
      },
      fs: {
        type: "fs",
        path: "/mnt/x",
        xml: "<pool type='fs'><source><device path='/dev/sdz1'/><format type='ext4'/></source></pool>",
      },
      nfs: {
        type: "netfs",
        path: "/mnt/y",
        xml: "<pool type='netfs'><source><host name='h'/><dir path='/export'/></source></pool>",
      },
      logical: {
        type: "logical",
        xml:
          "<pool type='logical'><source><name>vg</name></source><target><path>/dev/vg</path></target></pool>",
      },
    } as const;
    for (const [what, spec] of Object.entries(pools)) {
      const name = `p-${what}`;
      await one(pool({ name, ...spec }), pool({ name, state: "absent" }));
    }
    await host.ensure(pool({ name: "vp", path: `${real.directory}/vp`, state: "active" }));
    const vols = {
      a: { capacity: "1000B" },
      "b.qcow2": { capacity: "10MB" },
      "c.img": { format: "qcow2", capacity: "1.5MiB" },
      "d.raw": {
        xml: "<volume><target><permissions><mode>0600</mode></permissions></target></volume>",
        capacity: "1MiB",
      },
      "e.vmdk": { format: "vmdk", capacity: "1MiB" },
      "f.qed": { format: "qed", capacity: "1MiB" },
      "g.qcow2": {
        xml: "<volume><target><compat>1.1</compat><features><lazy_refcounts/></features></target></volume>",
        capacity: "1MiB",
      },
    } as const;
    for (const [name, spec] of Object.entries(vols)) {
      await one(volume({ pool: "vp", name, ...spec }), volume({ pool: "vp", name, state: "absent" }));
    }
    for (const type of ["volume", "ceph", "iscsi", "tls", "vtpm"] as const) {
      const usage = { type, name: type === "volume" ? "/x" : "n" };
      for (const spec of [{}, { private: true, ephemeral: false }, { description: "d & d" }]) {
        await one(secret({ usage, ...spec, value: "v" }), secret({ usage, state: "absent" }));
      }
    }
    const disk = volume({ pool: "vp", name: "s.qcow2", capacity: "1MiB" });
    const guest = domain({
      name: "s",
      type: "qemu",
      disks: [{ volume: { pool: "vp", name: "s.qcow2" }, format: "qcow2" }],
      memory: "64MiB",
    });
    await host.ensure([disk, guest]);
    const of = { domain: "s", name: "one" } as const;
    await one(snapshot({ ...of, description: "d" }), snapshot({ ...of, state: "absent" }));
    await host.ensure(domain({ name: "s", state: "absent" }));
    return said;
  });
  assert.deepEqual(left, []);
});
