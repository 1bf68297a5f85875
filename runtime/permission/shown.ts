/**
 * Texts of others in messages and prompts: quoted, and with nothing in them that a terminal would obey.
 *
 * @module
 */

/** Control characters, marks that change the direction of text, invisible characters, lone surrogates. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text in double quotes as a string of JSON that is safe to print. */
export function shown(text: string): string {
  return JSON.stringify(text).replace(unprintable, escaped);
}

/** A text without quotes, safe to print. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

/** A text cut to what a message can hold. */
export function shortened(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}

/** A word for a shell's command line: in single quotes where the shell would change it. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:,=+%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function escaped(character: string): string {
  let text = "";
  for (let at = 0; at < character.length; at++) {
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return text;
}
