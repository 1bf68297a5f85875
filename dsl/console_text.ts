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

/** How much is held back of a sequence that has not ended, in UTF-16 units. */
const longestSequence = 4096;

/**
 * What terminals take as commands and do not show. Source: ECMA-48, 5.3 and 5.4: control sequences, control strings,
 * and the shorter ones. Null and bell may stand in the midst of them, and another escape ends what has not ended.
 */
const sequence = String.raw`\x1b(?:[\0\x07]*(?:\[[0-?\0\x07]*[ -/\0\x07]*(?:[@-~]|(?=\x1b))|` +
  String
    .raw`[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|(?=\x1b[^\\])))|[ -/\0\x07]*(?:[0-Z\\^-~]|(?=\x1b)))|[\0\x07]`;
const sequences = new RegExp(sequence, "g");

/** An escape that begins nothing: what stands for the one that is held back, since it ends what came before it. */
const escape = "\x1b\x01";

/** The beginning of a sequence at the end of what came. */
const begun = String
  .raw`\x1b(?:[\0\x07]*(?:\[[0-?\0\x07]*[ -/\0\x07]*|[\]PX^_][^\x07\x1b]*\x1b?)|[ -/\0\x07]*)`;

const unfinished = new RegExp(`${begun}$`);

/**
 * Text that was decoded and not taken. Guests print what they like: what cannot be decoded is replaced. Of what comes
 * over a terminal only the text is kept: what moves the cursor or changes colours is left out, and lines end in a line
 * feed alone.
 */
export class ConsoleText {
  readonly #terminal: boolean;
  #decoder = new TextDecoder();
  #text = "";
  /** What came and may be the beginning of something longer. */
  #held = "";
  #dropped = 0;

  constructor({ terminal }: { readonly terminal: boolean }) {
    this.#terminal = terminal;
  }

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
    this.#add(this.#decoder.decode(data, { stream: true }));
    const excess = this.#text.length - mostKept;
    if (excess <= 0) return;
    this.#text = this.#text.slice(excess);
    this.#dropped += excess;
  }

  /** What comes next does not follow on what came last. */
  breakOff(): void {
    this.#add(this.#decoder.decode());
    this.#text += lines(without(this.#held));
    this.#held = "";
    this.#decoder = new TextDecoder();
  }

  /** Takes everything. */
  take(): string {
    return this.#cut(this.#text.length);
  }

  /** Takes a line, without its end; nothing where none has ended. */
  takeLine(): string | undefined {
    const end = this.#text.indexOf("\n");
    return end < 0 ? undefined : this.#cut(end + 1).slice(0, -1);
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

  #add(decoded: string): void {
    if (!this.#terminal) {
      this.#text += decoded;
      return;
    }
    const whole = this.#held + decoded;
    const tail = unfinished.exec(whole.slice(-longestSequence))?.[0] ?? "";
    const next = tail === "" ? "" : escape;
    const shown = without(whole.slice(0, whole.length - tail.length) + next);
    // A line end may still follow, with commands in between.
    const [end = ""] = /\r*$/.exec(shown.slice(0, shown.length - next.length)) ?? [];
    this.#held = end + tail;
    this.#text += lines(shown.slice(0, shown.length - next.length - end.length));
  }

  #cut(length: number): string {
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }
}

/** Text without what terminals take as commands. */
function without(text: string): string {
  return text.replace(sequences, "");
}

/** Text whose lines end in a line feed alone. */
function lines(text: string): string {
  return text.replace(/\r+\n/g, "\n");
}

/** Where a pattern matches first, whatever its flags say about where to begin. */
function search(pattern: Pattern, text: string): RegExpExecArray | null {
  if (typeof pattern === "string") {
    const at = text.indexOf(pattern);
    return at < 0 ? null : Object.assign([pattern] as [string], { index: at, input: text });
  }
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
}
