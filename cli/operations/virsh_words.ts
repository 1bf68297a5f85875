/**
 * What virsh's commands mean where they are not simply an operation of ours: those that show one field, those that show or
 * change by what follows them, and flags that are called otherwise.
 *
 * @module
 */

/** A command line in our words, without the command's name. */
interface Meaning {
  /** The command, where it is not the operation that has virsh's name. */
  readonly command?: readonly [noun: string, verb: string];
  /** Words that are added. */
  readonly adds?: readonly string[];
  /** virsh's flags in our words; those without any say what is so anyway. */
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  /** The flags that arguments stand for, from the second on. The first one is the object. */
  readonly arguments?: readonly ((text: string) => readonly string[])[];
}

/** What stands behind the command's name. */
interface Given {
  /** Arguments without flags. */
  readonly arguments: readonly string[];
  has(flag: string): boolean;
}

function field(name: string, command?: readonly [string, string]): Meaning {
  return { adds: ["--field", name], ...(command === undefined ? {} : { command }) };
}

function flag(name: string): (text: string) => readonly string[] {
  return (text) => [`--${name}`, text];
}

/** virsh has whole MiB per second where no unit is given. */
function mebibytes(name: string): (text: string) => readonly string[] {
  return (text) => [`--${name}`, /^\d+$/.test(text) ? `${text}MiB` : text];
}

const secure = { flags: { "--security-info": ["--secure"] } } as const;

/** Commands that mean something else, or something more, than the operation that has their name. */
const meanings: Readonly<Record<string, Meaning | ((given: Given) => Meaning)>> = {
  "hostname": field("hostname"),
  "uri": field("uri"),
  "maxvcpus": field("max-vcpus"),
  "domstate": (given) => given.has("--reason") ? { flags: { "--reason": [] } } : field("state"),
  "domid": field("id", ["domain", "info"]),
  "domname": field("name"),
  "domuuid": field("uuid", ["domain", "info"]),
  "domhostname": field("hostname", ["domain", "hostname"]),
  "domfsinfo": field("filesystems"),
  "net-name": field("name"),
  "net-uuid": field("id"),
  "pool-name": field("name"),
  "pool-uuid": field("id"),
  "iface-name": field("name"),
  "vol-name": field("name"),
  "vol-path": field("path", ["volume", "info"]),
  "checkpoint-parent": field("parent"),
  "migrate-getspeed": field("bandwidth"),
  "migrate-getmaxdowntime": field("max-downtime"),
  "migrate-setspeed": {
    arguments: [mebibytes("bandwidth")],
    flags: { "--postcopy": ["--post-copy-bandwidth"] },
  },
  "migrate-setmaxdowntime": {
    arguments: [flag("max-downtime")],
    flags: { "--downtime": ["--max-downtime"] },
  },
  "migrate-compcache": {
    arguments: [flag("compression-cache")],
    flags: { "--size": ["--compression-cache"] },
  },
  "migrate": {
    flags: {
      "--p2p": ["--via", "peer-to-peer"],
      "--tunnelled": ["--via", "tunnelled"],
      "--undefinesource": ["--undefine-source"],
      "--suspend": ["--paused"],
      "--copy-storage-all": ["--copy-storage", "all"],
      "--copy-storage-inc": ["--copy-storage", "incremental"],
      "--postcopy": ["--post-copy"],
      "--postcopy-resume": ["--resume-post-copy"],
      "--migrateuri": ["--migrate-uri"],
      "--desturi": ["--to"],
      "--copy-storage-synchronous-writes": ["--synchronous-writes"],
      "--verbose": [],
      "--parallel": [],
    },
  },
  "schedinfo": { adds: ["--group", "scheduler"], flags: { "--live": [], "--current": [] } },
  "blkiotune": { adds: ["--group", "blkio"] },
  "memtune": { adds: ["--group", "memory"] },
  "numatune": { adds: ["--group", "numa"] },
  "dumpxml": secure,
  "snapshot-dumpxml": secure,
  "checkpoint-dumpxml": secure,
  "managedsave-dumpxml": secure,
  "autostart": { flags: { "--disable": ["--no-autostart"] } },
  "net-autostart": { flags: { "--disable": ["--no-autostart"] } },
  "pool-autostart": { flags: { "--disable": ["--no-autostart"] } },
  "nodedev-autostart": { flags: { "--disable": ["--no-autostart"] } },
  "setmem": { flags: { "--size": ["--memory"] } },
  "setmaxmem": { flags: { "--size": ["--memory"] } },
  "snapshot-create": { arguments: [flag("xml")], flags: { "--xmlfile": ["--xml"] } },
  "checkpoint-create": { arguments: [flag("xml")], flags: { "--xmlfile": ["--xml"] } },
  "emulatorpin": (given) =>
    given.arguments.length < 2 && !given.has("--cpulist")
      ? { command: ["domain", "emulator-pin"] }
      : { flags: { "--cpulist": ["--cpus"] } },
  "vcpupin": (given) =>
    given.arguments.length < 3 && !given.has("--cpulist")
      ? { command: ["domain", "vcpus"] }
      : { flags: { "--cpulist": ["--cpus"] } },
  "blkdeviotune": (given) =>
    given.arguments.length < 3 && !given.has("--parameters") ? { command: ["domain", "block-io-tune"] } : {},
  "domiftune": (given) =>
    given.arguments.length < 3 && !given.has("--parameters")
      ? { command: ["domain", "interface-parameters"] }
      : {},
  "desc": (given) => {
    const kind = ["--kind", given.has("--title") ? "title" : "description"];
    const flags = { "--title": [], "--new-desc": ["--value"] };
    return given.arguments.length < 2 && !given.has("--new-desc")
      ? { adds: kind, flags }
      : { command: ["domain", "set-metadata"], adds: kind, flags, arguments: [flag("value")] };
  },
  "metadata": (given) =>
    given.has("--set")
      ? {
        adds: ["--kind", "element"],
        arguments: [flag("uri"), flag("key"), flag("value")],
        flags: { "--set": ["--value"] },
      }
      : {
        command: ["domain", given.has("--remove") ? "set-metadata" : "metadata"],
        adds: ["--kind", "element"],
        arguments: [flag("uri")],
        flags: { "--remove": [] },
      },
  "blockjob": (given) => {
    const flags = { "--abort": [], "--info": [], "--bytes": [], "--path": ["--disk"] };
    if (given.has("--pivot") || given.has("--abort")) {
      return { command: ["domain", "abort-block-job"], flags };
    }
    return given.arguments.length > 2 || given.has("--bandwidth")
      ? {
        command: ["domain", "set-block-job-speed"],
        arguments: [flag("disk"), mebibytes("bandwidth")],
        flags,
      }
      : { flags };
  },
};

/** virsh's flags that take no value, among those that may stand before arguments. */
const bare: ReadonlySet<string> = new Set([
  ...["--abort", "--all", "--config", "--current", "--info", "--inactive", "--live", "--persistent"],
  ...["--pivot", "--reason", "--remove", "--title", "--wait", "--no-wait"],
]);

/** Where the arguments without flags stand among the words. */
function argumentPlaces(words: readonly string[]): readonly number[] {
  const places: number[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") break;
    if (!word.startsWith("-") || word === "-") places.push(at);
    else if (!word.includes("=") && !bare.has(word)) at++;
  }
  return places;
}

/** What a command of virsh is in our words. */
export interface OurWords {
  /** Absent where it is the operation that has the name. */
  readonly command?: readonly [noun: string, verb: string];
  readonly words: readonly string[];
}

/** A command line of virsh in our words; what nothing is known of stays as it is. */
export function fromVirsh(name: string, words: readonly string[]): OurWords {
  const known = meanings[name];
  if (known === undefined) return { words };
  const places = argumentPlaces(words);
  const meaning = typeof known === "function"
    ? known({
      arguments: places.map((at) => words[at] ?? ""),
      has: (flag) => words.some((word) => word === flag || word.startsWith(`${flag}=`)),
    })
    : known;
  const { command, adds = [], flags = {}, arguments: meant = [] } = meaning;
  const said = words.flatMap((word, at): readonly string[] => {
    const argument = places.indexOf(at);
    if (argument > 0) return meant[argument - 1]?.(word) ?? [word];
    const [flagName = "", ...value] = word.split("=");
    const ours = flags[flagName];
    return ours === undefined ? [word] : [...ours, ...(value.length === 0 ? [] : [value.join("=")])];
  });
  return { ...(command === undefined ? {} : { command }), words: [...adds, ...said] };
}
