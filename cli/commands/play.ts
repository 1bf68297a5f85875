/**
 * `drover play`: its flags. What it does is loaded when it is needed.
 *
 * @module
 */
import { buildCommand, type Command } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import {
  outputAliases,
  type OutputFlags,
  outputFlags,
  type PromptFlags,
  promptFlags,
  secretFlag,
  type StateFlags,
  stateFlags,
  text,
} from "../flags.ts";

/** Flags of `drover play`. */
export interface PlayFlags extends StateFlags, OutputFlags, PromptFlags {
  readonly connect?: string;
  readonly inventory?: readonly string[];
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly startAt?: string;
  readonly extraVars?: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly forks?: number;
  readonly listTasks?: boolean;
  readonly listHosts?: boolean;
  readonly listTags?: boolean;
  readonly syntaxCheck?: boolean;
  readonly schema?: boolean;
  readonly fromAnsible?: boolean;
  readonly outputFile?: string;
  readonly resume?: string;
  readonly allow?: readonly string[];
  readonly policy?: string;
  readonly secret?: readonly string[];
  readonly sandbox?: "best" | "strict";
  readonly yes?: boolean;
}

function count(given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError("a whole number from 1 on is needed");
}

const many = { kind: "parsed", parse: text, variadic: true, optional: true } as const;
const one = { kind: "parsed", parse: text, optional: true } as const;
const yes = { kind: "boolean", optional: true, withNegated: false } as const;

/** `drover play`. */
export const playCommand: Command<DroverContext> = buildCommand<PlayFlags, [string?], DroverContext>({
  docs: {
    brief: "Run a playbook over an inventory",
    fullDescription: "Run a playbook over an inventory, in the sandbox.\n" +
      "Without -i the inventory is what the connection has: its domains, and localhost for the connection itself.\n" +
      "Ctrl-C cancels in good order, a second one ends at once; either way it can be resumed with --resume RUN.",
  },
  parameters: {
    flags: {
      ...stateFlags,
      ...outputFlags,
      ...promptFlags,
      connect: { ...one, placeholder: "URI", brief: "Connection of hosts whose inventory names none" },
      inventory: {
        ...many,
        placeholder: "FILE|DIR|URI|a,b",
        brief: "Inventory: a file, a directory, a connection, or names with commas",
      },
      limit: { ...one, placeholder: "PATTERN", brief: "Only hosts that this pattern means too" },
      tags: { ...many, placeholder: "TAGS", brief: "Only tasks with one of these tags" },
      skipTags: { ...many, placeholder: "TAGS", brief: "No tasks with one of these tags" },
      startAt: { ...one, placeholder: "TASK", brief: "Begin at the task of this name" },
      extraVars: { ...many, placeholder: "NAME=VALUE|@FILE", brief: "Variables above all others" },
      check: { ...yes, brief: "Change nothing, say what would change" },
      diff: { ...yes, brief: "Show what changes" },
      forks: {
        kind: "parsed",
        parse: count,
        optional: true,
        placeholder: "N",
        brief: "Hosts at a time; 5 where not said",
      },
      listTasks: { ...yes, brief: "List tasks and leave" },
      listHosts: { ...yes, brief: "List hosts and leave" },
      listTags: { ...yes, brief: "List tags and leave" },
      syntaxCheck: { ...yes, brief: "Read the playbook and leave" },
      schema: { ...yes, brief: "Print the JSON schema of playbooks, for editors" },
      fromAnsible: { ...yes, brief: "Convert a playbook of community.libvirt's modules" },
      outputFile: { ...one, placeholder: "FILE", brief: "With --from-ansible: write the playbook there" },
      resume: { ...one, placeholder: "RUN", brief: "Go on with a play that was interrupted" },
      allow: {
        ...many,
        placeholder: "GRANT",
        brief: "Grant permissions: CLASS:VERB[,VERB][@GLOB], or all",
      },
      policy: { ...one, placeholder: "FILE", brief: "Grants from a policy file" },
      secret: secretFlag,
      sandbox: {
        kind: "enum",
        values: ["best", "strict"],
        optional: true,
        brief: "strict refuses to run with less than the best isolation",
      },
      yes: { ...yes, brief: "Grant whatever the playbook's tasks need" },
    },
    aliases: {
      c: "connect",
      i: "inventory",
      l: "limit",
      t: "tags",
      e: "extraVars",
      C: "check",
      D: "diff",
      f: "forks",
      y: "yes",
      ...outputAliases,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The playbook: YAML", parse: text, placeholder: "FILE", optional: true }],
    },
  },
  loader: async () => (await import("../actions/play.ts")).play,
});
