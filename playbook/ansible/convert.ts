/**
 * Converting Ansible's playbooks: what can be is, with its comments, and of the rest is said where it stands.
 *
 * @module
 */
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  YAMLMap,
} from "yaml";
import { VirtError } from "../../model/error.ts";
import { foreignLoops, loopKeys } from "../compile/loop.ts";
import { bareName, isModule } from "../compile/module.ts";
import { playKeys } from "../compile/playbook.ts";
import { blockKeys, foreignKeys, taskKeys } from "../compile/task.ts";
import { expressionAt, textValue } from "../compile/value.ts";
import type { Place } from "../engine/program.ts";
import { readYaml } from "../source.ts";
import { answerOf, type FactsAnswer, factsOf } from "./answers.ts";
import { foreignModule } from "./foreign.ts";
import { collectionModule, type Converted, convertModule } from "./modules.ts";

/** Something about the conversion that its reader must know. */
export interface ConversionNote {
  readonly at: Place;
  readonly text: string;
  /** Whether something was not converted; else it was, with a difference. */
  readonly lost: boolean;
}

/** What came of a conversion. */
export interface Conversion {
  readonly text: string;
  readonly notes: readonly ConversionNote[];
}

/** Keys of plays and tasks that Drover has no use for: they say how Ansible reaches a machine. */
const dropped: readonly string[] = [
  ...Object.keys(foreignKeys),
  "gather_facts",
  "collections",
  "gather_subset",
];

/**
 * Converts a playbook of `community.libvirt`'s modules.
 *
 * @throws {VirtError} `invalid-argument` with the place, where it is no YAML.
 */
export function convertPlaybook(text: string, file: string): Conversion {
  // The reader of playbooks says better what is wrong with YAML.
  readYaml(text, file);
  return new Converter(text, file).convert();
}

/** A file of tasks has no plays: no entry of it has hosts. */
function isTaskFile(items: readonly unknown[]): boolean {
  return items.length > 0 &&
    items.every((item) => isMap(item) && !["hosts", "import_playbook"].some((key) => item.has(key)));
}

/** A definition that is looked up in a file is converted, whatever is thought of lookups elsewhere. */
function withoutXml(value: unknown): unknown {
  if (!isMap(value)) return isScalar(value) && /\bxml=/.test(String(value.value)) ? null : value;
  const rest = new YAMLMap();
  rest.items = value.items.filter((pair) => keyOf(pair) !== "xml");
  return rest;
}

class Converter {
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #notes: ConversionNote[] = [];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines });
  }

  convert(): Conversion {
    const { contents } = this.#document;
    if (!isSeq(contents)) this.#note(contents, "This is no list of plays", true);
    else if (isTaskFile(contents.items)) this.#tasks(contents);
    else for (const play of contents.items) this.#play(play);
    return {
      text: this.#document.toString({ lineWidth: 0 }),
      notes: this.#notes.toSorted((a, b) => a.at[1] - b.at[1] || a.at[2] - b.at[2]),
    };
  }

  #note(node: unknown, text: string, lost: boolean): void {
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    const offset = Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0;
    const { line, col } = this.#lines.linePos(offset);
    this.#notes.push({ at: [this.#file, Math.max(1, line), Math.max(1, col)], text, lost });
  }

  #play(play: unknown): void {
    if (!isMap(play)) return this.#note(play, "This is no play", true);
    for (const pair of [...play.items]) {
      const key = keyOf(pair);
      if (["tasks", "pre_tasks", "post_tasks", "handlers"].includes(key)) this.#tasks(pair.value);
      else if (dropped.includes(key)) this.#drop(play, pair);
      else if (key === "vars") this.#vars(pair.value);
      else if (!playKeys.includes(key) && key !== "import_playbook") {
        const why = key === "roles"
          ? "roles are not converted: convert their files of tasks with --from-ansible, take them in with import_tasks, and their defaults with vars_files"
          : `"${key}" of a play is not known`;
        this.#note(pair.key, why, true);
        this.#comment(play, pair);
      }
    }
  }

  #drop(map: YAMLMap, pair: Pair): void {
    const key = keyOf(pair);
    map.delete(key);
    if (key === "gather_facts" || key === "collections") return;
    this.#note(pair.key, `"${key}" is left out: the host's uri says how its hypervisor is reached`, false);
  }

  /** Variables that cannot be read are left as comments. */
  #vars(vars: unknown): void {
    if (!isMap(vars)) return;
    for (const pair of [...vars.items]) if (this.#isBroken(pair.value)) this.#comment(vars, pair);
  }

  /** Converts a list of tasks. Those that cannot be converted stay as comments where they were. */
  #tasks(list: unknown): void {
    if (!isSeq(list)) return;
    const kept: unknown[] = [];
    let comment = "";
    for (const task of list.items) {
      const made = isMap(task) ? this.#item(task) : [task];
      if (made.length === 0) comment += this.#textOf(task);
      const [first] = made;
      if (comment !== "" && isNode(first)) {
        first.commentBefore = `${comment}${first.commentBefore ?? ""}`.replace(/\n$/, "");
        comment = "";
      }
      kept.push(...made);
    }
    if (comment !== "") list.comment = `${comment}${list.comment ?? ""}`.replace(/\n$/, "");
    list.items = kept;
    if (kept.length === 0) list.flow = true;
  }

  #item(task: YAMLMap): readonly YAMLMap[] {
    for (const pair of [...task.items]) if (dropped.includes(keyOf(pair))) this.#drop(task, pair);
    if (!task.has("block")) return this.#task(task);
    this.#block(task);
    return [task];
  }

  /** The text of something as it stands in the file, as a comment. */
  #textOf(node: unknown): string {
    const range = isNode(node) ? node.range : undefined;
    if (range === undefined || range === null) return "";
    const from = this.#text.lastIndexOf("\n", range[0]) + 1;
    const lines = this.#text.slice(from, range[1]).trimEnd().split("\n");
    const depth = Math.min(
      ...lines.filter((line) => line.trim() !== "").map((line) => /^ */.exec(line)![0].length),
    );
    return lines.map((line) => ` ${line.slice(depth)}\n`).join("");
  }

  /** Takes an entry out of a map, and leaves it as a comment. */
  #comment(map: YAMLMap, pair: Pair): void {
    const value = isNode(pair.value) ? pair.value : pair.key;
    const range = isNode(pair.key) && isNode(value)
      ? [pair.key.range?.[0] ?? 0, value.range?.[1] ?? 0]
      : [0, 0];
    const text = this.#text.slice(range[0], range[1]).trimEnd();
    map.delete(keyOf(pair));
    map.comment = `${map.comment === undefined || map.comment === null ? "" : `${map.comment}\n`}${
      text.split("\n").map((line) => ` ${line}`).join("\n")
    }`;
  }

  /** Whether something holds an expression that cannot be read; says why. */
  #isBroken(node: unknown, { condition = false }: { readonly condition?: boolean } = {}): boolean {
    if (isMap(node)) return node.items.filter((pair) => this.#isBroken(pair.value)).length > 0;
    if (isSeq(node)) return node.items.filter((item) => this.#isBroken(item, { condition })).length > 0;
    if (!isScalar(node) || typeof node.value !== "string") return false;
    try {
      const at: Place = [this.#file, 1, 1];
      if (condition && !node.value.includes("{{")) expressionAt(node.value, () => at);
      else textValue(node.value, () => at);
      return false;
    } catch (error) {
      if (!(error instanceof VirtError)) throw error;
      const lookup = /there is no function "(lookup|query|q)"/.test(error.message)
        ? "nothing looks up files or the environment; give it with -e NAME=VALUE, vars_files or xml_template"
        : error.hint ?? "write it in another way";
      this.#note(
        node,
        `${error.message}; ${lookup.length > 200 ? "see the guide for what there is" : lookup}`,
        true,
      );
      return true;
    }
  }

  #block(block: YAMLMap): void {
    for (const pair of block.items) {
      const key = keyOf(pair);
      if (["block", "rescue", "always"].includes(key)) this.#tasks(pair.value);
      else if (!blockKeys.includes(key)) this.#note(pair.key, `"${key}" of a block is not known`, true);
    }
  }

  /**
   * What a task becomes: itself where it needs nothing, several where its module did several things at once, nothing where it
   * cannot be converted.
   */
  #task(task: YAMLMap): readonly YAMLMap[] {
    const foreign = task.items.filter((each) => !taskKeys.includes(keyOf(each)));
    const pair = foreign.find((each) => !["local_action", "action"].includes(keyOf(each))) ?? foreign[0];
    if (pair === undefined) {
      this.#note(task, "This task says nothing that is to be done", true);
      return [];
    }
    for (const each of foreign) {
      if (each === pair) continue;
      const hint = foreignLoops[keyOf(each)];
      this.#note(each.key, `"${keyOf(each)}" is not known${hint === undefined ? "" : `: ${hint}`}`, true);
      return [];
    }
    const conditions = ["when", "until", "changed_when", "failed_when"];
    const broken = task.items.filter((each) =>
      keyOf(each) !== "args" && this.#isBroken(each === pair ? withoutXml(each.value) : each.value, {
        condition: conditions.includes(keyOf(each)),
      })
    );
    if (broken.length > 0) return [];
    const { name, given } = this.#use(pair, task);
    const own = collectionModule(name);
    if (own === undefined) return this.#other(task, { pair, name });
    const facts = given["command"] === "facts" ? factsOf(own) : undefined;
    if (facts !== undefined) return this.#facts(task, { pair, facts });
    let isLost = false;
    const converted = convertModule(own, given, (text) => {
      const lost = !/left out/.test(text);
      isLost ||= lost;
      this.#note(pair.key, text, lost);
    });
    if (converted === undefined || isLost) return [];
    const kept = task.items.filter((each) => each !== pair && keyOf(each) !== "args");
    if (converted.length > 1 && task.has("register")) {
      this.#note(pair.key, `What is registered is that of the last of ${converted.length} tasks`, false);
    }
    const made = converted.map((each, index) =>
      this.#made(index === 0 ? task : new YAMLMap(), each, { kept, isLast: index === converted.length - 1 })
    );
    return [...made, ...this.#answer({ module: own, given, kept, pair })];
  }

  /** A module that is not the collection's. */
  #other(task: YAMLMap, { pair, name }: { readonly pair: Pair; readonly name: string }): readonly YAMLMap[] {
    const bare = bareName(name);
    const isImport = ["import_tasks", "include_tasks"].includes(bare);
    if (!isImport && !isModule(name)) {
      this.#note(pair.key, foreignModule(name, String(pair.value)), true);
      return [];
    }
    if (isImport) {
      this.#note(
        pair.key,
        "The file of tasks is to be converted by itself: --from-ansible takes it too",
        false,
      );
    }
    if (bare !== name) pair.key = this.#document.createNode(bare);
    return [task];
  }

  /** What sets facts: a list, and the variable made of it. */
  #facts(
    task: YAMLMap,
    { pair, facts: { operation, variable, value } }: { readonly pair: Pair; readonly facts: FactsAnswer },
  ): readonly YAMLMap[] {
    this.#note(pair.key, `${variable} has names alone: what is known of each says its info`, false);
    const kept = task.items.filter((each) => each !== pair && !["args", "register"].includes(keyOf(each)));
    const listed = this.#made(task, { module: operation, input: {} }, { kept, isLast: true });
    listed.items.push(this.#document.createPair("register", variable));
    const made = new YAMLMap();
    const shared = kept.filter((each) => ["when", "tags", "run_once"].includes(keyOf(each)));
    made.items = [
      this.#document.createPair("set_fact", { [variable]: value }),
      ...shared.map((each) => each.clone() as Pair),
    ];
    return [listed, made];
  }

  /** A task that makes of what is registered what the module would have answered. */
  #answer({ module, given, kept, pair }: {
    readonly module: string;
    readonly given: Readonly<Record<string, unknown>>;
    readonly kept: readonly Pair[];
    readonly pair: Pair;
  }): readonly YAMLMap[] {
    const register = kept.find((each) => keyOf(each) === "register")?.value;
    if (!isScalar(register) || given["command"] === undefined) return [];
    const [command, state] = [String(given["command"]), given["state"]];
    const value = answerOf(module, {
      command,
      register: String(register.value),
      state: state === undefined ? undefined : String(state),
    });
    const loops = kept.some((each) => (loopKeys as readonly string[]).includes(keyOf(each)));
    if (value === undefined || loops) {
      if (!["define", "create", "start", "undefine", "destroy", "shutdown"].includes(command)) {
        this.#note(
          pair.key,
          `What is registered has other fields than ${module} gives for ${command}`,
          false,
        );
      }
      return [];
    }
    const made = new YAMLMap();
    const shared = kept.filter((each) => ["when", "tags", "run_once"].includes(keyOf(each)));
    const fact = this.#document.createPair("set_fact", { [String(register.value)]: value });
    made.items = [fact, ...shared.map((each) => each.clone() as Pair)];
    return [made];
  }

  /** The module of a task and what it is given; `action: MODULE key=value` says the same. */
  #use(pair: Pair, task: YAMLMap): { readonly name: string; readonly given: Record<string, unknown> } {
    const key = keyOf(pair);
    if (key !== "action" && key !== "local_action") return { name: key, given: this.#given(pair, task) };
    if (isMap(pair.value)) {
      const { module, ...given } = recordOf(pair.value.toJS(this.#document));
      return { name: String(module), given };
    }
    const [name = "", ...rest] = String(isScalar(pair.value) ? pair.value.value : "").trim().split(/\s+/);
    return { name, given: pairsOf(rest.join(" ")) };
  }

  /** What a module was given: a map, or `key=value` in one line; `args` beside. */
  #given(pair: Pair, task: YAMLMap): Record<string, unknown> {
    const args: unknown = task.get("args");
    const beside: unknown = isMap(args) ? args.toJS(this.#document) : {};
    const { value } = pair;
    const own: unknown = isMap(value)
      ? value.toJS(this.#document)
      : isScalar(value)
      ? pairsOf(String(value.value ?? ""))
      : {};
    return { ...recordOf(beside), ...recordOf(own) };
  }

  /** Fills a task: its name, what is to be done, then what it has beside; what is registered is the last one's. */
  #made(
    made: YAMLMap,
    { module, input }: Converted,
    { kept, isLast }: { readonly kept: readonly Pair[]; readonly isLast: boolean },
  ): YAMLMap {
    const name = kept.find((pair) => keyOf(pair) === "name");
    // What tries again looks at what is registered; the last one's stays.
    const tries = kept.some((pair) => keyOf(pair) === "until");
    const rest = kept.filter((pair) => pair !== name && (isLast || tries || keyOf(pair) !== "register"));
    const action = this.#document.createPair(module, Object.keys(input).length === 0 ? null : input);
    made.items = [...name === undefined ? [] : [name], action, ...rest];
    return made;
  }
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function pairsOf(text: string): Record<string, unknown> {
  const found = text.matchAll(/(\w+)=("[^"]*"|'[^']*'|(?:\{\{.*?\}\}|\S)+)/g);
  return Object.fromEntries(
    [...found].map(([, key = "", value = ""]) => [key, value.replace(/^(["'])(.*)\1$/, "$2")]),
  );
}
