/**
 * Reading and writing documents by their descriptions.
 *
 * @module
 */
import type { Description, DocumentContext } from "../documents/language/mod.ts";
import { kept, keptOf } from "../documents/language/mod.ts";
import { DocumentError } from "./document_error.ts";
import { refreshNeighbours, type UnknownCounts } from "./keeping.ts";
import { regularise } from "./library.ts";
import { planOf } from "./plan.ts";
import { doctypeOffset, positionAt, positionOf } from "./position.ts";
import { type Fault, Reader } from "./reader.ts";
import { buildTree, pathOf, type Tree, type TreeElement } from "./tree.ts";
import { Writer } from "./writer.ts";

/** What a text may not exceed. */
export interface DocumentLimits {
  /** Bytes of UTF-8. @default 8 MiB */
  readonly bytes?: number;
  /** Nesting of elements, at most 256. @default 256 */
  readonly depth?: number;
}

/** Settings of {@linkcode parseDocument}. */
export interface ParseOptions {
  /** What the text does not carry. @default nothing */
  readonly context?: DocumentContext;
  readonly limits?: DocumentLimits;
  /** The file that the text is from, for errors. */
  readonly file?: string;
}

/** A document that was read. */
export interface Document<T> {
  readonly value: T;
  /** What the description does not know. */
  readonly unknown: UnknownCounts;
}

/** Settings of {@linkcode writeDocument}. */
export interface WriteOptions {
  /**
   * `full` writes all that the value holds. `normal` leaves out what libvirt does not store: what a host reported and
   * what is used once.
   * @default "full"
   */
  readonly form?: "full" | "normal";
}

const defaultBytes = 8 * 1024 * 1024;
const greatestDepth = 256;

/**
 * Reads a document. What its description does not know is kept on the value and written again in place, as long as the
 * value is edited by spreading.
 *
 * @throws {DocumentError} with line and column, where the text is not well-formed, too large or too deep, declares a
 * document type, or does not fit the description
 *
 * @example
 * ```ts
 * import { secret } from "../documents/mod.ts";
 * import { parseDocument } from "./mod.ts";
 * const { value } = parseDocument(secret, "<secret ephemeral='yes'><description>disk</description></secret>");
 * value.ephemeral; // true
 * ```
 */
export function parseDocument<T>(
  description: Description<T>,
  text: string,
  options: ParseOptions = {},
): Document<T> {
  const source: Source = { text, title: description.title, file: options.file };
  const tree = treeOf(source, options.limits);
  if (tree.root.name !== description.root || tree.root.uri !== "") {
    fail(source, {
      element: tree.root,
      problem: `Found the element <${tree.root.name}>${tree.root.uri === "" ? "" : ` of "${tree.root.uri}"`}`,
      expected: `<${description.root}>`,
    });
  }
  const reader = new Reader({ context: options.context ?? {}, fail: (fault) => fail(source, fault) });
  const value = reader.shape(tree.root, planOf(description.shape));
  if (reader.keepsNodes) refreshNeighbours(value);
  if (tree.prolog.length > 0 || tree.epilog.length > 0) {
    value[kept] = { ...keptOf(value), prolog: tree.prolog, epilog: tree.epilog };
  }
  // The reader makes what the description says, which the compiler cannot follow through a plan.
  return { value: value as T, unknown: reader.unknown.counts() };
}

/**
 * Writes a value as libvirt writes it: two blanks of indentation, single quotes, known elements in libvirt's order.
 *
 * @throws {DocumentError} where the value does not fit the description or holds characters that XML cannot
 *
 * @example
 * ```ts
 * import { secret } from "../documents/mod.ts";
 * import { writeDocument } from "./mod.ts";
 * writeDocument(secret, { ephemeral: false, private: true, description: "disk" });
 * ```
 */
export function writeDocument<T>(description: Description<T>, value: T, options: WriteOptions = {}): string {
  const writer = new Writer({ normal: options.form === "normal", title: description.title });
  return writer.document(value, { name: description.root, plan: planOf(description.shape) });
}

/**
 * The name of a text's root element, for choosing its description.
 *
 * @throws {DocumentError} where the text is no document that may be read
 */
export function rootOf(text: string, options: Pick<ParseOptions, "limits" | "file"> = {}): string {
  return treeOf({ text, title: undefined, file: options.file }, options.limits).root.name;
}

/**
 * A text's elements, whatever document it is; for checks that need no description.
 *
 * @throws {DocumentError} where the text is no document that may be read
 */
export function parseTree(text: string, options: Pick<ParseOptions, "limits" | "file"> = {}): Tree {
  return treeOf({ text, title: undefined, file: options.file }, options.limits);
}

interface Source {
  readonly text: string;
  readonly title: string | undefined;
  readonly file: string | undefined;
}

function treeOf(source: Source, limits: DocumentLimits = {}): Tree {
  const { text } = source;
  const bytes = limits.bytes ?? defaultBytes;
  if (text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)) {
    refuse(source, { offset: 0, problem: "The text is too large", expected: `at most ${bytes} bytes` });
  }
  const doctype = doctypeOffset(text);
  if (doctype !== undefined) {
    refuse(source, {
      offset: doctype,
      problem: "Document type declarations are refused, and with them entities",
      expected: "a document without <!DOCTYPE",
    });
  }
  const regular = regularise(text);
  if (!regular.ok) {
    const { message, line, column } = regular.fault;
    throw new DocumentError({
      ...named(source),
      problem: message,
      line,
      column,
      expected: "well-formed XML",
    });
  }
  const depth = Math.min(limits.depth ?? greatestDepth, greatestDepth);
  return buildTree(regular.text, {
    depth,
    tooDeep: (element: TreeElement) =>
      fail(source, {
        element,
        problem: "Elements are nested too deeply",
        expected: `at most ${depth} levels`,
      }),
  });
}

function fail(source: Source, fault: Fault): never {
  const { element, attribute, problem, expected } = fault;
  const position = positionOf(source.text, {
    ordinal: element.ordinal,
    ...(attribute === undefined ? {} : { attribute }),
  });
  throw new DocumentError({
    ...named(source),
    ...position,
    problem,
    path: pathOf(element, attribute),
    ...(expected === undefined ? {} : { expected }),
  });
}

function refuse(
  source: Source,
  refusal: { readonly offset: number; readonly problem: string; readonly expected: string },
): never {
  const { offset, problem, expected } = refusal;
  throw new DocumentError({ ...named(source), ...positionAt(source.text, offset), problem, expected });
}

function named(source: Source): { readonly title?: string; readonly file?: string } {
  return {
    ...(source.title === undefined ? {} : { title: source.title }),
    ...(source.file === undefined ? {} : { file: source.file }),
  };
}
