/**
 * The error of documents that cannot be read or written.
 *
 * @module
 */
import { VirtError } from "../error.ts";

/** Where and why a document is refused. */
export interface DocumentFault {
  /** What is wrong, as a sentence without a period. */
  readonly problem: string;
  /** As messages call the document: `storage volume`. */
  readonly title?: string;
  readonly line?: number;
  readonly column?: number;
  /** Ends the sentence "expected …". */
  readonly expected?: string;
  /** Element or attribute: `/volume/target/format/@type`. */
  readonly path?: string;
  readonly file?: string;
}

/**
 * A document is refused. `message` has it all; the parts are there for programs.
 *
 * @example
 * ```ts
 * import { DocumentError } from "./mod.ts";
 * const error = new DocumentError({ problem: 'Found "x"', expected: "a whole number", line: 3, column: 5 });
 * error.code; // "invalid-document"
 * ```
 */
export class DocumentError extends VirtError {
  override readonly name: string = "DocumentError";
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly expected: string | undefined;
  readonly path: string | undefined;

  constructor(fault: DocumentFault) {
    const { line, column, expected, path, file } = fault;
    super("invalid-document", messageOf(fault), {
      ...(line === undefined ? {} : {
        at: { line, ...(column === undefined ? {} : { column }), ...(file === undefined ? {} : { file }) },
      }),
      ...(expected === undefined && path === undefined ? {} : {
        detail: { ...(path === undefined ? {} : { path }), ...(expected === undefined ? {} : { expected }) },
      }),
    });
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.path = path;
  }
}

function messageOf(fault: DocumentFault): string {
  const doing = `Cannot ${fault.line === undefined ? "use" : "read"} the ${fault.title ?? "XML"} document`;
  const place = fault.line === undefined ? "" : ` at line ${fault.line}, column ${fault.column ?? 1}`;
  const path = fault.path === undefined ? "" : ` (${fault.path})`;
  const expected = fault.expected === undefined ? "" : `, expected ${fault.expected}`;
  return `${doing}${place}${path}: ${fault.problem}${expected}`;
}
