/**
 * Flags that several commands share. Types only are imported, so that help loads nothing.
 *
 * @module
 */
import type { OutputFormat } from "./output/format.ts";

/** Where the kernel is. */
export interface StateFlags {
  readonly stateDir?: string;
}

/** How to print. */
export interface OutputFlags {
  readonly output?: OutputFormat;
}

/** Takes text as it is. */
export function text(input: string): string {
  return input;
}

/** `--state-dir`. */
export const stateFlags = {
  stateDir: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "DIR",
    brief: "State directory, which has one kernel",
  },
} as const;

/** `-o`. */
export const outputFlags = {
  output: {
    kind: "enum",
    values: ["table", "wide", "name", "json", "ndjson", "yaml"],
    optional: true,
    placeholder: "FORMAT",
    brief: "How to print",
  },
} as const;

/** Whether a person may be asked. */
export interface PromptFlags {
  readonly noPrompt?: boolean;
}

/** `--no-prompt`. */
export const promptFlags = {
  noPrompt: {
    kind: "boolean",
    optional: true,
    brief: "Ask nothing at the terminal, no passwords and no permissions",
    withNegated: false,
  },
} as const;

/** `--secret`. */
export const secretFlag = {
  kind: "parsed",
  parse: text,
  variadic: true,
  optional: true,
  placeholder: "NAME=SOURCE",
  brief: "Where a secret comes from: env:, file:, command:, prompt, secret:, named:",
} as const;

/** Letters for the shared flags. */
export const outputAliases = { o: "output" } as const;
