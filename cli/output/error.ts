/**
 * How errors are told: what, cause, hint, place, each on its own line.
 *
 * @module
 */
import { fromErrorData, type SourcePlace, VirtError } from "../../model/error.ts";
import { type ExitCode, exitCode } from "../../model/exit_code.ts";
import type { Painter } from "./colour.ts";
import { nearPath } from "./path.ts";
import { plain, plainLines } from "./plain.ts";

/** Causes that are told at most; deeper ones are of no use to the reader. */
const maxCauses = 4;

function place({ file, line, column }: SourcePlace): string {
  if (file === undefined) return `line ${line}${column === undefined ? "" : `, column ${column}`}`;
  return [pathOf(file), line, ...(column === undefined ? [] : [column])].join(":");
}

/** File URLs, as stack traces have them, are paths to people. */
function pathOf(file: string): string {
  if (!file.startsWith("file:///")) return nearPath(file);
  try {
    return nearPath(decodeURIComponent(new URL(file).pathname));
  } catch {
    return file;
  }
}

function messageOf(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  return value instanceof VirtError || value.name === "Error"
    ? value.message
    : `${value.name}: ${value.message}`;
}

function isErrorData(value: unknown): value is Parameters<typeof fromErrorData>[0] {
  return typeof value === "object" && value !== null && "code" in value && "message" in value &&
    typeof value.code === "string" && typeof value.message === "string";
}

/** An error as one of ours, where what it is about is known. */
function understood(error: unknown): unknown {
  if (!(error instanceof Error)) return isErrorData(error) ? fromErrorData(error) : error;
  // SQLite does not say what of.
  if (!("code" in error) || error.code !== "ERR_SQLITE_ERROR") return error;
  return new VirtError(
    "operation-failed",
    `Cannot use the journal in the state directory: ${error.message}`,
    {
      hint: "Bring it back from a backup; or move it away, and what was under way is not known any more",
    },
  );
}

/**
 * The lines for an error, without a line end at the last.
 *
 * ```text
 * error: Cannot start domain "web-9": no such domain
 * cause: …
 * hint: List what is there with: drover domain list
 * at recipes/nightly.ts:12:7
 * ```
 */
export function errorText(error: unknown, paint: Painter): string {
  const ours = understood(error);
  const lines = [`${paint.bold(paint.red("error:"))} ${indented(messageOf(ours))}`];
  let cause = ours instanceof Error ? ours.cause : undefined;
  for (let depth = 0; cause !== undefined && cause !== null && depth < maxCauses; depth++) {
    const told = indented(messageOf(cause));
    // Messages often say their cause themselves.
    if (lines.at(-1)?.endsWith(told) !== true) lines.push(`${paint.bold("cause:")} ${told}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (ours instanceof VirtError) {
    if (ours.hint !== undefined) lines.push(`${paint.bold("hint:")} ${indented(ours.hint)}`);
    if (ours.at !== undefined) lines.push(`at ${plain(place(ours.at))}`);
  }
  return lines.join("\n");
}

/** A message of several lines, the later ones set in. */
function indented(text: string): string {
  return plainLines(text.trimEnd()).replaceAll("\n", "\n  ");
}

/** How the command leaves when `error` ended it. */
export function exitOf(error: unknown): ExitCode {
  return error instanceof VirtError ? error.exit : exitCode.error;
}
