/**
 * The one place that touches libxml2. It checks a text and gives it back in one regular form, so that all the rest
 * needs no more than one crossing into WebAssembly.
 *
 * @module
 */
import { ParseOption, XmlDocument, XmlLibError } from "libxml2-wasm";

/** Why libxml2 refused a text. Line and column count from 1. */
export interface SyntaxFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** What {@linkcode regularise} found. */
export type Regularised =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: SyntaxFault };

// The text is UTF-8 by the time it gets here, whatever its declaration says.
const options = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NOCDATA |
  ParseOption.XML_PARSE_NO_SYS_CATALOG | ParseOption.XML_PARSE_IGNORE_ENC | ParseOption.XML_PARSE_COMPACT;

/**
 * The same document in libxml2's own spelling: no declaration, no CDATA, no entities but the predefined ones and
 * character references, every attribute in double quotes behind one blank, empty elements as `<a/>`.
 */
export function regularise(text: string): Regularised {
  try {
    using document = XmlDocument.fromString(text, { option: options });
    if (document.dtd !== null) return refusedDoctype;
    return { ok: true, text: document.toString({ format: false, noDeclaration: true, encoding: "utf-8" }) };
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    const detail = error.details.find((each) => each.level > 1);
    return {
      ok: false,
      fault: {
        message: (detail?.message ?? error.message).trim().split("\n", 1)[0] ?? "",
        line: Math.max(1, detail?.line ?? 1),
        column: Math.max(1, detail?.col ?? 1),
      },
    };
  }
}

const refusedDoctype: Regularised = {
  ok: false,
  fault: { message: "A document type declaration is not allowed", line: 1, column: 1 },
};
