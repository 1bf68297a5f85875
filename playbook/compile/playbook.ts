/**
 * Reading a playbook: from its source to what the sandbox is given.
 *
 * @module
 */
import { join } from "node:path";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Item, Place, Play, Program, Share, Target, Task, Value, Vars } from "../engine/program.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { matchHosts } from "../inventory/pattern.ts";
import { domainIn, uriIn } from "../inventory/place.ts";
import { type Files, varsOf } from "../inventory/read.ts";
import { kindOf, readYaml, type Source, sourceFault } from "../source.ts";
import { distinctNeeds, needsOf } from "./needs.ts";
import { MapReader } from "./reading.ts";
import { secretsIn } from "./secrets.ts";
import { nameOf, select, type Selection, tasksOf } from "./select.ts";
import { foreignKeys, type Inherited, nothingInherited, readTasks, type TaskContext } from "./task.ts";
import { isPlain, valueOf } from "./value.ts";

/** What a playbook is read with. */
export interface CompileOptions {
  /** What people call it: the path that they gave. */
  readonly file: string;
  /** The folder that its files are relative to. */
  readonly folder: string;
  readonly source: Source;
  readonly inventory: Inventory;
  readonly files: Files;
  /** The connection of hosts that name none. */
  readonly defaultUri: string;
  /** `-e`. */
  readonly extra: Vars;
  readonly check: boolean;
  readonly diff: boolean;
  readonly forks: number;
  /** A pattern that the hosts of every play must match too. */
  readonly limit?: string | undefined;
  readonly selection: Selection;
}

/** A playbook, ready to be put into a sandbox. */
export interface Compiled {
  readonly program: Program;
  /** The URIs of the run's connections. */
  readonly uris: Readonly<Record<string, string>>;
  /** The recipes that its tasks run, in the order of their numbers. */
  readonly recipes: readonly { readonly path: string; readonly at: Place }[];
}

/** Keys of a play. */
export const playKeys: readonly string[] = [
  "name",
  "hosts",
  "vars",
  "vars_files",
  "secrets",
  "pre_tasks",
  "tasks",
  "post_tasks",
  "handlers",
  "serial",
  "forks",
  "strategy",
  "max_fail",
  "max_fail_percentage",
  "anti_affinity",
  "any_errors_fatal",
  "force_handlers",
  "ignore_errors",
  "ignore_unreachable",
  "check_mode",
  "diff",
  "no_log",
  "run_once",
  "within",
  "timeout",
  "throttle",
  "tags",
  "gather_facts",
];

const strangePlayKeys: Readonly<Record<string, string>> = {
  ...foreignKeys,
  roles: "Put a role's tasks into files, and take them in with import_tasks",
  vars_prompt: "Give them with -e NAME=VALUE; nobody is asked in the middle of a play",
  import_playbook: "It stands in a list entry of its own, without hosts",
  when: "Put it on the tasks, or on a block around them",
};

/**
 * Reads a playbook.
 *
 * @throws {VirtError} `invalid-argument` with file, line and column.
 */
export async function compilePlaybook(options: CompileOptions): Promise<Compiled> {
  const { source, inventory, file } = options;
  const recipes: { readonly path: string; readonly at: Place }[] = [];
  const plays: Play[] = [];
  const secrets = new Map<string, { readonly description?: string }>();
  for (const each of await playSources(source, options)) {
    plays.push(await readPlay(each, { ...options, recipes }));
    for (const [name, about] of secretsIn(each)) secrets.set(name, { ...secrets.get(name), ...about });
  }
  const chosen = select(plays, options.selection);
  const named = new Set(chosen.flatMap(({ targets }) => targets));
  const delegates = chosen.flatMap(({ sections, handlers }) => [...sections.flatMap(tasksOf), ...handlers])
    .some(({ delegate, action }) =>
      delegate !== undefined || (action.do === "operation" && action.peer !== undefined)
    );
  const { targets, uris } = targetsOf(options, (name) => delegates || named.has(name));
  const actions = chosen.flatMap(({ sections, handlers }) => [...sections.flatMap(tasksOf), ...handlers]);
  return {
    program: {
      name: file,
      check: options.check,
      diff: options.diff,
      targets,
      groups: Object.fromEntries(inventory.groups),
      extra: options.extra,
      plays: chosen,
      ...(secrets.size === 0 ? {} : { secrets: Object.fromEntries(secrets) }),
      needs: distinctNeeds(
        actions.flatMap((task) => needsOf(task.action, { check: options.check && !runsInCheck(task) })),
      ),
      connections: Object.keys(uris),
    },
    uris,
    recipes,
  };
}

/** A task that says that a check does not concern it. */
function runsInCheck({ check }: Task): boolean {
  return check !== undefined && !(isPlain(check) && check.value === true);
}

/** The plays, those of imported playbooks in their places. */
async function playSources(source: Source, options: CompileOptions, depth = 0): Promise<readonly Source[]> {
  if (source.kind !== "list") {
    throw sourceFault(`A playbook is a list of plays, and this is ${kindOf(source)}`, source.at, {
      hint: "Begin each play with a dash: - hosts: all",
    });
  }
  const found: Source[] = [];
  for (const item of source.items) {
    const key = item.kind === "map"
      ? [...item.entries.keys()].find((each) => /^(ansible\.builtin\.)?import_playbook$/.test(each))
      : undefined;
    if (key === undefined) {
      found.push(item);
      continue;
    }
    const reader = new MapReader(item, "the import");
    reader.refuseUnknown([key, "name", "tags"]);
    if (depth > 20) throw sourceFault("Playbooks import each other without end", reader.keyAt(key));
    const name = reader.text(key) ?? "";
    found.push(
      ...await playSources(await readBeside(name, { options, at: reader.get(key)!.at }), options, depth + 1),
    );
  }
  if (found.length === 0) {
    throw sourceFault("The playbook has no plays", source.at, { hint: "Begin one: - hosts: all" });
  }
  return found;
}

async function readBeside(
  name: string,
  { options, at }: { readonly options: CompileOptions; readonly at: Place },
): Promise<Source> {
  return readYaml(await textBeside(name, { options, at }), name);
}

async function textBeside(
  name: string,
  { options: { folder, files }, at, beside }: {
    readonly options: CompileOptions;
    readonly at: Place;
    /** The folder that Ansible's users put such files into. */
    readonly beside?: string;
  },
): Promise<string> {
  const paths = name.startsWith("/") ? [name] : [
    join(folder, name),
    ...beside === undefined ? [] : [join(folder, beside, name)],
  ];
  for (const path of paths) {
    try {
      return await files.readText(path);
    } catch (cause) {
      if (!isVirtError(cause, "not-found")) throw cause;
    }
  }
  throw sourceFault(`Cannot read "${name}": there is no such file`, at, {
    hint: "Paths are relative to the playbook",
  });
}

interface PlayOptions extends CompileOptions {
  readonly recipes: { readonly path: string; readonly at: Place }[];
}

async function readPlay(source: Source, options: PlayOptions): Promise<Play> {
  const reader = new MapReader(source, "the play");
  reader.refuseUnknown(playKeys, strangePlayKeys);
  const hosts = reader.get("hosts");
  if (hosts === undefined) {
    throw sourceFault("The play does not say for which hosts it is", reader.at, {
      hint: "Add it: hosts: all",
    });
  }
  const context: TaskContext = {
    readText: (name, { at, beside }) => textBeside(name, { options, at, beside }),
    recipe: (name, at) => {
      const path = name.startsWith("/") ? name : join(options.folder, name);
      const known = options.recipes.findIndex((each) => each.path === path);
      return known >= 0 ? known : options.recipes.push({ path, at }) - 1;
    },
    tasksOf: async (name, at) => {
      const read = await readBeside(name, { options, at: at.at });
      if (read.kind === "list") return read.items;
      throw sourceFault(`"${name}" holds no list of tasks, but ${kindOf(read)}`, read.at);
    },
  };
  const inherited = playInherited(reader);
  const lists = await Promise.all(
    ["pre_tasks", "tasks", "post_tasks"].map((key) => readTasks(reader.list(key), { inherited, context })),
  );
  const handlers = await readTasks(reader.list("handlers"), {
    inherited: { ...inherited, tags: [] },
    context,
  });
  const tasks = handlers.map((item) => {
    if (item.item === "task") return item;
    throw sourceFault("A handler is a task; blocks are not possible there", reader.keyAt("handlers"));
  });
  checkNotified([...lists.flat(), ...tasks], tasks);
  const [serial, [maxFail]] = [reader.shares("serial", 1), shareOf(reader)];
  const strategy = reader.text("strategy") ?? "linear";
  if (strategy !== "linear" && strategy !== "free") {
    throw sourceFault(`Unknown strategy "${strategy}"`, reader.get("strategy")!.at, {
      hint: "There are linear and free",
    });
  }
  const antiAffinity = reader.text("anti_affinity");
  return {
    name: reader.text("name") ?? reader.texts("hosts").join(","),
    at: reader.at,
    targets: playTargets(reader, hosts, options),
    vars: await playVars(reader, options),
    serial,
    forks: reader.count("forks", 1) ?? options.forks,
    strategy,
    anyErrorsFatal: reader.boolean("any_errors_fatal") ?? false,
    forceHandlers: reader.boolean("force_handlers") ?? false,
    sections: lists.filter((list) => list.length > 0),
    handlers: tasks,
    ...(maxFail === undefined ? {} : { maxFail }),
    ...(antiAffinity === undefined ? {} : { antiAffinity }),
  };
}

/** Whoever notifies calls a handler that is there; what expressions name shows when it is called. */
function checkNotified(items: readonly Item[], handlers: readonly Task[]): void {
  if (handlers.some(({ name }) => name !== undefined && !isPlain(name))) return;
  const names = new Set(handlers.flatMap((handler) => [nameOf(handler), ...handler.listen]));
  for (const task of tasksOf(items)) {
    for (const name of task.notify.flatMap(plainNames)) {
      if (names.has(name)) continue;
      const near = nearest(name, [...names]);
      throw sourceFault(`There is no handler "${name}", and none listens to it`, task.at, {
        hint: near === undefined
          ? `Add it to the play's handlers: - name: ${name}`
          : `Did you mean "${near}"?`,
      });
    }
  }
}

function plainNames(value: Value): readonly string[] {
  if (!isPlain(value)) return value.k === "list" ? value.items.flatMap(plainNames) : [];
  return (Array.isArray(value.value) ? value.value : [value.value]).map(String);
}

function shareOf(reader: MapReader): readonly Share[] {
  const percentage = reader.count("max_fail_percentage", 0);
  return percentage === undefined ? reader.shares("max_fail", 0) : [{ percent: percentage }];
}

function playInherited(reader: MapReader): Inherited {
  const keys = {
    ignoreErrors: "ignore_errors",
    ignoreUnreachable: "ignore_unreachable",
    runOnce: "run_once",
    check: "check_mode",
    diff: "diff",
    noLog: "no_log",
    within: reader.keys.includes("within") ? "within" : "timeout",
  };
  const said: Record<string, Value> = {};
  for (const [name, key] of Object.entries(keys)) {
    const source = reader.get(key);
    if (source !== undefined) said[name] = valueOf(source);
  }
  const forks = reader.count("throttle", 0);
  return {
    ...nothingInherited,
    ...said,
    ...(forks === undefined || forks === 0 ? {} : { forks }),
    tags: reader.texts("tags", { split: true }),
  };
}

async function playVars(reader: MapReader, options: CompileOptions): Promise<Vars> {
  const source = reader.get("vars");
  let vars: Vars = source === undefined ? {} : varsOf(source, "the play");
  for (const name of reader.texts("vars_files")) {
    const read = await readBeside(name, { options, at: reader.get("vars_files")!.at });
    vars = { ...vars, ...varsOf(read, `"${name}"`) };
  }
  return vars;
}

/** The hosts of a play: what its pattern means, within the limit. */
function playTargets(reader: MapReader, hosts: Source, options: CompileOptions): readonly string[] {
  const { inventory, limit, extra } = options;
  const parts = reader.texts("hosts").map((text) => plainPattern(text, { extra, at: hosts.at }));
  const within = limit === undefined ? undefined : new Set(matchHosts(limit, inventory));
  try {
    return matchHosts(parts.join(":"), inventory).filter((name) => within?.has(name) ?? true);
  } catch (error) {
    if (!(error instanceof VirtError)) throw error;
    const [file, line, column] = hosts.at;
    throw new VirtError("invalid-argument", error.message, {
      at: { file, line, column },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** A pattern is known before anything runs: of expressions it may hold names that `-e` gives. */
function plainPattern(text: string, { extra, at }: { readonly extra: Vars; readonly at: Place }): string {
  return text.replace(
    /\{\{\s*([A-Za-z_]\w*)(?:\s*\|\s*d(?:efault)?\(\s*(["'])(.*?)\2\s*\))?\s*\}\}/g,
    (_, name: string, __, other?: string) => {
      const value = Object.hasOwn(extra, name) ? extra[name] : undefined;
      if (value !== undefined && isPlain(value)) return String(value.value);
      if (other !== undefined) return other;
      throw sourceFault(`The hosts of a play follow from "${name}", which -e does not give`, at, {
        hint: `Give it: -e ${name}=PATTERN`,
      });
    },
  );
}

function targetsOf(
  { inventory, defaultUri }: CompileOptions,
  isUsed: (name: string) => boolean,
): { readonly targets: readonly Target[]; readonly uris: Readonly<Record<string, string>> } {
  const names = new Map<string, string>();
  const connectionOf = (uri: string): string => {
    const known = names.get(uri) ?? (names.size === 0 ? "host" : `host${names.size + 1}`);
    names.set(uri, known);
    return known;
  };
  const targets = [...inventory.hosts.values()].map(({ name, vars, groups }): Target => {
    const uri = uriIn(vars) ?? defaultUri;
    const domain = domainIn(vars);
    return {
      name,
      uri,
      connection: isUsed(name) ? connectionOf(uri) : "",
      groups,
      vars,
      ...(domain === undefined ? {} : { domain }),
    };
  });
  if (names.size === 0) connectionOf(defaultUri);
  return { targets, uris: Object.fromEntries([...names].map(([uri, name]) => [name, uri])) };
}
