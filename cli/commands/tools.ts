/**
 * The smaller commands: `xml`, `new`, `doctor`, `completions`, and the two that only programs call.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type Command, type RouteMap } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import { outputAliases, type OutputFlags, outputFlags, type StateFlags, stateFlags, text } from "../flags.ts";

/** Flags of `drover doctor`. */
export interface DoctorFlags extends StateFlags, OutputFlags {
  readonly connect?: readonly string[];
}

/** `drover xml`. */
export const xmlCommand: Command<DroverContext> = buildCommand<OutputFlags, readonly string[], DroverContext>(
  {
    docs: {
      brief: "Check definitions, and print them in normal form",
      fullDescription:
        "Check definitions, and print them in normal form: what libvirt would keep of them, in its order.\n" +
        "With -o ndjson, one line per file: {file, ok, object, xml} or {file, ok, error}.",
    },
    parameters: {
      flags: outputFlags,
      aliases: outputAliases,
      positional: {
        kind: "array",
        minimum: 1,
        parameter: { brief: "XML files, or - for standard input", parse: text, placeholder: "FILE" },
      },
    },
    loader: async () => (await import("../actions/xml.ts")).checkXml,
  },
);

const newRecipe = buildCommand<Record<never, never>, [string], DroverContext>({
  docs: { brief: "Begin a recipe, with a test" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Its name: letters, digits, _ and -", parse: text, placeholder: "NAME" }],
    },
  },
  loader: async () => (await import("../actions/new.ts")).newRecipe,
});

/** `drover new`. */
export const newRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: { recipe: newRecipe },
  docs: { brief: "Begin something" },
});

/** `drover doctor`. */
export const doctorCommand: Command<DroverContext> = buildCommand<DoctorFlags, [], DroverContext>({
  docs: {
    brief: "See what this machine has, and what it lacks",
    fullDescription:
      "See what this machine has, and what it lacks: found out by trying, within a few seconds.\n" +
      "Leaves with 1 where something is missing that nothing works without.",
  },
  parameters: {
    flags: {
      ...stateFlags,
      ...outputFlags,
      connect: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "URI",
        brief: "Try this connection as well",
      },
    },
    aliases: { c: "connect", ...outputAliases },
  },
  loader: async () => (await import("../actions/doctor.ts")).doctor,
});

/** `drover completions`. */
export const completionsCommand: Command<DroverContext> = buildCommand<
  Record<never, never>,
  [string],
  DroverContext
>({
  docs: {
    brief: "Print the completion script for a shell",
    fullDescription: "Print the completion script for a shell.\n" +
      "bash: source <(drover completions bash)\n" +
      "zsh:  source <(drover completions zsh)\n" +
      "fish: drover completions fish | source",
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "bash, zsh or fish",
        parse: text,
        placeholder: "SHELL",
        proposeCompletions: () => ["bash", "zsh", "fish"],
      }],
    },
  },
  loader: async () => (await import("../actions/completions.ts")).completions,
});

/** `drover __kernel`: a kernel without a terminal, for detached runs. */
export const kernelCommand: Command<DroverContext> = buildCommand<StateFlags, [], DroverContext>({
  docs: { brief: "Be the kernel of a state directory until idle" },
  parameters: { flags: stateFlags },
  loader: async () => (await import("../actions/kernel.ts")).serveKernel,
});
