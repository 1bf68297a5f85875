/**
 * Tasks and blocks, with what they have from around them.
 *
 * @module
 */
import type { Block, Item, Retrying, Task, Value } from "../engine/program.ts";
import { varsOf } from "../inventory/read.ts";
import { kindOf, type Source, sourceFault } from "../source.ts";
import { actionOf, bareName, isModule, moduleNames, unknownModule } from "./module.ts";
import { foreignLoops, loopKeys, readLoop } from "./loop.ts";
import type { ModuleContext } from "./module_use.ts";
import { MapReader } from "./reading.ts";
import { conditionsOf, valueOf } from "./value.ts";

/** What tasks have from the play and the blocks around them. */
export type Inherited =
  & Pick<Task, "vars" | "when" | "tags" | "anyErrorsFatal" | "ignoreErrors" | "ignoreUnreachable">
  & Pick<Task, "delegate" | "delegateFacts" | "runOnce" | "check" | "diff" | "noLog" | "within" | "forks">
  & Partial<Pick<Task, "notify">>;

/** Nothing from around. */
export const nothingInherited: Inherited = { vars: [], when: [], tags: [], anyErrorsFatal: false };

/** What tasks are read with. */
export interface TaskContext extends ModuleContext {
  /** The tasks of a file that is named relative to the playbook. */
  readonly tasksOf: (name: string, source: Source) => Promise<readonly Source[]>;
  /** How many files of tasks have taken each other in. @default 0 */
  readonly depth?: number;
}

/** How deep files of tasks may take each other in. */
const deepestImport = 32;

/** Keys that a task has from Ansible and that say how Ansible reaches a machine. */
export const foreignKeys: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "become",
    "become_user",
    "become_method",
    "remote_user",
    "connection",
    "environment",
    "async",
    "poll",
    "port",
    "module_defaults",
    "collections",
  ]
    .map((
      key,
    ) => [
      key,
      `It says how Ansible reaches a machine; Drover reaches hypervisors by their URIs: leave it out`,
    ]),
);

/** Keys that tasks and blocks have in common, which are handed on inwards. */
const shared = [
  "name",
  "when",
  "vars",
  "tags",
  "ignore_errors",
  "ignore_unreachable",
  "delegate_to",
  "delegate",
  "delegate_facts",
  "run_once",
  "check_mode",
  "diff",
  "no_log",
  "within",
  "timeout",
  "throttle",
  "any_errors_fatal",
  "notify",
] as const;

/** Keys of a block. */
export const blockKeys: readonly string[] = [...shared, "block", "rescue", "always"];

/** Keys of a task, beside its module. */
export const taskKeys: readonly string[] = [
  ...shared,
  ...loopKeys,
  "loop_control",
  "register",
  "until",
  "retries",
  "delay",
  "listen",
  "changed_when",
  "failed_when",
  "args",
];

const imports = ["import_tasks", "include_tasks"];

/** Reads a list of tasks. */
export async function readTasks(
  sources: readonly Source[],
  { inherited, context }: { readonly inherited: Inherited; readonly context: TaskContext },
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const source of sources) items.push(...await readItem(source, { inherited, context }));
  return items;
}

async function readItem(
  source: Source,
  { inherited, context }: { readonly inherited: Inherited; readonly context: TaskContext },
): Promise<readonly Item[]> {
  if (source.kind !== "map") {
    throw sourceFault(`A task is a map, not ${kindOf(source)}`, source.at, {
      hint: "Write for instance: - domain.start: web-1",
    });
  }
  const reader = new MapReader(source, "the task");
  const handed = inherit(reader, inherited);
  if (reader.keys.includes("block")) return [await readBlock(reader, { inherited: handed, context })];
  const included = reader.keys.find((key) => imports.includes(bareName(key)));
  if (included !== undefined) {
    reader.refuseUnknown([...shared, included], foreignKeys);
    const value = reader.get(included)!;
    const file = value.kind === "map"
      ? new MapReader(value, `"${included}"`).text("file")
      : reader.text(included);
    const { depth = 0 } = context;
    if (depth >= deepestImport) {
      throw sourceFault("Files of tasks take each other in without end", reader.keyAt(included));
    }
    return await readTasks(await context.tasksOf(file ?? "", value), {
      inherited: handed,
      context: { ...context, depth: depth + 1 },
    });
  }
  return [await readTask(reader, { inherited: handed, context })];
}

/** What a task or a block hands on, itself first. */
function inherit(reader: MapReader, outer: Inherited): Inherited {
  const value = (key: string): Value | undefined => {
    const source = reader.get(key);
    return source === undefined ? undefined : valueOf(source);
  };
  const own = {
    ignoreErrors: value("ignore_errors"),
    ignoreUnreachable: value("ignore_unreachable"),
    delegate: value("delegate_to") ?? value("delegate"),
    delegateFacts: reader.boolean("delegate_facts"),
    runOnce: value("run_once"),
    check: value("check_mode"),
    diff: value("diff"),
    noLog: value("no_log"),
    within: value("within") ?? value("timeout"),
    forks: reader.count("throttle", 0) || undefined,
  };
  const [vars, when] = [reader.get("vars"), reader.get("when")];
  const notify = reader.get("notify");
  const said = Object.fromEntries(Object.entries(own).filter(([, each]) => each !== undefined));
  return {
    ...outer,
    ...said,
    vars: vars === undefined ? outer.vars : [varsOf(vars, "the task"), ...outer.vars],
    when: when === undefined ? outer.when : [...outer.when, ...conditionsOf(when)],
    tags: [...new Set([...outer.tags, ...reader.texts("tags", { split: true })])],
    anyErrorsFatal: reader.boolean("any_errors_fatal") ?? outer.anyErrorsFatal,
    notify: [...outer.notify ?? [], ...notify === undefined ? [] : [valueOf(notify)]],
  };
}

async function readBlock(
  reader: MapReader,
  { inherited, context }: { readonly inherited: Inherited; readonly context: TaskContext },
): Promise<Block> {
  reader.refuseUnknown(blockKeys, {
    ...foreignKeys,
    ...Object.fromEntries(
      loopKeys.map((key) => [key, "A block cannot be repeated; put the loop on its tasks"]),
    ),
    register: "A block has no result; register those of its tasks",
  });
  return {
    item: "block",
    tasks: await readTasks(reader.list("block"), { inherited, context }),
    rescue: await readTasks(reader.list("rescue"), { inherited, context }),
    always: await readTasks(reader.list("always"), { inherited, context }),
  };
}

async function readTask(
  reader: MapReader,
  { inherited, context }: {
    readonly inherited: Inherited;
    readonly context: TaskContext;
  },
): Promise<Task> {
  const modules = reader.keys.filter((key) => !taskKeys.includes(key));
  const [key, second] = modules.filter(isModule);
  const stranger = modules.find((each) => !isModule(each));
  if (stranger !== undefined) {
    if (Object.hasOwn(foreignKeys, stranger)) throw reader.unknown(stranger, taskKeys, foreignKeys);
    // Where there is a module already, or it has no dot, a key was meant rather than an operation.
    if (key !== undefined || (!stranger.includes(".") && nearKey(stranger))) {
      throw reader.unknown(stranger, taskKeys, { ...foreignKeys, ...foreignLoops });
    }
    throw unknownModule(stranger, reader.keyAt(stranger));
  }
  if (key === undefined) {
    throw sourceFault("The task says nothing that is to be done", reader.at, {
      hint: "Name an operation: - domain.start: web-1",
    });
  }
  if (second !== undefined) {
    throw sourceFault(`The task has two operations: "${key}" and "${second}"`, reader.keyAt(second), {
      hint: "Make two tasks of it",
    });
  }
  const at = reader.keyAt(key);
  const action = await actionOf({ name: key, at, source: reader.get(key)! }, context);
  const loop = readLoop(reader);
  const retrying = readRetrying(reader);
  const name = reader.get("name");
  const register = reader.text("register");
  if (register !== undefined && !/^[A-Za-z_]\w*$/.test(register)) {
    throw sourceFault(`"${register}" is no name for a variable`, reader.get("register")!.at);
  }
  const [changed, failed] = [reader.get("changed_when"), reader.get("failed_when")];
  const { vars, when, tags, anyErrorsFatal, notify = [], ...rest } = inherited;
  return {
    item: "task",
    module: bareName(key),
    at,
    action,
    vars,
    when,
    tags,
    anyErrorsFatal,
    notify,
    ...rest,
    listen: reader.texts("listen"),
    ...(name === undefined ? {} : { name: titleValue(name) }),
    ...(loop === undefined ? {} : { loop }),
    ...(retrying === undefined ? {} : { retrying }),
    ...(register === undefined ? {} : { register }),
    ...(changed === undefined ? {} : { changedWhen: conditionsOf(changed) }),
    ...(failed === undefined ? {} : { failedWhen: conditionsOf(failed) }),
  };
}

/** A title is a text, whatever YAML takes its word for. */
function titleValue(source: Source): Value {
  if (source.kind !== "scalar") {
    throw sourceFault(
      `Wrong value for "name" in the task: a text is expected, not ${kindOf(source)}`,
      source.at,
    );
  }
  return source.word !== undefined ? { k: "plain", value: source.word } : valueOf(source);
}

/** Whether a word is nearer to a key of a task than to any module. */
function nearKey(word: string): boolean {
  return !moduleNames().some((name) => name.startsWith(word));
}

function readRetrying(reader: MapReader): Retrying | undefined {
  const [until, retries, delay] = [reader.get("until"), reader.get("retries"), reader.get("delay")];
  if (until === undefined && retries === undefined) return undefined;
  return {
    // Without a condition a task is tried again until it does not fail.
    until: until === undefined
      ? [{
        expression: {
          is: "test",
          of: { is: "name", name: "result" },
          name: "succeeded",
          negated: false,
          with: { args: [], named: {} },
        },
        text: "it succeeds",
        at: reader.at,
      }]
      : conditionsOf(until),
    retries: retries === undefined ? { k: "plain", value: 3 } : valueOf(retries),
    delay: delay === undefined ? { k: "plain", value: 5 } : valueOf(delay),
  };
}
