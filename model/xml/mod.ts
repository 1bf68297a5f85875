/**
 * Reading and writing libvirt's XML documents by the descriptions in `model/documents/`.
 *
 * Importing this module loads libxml2, which takes some tens of milliseconds: where a command may do without, import it
 * when it is needed.
 *
 * @module
 */
export { detectDocument, type DocumentRoot, type Documents, normalise } from "./detect.ts";
export {
  type Document,
  type DocumentLimits,
  parseDocument,
  type ParseOptions,
  parseTree,
  rootOf,
  writeDocument,
  type WriteOptions,
} from "./document.ts";
export { DocumentError, type DocumentFault } from "./document_error.ts";
export type { UnknownCounts } from "./keeping.ts";
export { pathOf, type Tree, TreeElement } from "./tree.ts";
