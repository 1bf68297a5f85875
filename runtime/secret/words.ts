/**
 * A command line as words, without any shell: quotes keep words together, and nothing else means anything.
 *
 * @module
 */

/** The words of a text; `undefined` where a quote is not closed. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else if (char === "\\" && quote === '"' && /["\\]/.test(text.charAt(at + 1))) word += text.charAt(++at);
      else word += char;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word ??= "";
      if (char === '"' || char === "'") quote = char;
      else if (char === "\\" && at + 1 < text.length) word += text.charAt(++at);
      else word += char;
    }
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
