/**
 * Reading templates, as Jinja's users write them: expressions, conditions, loops, variables, comments. Nothing is evaluated
 * here.
 *
 * @module
 */
import type { Place, Placed, TemplateNode } from "../engine/program.ts";
import { sourceFault } from "../source.ts";

/** A text's place for each of its characters. */
type PlaceOf = (offset: number) => Place;

/** Reads an expression at a place of the template. */
export type ReadExpression = (text: string, placeOf: PlaceOf) => Placed;

/** How deep statements may nest. */
const deepest = 32;

const statements = "if, elif, else, endif, for, endfor, set, raw, endraw";

/** A piece of a template. */
interface Piece {
  readonly kind: "text" | "put" | "statement" | "comment";
  readonly text: string;
  /** Where its content begins. */
  readonly at: number;
  readonly stripsBefore: boolean;
  readonly stripsAfter: boolean;
  /** A line's end behind it stays where it is. */
  readonly keepsLine: boolean;
}

/** Whether a text is more than expressions in a text. */
export function isTemplate(text: string): boolean {
  return text.includes("{%") || text.includes("{#");
}

/**
 * Reads a template. As Ansible has it, the end of a line right behind a statement is left out.
 *
 * @throws {VirtError} `invalid-argument` with the place.
 */
export function parseTemplate(
  text: string,
  { placeOf, readExpression }: { readonly placeOf: PlaceOf; readonly readExpression: ReadExpression },
): readonly TemplateNode[] {
  return new TemplateReader(stripped(pieces(text, placeOf)), { placeOf, readExpression }).whole();
}

const closes: Readonly<Record<string, readonly [close: string, kind: Piece["kind"]]>> = {
  "{{": ["}}", "put"],
  "{%": ["%}", "statement"],
  "{#": ["#}", "comment"],
};

function pieces(text: string, placeOf: PlaceOf): readonly Piece[] {
  const found: Piece[] = [];
  const add = (kind: Piece["kind"], from: number, to: number, signs: Partial<Piece> = {}): void => {
    const plain = { stripsBefore: false, stripsAfter: false, keepsLine: false };
    found.push({ kind, text: text.slice(from, to), at: from, ...plain, ...signs });
  };
  for (let at = 0; at < text.length;) {
    const open = nextOpen(text, at);
    if (open < 0) {
      add("text", at, text.length);
      break;
    }
    if (open > at) add("text", at, open);
    const [close, kind] = closes[text.slice(open, open + 2)]!;
    const end = kind === "comment" ? text.indexOf(close, open + 2) : endOf(text, open + 2, close);
    if (end < 0) {
      const sign = text.slice(open, open + 2);
      throw sourceFault(`"${sign}" has no "${close}"`, placeOf(open), { hint: `Close it with ${close}` });
    }
    const [first, last] = [text[open + 2], text[end - 1]];
    const from = open + 2 + (first === "-" || first === "+" ? 1 : 0);
    const to = Math.max(from, end - (last === "-" || last === "+" ? 1 : 0));
    add(kind, from, to, {
      stripsBefore: first === "-",
      stripsAfter: last === "-",
      keepsLine: last === "+",
    });
    at = end + 2;
    const raw = kind === "statement" && text.slice(from, to).trim() === "raw";
    if (!raw) continue;
    const rest = /\{%[-+]?\s*endraw\s*[-+]?%\}/.exec(text.slice(at));
    if (rest === null) {
      throw sourceFault('"raw" has no "endraw"', placeOf(open), { hint: "Close it with {% endraw %}" });
    }
    found.pop();
    add("text", at, at + rest.index);
    at += rest.index + rest[0].length;
    // What is behind it is behind a statement.
    add("comment", at, at);
  }
  return found;
}

function nextOpen(text: string, from: number): number {
  for (let at = text.indexOf("{", from); at >= 0; at = text.indexOf("{", at + 1)) {
    if (Object.hasOwn(closes, text.slice(at, at + 2))) return at;
  }
  return -1;
}

/** Where what is open ends: not at signs within its texts, or at braces of its own maps. */
export function endOf(text: string, from: number, close: string): number {
  let quote: string | undefined;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (quote !== undefined) {
      if (character === "\\") at++;
      else if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "{") depth++;
    else if (depth === 0 && text.startsWith(close, at)) return at;
    else if (character === "}" && depth > 0) depth--;
  }
  return -1;
}

/** Leaves out the white space that signs say, and comments. */
function stripped(all: readonly Piece[]): readonly Piece[] {
  return all.flatMap((piece, index): readonly Piece[] => {
    if (piece.kind === "comment") return [];
    if (piece.kind !== "text") return [piece];
    const [before, after] = [all[index - 1], all[index + 1]];
    let { text } = piece;
    let { at } = piece;
    const cut = (length: number): void => {
      text = text.slice(length);
      at += length;
    };
    if (before?.stripsAfter === true) cut(/^\s*/.exec(text)?.[0].length ?? 0);
    else if (before !== undefined && before.kind !== "put" && before.kind !== "text" && !before.keepsLine) {
      cut(/^\r?\n/.exec(text)?.[0].length ?? 0);
    }
    if (after?.stripsBefore === true) text = text.trimEnd();
    return text === "" ? [] : [{ ...piece, text, at }];
  });
}

class TemplateReader {
  readonly #pieces: readonly Piece[];
  readonly #placeOf: PlaceOf;
  readonly #read: ReadExpression;
  #index = 0;
  #depth = 0;

  constructor(
    pieces: readonly Piece[],
    { placeOf, readExpression }: { readonly placeOf: PlaceOf; readonly readExpression: ReadExpression },
  ) {
    this.#pieces = pieces;
    this.#placeOf = placeOf;
    this.#read = readExpression;
  }

  whole(): readonly TemplateNode[] {
    const nodes = this.#nodes([]);
    const left = this.#pieces[this.#index];
    if (left === undefined) return nodes;
    throw this.#fault(left, `"${wordOf(left)}" belongs to nothing`, "Something before it has ended already");
  }

  /** Everything up to one of the statements that end it, which stays where it is. */
  #nodes(ends: readonly string[]): readonly TemplateNode[] {
    const found: TemplateNode[] = [];
    for (let piece = this.#pieces[this.#index]; piece !== undefined; piece = this.#pieces[this.#index]) {
      if (piece.kind === "statement") {
        const word = wordOf(piece);
        if (ends.includes(word)) return found;
        if (["elif", "else", "endif", "endfor", "endset"].includes(word)) return found;
        this.#index++;
        found.push(this.#statement(piece, word));
        continue;
      }
      this.#index++;
      found.push(
        piece.kind === "text"
          ? { n: "text", text: piece.text }
          : { n: "put", value: this.#expression(piece, 0, piece.text) },
      );
    }
    return found;
  }

  #statement(piece: Piece, word: string): TemplateNode {
    if (++this.#depth > deepest) throw this.#fault(piece, "The template is nested too deeply");
    try {
      if (word === "if") return this.#if(piece);
      if (word === "for") return this.#for(piece);
      if (word === "set") return this.#set(piece);
    } finally {
      this.#depth--;
    }
    throw this.#fault(piece, `There is no statement "${word}" in templates here`, `There are: ${statements}`);
  }

  #if(opening: Piece): TemplateNode {
    const branches: { readonly test: Placed | null; readonly body: readonly TemplateNode[] }[] = [];
    for (let piece = opening, test: Placed | null = this.#rest(opening);;) {
      branches.push({ test, body: this.#nodes(["elif", "else", "endif"]) });
      piece = this.#ending(opening, ["elif", "else", "endif"], "endif");
      if (wordOf(piece) === "endif") return { n: "if", branches };
      if (test === null) throw this.#fault(piece, `"${wordOf(piece)}" stands behind "else"`);
      test = wordOf(piece) === "elif" ? this.#rest(piece) : null;
    }
  }

  #for(opening: Piece): TemplateNode {
    const { text } = opening;
    const head = /^\s*for\s+([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s+in\s+/.exec(text);
    if (head?.[1] === undefined) {
      throw this.#fault(opening, "This is no loop", "Write for instance: {% for disk in disks %}");
    }
    const items = this.#expression(opening, head[0].length, text.slice(head[0].length));
    const body = this.#nodes(["else", "endfor"]);
    const isElse = wordOf(this.#ending(opening, ["else", "endfor"], "endfor")) === "else";
    const otherwise = isElse ? this.#nodes(["endfor"]) : [];
    if (isElse) this.#ending(opening, ["endfor"], "endfor");
    return { n: "for", names: head[1].split(",").map((name) => name.trim()), items, body, otherwise };
  }

  #set(piece: Piece): TemplateNode {
    const head = /^\s*set\s+([A-Za-z_]\w*)\s*=(?!=)\s*/.exec(piece.text);
    if (head?.[1] === undefined) {
      throw this.#fault(piece, "This sets nothing", "Write for instance: {% set size = 4 %}");
    }
    const { length } = head[0];
    return { n: "set", name: head[1], value: this.#expression(piece, length, piece.text.slice(length)) };
  }

  /** The statement that ends a part, behind which it goes on. */
  #ending(opening: Piece, words: readonly string[], last: string): Piece {
    const piece = this.#pieces[this.#index];
    if (piece === undefined || !words.includes(wordOf(piece))) {
      const found = piece === undefined ? "" : `, and "${wordOf(piece)}" comes before it`;
      const message = `"${wordOf(opening)}" has no "${last}"${found}`;
      throw this.#fault(opening, message, `Close it with {% ${last} %}`);
    }
    this.#index++;
    return piece;
  }

  /** The expression behind a statement's word. */
  #rest(piece: Piece): Placed {
    const { length } = /^\s*\w+/.exec(piece.text)?.[0] ?? "";
    return this.#expression(piece, length, piece.text.slice(length));
  }

  #expression(piece: Piece, offset: number, text: string): Placed {
    return this.#read(text, (at) => this.#placeOf(piece.at + offset + at));
  }

  #fault(piece: Piece, message: string, hint?: string): Error {
    return sourceFault(message, this.#placeOf(piece.at), hint === undefined ? {} : { hint });
  }
}

function wordOf({ text }: Piece): string {
  return /^\s*(\w+)/.exec(text)?.[1] ?? text.trim();
}
