/**
 * How what others say becomes part of what we say.
 *
 * @module
 */

/** What an error says, without a final period. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\.$/, "");
}

/** A message as it goes on after a colon: a capital is kept only where it belongs to a name. */
export function inSentence(message: string): string {
  return message.replace(/^(?:[A-Z](?=[a-z' ]))/, (letter) => letter.toLowerCase());
}

/** What a far side says, so that it can be shown: no control characters, not too much. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "").slice(0, 200);
}
