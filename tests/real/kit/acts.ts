/**
 * Writes of all kinds, with what is there before each of them and how it shows from outside whether it has happened. The
 * judge is virsh.
 *
 * @module
 */
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { OperationName, Operations } from "../../../model/operations/mod.ts";
import type { Bench } from "../../drivers/bench.ts";
import type { RealHost } from "./host.ts";
import { makeDisk } from "./guest.ts";

/** A host as somebody else sees and changes it, and the name of what an act is about. */
export class Scene {
  readonly host: RealHost;
  readonly name: string;

  constructor(host: RealHost, name: string) {
    this.host = host;
    this.name = name;
  }

  /** Where the act may put a file. */
  get path(): string {
    return `${this.host.directory}/${this.name}`;
  }

  /** A domain that boots nothing. */
  get domainXml(): string {
    return `<domain type='qemu'><name>${this.name}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
      <os><type arch='x86_64'>hvm</type></os><features><acpi/></features>
      <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${this.path}.qcow2'/>
      <target dev='vda' bus='virtio'/></disk></devices></domain>`;
  }

  get networkXml(): string {
    return `<network><name>${this.name}</name><bridge name='${this.bridge}'/>
      <ip address='10.99.0.1' netmask='255.255.255.0'/></network>`;
  }

  /** A pool's own UUID, which names it before anybody has looked. */
  readonly poolId = "b001b001-0000-4000-8000-000000000001";

  get poolXml(): string {
    return `<pool type='dir'><name>${this.name}</name><uuid>${this.poolId}</uuid><target><path>${this.path}</path></target></pool>`;
  }

  volumeXml(bytes = 1_000_000): string {
    return `<volume><name>volume</name><capacity>${bytes}</capacity><allocation>0</allocation></volume>`;
  }

  /** The same domain with more processors, and the UUID that it has where it was given one. */
  changedXml(uuid: string): string {
    return this.domainXml.replace("<vcpu>1</vcpu>", `<uuid>${uuid}</uuid><vcpu>3</vcpu>`);
  }

  get bridge(): string {
    return `br-${this.name.slice(0, 10)}`;
  }

  /** A secret's own UUID, since secrets have no names. */
  readonly secretId = "5ec2e7aa-0000-4000-8000-000000000001";

  get secretXml(): string {
    return `<secret><uuid>${this.secretId}</uuid><usage type='volume'><volume>${this.path}</volume></usage></secret>`;
  }

  get filterXml(): string {
    return `<filter name='${this.name}' chain='root'><rule action='accept' direction='inout'/></filter>`;
  }

  /** Has virsh do something that must succeed. */
  async virsh(...args: readonly string[]): Promise<string> {
    return await this.host.virsh(...args);
  }

  /** Hands virsh a document. */
  async virshWith(command: string, xml: string): Promise<void> {
    await this.host.virsh(command, await this.host.file(`${this.name}.xml`, xml));
  }

  /** Whether virsh succeeds, and says something that fits. */
  async says(expected: RegExp, ...args: readonly string[]): Promise<boolean> {
    const { code, output } = await this.host.tryVirsh(...args);
    return code === 0 && expected.test(output);
  }

  /** Whether a domain is in a state, as virsh calls it. */
  async is(state: string): Promise<boolean> {
    return await this.says(new RegExp(`^${state}$`, "m"), "domstate", this.name);
  }

  async define(): Promise<void> {
    await this.virshWith("define", this.domainXml);
  }

  async start(): Promise<void> {
    await this.virshWith("define", this.domainXml);
    await this.virsh("start", this.name);
  }

  async runningPool(): Promise<void> {
    await Deno.mkdir(this.path, { recursive: true });
    await this.virshWith("pool-define", this.poolXml);
    await this.virsh("pool-start", this.name);
  }

  async poolWithVolume(): Promise<void> {
    await this.runningPool();
    await this.virsh(
      "vol-create",
      this.name,
      await this.host.file(`${this.name}.volume.xml`, this.volumeXml()),
    );
  }

  /** Takes everything away that bears the name, whatever state it is in. */
  async clear(): Promise<void> {
    const everything = ["--managed-save", "--snapshots-metadata", "--checkpoints-metadata"];
    for (const name of [this.name, `${this.name}-renamed`]) {
      const { code, output } = await this.host.tryVirsh("domstate", name);
      if (code !== 0) continue;
      if (output.trim() !== "shut off") await this.host.tryVirsh("destroy", name);
      await this.host.tryVirsh("undefine", name, ...everything);
    }
    const { host, bridge } = this;
    for (const kind of ["net", "pool"]) {
      if ((await this.host.tryVirsh(`${kind}-info`, this.name)).code !== 0) continue;
      await this.host.tryVirsh(`${kind}-destroy`, this.name);
      await this.host.tryVirsh(`${kind}-undefine`, this.name);
    }
    // What a daemon was killed over, the next one may know nothing of.
    if ((await host.inside("ip", "link", "show", bridge)).code === 0) {
      await host.inside("ip", "link", "delete", bridge);
      await host.inside(
        "sh",
        "-c",
        `for p in /run/libvirt/network/${this.name}.pid; do kill $(cat $p); rm $p; done`,
      );
    }
    if ((await this.host.tryVirsh("secret-dumpxml", this.secretId)).code === 0) {
      await this.host.tryVirsh("secret-undefine", this.secretId);
    }
    if (await this.says(/./, "nwfilter-dumpxml", this.name)) {
      await this.host.tryVirsh("nwfilter-undefine", this.name);
    }
    for (const path of [this.path, `${this.path}.saved`]) {
      await Deno.remove(path, { recursive: true }).catch((error: unknown) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    await makeDisk(this.host, `../../${this.name}.qcow2`);
  }
}

/** One kind of write. */
export interface Act {
  readonly operation: OperationName;
  /** Its name among the acts: the operation's, with what is special about it. */
  readonly name: string;
  /** Brings about what is there before. */
  prepare(scene: Scene): Promise<void>;
  /** Whether a daemon that starts brings back what was before. */
  readonly undoneByRestart: boolean;
  /** What it is done to. */
  target(bench: Bench, scene: Scene): Promise<ObjectRef | undefined>;
  input(scene: Scene): unknown;
  /** Whether it has happened. */
  happened(scene: Scene): Promise<boolean>;
  /** Whether the host has stopped half way, and stays there: then nobody can say that it has happened, or that it has not. */
  isHalfway(scene: Scene): Promise<boolean>;
}

/** Finds what an act is done to. */
export type Finder = Act["target"];

const onHost: Finder = () => Promise.resolve(undefined);
export const onDomain: Finder = (bench, { name }) => bench.call("domain.lookup", { name });
export const onNetwork: Finder = (bench, { name }) => bench.call("network.lookup", { name });
export const onPool: Finder = (bench, { name }) => bench.call("pool.lookup", { name });
const onSecret: Finder = (bench, { secretId }) => bench.call("secret.lookup", { name: secretId });
export const onVolume: Finder = async (bench, scene) => {
  const on = await bench.call("pool.lookup", { name: scene.name });
  return await bench.call("volume.lookup", { name: "volume" }, { on });
};
const onSnapshot: Finder = async (bench, scene) => {
  const on = await bench.call("domain.lookup", { name: scene.name });
  return await bench.call("snapshot.lookup", { name: "first" }, { on });
};

/** Describes an act with its input checked by the operation. */
export function act<N extends OperationName>(operation: N, { special, undoneByRestart = false, ...rest }: {
  readonly special?: string;
  readonly undoneByRestart?: boolean;
  readonly on?: Finder;
  readonly before: (scene: Scene) => Promise<void>;
  readonly with: (scene: Scene) => InputOf<Operations[N]>;
  readonly done: (scene: Scene) => Promise<boolean>;
  readonly halfway?: (scene: Scene) => Promise<boolean>;
}): Act {
  return {
    operation,
    undoneByRestart,
    name: special === undefined ? operation : `${operation} ${special}`,
    prepare: async (scene) => {
      await scene.clear();
      await rest.before(scene);
    },
    target: rest.on ?? onHost,
    input: rest.with,
    happened: rest.done,
    isHalfway: rest.halfway ?? (() => Promise.resolve(false)),
  };
}

const knownUuid = "0dd00000-0000-4000-8000-000000000001";

const nothing = (): Promise<void> => Promise.resolve();
const empty = (): Record<string, never> => ({});
const extraDisk = (scene: Scene): string =>
  `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${scene.path}.qcow2'/>
   <target dev='vdb' bus='virtio'/><readonly/><shareable/></disk>`;

const domains: readonly Act[] = [
  act("domain.define", {
    before: nothing,
    with: (scene) => ({ xml: scene.domainXml }),
    done: (scene) => scene.is("shut off"),
  }),
  act("domain.define", {
    special: "again",
    before: async (scene) => {
      const { domainXml } = scene;
      await scene.virshWith("define", domainXml.replace("<memory", `<uuid>${knownUuid}</uuid><memory`));
    },
    with: (scene) => ({ xml: scene.changedXml(knownUuid) }),
    done: (scene) => scene.says(/<vcpu[^>]*>3</, "dumpxml", scene.name),
  }),
  act("domain.undefine", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: empty,
    done: async (scene) => !await scene.is("shut off"),
  }),
  act("domain.rename", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: (scene) => ({ newName: `${scene.name}-renamed` }),
    done: async (scene) => !await scene.is("shut off"),
  }),
  act("domain.setMetadata", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: () => ({ kind: "title", value: "Touched" }),
    done: (scene) => scene.says(/Touched/, "desc", "--title", scene.name),
  }),
  act("domain.setAutostart", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: () => ({ autostart: true }),
    done: (scene) => scene.says(/Autostart:\s+enable/, "dominfo", scene.name),
  }),
  act("domain.setVcpus", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: () => ({ vcpus: 3, maximum: true, config: true }),
    done: (scene) => scene.says(/^3$/m, "vcpucount", scene.name, "--maximum", "--config"),
  }),
  act("domain.start", {
    before: (scene) => scene.define(),
    on: onDomain,
    with: empty,
    done: (scene) => scene.is("running"),
  }),
  act("domain.create", {
    before: nothing,
    with: (scene) => ({ xml: scene.domainXml }),
    done: (scene) => scene.is("running"),
  }),
  act("domain.destroy", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: empty,
    done: async (scene) => !await scene.is("running"),
  }),
  act("domain.suspend", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: empty,
    done: (scene) => scene.is("paused"),
  }),
  act("domain.resume", {
    before: async (scene) => {
      await scene.start();
      await scene.virsh("suspend", scene.name);
    },
    on: onDomain,
    with: empty,
    done: (scene) => scene.is("running"),
  }),
  act("domain.attachDevice", {
    special: "to a running domain",
    before: (scene) => scene.start(),
    on: onDomain,
    with: (scene) => ({ xml: extraDisk(scene), live: true }),
    done: (scene) => scene.says(/vdb/, "domblklist", scene.name),
  }),
  act("domain.attachDevice", {
    special: "to a definition",
    before: (scene) => scene.define(),
    on: onDomain,
    with: (scene) => ({ xml: extraDisk(scene), config: true }),
    done: (scene) => scene.says(/vdb/, "domblklist", scene.name),
  }),
  act("domain.managedSave", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: empty,
    done: async (scene) =>
      await scene.is("shut off") && await scene.says(/Managed save:\s+yes/, "dominfo", scene.name),
  }),
  act("domain.save", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: (scene) => ({ path: `${scene.path}.saved` }),
    done: (scene) => scene.is("shut off"),
  }),
  act("domain.restore", {
    before: async (scene) => {
      await scene.start();
      await scene.virsh("save", scene.name, `${scene.path}.saved`);
    },
    with: (scene) => ({ path: `${scene.path}.saved` }),
    done: (scene) => scene.is("running"),
    halfway: (scene) => scene.says(/^paused \(migrating\)$/m, "domstate", "--reason", scene.name),
  }),
];

const snapshots: readonly Act[] = [
  act("snapshot.create", {
    before: (scene) => scene.start(),
    on: onDomain,
    with: () => ({ name: "first" }),
    done: (scene) => scene.says(/first/, "snapshot-list", scene.name, "--name"),
  }),
  act("snapshot.revert", {
    before: async (scene) => {
      await scene.start();
      await scene.virsh("snapshot-create-as", scene.name, "first");
      await scene.virsh("suspend", scene.name);
    },
    on: onSnapshot,
    with: empty,
    done: (scene) => scene.is("running"),
  }),
  act("snapshot.delete", {
    before: async (scene) => {
      await scene.start();
      await scene.virsh("snapshot-create-as", scene.name, "first");
    },
    on: onSnapshot,
    with: empty,
    done: async (scene) => !await scene.says(/first/, "snapshot-list", scene.name, "--name"),
  }),
];

const networks: readonly Act[] = [
  act("network.define", {
    before: nothing,
    with: (scene) => ({ xml: scene.networkXml }),
    done: (scene) => scene.says(/Persistent:\s+yes/, "net-info", scene.name),
  }),
  act("network.start", {
    before: (scene) => scene.virshWith("net-define", scene.networkXml),
    on: onNetwork,
    with: empty,
    done: (scene) => scene.says(/Active:\s+yes/, "net-info", scene.name),
  }),
  act("network.destroy", {
    before: async (scene) => {
      await scene.virshWith("net-define", scene.networkXml);
      await scene.virsh("net-start", scene.name);
    },
    on: onNetwork,
    with: empty,
    done: (scene) => scene.says(/Active:\s+no/, "net-info", scene.name),
  }),
  act("filter.define", {
    before: nothing,
    with: (scene) => ({ xml: scene.filterXml }),
    done: (scene) => scene.says(/./, "nwfilter-dumpxml", scene.name),
  }),
];

const storage: readonly Act[] = [
  act("pool.define", {
    before: nothing,
    with: (scene) => ({ xml: scene.poolXml }),
    done: (scene) => scene.says(/Persistent:\s+yes/, "pool-info", scene.name),
  }),
  act("pool.start", {
    // A pool whose folder is there runs as soon as a daemon starts: this one's is not there yet.
    before: (scene) => scene.virshWith("pool-define", scene.poolXml),
    on: onPool,
    with: () => ({ build: true }),
    done: (scene) => scene.says(/State:\s+running/, "pool-info", scene.name),
  }),
  act("pool.destroy", {
    undoneByRestart: true,
    before: (scene) => scene.runningPool(),
    on: onPool,
    with: empty,
    done: async (scene) => !await scene.says(/State:\s+running/, "pool-info", scene.name),
  }),
  act("volume.create", {
    before: (scene) => scene.runningPool(),
    on: onPool,
    with: (scene) => ({ xml: scene.volumeXml() }),
    done: (scene) => scene.says(/volume/, "vol-list", scene.name),
  }),
  act("volume.delete", {
    before: (scene) => scene.poolWithVolume(),
    on: onVolume,
    with: empty,
    done: async (scene) => !await scene.says(/volume/, "vol-list", scene.name),
  }),
  act("volume.resize", {
    before: (scene) => scene.poolWithVolume(),
    on: onVolume,
    with: () => ({ capacityBytes: 2_000_000 }),
    done: (scene) => scene.says(/Capacity:\s+2000000/, "vol-info", "--bytes", "volume", "--pool", scene.name),
  }),
  act("volume.upload", {
    before: (scene) => scene.poolWithVolume(),
    on: onVolume,
    with: () => ({ offset: 0, bytes: new Uint8Array(600_000).fill(7) }),
    done: async (scene) => {
      const bytes = await Deno.readFile(`${scene.path}/volume`);
      return bytes.length >= 600_000 && bytes.subarray(0, 600_000).every((byte) => byte === 7);
    },
  }),
];

const secrets: readonly Act[] = [
  act("secret.define", {
    before: nothing,
    with: (scene) => ({ xml: scene.secretXml }),
    done: (scene) => scene.says(/./, "secret-dumpxml", scene.secretId),
  }),
  act("secret.setValue", {
    before: (scene) => scene.virshWith("secret-define", scene.secretXml),
    on: onSecret,
    with: () => ({ value: "open sesame" }),
    done: (scene) => scene.says(/./, "secret-get-value", scene.secretId),
  }),
];

/** All kinds of writes. */
export const acts: readonly Act[] = [...domains, ...snapshots, ...networks, ...storage, ...secrets];
