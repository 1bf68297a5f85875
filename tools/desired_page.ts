/**
 * The page about the fields of desired objects: what each is, from the types in `model/desired/`, and when a change of it takes
 * effect, found out by planning one.
 *
 * @module
 */
import { domainFields } from "../automation/ensure/domain_fields.ts";
import type { FieldRule } from "../automation/ensure/field_rule.ts";
import { networkFields } from "../automation/ensure/network_fields.ts";
import { planOf } from "../automation/ensure/plan.ts";
import type {
  DesiredByKind,
  DesiredData,
  DesiredDomain,
  DesiredKind,
  DesiredNetwork,
  DesiredPool,
  DesiredSnapshot,
  DesiredVolume,
} from "../model/desired/mod.ts";
import type { ChangeEffect, PlanData } from "../model/plan.ts";

/** A kind of object, where its types stand, and which they are: the object's own first, then those of its parts. */
interface Kind {
  readonly file: string;
  readonly interfaces: readonly string[];
  readonly says: string;
}

const kinds: Readonly<Record<DesiredKind, Kind>> = {
  domain: {
    file: "domain.ts",
    interfaces: ["DesiredDomain", "DesiredDisk", "DesiredInterface", "DesiredKernel", "DesiredVolumeSource"],
    says: "A virtual machine or a container, found by its name.",
  },
  network: {
    file: "network.ts",
    interfaces: ["DesiredNetwork", "DesiredDhcpHost"],
    says: "A virtual network, found by its name.",
  },
  pool: { file: "storage.ts", interfaces: ["DesiredPool"], says: "A storage pool, found by its name." },
  volume: {
    file: "storage.ts",
    interfaces: ["DesiredVolume"],
    says: "A volume, found by the names of its pool and itself.",
  },
  secret: { file: "secret.ts", interfaces: ["DesiredSecret"], says: "A secret, found by what it is for." },
  snapshot: {
    file: "secret.ts",
    interfaces: ["DesiredSnapshot"],
    says: "A snapshot, found by the names of its domain and itself.",
  },
};

/** What is changed to find out when a change takes effect, in an object that runs. Keys are fields, or `part.field`. */
type Trials<K extends DesiredKind> = Readonly<Record<string, Partial<DesiredByKind[K]>>>;

const disk = { file: "/images/a.qcow2", target: "vda", bus: "virtio" } as const;
const nic = { network: "lab", mac: "52:54:00:00:00:01" } as const;

const domainBase: DesiredDomain = {
  name: "web-1",
  type: "kvm",
  arch: "x86_64",
  memory: "1GiB",
  maxMemory: "2GiB",
  vcpus: 1,
  maxVcpus: 4,
  disks: [disk],
  interfaces: [nic],
};

const domainTrials: Trials<"domain"> = {
  autostart: { autostart: true },
  title: { title: "Web" },
  description: { description: "The first one" },
  machine: { machine: "pc" },
  firmware: { firmware: "efi" },
  memory: { memory: "1536MiB" },
  maxMemory: { maxMemory: "4GiB" },
  vcpus: { vcpus: 2 },
  maxVcpus: { maxVcpus: 8 },
  cpu: { cpu: "maximum" },
  boot: { boot: ["network"] },
  kernel: { kernel: { path: "/boot/vmlinuz" } },
  disks: { disks: [disk, { file: "/images/b.qcow2", target: "vdb", bus: "virtio" }] },
  interfaces: { interfaces: [nic, { network: "lab", mac: "52:54:00:00:00:02" }] },
  graphics: { graphics: "vnc" },
  "DesiredDisk.file": { disks: [{ ...disk, file: "/images/c.qcow2" }] },
  "DesiredDisk.format": { disks: [{ ...disk, format: "raw" }] },
  "DesiredDisk.readonly": { disks: [{ ...disk, readonly: true }] },
  "DesiredDisk.cache": { disks: [{ ...disk, cache: "none" }] },
  "DesiredDisk.discard": { disks: [{ ...disk, discard: "unmap" }] },
  "DesiredDisk.limits": { disks: [{ ...disk, limits: { total_iops_sec: 100 } }] },
  "DesiredInterface.network": { interfaces: [{ ...nic, network: "other" }] },
  "DesiredInterface.model": { interfaces: [{ ...nic, model: "e1000" }] },
  "DesiredInterface.link": { interfaces: [{ ...nic, link: "down" }] },
  "DesiredInterface.filter": { interfaces: [{ ...nic, filter: "clean-traffic" }] },
};

const networkBase: DesiredNetwork = { name: "lab", address: "192.168.50.1/24", bridge: "virbr9" };
const networkTrials: Trials<"network"> = {
  state: { state: "inactive" },
  autostart: { autostart: true },
  forward: { forward: "route" },
  bridge: { bridge: "virbr8" },
  domain: { domain: "lab.example" },
  address: { address: "192.168.51.1/24" },
  range: { range: { start: "192.168.50.10", end: "192.168.50.20" } },
  hosts: { hosts: [{ mac: "52:54:00:00:00:01", ip: "192.168.50.5" }] },
};

const poolBase: DesiredPool = { name: "images", path: "/images" };
const poolTrials: Trials<"pool"> = {
  state: { state: "inactive" },
  autostart: { autostart: true },
  path: { path: "/other" },
};

const volumeBase: DesiredVolume = { pool: "images", name: "a.qcow2", capacity: "10GiB" };
const volumeTrials: Trials<"volume"> = {
  capacity: { capacity: "20GiB" },
  format: { format: "raw" },
  backing: { backing: { path: "/images/golden.qcow2" } },
};

const snapshotBase: DesiredSnapshot = { domain: "web-1", name: "before" };

/** The page, unformatted, without its heading. */
export function desiredPage(root: string): string {
  const chapters = (Object.keys(kinds) as readonly DesiredKind[]).map((kind) => chapter(root, kind));
  return `What the builders \`domain\`, \`network\`, \`pool\`, \`volume\`, \`secret\` and \`snapshot\` take in recipes, and the modules
\`ensure.domain\`, \`ensure.network\`, … in playbooks. Only what is written is compared; [ensure.md](../ensure.md) is the
guide. What a change does to an object that runs was found out by planning one, and stands behind the field:

- **live**: at once, in what runs and in its definition;
- **next boot**: in the definition now, and in what runs when it is started next;
- **stop**: only while it is stopped;
- **replace**: only in another object in its place; refused unless that may be.

${chapters.join("\n\n")}

## What raw XML reaches

Fields of a domain's document, in the order in which the table of effects has them; the first that fits counts. Where the
hypervisor cannot make a change live, it waits for the next boot, and says so.

${rulesText(domainFields)}

The same of a network's document:

${rulesText(networkFields)}
`;
}

function chapter(root: string, kind: DesiredKind): string {
  const { file, interfaces, says } = kinds[kind];
  const source = Deno.readTextFileSync(`${root}/model/desired/${file}`);
  const effects = effectsOf(kind);
  const parts = interfaces.map((name, index) => {
    const lines = propertiesOf(source, name).map(({ name: field, type, doc }) => {
      const effect = effects.get(index === 0 ? field : `${name}.${field}`);
      return `- \`${field}\`: \`${type}\`. ${doc}${effect === undefined ? "" : ` _Changed: ${effect}._`}`;
    });
    const heading = index === 0 ? "" : `### ${name}\n\n`;
    return `${heading}${lines.join("\n")}`;
  });
  return `## ${kind}\n\n${says}\n\n${parts.join("\n\n")}`;
}

interface Property {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** The properties of an interface with what is said about them, from its source. */
function propertiesOf(source: string, name: string): readonly Property[] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`There is no interface ${name}`);
  return [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)(\??): ([\s\S]*?);(?=\n|$)/g)].map(
    ([, doc = "", field = "", optional, type = ""]) => ({
      name: field,
      type: type.replaceAll("readonly ", "").replace(/ \| undefined/g, "").replace(/\s+/g, " ").trim(),
      doc: `${optional === "" ? "**Required.** " : ""}${docText(doc)}`,
    }),
  );
}

function docText(doc: string): string {
  const text = doc.replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ").trim();
  const [says = "", fallback] = text.split(/\s*@default\s+/);
  const whole = says.endsWith(".") || says === "" ? says : `${says}.`;
  return fallback === undefined ? whole : `${whole} Default: ${fallback}.`;
}

function effectsOf(kind: DesiredKind): ReadonlyMap<string, string> {
  switch (kind) {
    case "domain":
      return tried("domain", domainBase, domainTrials);
    case "network":
      return tried("network", networkBase, networkTrials);
    case "pool":
      return tried("pool", poolBase, poolTrials);
    case "volume":
      return tried("volume", volumeBase, volumeTrials);
    case "snapshot":
      return tried("snapshot", snapshotBase, {});
    case "secret":
      return new Map();
  }
}

const effectWords: Readonly<Record<ChangeEffect, string>> = {
  "live": "live",
  "next-boot": "next boot",
  "needs-stop": "stop",
  "replace": "replace",
};

function tried<K extends DesiredKind>(
  kind: K,
  base: DesiredByKind[K],
  trials: Trials<K>,
): ReadonlyMap<string, string> {
  const context = { seed: "reference", can: () => true };
  const planned = (spec: DesiredByKind[K], present: Parameters<typeof planOf>[1]["present"]): PlanData =>
    // A kind and its spec belong together by the type of the parameters.
    planOf({ kind, spec } as DesiredData, { ...context, present });
  const config = planned(base, {}).after ?? "";
  const runs = kind === "volume" || kind === "snapshot" ? {} : { live: config };
  return new Map(
    Object.entries(trials).map(([field, change]) => {
      const { changes } = planned({ ...base, ...change }, {
        config,
        ...runs,
        persistent: true,
        autostart: false,
      });
      if (changes.length === 0) throw new Error(`Changing "${field}" of a ${kind} changes nothing`);
      const said = changes.map(({ effect, why }) => `${effectWords[effect]} (${why})`);
      return [field, [...new Set(said)].join("; ")] as const;
    }),
  );
}

function rulesText(rules: readonly FieldRule[]): string {
  return rules.map(({ path, effect = "next-boot", why, live, otherwise }) => {
    const fields = path.source.replaceAll("\\/", "/").replaceAll("^", "").replaceAll("$", "");
    const when = live === undefined ? effectWords[effect] : `live, else ${effectWords[effect]}`;
    const name = fields === "." ? "anything else" : `\`${fields}\``;
    return `- ${name}: ${when}. ${why}.${otherwise === undefined ? "" : ` Else: ${otherwise}.`}`;
  }).join("\n");
}
