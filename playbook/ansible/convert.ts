/**
 * Converting Ansible's playbooks: what can be is, with its comments, and of the rest is said where it stands.
 *
 * @module
 */
import { type Document, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, YAMLMap } from "yaml";
import { bareName, isModule } from "../compile/module.ts";
import { playKeys } from "../compile/playbook.ts";
import { blockKeys, foreignKeys, taskKeys } from "../compile/task.ts";
import type { Place } from "../engine/program.ts";
import { readYaml } from "../source.ts";
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

class Converter {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #notes: ConversionNote[] = [];

  constructor(text: string, file: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines });
  }

  convert(): Conversion {
    const { contents } = this.#document;
    if (isSeq(contents)) { for (const play of contents.items) this.#play(play); }
    else this.#note(contents, "This is no list of plays", true);
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
    // A file of tasks has no hosts in its entries.
    if (isMap(play) && !play.has("hosts") && !play.has("import_playbook")) {
      return this.#note(play, "This is no play: it has no hosts", true);
    }
    if (!isMap(play)) return this.#note(play, "This is no play", true);
    for (const pair of [...play.items]) {
      const key = keyOf(pair);
      if (["tasks", "pre_tasks", "post_tasks", "handlers"].includes(key)) this.#tasks(pair.value);
      else if (dropped.includes(key)) this.#drop(play, pair);
      else if (!playKeys.includes(key) && key !== "import_playbook") {
        const why = key === "roles"
          ? "roles are not converted; convert their tasks, and take them in with import_tasks"
          : `"${key}" of a play is not known`;
        this.#note(pair.key, why, true);
      }
    }
  }

  #drop(map: YAMLMap, pair: Pair): void {
    const key = keyOf(pair);
    map.delete(key);
    if (key === "gather_facts" || key === "collections") return;
    this.#note(pair.key, `"${key}" is left out: the host's uri says how its hypervisor is reached`, false);
  }

  #tasks(list: unknown): void {
    if (!isSeq(list)) return;
    for (let index = 0; index < list.items.length; index++) {
      const task = list.items[index];
      if (!isMap(task)) continue;
      for (const pair of [...task.items]) if (dropped.includes(keyOf(pair))) this.#drop(task, pair);
      if (task.has("block")) {
        this.#block(task);
        continue;
      }
      const made = this.#task(task);
      list.items.splice(index, 1, ...made);
      index += made.length - 1;
    }
  }

  #block(block: YAMLMap): void {
    for (const pair of block.items) {
      const key = keyOf(pair);
      if (["block", "rescue", "always"].includes(key)) this.#tasks(pair.value);
      else if (!blockKeys.includes(key)) this.#note(pair.key, `"${key}" of a block is not known`, true);
    }
  }

  /** What a task becomes: itself where it needs nothing, several where its module did several things at once. */
  #task(task: YAMLMap): readonly YAMLMap[] {
    const pair =
      task.items.find((each) =>
        !taskKeys.includes(keyOf(each)) && keyOf(each) !== "local_action" && keyOf(each) !== "action"
      ) ??
        task.items.find((each) => ["action", "local_action"].includes(keyOf(each)));
    if (pair === undefined) return [task];
    const name = keyOf(pair);
    const own = collectionModule(name);
    if (own === undefined) {
      const isOurs = isModule(name) || ["import_tasks", "include_tasks"].includes(bareName(name));
      if (!isOurs) this.#note(pair.key, `${name} is not converted: it does not act on a hypervisor`, true);
      else if (bareName(name) !== name) pair.key = this.#document.createNode(bareName(name));
      if (isOurs && ["import_tasks", "include_tasks"].includes(bareName(name))) {
        this.#note(pair.key, "The tasks of another file are to be converted by themselves", false);
      }
      return [task];
    }
    const given = this.#given(pair, task);
    const converted = convertModule(
      own,
      given,
      (text) => this.#note(pair.key, text, !/left out|taken as it is/.test(text)),
    );
    if (converted === undefined) return [task];
    if (task.has("register") && !["present", "active", "running"].includes(String(given["state"]))) {
      this.#note(
        pair.key,
        `What is registered has other fields than ${name} gives: those of ${converted.at(-1)?.module}`,
        false,
      );
    }
    const kept = task.items.filter((each) => each !== pair && keyOf(each) !== "args");
    return converted.map((each, index) =>
      this.#made(index === 0 ? task : new YAMLMap(), each, { kept, isLast: index === converted.length - 1 })
    );
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
    const rest = kept.filter((pair) => pair !== name && (isLast || keyOf(pair) !== "register"));
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
