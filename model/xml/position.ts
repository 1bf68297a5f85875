/**
 * Lines and columns in the text that somebody wrote. Only errors need them, so they are found by going through a
 * text again that libxml2 has found well-formed.
 *
 * @module
 */

/** A place in a text; both count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the start tag number `ordinal` stands, or the name of one of its attributes. */
export function positionOf(
  text: string,
  target: { readonly ordinal: number; readonly attribute?: string },
): Position {
  let seen = 0;
  let at = 0;
  while ((at = text.indexOf("<", at)) >= 0) {
    if (text.startsWith("<!--", at)) {
      at = after(text, "-->", at + 4);
    } else if (text.startsWith("<![CDATA[", at)) {
      at = after(text, "]]>", at + 9);
    } else if (text.startsWith("<?", at)) {
      at = after(text, "?>", at + 2);
    } else if (text.startsWith("</", at)) {
      at = after(text, ">", at + 2);
    } else {
      if (seen++ === target.ordinal) return positionAt(text, attributeOffset(text, at, target.attribute));
      at = tagEnd(text, at);
    }
  }
  return { line: 1, column: 1 };
}

/** The line and column of an offset. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (const newline of text.slice(0, offset).matchAll(/\r\n|\r|\n/g)) {
    line++;
    start = newline.index + newline[0].length;
  }
  return { line, column: offset - start + 1 };
}

/**
 * Where a document type declaration begins, `undefined` where there is none. It can stand only before the root, among
 * comments and instructions.
 */
export function doctypeOffset(text: string): number | undefined {
  if (!text.includes("<!DOCTYPE")) return undefined;
  let at = 0;
  while ((at = text.indexOf("<", at)) >= 0) {
    if (text.startsWith("<!DOCTYPE", at)) return at;
    if (text.startsWith("<!--", at)) at = after(text, "-->", at + 4);
    else if (text.startsWith("<?", at)) at = after(text, "?>", at + 2);
    else return undefined;
  }
  return undefined;
}

function after(text: string, close: string, from: number): number {
  const found = text.indexOf(close, from);
  return found < 0 ? text.length : found + close.length;
}

function tagEnd(text: string, start: number): number {
  const closing = /[^'">]*(?:"[^"]*"[^'">]*|'[^']*'[^'">]*)*>/y;
  closing.lastIndex = start;
  return closing.test(text) ? closing.lastIndex : text.length;
}

function attributeOffset(text: string, start: number, attribute: string | undefined): number {
  if (attribute === undefined) return start;
  const name = /<[^\s/>]+/y;
  name.lastIndex = start;
  name.test(text);
  const pattern = /(\s+)([^\s=/>]+)\s*=\s*(?:"[^"]*"|'[^']*')/y;
  pattern.lastIndex = name.lastIndex;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    if (found[2] === attribute) return found.index + (found[1]?.length ?? 0);
  }
  return start;
}
