/**
 * Globs over names and paths. Matching takes time proportional to pattern times text, whatever they are: no
 * pattern can stall the kernel.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { shortened, shown } from "./shown.ts";

/** The longest pattern, in UTF-16 units. */
export const globLimit = 1024;

/** The longest text that a pattern matches, in UTF-16 units; Linux has no longer paths (PATH_MAX). */
export const matchLimit = 4096;

/** What one position of a pattern accepts. `many` stays in its place for any number of characters. */
type Token =
  | { readonly kind: "one"; readonly character: string }
  | { readonly kind: "any" }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly Range[] }
  | { readonly kind: "many"; readonly slashes: boolean };

type Range = readonly [from: number, to: number];

/** Where a glob in a longer text ended. */
export interface ReadGlob {
  readonly glob: Glob;
  /** The index behind its last character. */
  readonly end: number;
}

/**
 * A glob: `*` is any run of characters without `/`, `**` any run at all, `?` one character but `/`, `[a-z]` one of
 * these and `[!a-z]` one not of these, neither ever `/`; `\` takes the next character as it is. A pattern in
 * double quotes is one exact text, written as a string of JSON. Case counts.
 *
 * @example
 * ```ts
 * import { Glob } from "./glob.ts";
 * Glob.parse("web-*").matches("web-1"); // true
 * Glob.parse("/srv/*").matches("/srv/a/b"); // false
 * Glob.parse("/srv/**").matches("/srv/a/b"); // true
 * ```
 */
export class Glob {
  /** The pattern as it is written in a grant. */
  readonly text: string;
  /** The only text that it matches, where there is only one. */
  readonly exactText: string | undefined;
  readonly #tokens: readonly Token[];
  /** One text is mostly compared several times in a row: to decide, and to say why not. */
  #last: { readonly text: string; readonly matches: boolean } | undefined;

  private constructor(tokens: readonly Token[], text?: string) {
    this.#tokens = tokens;
    this.exactText = exactTextOf(tokens);
    this.text = text ?? (this.exactText === undefined ? "*" : quoted(this.exactText));
  }

  /** The glob that matches this text and no other. */
  static exact(text: string): Glob {
    return new Glob(Array.from(text, (character) => ({ kind: "one", character })));
  }

  /**
   * Reads a whole text as a glob.
   *
   * @throws {VirtError} `invalid-argument` with the column.
   */
  static parse(text: string): Glob {
    const { glob, end } = Glob.read(text, 0, "");
    if (end < text.length) throw fault(text, end, "nothing may follow a quoted pattern");
    return glob;
  }

  /**
   * Reads a glob that begins at `start` and ends before the first of `stops` that is neither quoted, escaped nor in
   * brackets, or at the end.
   *
   * @throws {VirtError} `invalid-argument` with the column.
   */
  static read(text: string, start: number, stops: string): ReadGlob {
    const read = text[start] === '"' ? readQuoted(text, start) : readPattern(text, start, stops);
    if (read.end - start > globLimit) {
      throw fault(text, start, `a pattern has at most ${globLimit} characters`);
    }
    const glob = read.exact === undefined
      ? new Glob(read.tokens, text.slice(start, read.end))
      : Glob.exact(read.exact);
    return { glob, end: read.end };
  }

  /** Whether the whole of `text` is of this form. Beyond {@linkcode matchLimit} only an exact pattern matches. */
  matches(text: string): boolean {
    if (this.exactText !== undefined) return this.exactText === text;
    if (text.length > matchLimit) return false;
    if (this.#last?.text !== text) this.#last = { text, matches: this.#compare(text) };
    return this.#last.matches;
  }

  #compare(text: string): boolean {
    const tokens = this.#tokens;
    /** At which character each state was last reached, so that none is entered twice. */
    const reached = new Int32Array(tokens.length + 1).fill(-1);
    let at = 0;
    function enter(first: number, states: number[]): void {
      for (let state = first; reached[state] !== at; state++) {
        reached[state] = at;
        states.push(state);
        // A run may be empty.
        if (tokens[state]?.kind !== "many") return;
      }
    }
    let states: number[] = [];
    enter(0, states);
    for (const character of text) {
      if (states.length === 0) return false;
      const next: number[] = [];
      at++;
      for (const state of states) {
        const token = tokens[state];
        if (token === undefined) continue;
        if (token.kind === "many") {
          if (token.slashes || character !== "/") enter(state, next);
        } else if (accepts(token, character)) {
          enter(state + 1, next);
        }
      }
      states = next;
    }
    return reached[tokens.length] === at;
  }

  toString(): string {
    return this.text;
  }
}

/** A text as a pattern that matches it alone: quoted where anything in it could mean something else. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9_./:+%~^{}|$'&-]+$/.test(text) ? text : shown(text);
}

function exactTextOf(tokens: readonly Token[]): string | undefined {
  let text = "";
  for (const token of tokens) {
    if (token.kind !== "one") return undefined;
    text += token.character;
  }
  return text;
}

function accepts(token: Exclude<Token, { readonly kind: "many" }>, character: string): boolean {
  if (token.kind === "one") return token.character === character;
  if (character === "/") return false;
  if (token.kind === "any") return true;
  const code = character.codePointAt(0) ?? 0;
  return token.ranges.some(([from, to]) => from <= code && code <= to) !== token.negated;
}

function readQuoted(text: string, start: number): { readonly exact: string; readonly end: number } {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length) throw fault(text, start, "the quote is not closed");
  try {
    const exact: unknown = JSON.parse(text.slice(start, end + 1));
    return { exact: String(exact), end: end + 1 };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw fault(text, start, "a quoted pattern is written as a string of JSON, and this is none");
  }
}

interface ReadPattern {
  readonly exact?: undefined;
  readonly tokens: readonly Token[];
  readonly end: number;
}

function readPattern(text: string, start: number, stops: string): ReadPattern {
  const tokens: Token[] = [];
  let at = start;
  while (at < text.length && !stops.includes(text[at] ?? "")) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (character === "*") {
      const previous = tokens.at(-1);
      if (previous?.kind === "many") tokens.pop();
      tokens.push({ kind: "many", slashes: previous?.kind === "many" });
      at++;
    } else if (character === "?") {
      tokens.push({ kind: "any" });
      at++;
    } else if (character === "[") {
      const set = readSet(text, at);
      tokens.push(set.token);
      at = set.end;
    } else if (character === '"') {
      throw fault(text, at, "a quote may only stand around the whole pattern", 'Write \\" for the character');
    } else {
      if (character === "\\") at++;
      const code = text.codePointAt(at);
      if (code === undefined) throw fault(text, at - 1, "nothing follows the backslash");
      tokens.push({ kind: "one", character: String.fromCodePoint(code) });
      at += code > 0xffff ? 2 : 1;
    }
  }
  if (tokens.length === 0) throw fault(text, start, "the pattern is empty");
  return { tokens, end: at };
}

function readSet(text: string, start: number): { readonly token: Token; readonly end: number } {
  let at = start + 1;
  const negated = text[at] === "!" || text[at] === "^";
  if (negated) at++;
  const ranges: Range[] = [];
  const first = at;
  while (at < text.length && (text[at] !== "]" || at === first)) {
    const from = text.codePointAt(at) ?? 0;
    at += from > 0xffff ? 2 : 1;
    const isRange = text[at] === "-" && at + 1 < text.length && text[at + 1] !== "]";
    const to = isRange ? text.codePointAt(at + 1) ?? 0 : from;
    if (isRange) at += to > 0xffff ? 3 : 2;
    if (to < from) throw fault(text, at, "a range in brackets runs backwards");
    ranges.push([from, to]);
  }
  if (at >= text.length) throw fault(text, start, "the bracket is not closed", "Write \\[ for the character");
  return { token: { kind: "set", negated, ranges }, end: at + 1 };
}

/** The error for a text at an index of it. */
function fault(text: string, index: number, problem: string, hint?: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot read pattern ${shown(shortened(text))} at column ${index + 1}: ${problem}`,
    { at: { line: 1, column: index + 1 }, ...(hint === undefined ? {} : { hint }), detail: { problem } },
  );
}
