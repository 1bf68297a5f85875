/**
 * YAML with the place of everything in it.
 *
 * @module
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
} from "yaml";
import { VirtError, type VirtErrorOptions } from "../model/error.ts";
import type { Json, Place } from "./engine/program.ts";

/** A piece of a source. */
export type Source =
  | { readonly kind: "map"; readonly at: Place; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: "list"; readonly at: Place; readonly items: readonly Source[] }
  | {
    readonly kind: "scalar";
    readonly at: Place;
    readonly value: string | number | boolean | null;
    /** The word that was written, where it was taken for a boolean and a text may be meant. */
    readonly word?: string;
    /** A text that holds no expressions, whatever it looks like. */
    readonly isAsIs?: boolean;
    /** Where a character of the text stands in the file. */
    readonly placeOf: (offset: number) => Place;
  };

/** An entry of a map. */
export interface Entry {
  readonly keyAt: Place;
  readonly value: Source;
}

/** The most pieces that a file may hold, aliases counted as often as they are used. */
const mostPieces = 500_000;

/** How deep pieces may lie within each other. */
const deepest = 200;

/** Tags that say no more than what is seen anyway; a text that is `!unsafe` is taken as it is. */
const plainTags = /^(!unsafe|(tag:yaml\.org,2002:|!!)(str|int|float|bool|null|map|seq|set|omap|merge))$/;

const tagHints: Readonly<Record<string, string>> = {
  "!vault": "Decrypt it with ansible-vault, or declare a secret and say where it comes from with --secret",
  "!vault-encrypted":
    "Decrypt it with ansible-vault, or declare a secret and say where it comes from with --secret",
};

const hints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Indent with spaces; YAML knows no tabs there",
  BAD_INDENT: "Set it in as far as the lines that it belongs to",
  DUPLICATE_KEY: "Keep one of the two",
  MULTILINE_IMPLICIT_KEY: "A text with a colon in it goes into quotes",
  BLOCK_AS_IMPLICIT_KEY: "A text with a colon in it goes into quotes",
  MISSING_CHAR: "Close what was opened; a text that begins with a quote, [ or { goes into quotes as a whole",
  UNEXPECTED_TOKEN: 'A text with {, }, [ or ] in it goes into quotes: "{{ name }}"',
  BAD_ALIAS: "A text that begins with * goes into quotes",
  MULTIPLE_DOCS: "Put the second document into a file of its own",
};

/** A fault at a place of a file: leaves with 64. */
export function sourceFault(message: string, at: Place, options: VirtErrorOptions = {}): VirtError {
  const [file, line, column] = at;
  return new VirtError("invalid-argument", message, { ...options, at: { file, line, column } });
}

/**
 * Reads YAML. Nothing in it is evaluated, and no tag makes an object.
 *
 * @throws {VirtError} `invalid-argument` with the place.
 */
export function readYaml(text: string, file: string): Source {
  return new YamlReader(text, file).read();
}

class YamlReader {
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  #pieces = 0;

  constructor(text: string, file: string) {
    // A mark of the byte order says nothing in UTF-8.
    this.#text = text.replace(/^\uFEFF/, "");
    this.#file = file;
  }

  read(): Source {
    this.#refuseControls();
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      merge: true,
      uniqueKeys: true,
      prettyErrors: false,
      keepSourceTokens: false,
    });
    const [fault] = document.errors;
    if (fault !== undefined) {
      const line = this.#lineAt(fault.pos[0]);
      const isDeep = /call stack/.test(fault.message);
      const hint = /:\s+\{\{|-\s+\{\{/.test(line)
        ? hints["UNEXPECTED_TOKEN"]
        : /^ *\t/.test(line)
        ? hints["TAB_AS_INDENT"]
        : hints[fault.code];
      throw sourceFault(
        `Cannot read "${this.#file}": ${isDeep ? "it is nested too deeply" : decapitalized(fault.message)}`,
        this.#place(fault.pos[0]),
        hint === undefined ? {} : { hint },
      );
    }
    const aliased = (alias: Alias): Node | undefined => alias.resolve(document);
    const { contents } = document;
    if (contents === null) return this.#null(this.#place(0));
    return this.#piece(contents, { aliased, depth: 0 });
  }

  /** YAML 1.2.2, 5.1: of the control characters only tabs and the ends of lines may stand in a file. */
  #refuseControls(): void {
    // deno-lint-ignore no-control-regex
    const offset = this.#text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
    if (offset < 0) return;
    const before = this.#text.slice(0, offset).split("\n");
    const code = this.#text.charCodeAt(offset).toString(16).padStart(2, "0");
    const at: Place = [this.#file, before.length, (before.at(-1)?.length ?? 0) + 1];
    throw sourceFault(`Cannot read "${this.#file}": it holds the control character 0x${code}`, at, {
      hint: 'Write it in a text with double quotes: "\\x1b"',
    });
  }

  #lineAt(offset: number): string {
    return this.#text.slice(this.#text.lastIndexOf("\n", offset - 1) + 1).split("\n")[0] ?? "";
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(Math.min(Math.max(0, offset), this.#text.length));
    return [this.#file, Math.max(1, line), Math.max(1, col)];
  }

  #null(at: Place): Source {
    return { kind: "scalar", at, value: null, placeOf: () => at };
  }

  #piece(
    node: unknown,
    { aliased, depth }: { readonly aliased: (alias: Alias) => Node | undefined; readonly depth: number },
  ): Source {
    if (++this.#pieces > mostPieces || depth > deepest) {
      const what = depth > deepest
        ? "it is nested too deeply"
        : "it holds too much, aliases counted as often as used";
      throw sourceFault(`Cannot read "${this.#file}": ${what}`, [this.#file, 1, 1]);
    }
    this.#refuseTag(node);
    const deeper = { aliased, depth: depth + 1 };
    if (isAlias(node)) return this.#piece(aliased(node) ?? null, deeper);
    if (isMap(node)) return this.#map(node, deeper);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    const offset = Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0;
    const at = this.#place(offset);
    if (isSeq(node)) return { kind: "list", at, items: node.items.map((item) => this.#piece(item, deeper)) };
    if (isScalar(node)) return this.#scalar(node, at);
    return this.#null(at);
  }

  /** Tags that would make objects, or values that are encrypted, are not understood; they must not be taken for texts. */
  #refuseTag(node: unknown): void {
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
    const { tag, range } = node;
    if (tag === undefined || plainTags.test(tag)) return;
    throw sourceFault(
      `Cannot read "${this.#file}": the tag "${tag}" means nothing here`,
      this.#place(range?.[0] ?? 0),
      {
        hint: tagHints[tag] ?? "Leave it out",
      },
    );
  }

  #map(
    node: {
      readonly items: readonly { readonly key: unknown; readonly value: unknown }[];
      readonly range?: unknown;
    },
    deeper: { readonly aliased: (alias: Alias) => Node | undefined; readonly depth: number },
  ): Source {
    const offset = Array.isArray(node.range) && typeof node.range[0] === "number" ? node.range[0] : 0;
    const at = this.#place(offset);
    const entries = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const { key, value } of node.items) {
      const keySource = this.#piece(key, deeper);
      if (keySource.kind !== "scalar") {
        throw sourceFault(
          `Cannot read "${this.#file}": a key is a text, not a ${keySource.kind}`,
          at,
          {
            hint: hints["UNEXPECTED_TOKEN"] ?? "",
          },
        );
      }
      if (keySource.value === "__proto__") {
        throw sourceFault(`Cannot read "${this.#file}": the name "__proto__" is not possible`, keySource.at);
      }
      const read = this.#piece(value, deeper);
      // An entry without a value stands where its key does.
      const held = value === null ? this.#null(keySource.at) : read;
      if (keySource.value === "<<") this.#merge(held, merged);
      // `on` is a name where it stands for a key.
      else {
        entries.set(keySource.word ?? String(keySource.value), { keyAt: keySource.at, value: held });
      }
    }
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry);
    return { kind: "map", at, entries };
  }

  #merge(source: Source, into: Map<string, Entry>): void {
    if (source.kind === "list") return source.items.forEach((item) => this.#merge(item, into));
    if (source.kind !== "map") throw sourceFault(`Cannot merge what is no map`, source.at);
    for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry);
  }

  #scalar(node: Scalar, at: Place): Source {
    const { value: given, type, range } = node;
    const value = typeof given === "bigint"
      ? Number(given)
      // The key of a merge.
      : typeof given === "symbol"
      ? "<<"
      : typeof given === "string" && type === "PLAIN"
      ? booleanWord(given)
      : given;
    if (
      value !== null && typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean"
    ) {
      throw sourceFault(`Cannot read "${this.#file}": this is neither text, number, boolean nor null`, at);
    }
    const [start, end] = [range?.[0] ?? 0, range?.[1] ?? 0];
    const raw = this.#text.slice(start, end);
    const placeOf = (offset: number): Place => {
      if (typeof value !== "string") return at;
      // What was written is looked for: quotes, folding and escapes move it.
      const wanted = value.slice(offset, offset + 8).split("\n")[0] ?? "";
      const found = raw.indexOf(wanted, Math.min(offset, Math.max(0, raw.length - wanted.length)));
      return this.#place(start + (found < 0 ? raw.indexOf(wanted) < 0 ? 0 : raw.indexOf(wanted) : found));
    };
    const isWord = typeof value === "boolean" && typeof given === "string";
    const isAsIs = node.tag === "!unsafe";
    return {
      kind: "scalar",
      at,
      value,
      placeOf,
      ...(isWord ? { word: given } : {}),
      ...(isAsIs ? { isAsIs } : {}),
    };
  }
}

/** What YAML 1.1 takes for a boolean, as Ansible's users write it. */
function booleanWord(text: string): string | boolean {
  if (/^(yes|on)$/i.test(text)) return true;
  return /^(no|off)$/i.test(text) ? false : text;
}

function decapitalized(message: string): string {
  const line = message.split("\n")[0] ?? "";
  return line.charAt(0).toLowerCase() + line.slice(1);
}

/** Plain data as a source: what a program made has no place but its file. */
export function readData(data: unknown, file: string): Source {
  const at: Place = [file, 1, 1];
  if (Array.isArray(data)) {
    return {
      kind: "list",
      at,
      items: data.map((item: unknown) => readData(item, file)),
    };
  }
  if (typeof data === "object" && data !== null) {
    const entries = Object.entries(data).map(([key, value]: [string, unknown]) =>
      [key, { keyAt: at, value: readData(value, file) }] as const
    );
    return { kind: "map", at, entries: new Map(entries) };
  }
  const value = typeof data === "string" || typeof data === "number" || typeof data === "boolean"
    ? data
    : null;
  return { kind: "scalar", at, value, placeOf: () => at };
}

/** A source as plain data. */
export function plainOf(source: Source): Json {
  switch (source.kind) {
    case "scalar":
      return source.value;
    case "list":
      return source.items.map(plainOf);
    case "map":
      return Object.fromEntries([...source.entries].map(([key, { value }]) => [key, plainOf(value)]));
  }
}

/** What people call a piece. */
export function kindOf(source: Source): string {
  if (source.kind === "map") return "a map";
  if (source.kind === "list") return "a list";
  const { value } = source;
  if (value === null) return "nothing";
  return typeof value === "string"
    ? `the text "${value}"`
    : `${typeof value === "number" ? "the number " : ""}${value}`;
}
