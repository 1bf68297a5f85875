/**
 * What is known of a document's elements and attributes: which exist, and what their values reach.
 *
 * A vocabulary is a text with one element per line, its children indented below it:
 *
 *     NAME[:KIND] [ATTRIBUTE[:KIND]]… [+GROUP]… [!RULE]
 *
 * `NAME:KIND` is about the element's own text. A line that begins with `+` describes a group of attributes and
 * children, which every element that names it has too. A rule is code that looks at the whole element. What no
 * vocabulary names is unknown, and reaches.
 *
 * @module
 */

/** What a value reaches. */
export const valueKinds = [
  /** Nothing, unless it looks like a path. */
  "plain",
  /** Nothing: free text, or a place within the guest; or a rule looks at it. */
  "free",
  /** A file or block device on the host that belongs to the guest: granted storage is free. */
  "path",
  /** A device on the host; a logical volume in granted storage is free. */
  "device",
  /** A directory that the guest can change, or a file that others use too: granted storage does not help. */
  "directory",
  "socket",
  "emulator",
  "loader",
  /** Read by the boot of the guest; granted storage is free. */
  "kernel",
  "script",
  "network",
] as const;

/** What a value reaches. */
export type ValueKind = typeof valueKinds[number];

/** An element, or a group of what several elements have. */
export interface Entry {
  readonly text: ValueKind;
  readonly attributes: ReadonlyMap<string, ValueKind>;
  readonly children: ReadonlyMap<string, Entry>;
  readonly groups: readonly string[];
  readonly rule?: string;
}

/** A vocabulary: its top elements, and its groups. */
export class Vocabulary {
  readonly #top = new Map<string, Entry>();
  readonly #groups = new Map<string, Entry>();

  /** @throws {TypeError} where a line is not of the form above. */
  constructor(...texts: readonly string[]) {
    for (const text of texts) this.#read(text);
  }

  /** The entry of an element that may stand at the top. */
  top(name: string): Entry | undefined {
    return this.#top.get(name);
  }

  /** The entry of a child. */
  child(entry: Entry, name: string): Entry | undefined {
    return this.#inEntryOrGroups(entry, (each) => each.children.get(name));
  }

  /** The kind of an attribute's value. */
  attribute(entry: Entry, name: string): ValueKind | undefined {
    return this.#inEntryOrGroups(entry, (each) => each.attributes.get(name));
  }

  /** The names of an entry's rules, its groups' too. */
  rules(entry: Entry): readonly string[] {
    return [
      ...(entry.rule === undefined ? [] : [entry.rule]),
      ...entry.groups.flatMap((group) => this.rules(this.#group(group))),
    ];
  }

  #inEntryOrGroups<T>(entry: Entry, get: (entry: Entry) => T | undefined): T | undefined {
    const own = get(entry);
    if (own !== undefined) return own;
    for (const group of entry.groups) {
      const found = this.#inEntryOrGroups(this.#group(group), get);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #group(name: string): Entry {
    const group = this.#groups.get(name);
    if (group === undefined) {
      throw new TypeError(`A vocabulary names the group "${name}" and does not describe it`);
    }
    return group;
  }

  #read(text: string): void {
    const open: Map<string, Entry>[] = [this.#top];
    for (const line of text.split("\n")) {
      const words = line.trim().split(/\s+/);
      const first = words.shift() ?? "";
      if (first === "") continue;
      const depth = (line.length - line.trimStart().length) / 2;
      const siblings = first.startsWith("+") ? this.#groups : open[depth];
      if (siblings === undefined) throw new TypeError(`A vocabulary is indented too far at "${line.trim()}"`);
      const [name, kind] = withKind(first.replace(/^\+/, ""));
      const children = new Map<string, Entry>();
      const rule = words.find((word) => word.startsWith("!"))?.slice(1);
      const entry: Entry = {
        text: kind,
        attributes: new Map(words.filter((word) => !/^[+!]/.test(word)).map(withKind)),
        children,
        groups: words.filter((word) => word.startsWith("+")).map((word) => word.slice(1)),
        ...(rule === undefined ? {} : { rule }),
      };
      if (siblings.has(name)) throw new TypeError(`A vocabulary describes "${name}" twice`);
      siblings.set(name, entry);
      open.splice(depth + 1, Infinity, children);
    }
  }
}

function withKind(word: string): [name: string, kind: ValueKind] {
  const [name = "", text] = word.split(":");
  const kind = text === undefined ? "plain" : valueKinds.find((each) => each === text);
  if (kind === undefined) throw new TypeError(`A vocabulary names an unknown kind in "${word}"`);
  return [name, kind];
}
