/**
 * What the modules of `community.libvirt` are in Drover's operations.
 *
 * Source of names: the documentation of the collection's modules virt, virt_net, virt_pool and virt_volume.
 *
 * @module
 */

/** A task's module and what it is given. */
export interface Converted {
  readonly module: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What is said to the person about a task. */
export type Remark = (text: string) => void;

/** What a module was given: texts may hold expressions. */
export type Given = Readonly<Record<string, unknown>>;

/** Operations without more than their object, by command or state. */
type Simple = Readonly<Record<string, string>>;

/** A module. */
interface Module {
  /** What names its object. */
  readonly object: string;
  readonly parameters: readonly string[];
  readonly states: Simple;
  readonly commands: Simple;
  /** Commands and states that need a definition. */
  readonly defining: readonly string[];
  readonly setAutostart?: string;
}

const modules: Readonly<Record<string, Module>> = {
  virt: {
    object: "domain",
    parameters: [
      "name",
      "guest",
      "state",
      "command",
      "autostart",
      "uri",
      "xml",
      "flags",
      "force",
      "mutate_flags",
    ],
    states: {
      running: "domain.start",
      shutdown: "domain.shutdown",
      destroyed: "domain.destroy",
      paused: "domain.suspend",
    },
    commands: {
      create: "domain.start",
      start: "domain.start",
      stop: "domain.shutdown",
      shutdown: "domain.shutdown",
      destroy: "domain.destroy",
      undefine: "domain.undefine",
      pause: "domain.suspend",
      unpause: "domain.resume",
      info: "domain.info",
      status: "domain.info",
      get_xml: "domain.xml",
      list_vms: "domain.list",
      freemem: "connection.freeMemory",
      nodeinfo: "connection.nodeInfo",
      define: "domain.define",
    },
    defining: ["define"],
    setAutostart: "domain.setAutostart",
  },
  virt_net: {
    object: "network",
    parameters: ["name", "state", "command", "autostart", "uri", "xml"],
    states: {
      active: "network.start",
      inactive: "network.destroy",
      present: "network.define",
      absent: "network.undefine",
    },
    commands: {
      create: "network.start",
      start: "network.start",
      stop: "network.destroy",
      destroy: "network.destroy",
      undefine: "network.undefine",
      define: "network.define",
      get_xml: "network.xml",
      info: "network.info",
      status: "network.info",
      list_nets: "network.list",
    },
    defining: ["define", "present"],
    setAutostart: "network.setAutostart",
  },
  virt_pool: {
    object: "pool",
    parameters: ["name", "state", "command", "autostart", "uri", "xml", "mode"],
    states: {
      active: "pool.start",
      inactive: "pool.destroy",
      present: "pool.define",
      absent: "pool.undefine",
      undefined: "pool.undefine",
      deleted: "pool.delete",
    },
    commands: {
      build: "pool.build",
      create: "pool.start",
      start: "pool.start",
      stop: "pool.destroy",
      destroy: "pool.destroy",
      delete: "pool.delete",
      undefine: "pool.undefine",
      define: "pool.define",
      refresh: "pool.refresh",
      get_xml: "pool.xml",
      info: "pool.info",
      status: "pool.info",
      list_pools: "pool.list",
    },
    defining: ["define", "present"],
    setAutostart: "pool.setAutostart",
  },
  virt_volume: {
    object: "volume",
    parameters: ["name", "pool", "state", "command", "uri", "xml", "wipe"],
    states: { present: "volume.create", absent: "volume.delete" },
    commands: {
      create: "volume.create",
      delete: "volume.delete",
      get_xml: "volume.xml",
      info: "volume.info",
      list_volumes: "volume.list",
      wipe: "volume.wipe",
    },
    defining: ["create", "present"],
  },
};

/** Flags of virt's `undefine`, in Drover's words. */
const undefineFlags: Readonly<Record<string, string>> = {
  managed_save: "managedSave",
  snapshots_metadata: "snapshotsMetadata",
  checkpoints_metadata: "checkpointsMetadata",
};

/** What `force` takes away with a definition. */
const forced = [...Object.keys(undefineFlags), "nvram"];

/** Operations that are on the connection and name no object. */
const onConnection = /^connection\.|\.(list|define)$/;

/** The bare name of a module of the collection; nothing where it is another's. */
export function collectionModule(name: string): string | undefined {
  const bare = name.replace(/^community\.(libvirt|general)\./, "");
  return Object.hasOwn(modules, bare) ? bare : undefined;
}

/**
 * The operations that a use of a module becomes, in their order; nothing where it cannot be converted, of which the remark
 * says why.
 */
export function convertModule(name: string, given: Given, remark: Remark): readonly Converted[] | undefined {
  const module = modules[name];
  if (module === undefined) return undefined;
  for (const key of Object.keys(given)) {
    if (!module.parameters.includes(key)) remark(`"${key}" of ${name} is not known, and left out`);
  }
  if (given["uri"] !== undefined) {
    remark(
      `"uri" is left out: give the host of the inventory the variable uri=${String(given["uri"])}, or -c`,
    );
  }
  for (const key of ["mutate_flags", "mode"]) {
    if (given[key] === undefined) continue;
    remark(`"${key}" of ${name} has nothing that it corresponds to, and is left out`);
  }
  const command = textOf(given["command"]);
  // Of a list it says which ones are in it.
  const state = command === "list_vms" ? undefined : textOf(given["state"]);
  if (command !== undefined && state !== undefined) {
    remark(
      `"state" and "command" are both converted, with what Ansible makes of them left out: it heeds the state alone`,
    );
  }
  if (command === undefined && state === undefined && given["autostart"] === undefined) {
    remark(`${name} says neither state nor command`);
    return undefined;
  }
  const converted: Converted[] = [];
  for (const [word, table] of [[command, module.commands], [state, module.states]] as const) {
    if (word === undefined) continue;
    const operation = Object.hasOwn(table, word) ? table[word] : undefined;
    if (operation === undefined) {
      remark(
        `"${word}" of ${name} has nothing that it corresponds to; write what is wanted as an operation: drover play --schema has them all`,
      );
      return undefined;
    }
    const one = convertOne(name, operation, { word, module, given, remark });
    if (one === undefined) return undefined;
    converted.push(one);
  }
  const { setAutostart } = module;
  if (given["autostart"] !== undefined && setAutostart !== undefined) {
    const named = given["name"] ?? given["guest"] ?? nameIn(given["xml"]);
    if (named === undefined) {
      remark('"autostart" needs "name": whose it is stands in a definition that is not known here');
      return undefined;
    }
    converted.push({
      module: setAutostart,
      input: { [module.object]: named, autostart: given["autostart"] },
    });
  }
  return converted;
}

/** The name in a definition that stands in the playbook. */
function nameIn(xml: unknown): string | undefined {
  return typeof xml === "string" ? /<name>\s*([^<]+?)\s*<\/name>/.exec(xml)?.[1] : undefined;
}

interface Use {
  readonly word: string;
  readonly module: Module;
  readonly given: Given;
  readonly remark: Remark;
}

function convertOne(
  name: string,
  operation: string,
  { word, module: { object, defining }, given, remark }: Use,
): Converted | undefined {
  const target = given["name"] ?? given["guest"];
  const pool = name === "virt_volume" ? { pool: given["pool"] } : {};
  const { xml } = given;
  if (defining.includes(word)) {
    if (xml === undefined) {
      remark(`"${word}" of ${name} has no definition: it needs "xml"`);
      return undefined;
    }
    const document = definition(xml, remark);
    if (document === undefined) return undefined;
    // What is there already stays, and is compared.
    if (name === "virt_volume" && target !== undefined) {
      return { module: "ensure.volume", input: { ...pool, name: target, ...document } };
    }
    return { module: operation, input: { ...pool, ...document } };
  }
  if (word === "create" && name === "virt" && xml !== undefined && target === undefined) {
    const document = definition(xml, remark);
    return document === undefined ? undefined : { module: "domain.create", input: document };
  }
  if (onConnection.test(operation)) {
    return { module: operation, input: { ...pool } };
  }
  if (target === undefined) {
    remark(`"${word}" of ${name} needs "name"`);
    return undefined;
  }
  const input: Record<string, unknown> = { ...pool, [object]: target };
  if (operation === "domain.undefine") {
    const isForced = given["force"] === true || /^(yes|true|on|1)$/i.test(String(given["force"]));
    Object.assign(input, undefining(isForced ? forced : given["flags"], remark));
  }
  return { module: operation, input };
}

function undefining(flags: unknown, remark: Remark): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const words = Array.isArray(flags)
    ? flags.map(String)
    : flags === undefined
    ? []
    : String(flags).split(",");
  for (const flag of words.map((word) => word.trim())) {
    const field = undefineFlags[flag];
    if (field !== undefined) input[field] = true;
    else if (flag === "nvram" || flag === "keep_nvram") input["nvram"] = flag === "nvram";
    else remark(`The flag "${flag}" of undefine has nothing that it corresponds to, and is left out`);
  }
  return input;
}

const looksUp =
  /^\s*\{\{\s*(?:lookup|query)\(\s*(["'])(?:ansible\.builtin\.)?(file|template)\1\s*,\s*(["'])([^"']+)\3\s*\)\s*\}\}\s*$/;

/** A definition: what is looked up in a file is named as one. Nothing where the file is not known beforehand. */
function definition(xml: unknown, remark: Remark): Record<string, unknown> | undefined {
  const text = String(xml);
  const lookup = looksUp.exec(text);
  if (lookup?.[4] !== undefined) {
    return lookup[2] === "template" ? { xml_template: lookup[4] } : { xml_file: lookup[4] };
  }
  if (!/\b(lookup|query|q)\(/.test(text)) return { xml };
  remark(
    `The file of the definition follows from an expression, and is read before anything runs: name it with xml_template: FILE, and write what differs into it`,
  );
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
