/**
 * What a console has printed and nobody has taken yet, as text.
 *
 * @module
 */

/** How much is kept of what nobody takes, in UTF-16 units. */
const mostKept = 256 * 1024;

/** What is matched against a console's text: a text, or a regular expression. */
export type Pattern = string | RegExp;

/** A match in a console's text. */
export interface ConsoleMatch {
  /** Which of several patterns it was, from 0. */
  readonly index: number;
  /** What the pattern matched. */
  readonly text: string;
  /** What stood before it and nobody had taken. */
  readonly before: string;
  /** What the groups of the expression matched, from the first on; empty for groups that took no part. */
  readonly groups: readonly string[];
  /** The same by name, for groups that have one. */
  readonly named: Readonly<Record<string, string>>;
}

/** Text that was decoded and not taken. Guests print what they like: what cannot be decoded is replaced. */
export class ConsoleText {
  #decoder = new TextDecoder();
  #text = "";
  #dropped = 0;

  /** What there is. */
  get pending(): string {
    return this.#text;
  }

  /** How much was dropped because nobody took it, in UTF-16 units. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes in what came. */
  push(data: Uint8Array): void {
    this.#text += this.#decoder.decode(data, { stream: true });
    const excess = this.#text.length - mostKept;
    if (excess <= 0) return;
    this.#text = this.#text.slice(excess);
    this.#dropped += excess;
  }

  /** What comes next does not follow on what came last. */
  breakOff(): void {
    this.#text += this.#decoder.decode();
    this.#decoder = new TextDecoder();
  }

  /** Takes everything. */
  take(): string {
    return this.#cut(this.#text.length);
  }

  /** Takes a line, without its end; nothing where none has ended. */
  takeLine(): string | undefined {
    const end = this.#text.indexOf("\n");
    return end < 0 ? undefined : this.#cut(end + 1).replace(/\r*\n$/, "");
  }

  /** Takes everything up to the end of the first match of any of the patterns. */
  takeMatch(patterns: readonly Pattern[]): ConsoleMatch | undefined {
    let first: { readonly at: number; readonly index: number; readonly found: RegExpExecArray } | undefined;
    patterns.forEach((pattern, index) => {
      const found = search(pattern, this.#text);
      if (found !== null && (first === undefined || found.index < first.at)) {
        first = { at: found.index, index, found };
      }
    });
    if (first === undefined) return undefined;
    const { at, index, found: [text, ...groups], found: { groups: named = {} } } = first;
    const taken = this.#cut(at + text.length);
    return {
      index,
      text,
      before: taken.slice(0, at),
      groups: groups.map((group) => group ?? ""),
      named: Object.fromEntries(Object.entries(named).map(([name, group]) => [name, group ?? ""])),
    };
  }

  #cut(length: number): string {
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }
}

/** Where a pattern matches first, whatever its flags say about where to begin. */
function search(pattern: Pattern, text: string): RegExpExecArray | null {
  if (typeof pattern === "string") {
    const at = text.indexOf(pattern);
    return at < 0 ? null : Object.assign([pattern] as [string], { index: at, input: text });
  }
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
}
