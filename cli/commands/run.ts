/**
 * `drover run` and `drover plan`: their flags. What they do is loaded when it is needed.
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

/** What says where and with what a recipe runs. */
export interface RecipeFlags extends StateFlags, OutputFlags, PromptFlags {
  readonly connect?: readonly string[];
  readonly inventory?: readonly string[];
  readonly limit?: string;
  readonly input?: readonly string[];
  readonly inputFile?: string;
  readonly secret?: readonly string[];
}

/** Flags of `drover run`. */
export interface RunFlags extends RecipeFlags {
  readonly allow?: readonly string[];
  readonly policy?: string;
  readonly sandbox?: "best" | "strict";
  readonly yes?: boolean;
  readonly outputFile?: string;
  readonly detach?: boolean;
  readonly check?: boolean;
  readonly diff?: boolean;
}

const recipeFlags = {
  ...stateFlags,
  ...outputFlags,
  ...promptFlags,
  connect: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "[NAME=]URI",
    brief: "Connection, once per host that the recipe names",
  },
  inventory: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "FILE|DIR",
    brief: "Connections to the hosts of an inventory, as playbooks have them",
  },
  limit: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "PATTERN",
    brief: "Only hosts of the inventory that this pattern means",
  },
  input: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "NAME=VALUE",
    brief: "An input of the recipe: as text, as JSON, or @FILE",
  },
  inputFile: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "FILE",
    brief: "Inputs from a JSON or YAML file; --input stands above it",
  },
  secret: secretFlag,
} as const;

/** `-c`, `-i`, `-o`. */
const recipeAliases = { c: "connect", i: "input", ...outputAliases } as const;

const diffFlag = {
  kind: "boolean",
  optional: true,
  brief: "Show planned changes of definitions as unified diffs too",
  withNegated: false,
} as const;

const recipePositional = {
  kind: "tuple",
  parameters: [{ brief: "The recipe's file", parse: text, placeholder: "FILE" }],
} as const;

/** `drover run`. */
export const runCommand: Command<DroverContext> = buildCommand<RunFlags, [string], DroverContext>({
  docs: {
    brief: "Run a recipe in its sandbox",
    fullDescription: "Run a recipe in its sandbox.\n" +
      "It may do what it says it needs and what --allow, --policy or you at the prompt grant, and nothing else.\n" +
      "Ctrl-C cancels in good order, a second one ends at once; either way the run can be resumed.",
  },
  parameters: {
    flags: {
      ...recipeFlags,
      allow: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "GRANT",
        brief: "Grant permissions: CLASS:VERB[,VERB][@GLOB], or all",
      },
      policy: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "Grants from a policy file",
      },
      sandbox: {
        kind: "enum",
        values: ["best", "strict"],
        optional: true,
        brief: "strict refuses to run with less than the best isolation",
      },
      yes: {
        kind: "boolean",
        optional: true,
        brief: "Grant whatever the recipe says it needs",
        withNegated: false,
      },
      outputFile: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "Write the recipe's result there, or who of a fleet is left, as text or JSON",
      },
      check: {
        kind: "boolean",
        optional: true,
        brief: "Act on nothing: show what would change, as drover plan does",
        withNegated: false,
      },
      diff: diffFlag,
      detach: {
        kind: "boolean",
        optional: true,
        brief: "Print the run's id and leave it running",
        withNegated: false,
      },
    },
    aliases: { ...recipeAliases, y: "yes", d: "detach" },
    positional: recipePositional,
  },
  loader: async () => (await import("../actions/run.ts")).runRecipe,
});

/** Flags of `drover plan`. */
export interface PlanFlags extends RecipeFlags {
  readonly permissions?: boolean;
  readonly changes?: boolean;
  readonly diff?: boolean;
  readonly detailedExitcode?: boolean;
}

/** `drover plan`. */
export const planCommand: Command<DroverContext> = buildCommand<PlanFlags, [string], DroverContext>({
  docs: {
    brief: "Show what a recipe would change, do and need, without doing anything",
    fullDescription:
      "Run a recipe against a copy of what the connection has, in the simulated hypervisor and in virtual time.\n" +
      "With --permissions, print the least grants that this path needs.",
  },
  parameters: {
    flags: {
      ...recipeFlags,
      permissions: { kind: "boolean", optional: true, brief: "Print the grants needed", withNegated: false },
      changes: {
        kind: "boolean",
        optional: true,
        brief: "Print the changes to desired objects alone",
        withNegated: false,
      },
      diff: diffFlag,
      detailedExitcode: {
        kind: "boolean",
        optional: true,
        brief: "Leave with 2 where something would change",
        withNegated: false,
      },
    },
    aliases: recipeAliases,
    positional: recipePositional,
  },
  loader: async () => (await import("../actions/plan.ts")).planRecipe,
});

/** Flags of `drover drift`. */
export interface DriftFlags extends RecipeFlags {
  readonly ignore?: readonly string[];
}

/** `drover drift`. */
export const driftCommand: Command<DroverContext> = buildCommand<DriftFlags, [string], DroverContext>({
  docs: {
    brief: "Show in what a host differs from what a recipe desires",
    fullDescription: "Compare what is there with what a recipe ensures. Nothing can be changed by it.\n" +
      "Leaves with 5 where something has drifted. What is defined and waits for the next start is no drift:\n" +
      "it is shown as pending.",
  },
  parameters: {
    flags: {
      ...recipeFlags,
      ignore: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "KIND/NAME[:FIELD]",
        brief: "Differences that do not count, with * in each part",
      },
    },
    aliases: recipeAliases,
    positional: recipePositional,
  },
  loader: async () => (await import("../actions/drift.ts")).showDrift,
});
