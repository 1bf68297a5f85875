/**
 * How wide text is on a terminal.
 *
 * @module
 */

/** Combining marks and joiners take no column. */
const zeroWidth = /^[\p{Mn}\p{Me}\u200b-\u200d\ufe00-\ufe0f]$/u;

/** East Asian wide characters and emoji take two (Unicode Standard Annex 11, in its main blocks). */
const doubleWidth =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]$/u;

/** The columns that `text` takes. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (zeroWidth.test(character)) continue;
    width += doubleWidth.test(character) ? 2 : 1;
  }
  return width;
}

/** `text` with spaces up to `width` columns. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** `text` cut to at most `width` columns, with an ellipsis where something was cut. */
export function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const character of text) {
    const next = textWidth(character);
    if (columns + next > width - 1) break;
    kept += character;
    columns += next;
  }
  return width < 1 ? "" : `${kept}…`;
}
