/**
 * Documents whose kind only their root tells.
 *
 * @module
 */
import type { Description } from "../documents/language/mod.ts";
import { documents } from "../documents/mod.ts";
import { parseDocument, type ParseOptions, rootOf, writeDocument } from "./document.ts";
import { DocumentError } from "./document_error.ts";

/** The kinds of documents by root element. */
export type Documents = typeof documents;

/** The root element of a known kind of document. */
export type DocumentRoot = keyof Documents;

/**
 * Which kind of document a text is, by its root element.
 *
 * @throws {DocumentError} where the text cannot be read or nothing describes its root
 *
 * @example
 * ```ts
 * import { detectDocument } from "./mod.ts";
 * detectDocument("<secret/>"); // "secret"
 * ```
 */
export function detectDocument(
  text: string,
  options: Pick<ParseOptions, "limits" | "file"> = {},
): DocumentRoot {
  const root = rootOf(text, options);
  if (isKnown(root)) return root;
  throw new DocumentError({
    problem: `Nothing describes the element <${root}>`,
    path: `/${root}`,
    expected: `one of ${Object.keys(documents).map((each) => `<${each}>`).join(", ")}`,
    ...(options.file === undefined ? {} : { file: options.file }),
  });
}

/**
 * A document in libvirt's normal form: its order, its units, its defaults.
 *
 * @throws {DocumentError} where the text cannot be read
 *
 * @example
 * ```ts
 * import { normalise } from "./mod.ts";
 * normalise("<secret private='yes'/>"); // "<secret ephemeral='no' private='yes'/>\n"
 * ```
 */
export function normalise(text: string, options: ParseOptions = {}): string {
  const description: Description<unknown> = documents[detectDocument(text, options)];
  return writeDocument(description, parseDocument(description, text, options).value, { form: "normal" });
}

function isKnown(root: string): root is DocumentRoot {
  return Object.hasOwn(documents, root);
}
