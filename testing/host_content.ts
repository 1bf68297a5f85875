/**
 * What a simulated host consists of, in few words.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Change, Guest } from "../drivers/test/world/record.ts";
import { guestNamespace } from "../drivers/test/world/dialogue.ts";
import { bareHost, defaultHost } from "../drivers/test/world/default_host.ts";

/** A domain of a simulated host: a name, or more than that. */
export interface SimulatedDomain {
  /** The domain's name. */
  readonly name: string;
  /** What it does when the lab opens. @default "shutoff" */
  readonly state?: "running" | "paused" | "shutoff";
  /** The definition; it must carry `name`. @default a small one, with one disk and one interface */
  readonly xml?: string;
  /** The definition of what runs, where that is another. @default `xml` */
  readonly liveXml?: string;
  /** In MiB. @default 512 */
  readonly memoryMib?: number;
  /** Its virtual CPUs. @default 1 */
  readonly cpus?: number;
  /** Paths of its disks. @default one image of its own in the pool `default` */
  readonly disks?: readonly string[];
  /** XML that goes into its `<metadata>`. */
  readonly metadata?: string;
  /** What its guest says on its serial console. @default a line when it boots, a login for anybody, and a shell */
  readonly console?: SimulatedConsole;
  /** The names of its channels; what is written into one comes back, unless `console.answers` says otherwise. */
  readonly channels?: readonly string[];
  /** Whether it starts with its host. */
  readonly autostart?: boolean;
  /** Whether it vanishes when it stops. @default false */
  readonly transient?: boolean;
  /** Snapshots, oldest first; each one is the parent of the next. */
  readonly snapshots?: readonly SimulatedSnapshot[];
}

/** What a simulated guest says on its serial console, and understands. */
export interface SimulatedConsole {
  /** What it prints when it boots, line by line. @default "Booting NAME" */
  readonly boot?: readonly string[];
  /** Who may log in. @default anybody */
  readonly user?: string;
  /** What is asked for at the login. @default nothing */
  readonly password?: string;
  /** What it answers to lines that are typed in its shell, or written into its channels. */
  readonly answers?: Readonly<Record<string, string>>;
}

/** A snapshot of a simulated domain. */
export interface SimulatedSnapshot {
  /** The snapshot's name. */
  readonly name: string;
  /** What it is for. */
  readonly description?: string;
  /** How long before the start of the simulation it was taken, in milliseconds. @default 0 */
  readonly ageMs?: number;
}

/** A network of a simulated host. */
export interface SimulatedNetwork {
  /** The network's name. */
  readonly name: string;
  /** Whether it is up. @default true */
  readonly active?: boolean;
  /** Its definition, instead of a made one. */
  readonly xml?: string;
  /** The definition of what is up, where that is another. @default `xml` */
  readonly liveXml?: string;
  /** Whether it starts with its host. @default whether it is up */
  readonly autostart?: boolean;
}

/** A storage pool of a simulated host. */
export interface SimulatedPool {
  /** The pool's name. */
  readonly name: string;
  /** Whether it is running. @default true */
  readonly active?: boolean;
  /** Its definition, instead of a made one. */
  readonly xml?: string;
  /** The definition of what is running, where that is another. @default `xml` */
  readonly liveXml?: string;
  /** Whether it starts with its host. @default whether it is running */
  readonly autostart?: boolean;
  /** Where its volumes are. @default "/var/lib/libvirt/NAME" */
  readonly path?: string;
  /** In GiB. @default 100 */
  readonly capacityGib?: number;
  /** Its volumes, by name or with more said. */
  readonly volumes?: readonly (string | SimulatedVolume)[];
}

/** A volume of a simulated pool. */
export interface SimulatedVolume {
  /** The volume's name. */
  readonly name: string;
  /** In GiB. @default 10 */
  readonly capacityGib?: number;
  /** Its format. @default "qcow2" */
  readonly format?: string;
  /** The path of the volume that it is based on. */
  readonly backing?: string;
}

/** A secret of a simulated host. Its value is none that anybody could read. */
export interface SimulatedSecret {
  /** What it is for. */
  readonly usage: string;
  /** Its definition. */
  readonly xml: string;
  /** Whether nobody but the hypervisor can read it. @default false */
  readonly private?: boolean;
  /** Whether it is kept in memory only. @default false */
  readonly ephemeral?: boolean;
  /** Whether it has a value. @default true */
  readonly hasValue?: boolean;
}

/** What a simulated host consists of. */
export interface HostContent {
  /** Domains, by name or with more said. */
  readonly domains?: readonly (string | SimulatedDomain)[];
  /** Networks, by name or with more said. @default a network `default` that is active */
  readonly networks?: readonly (string | SimulatedNetwork)[];
  /** Storage pools, by name or with more said. @default a pool `default` that is active and empty */
  readonly pools?: readonly (string | SimulatedPool)[];
  /** Secrets. @default none */
  readonly secrets?: readonly SimulatedSecret[];
}

/** A host: libvirt's own test host, or one of your making. */
export type Simulated = "test:///default" | HostContent;

const gibibyte = 1024 ** 3;

/** The records of a simulated host. */
export function hostChanges(
  content: Simulated,
  { name, now }: { readonly name: string; readonly now: number },
): readonly Change[] {
  const uuid = uuidOf("host", name);
  if (content === "test:///default") return defaultHost(uuid, now);
  const domains = (content.domains ?? []).map((domain) =>
    typeof domain === "string" ? { name: domain } : domain
  );
  const running = domains.filter(({ state = "shutoff" }) => state !== "shutoff");
  return [
    {
      kind: "host",
      id: "host",
      revision: 1,
      record: { ...bareHost(uuid), nextGuestId: running.length + 1 },
    },
    ...(content.networks ?? ["default"]).map((network) =>
      networkChange(typeof network === "string" ? { name: network } : network)
    ),
    ...(content.pools ?? ["default"]).flatMap((pool) =>
      poolChanges(typeof pool === "string" ? { name: pool } : pool)
    ),
    ...(content.secrets ?? []).map(secretChange),
    ...domains.flatMap((domain) => domainChanges(domain, { guestId: running.indexOf(domain) + 1, now })),
  ];
}

function domainChanges(
  domain: SimulatedDomain,
  { guestId, now }: { readonly guestId: number; readonly now: number },
): Change[] {
  const { name, state = "shutoff", autostart = false, transient = false, snapshots = [] } = domain;
  const id = uuidIn(domain.xml) ?? uuidOf("domain", name);
  const xml = domain.xml ?? domainXml(domain, id);
  const guest: Guest | undefined = state === "shutoff" ? undefined : {
    id: guestId,
    xml: domain.liveXml ?? xml,
    state,
    reason: state === "paused" ? "user" : "booted",
    since: now,
    startedAt: now,
    frozen: [],
    clockOffsetS: 0,
  };
  const current = snapshots.at(-1);
  return [
    {
      kind: "domain",
      id,
      revision: 1,
      record: {
        id,
        revision: 1,
        name,
        ...(transient ? {} : { config: xml }),
        ...(guest === undefined ? {} : { guest }),
        ...(current === undefined ? {} : { currentSnapshot: current.name }),
        autostart,
        parameters: {},
      },
    },
    ...snapshots.map((snapshot, index): Change => {
      const parent = snapshots[index - 1]?.name;
      return {
        kind: "snapshot",
        id: `${id}/${snapshot.name}`,
        revision: 1,
        record: {
          id: `${id}/${snapshot.name}`,
          revision: 1,
          domain: id,
          name: snapshot.name,
          ...(parent === undefined ? {} : { parent }),
          ...(snapshot.description === undefined ? {} : { description: snapshot.description }),
          createdS: Math.floor((now - (snapshot.ageMs ?? 0)) / 1000),
          state,
          domainXml: xml,
          memory: "no",
          disks: [{ name: "vda", snapshot: "internal" }],
          data: ["vda"],
        },
      };
    }),
  ];
}

function domainXml(domain: SimulatedDomain, uuid: string): string {
  const { name, memoryMib = 512, cpus = 1, disks, channels = [] } = domain;
  const metadata = `${domain.metadata ?? ""}${consoleXml(domain.console)}`;
  const paths = disks ?? [`/var/lib/libvirt/default/${name}.qcow2`];
  const letters = "abcdefghijklmnopqrstuvwxyz";
  return `<domain type='test'>
  <name>${escaped(name)}</name>
  <uuid>${uuid}</uuid>
${metadata === "" ? "" : `  <metadata>${metadata}</metadata>\n`}  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${cpus}</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
  </os>
  <devices>
${
    paths.map((path, index) =>
      `    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='${escaped(path)}'/>
      <target dev='vd${letters[index] ?? "z"}' bus='virtio'/>
    </disk>`
    ).join("\n")
  }
    <interface type='network'>
      <mac address='52:54:00:${uuid.slice(0, 2)}:${uuid.slice(2, 4)}:${uuid.slice(4, 6)}'/>
      <source network='default'/>
    </interface>
${
    channels.map((channel) =>
      `    <channel type='unix'>
      <target type='virtio' name='${escaped(channel)}'/>
    </channel>
`
    ).join("")
  }  </devices>
</domain>
`;
}

function consoleXml(console: SimulatedConsole | undefined): string {
  if (console === undefined) return "";
  const { boot = [], user, password, answers = {} } = console;
  const attribute = (name: string, value: string | undefined): string =>
    value === undefined ? "" : ` ${name}='${escaped(value)}'`;
  return [
    `<guest xmlns='${guestNamespace}'>`,
    `<login${attribute("user", user)}${attribute("password", password)}/>`,
    ...boot.map((line) => `<boot>${escaped(line)}</boot>`),
    ...Object.entries(answers).map(([to, answer]) =>
      `<answer to='${escaped(to)}'>${escaped(answer)}</answer>`
    ),
    "</guest>",
  ].join("");
}

function secretChange({ usage, xml, hasValue = true, ...kind }: SimulatedSecret): Change {
  const id = uuidIn(xml) ?? uuidOf("secret", usage);
  const flags = { private: kind.private ?? false, ephemeral: kind.ephemeral ?? false };
  return {
    kind: "secret",
    id,
    revision: 1,
    record: { id, revision: 1, name: usage, config: xml, ...flags, hasValue },
  };
}

/** The UUID in a definition. */
function uuidIn(xml: string | undefined): string | undefined {
  return /<uuid>\s*([0-9a-f-]{36})\s*<\/uuid>/i.exec(xml ?? "")?.[1]?.toLowerCase();
}

function networkChange(network: SimulatedNetwork): Change {
  const { name, active = true, xml: given, autostart = active } = network;
  const id = uuidIn(given) ?? uuidOf("network", name);
  const xml = given ?? `<network>
  <name>${escaped(name)}</name>
  <uuid>${id}</uuid>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.122.2' end='192.168.122.254'/>
    </dhcp>
  </ip>
</network>
`;
  return {
    kind: "network",
    id,
    revision: 1,
    record: {
      id,
      revision: 1,
      name,
      config: xml,
      ...(active ? { bridge: { xml: network.liveXml ?? xml } } : {}),
      autostart,
    },
  };
}

function poolChanges(pool: SimulatedPool): Change[] {
  const { name, active = true, path = `/var/lib/libvirt/${pool.name}`, capacityGib = 100 } = pool;
  const id = uuidIn(pool.xml) ?? uuidOf("pool", name);
  const xml = pool.xml ?? `<pool type='dir'>
  <name>${escaped(name)}</name>
  <uuid>${id}</uuid>
  <source>
  </source>
  <target>
    <path>${escaped(path)}</path>
  </target>
</pool>
`;
  const volumes = (pool.volumes ?? []).map((volume) =>
    typeof volume === "string" ? { name: volume } : volume
  );
  return [
    {
      kind: "pool",
      id,
      revision: 1,
      record: {
        id,
        revision: 1,
        name,
        config: xml,
        ...(active ? { started: { xml: pool.liveXml ?? xml } } : {}),
        autostart: pool.autostart ?? active,
        built: true,
        capacity: capacityGib * gibibyte,
      },
    },
    ...volumes.map((volume: SimulatedVolume): Change => ({
      kind: "volume",
      id: `${id}/${volume.name}`,
      revision: 1,
      record: {
        id: `${id}/${volume.name}`,
        revision: 1,
        pool: id,
        name: volume.name,
        path: `${path}/${volume.name}`,
        type: "file",
        format: volume.format ?? "qcow2",
        capacity: (volume.capacityGib ?? 10) * gibibyte,
        allocation: 0,
        ...(volume.backing === undefined ? {} : { backing: { path: volume.backing, format: "qcow2" } }),
      },
    })),
  ];
}

/** The UUID of something simulated; the same for the same name. */
export function uuidOf(kind: string, name: string): string {
  const hash = createHash("sha256").update(`${kind}/${name}`).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${
    hash.slice(20, 32)
  }`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&apos;");
}
