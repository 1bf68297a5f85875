/**
 * `drover xml`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { DroverContext } from "../context.ts";
import type { OutputFlags } from "../flags.ts";
import { readDocument } from "../operations/document.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { plain, plainJson, plainLines } from "../output/plain.ts";

/** What came of one file, as programs read it. */
type Checked =
  | { readonly file: string; readonly ok: true; readonly object: string; readonly xml: string }
  | {
    readonly file: string;
    readonly ok: false;
    readonly error: { readonly message: string; readonly line?: number; readonly column?: number };
  };

/** Checks files, and prints each in normal form. All are looked at; any that is wrong makes the command leave with 1. */
export async function checkXml(
  this: DroverContext,
  flags: OutputFlags,
  ...files: readonly string[]
): Promise<void> {
  const { detectDocument, normalise } = await import("../../model/xml/mod.ts");
  const { io } = this;
  const format = flags.output ?? "table";
  const all: Checked[] = [];
  for (const file of files) {
    let checked: Checked;
    let fault: unknown;
    try {
      const text = await readDocument(io, file);
      checked = { file, ok: true, object: detectDocument(text, { file }), xml: normalise(text, { file }) };
    } catch (error) {
      fault = error;
      checked = { file, ok: false, error: faultOf(error) };
    }
    if (!checked.ok) this.leaveWith(exitCode.error);
    if (format === "ndjson") io.stdout.write(`${plainJson(checked)}\n`);
    else if (format === "json" || format === "yaml") all.push(checked);
    else if (!checked.ok) io.stderr.write(`${errorText(fault, painter(io, io.stderr))}\n`);
    else if (format === "name") io.stdout.write(`${plain(checked.object)}\n`);
    else io.stdout.write(io.stdout.terminal ? plainLines(checked.xml) : checked.xml);
  }
  if (format === "json" || format === "yaml") {
    const { printList } = await import("../output/format.ts");
    await printList(all, { kind: "xml", columns: [], name: ({ file }) => file }, { io, format });
  }
}

function faultOf(error: unknown): { message: string; line?: number; column?: number } {
  const message = error instanceof Error ? error.message : String(error);
  const at = error instanceof VirtError ? error.at : undefined;
  return {
    message,
    ...(at === undefined ? {} : { line: at.line }),
    ...(at?.column === undefined ? {} : { column: at.column }),
  };
}
