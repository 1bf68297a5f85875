/**
 * The words of an expression.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** One word, with where it begins in the text. */
export interface Token {
  readonly kind: "name" | "number" | "text" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

/** Signs, longer ones first. */
const signs = [
  "//",
  "**",
  "==",
  "!=",
  "<=",
  ">=",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  ".",
  "|",
  "+",
  "-",
  "*",
  "/",
  "%",
  "~",
  "<",
  ">",
  "=",
];

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0" };

/** A fault in an expression, by where it is in the text. */
export class ExpressionFault extends VirtError {
  /** From 0. */
  readonly offset: number;

  constructor(message: string, offset: number, hint?: string) {
    super("invalid-argument", message, hint === undefined ? {} : { hint });
    this.offset = offset;
  }
}

/** Takes an expression apart into words; the last one is the end. */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const name = /^[\p{L}_][\p{L}\p{N}_]*/u.exec(rest)?.[0];
    const number = /^\d+(\.\d+)?([eE][+-]?\d+)?/.exec(rest)?.[0];
    if (name !== undefined) found.push({ kind: "name", text: name, at });
    else if (number !== undefined) found.push({ kind: "number", text: number, at });
    else if (rest[0] === '"' || rest[0] === "'") {
      const { value, length } = quoted(rest, at);
      found.push({ kind: "text", text: value, at });
      at += length;
      continue;
    } else {
      const sign = signs.find((each) => rest.startsWith(each));
      if (sign === undefined) throw new ExpressionFault(`"${rest[0]}" means nothing in an expression`, at);
      found.push({ kind: "sign", text: sign, at });
    }
    at += found.at(-1)?.text.length ?? 1;
  }
  found.push({ kind: "end", text: "", at: text.length });
  return found;
}

function quoted(rest: string, at: number): { readonly value: string; readonly length: number } {
  const quote = rest[0];
  let value = "";
  for (let index = 1; index < rest.length; index++) {
    const character = rest[index] ?? "";
    if (character === quote) return { value, length: index + 1 };
    if (character === "\\") {
      index++;
      const next = rest[index] ?? "";
      value += escapes[next] ?? (next === quote || next === "\\" ? next : `\\${next}`);
    } else value += character;
  }
  throw new ExpressionFault("a text has no end", at, `Close it with ${quote}`);
}
