/**
 * More kinds of writes: on checkpoints and backups, networks, pools, volumes and filters.
 *
 * @module
 */
import { type Act, act, onDomain, onNetwork, onPool, onVolume, type Scene } from "./acts.ts";

const port = "5d744f21-ba4a-4d6e-bdb2-30a35ff3207d";
const empty = (): Record<string, never> => ({});

async function network(scene: Scene): Promise<void> {
  await scene.virshWith("net-define", scene.networkXml);
}

async function runningNetwork(scene: Scene): Promise<void> {
  await network(scene);
  await scene.virsh("net-start", scene.name);
}

async function filter(scene: Scene): Promise<void> {
  await scene.virshWith("nwfilter-define", scene.filterXml);
}

const moments: readonly Act[] = [
  act("domain.createCheckpoint", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: () => ({ name: "first" }),
    done: (scene) => scene.says(/first/, "checkpoint-list", scene.name, "--name"),
  }),
  act("domain.deleteCheckpoint", {
    before: async (scene) => {
      await scene.start();
      await scene.virsh("checkpoint-create-as", scene.name, "first");
    },
    on: onDomain,
    with: () => ({ name: "first" }),
    done: async (scene) => !await scene.says(/first/, "checkpoint-list", scene.name, "--name"),
  }),
  act("domain.beginBackup", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: (scene) => ({
      xml: `<domainbackup mode='pull'><server transport='unix' socket='${scene.path}.sock'/></domainbackup>`,
    }),
    done: (scene) => scene.says(/domainbackup/, "backup-dumpxml", scene.name),
    // A daemon that comes back holds the domain for a backup that it does not know any more.
    halfway: async ({ host, name }) => /data missing/.test((await host.tryVirsh("domjobinfo", name)).error),
  }),
];

const networks: readonly Act[] = [
  act("network.create", {
    before: () => Promise.resolve(),
    with: (scene) => ({ xml: scene.networkXml }),
    done: (scene) => scene.says(/Active:\s+yes/, "net-info", scene.name),
  }),
  act("network.undefine", {
    before: network,
    on: onNetwork,
    with: empty,
    done: async (scene) => !await scene.says(/./, "net-info", scene.name),
  }),
  act("network.setAutostart", {
    before: network,
    on: onNetwork,
    with: () => ({ autostart: true }),
    done: (scene) => scene.says(/Autostart:\s+yes/, "net-info", scene.name),
  }),
  act("network.update", {
    before: runningNetwork,
    on: onNetwork,
    with: () => ({
      command: "add-last",
      section: "dns-txt",
      xml: "<txt name='about' value='drover'/>",
      live: true,
      config: true,
    }),
    done: (scene) => scene.says(/drover/, "net-dumpxml", scene.name),
  }),
  act("networkPort.create", {
    before: runningNetwork,
    on: onNetwork,
    with: (scene) => ({
      xml: `<networkport><uuid>${port}</uuid><owner><name>${scene.name}</name>
        <uuid>3d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid></owner><mac address='52:54:00:7b:35:93'/></networkport>`,
    }),
    done: (scene) => scene.says(new RegExp(port), "net-port-list", scene.name),
  }),
  act("filter.undefine", {
    before: filter,
    on: (bench, { name }) => bench.call("filter.lookup", { name }),
    with: empty,
    done: async (scene) => !await scene.says(/./, "nwfilter-dumpxml", scene.name),
  }),
];

const storage: readonly Act[] = [
  act("pool.create", {
    undoneByRestart: true,
    before: () => Promise.resolve(),
    with: (scene) => ({ xml: scene.poolXml, build: true }),
    done: (scene) => scene.says(/State:\s+running/, "pool-info", scene.name),
  }),
  act("pool.undefine", {
    before: (scene) => scene.virshWith("pool-define", scene.poolXml),
    on: onPool,
    with: empty,
    done: async (scene) => !await scene.says(/./, "pool-info", scene.name),
  }),
  act("pool.setAutostart", {
    before: (scene) => scene.virshWith("pool-define", scene.poolXml),
    on: onPool,
    with: () => ({ autostart: true }),
    done: (scene) => scene.says(/Autostart:\s+yes/, "pool-info", scene.name),
  }),
  act("volume.createFrom", {
    before: (scene) => scene.poolWithVolume(),
    on: onPool,
    with: (scene) => ({
      xml: "<volume><name>copy</name><capacity>1000000</capacity></volume>",
      from: { $ref: "volume", connection: "host", id: "volume", name: "volume", parent: scene.poolId },
    }),
    done: (scene) => scene.says(/copy/, "vol-list", scene.name),
  }),
  act("volume.wipe", {
    before: async (scene) => {
      await scene.poolWithVolume();
      await Deno.writeFile(`${scene.path}/volume`, new Uint8Array(1_000_000).fill(7));
      await scene.virsh("pool-refresh", scene.name);
    },
    on: onVolume,
    with: empty,
    done: async (scene) => (await Deno.readFile(`${scene.path}/volume`)).every((byte) => byte === 0),
  }),
  act("volume.uploadFile", {
    before: async (scene) => {
      await scene.poolWithVolume();
      await Deno.writeFile(`${scene.path}.source`, new Uint8Array(900_000).fill(9));
    },
    on: onVolume,
    with: (scene) => ({ path: `${scene.path}.source` }),
    done: async (scene) => {
      const bytes = await Deno.readFile(`${scene.path}/volume`);
      return bytes.subarray(0, 900_000).every((byte) => byte === 9);
    },
  }),
  act("volume.downloadFile", {
    before: async (scene) => {
      await scene.poolWithVolume();
      await Deno.remove(`${scene.path}.target`).catch(() => {});
    },
    on: onVolume,
    with: (scene) => ({ path: `${scene.path}.target` }),
    done: async (scene) => {
      const found = await Deno.stat(`${scene.path}.target`).catch(() => undefined);
      return found?.size === 1_000_000;
    },
  }),
];

/** More kinds of writes. */
export const objectActs: readonly Act[] = [...moments, ...networks, ...storage];
