/**
 * Makes text that others wrote harmless on a terminal. Names, descriptions and messages come from hypervisors and
 * recipes; an escape sequence in them could retitle the window, rewrite what stands above, or hide a line.
 *
 * @module
 */

/**
 * C0 and C1 controls, DEL, and the characters that turn the direction of text around (Unicode Standard, section 23.2)
 * or are invisible separators of lines.
 */
// deno-lint-ignore no-control-regex -- controls are what it looks for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e" };

function spelled(character: string): string {
  const code = character.charCodeAt(0);
  return named[character] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`);
}

/**
 * Text for a line or a table's cell: every control is spelled out.
 *
 * @example
 * ```ts
 * import { plain } from "./plain.ts";
 * plain("web\x1b[2J"); // "web\\e[2J"
 * ```
 */
export function plain(text: string): string {
  return text.replace(unsafe, spelled);
}

/** Text of several lines: as {@linkcode plain}, but line ends and tabs stay. */
export function plainLines(text: string): string {
  return text.replaceAll("\r\n", "\n")
    .replace(
      unsafe,
      (character) => character === "\n" || character === "\t" ? character : spelled(character),
    );
}

/**
 * JSON that is as harmless: `JSON.stringify` escapes the C0 controls but neither DEL nor the C1 controls, and
 * some terminals take U+009B for the start of an escape sequence. Bytes stand as `{"$bytes": "<base64>"}`.
 */
export function plainJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, bytesAsText, indent) ?? "null";
  return text.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $bytes: value.toBase64() } : value;
}
