/**
 * Text of a recipe, made fit for a terminal.
 *
 * @module
 */

/**
 * Control sequences (ECMA-48): CSI; the strings OSC, DCS, SOS, PM and APC up to their end; other escapes; then any control
 * character but tab and line feed, and what turns the direction of text around (Unicode, UAX #9).
 */
const sequences = new RegExp(
  [
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?",
    "(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)?",
    "\\x1b[ -/]*[0-~]?",
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]",
  ].join("|"),
  "g",
);

/** Whether there may be something to take out; most text has nothing, and this is all that it costs. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const suspicious = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/**
 * The text without control sequences and control characters; tabs and line feeds stay, a carriage return becomes a
 * line feed.
 *
 * @example
 * ```ts
 * import { plainText } from "./plain_text.ts";
 * plainText("\x1b[31mred\x1b[0m"); // "red"
 * ```
 */
export function plainText(text: string): string {
  if (!suspicious.test(text)) return text;
  return text.replace(/\r\n?/g, "\n").replace(sequences, "");
}
