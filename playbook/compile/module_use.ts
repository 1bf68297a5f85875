/**
 * A module in a task: its name, what it is given, and what it may reach while it is read.
 *
 * @module
 */
import { kindOf, type Source, sourceFault } from "../source.ts";
import type { Place } from "../engine/program.ts";

/** What modules are read with. */
export interface ModuleContext {
  /** The text of a file that is named relative to the playbook, or to a folder beside it. */
  readonly readText: (
    name: string,
    options: { readonly at: Place; readonly beside: "files" | "templates" },
  ) => Promise<string>;
  /** Takes a recipe in, and says its number. */
  readonly recipe: (name: string, at: Place) => number;
}

/** A module with what it is given. */
export interface ModuleUse {
  readonly name: string;
  readonly at: Place;
  readonly source: Source;
}

/**
 * The path of a file, as it is written: it is read before anything runs.
 *
 * @throws {VirtError} `invalid-argument` where it holds expressions, or is no text.
 */
export function filePath(source: Source, key: string): string {
  if (source.kind === "scalar" && typeof source.value === "string" && !source.value.includes("{{")) {
    return source.value;
  }
  throw sourceFault(
    `Wrong value for "${key}": the path of a file is expected, not ${kindOf(source)}`,
    source.at,
    {
      hint: "It is read before anything runs, so it cannot hold expressions",
    },
  );
}
