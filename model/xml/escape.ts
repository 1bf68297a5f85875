/**
 * Characters that cannot stand in a document as they are.
 *
 * @module
 */

const inText: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
const inAttribute: Readonly<Record<string, string>> = {
  ...inText,
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
};

/** `text` as the text of an element. */
export function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, (found) => inText[found] ?? found) : text;
}

/** `text` as the value of an attribute in single quotes. */
export function escapeAttribute(text: string): string {
  return /[&<>'\t\n\r]/.test(text)
    ? text.replace(/[&<>'\t\n\r]/g, (found) => inAttribute[found] ?? found)
    : text;
}

/** Whether XML 1.0 has a way to write every character (section 2.2, `Char`). */
export function isWritable(text: string): boolean {
  // deno-lint-ignore no-control-regex -- these are the ones that XML excludes
  return !/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text) && text.isWellFormed();
}
