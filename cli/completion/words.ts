/**
 * Reads half a command line, as far as completions need it.
 *
 * @module
 */
import type { CompletionWords } from "./names.ts";

/** Words that lead to a command: `domain start`. */
const commandWords = 2;

/** The connection, the state directory and the arguments among the words before the one in question. */
export function completionWords(words: readonly string[]): CompletionWords {
  const found: { uri?: string; stateDir?: string } = {};
  const positionals: string[] = [];
  for (let at = commandWords; at < words.length; at++) {
    const word = words[at] ?? "";
    const next = words[at + 1];
    const [name, inline] = word.startsWith("--") && word.includes("=")
      ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]
      : [word, undefined];
    if (name === "-c" || name === "--connect") {
      const uri = inline ?? next;
      if (uri !== undefined) found.uri = uri;
      if (inline === undefined) at++;
    } else if (name === "--state-dir") {
      const directory = inline ?? next;
      if (directory !== undefined) found.stateDir = directory;
      if (inline === undefined) at++;
    } else if (!word.startsWith("-")) positionals.push(word);
  }
  return { ...found, positionals };
}
