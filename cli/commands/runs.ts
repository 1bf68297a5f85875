/**
 * `drover runs …`: looking at runs, and steering them.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type Command, type RouteMap } from "@stricli/core";
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

/** Flags of commands that print something of a run. */
export interface RunsFlags extends StateFlags, OutputFlags {}

/** Flags of `runs list`. */
export interface RunsListFlags extends RunsFlags {
  readonly all?: boolean;
}

/** Flags of `runs logs`. */
export interface RunsLogsFlags extends RunsFlags {
  readonly follow?: boolean;
}

/** Flags of `runs resume`. */
export interface RunsResumeFlags extends RunsFlags, PromptFlags {
  readonly assume?: readonly string[];
  readonly allow?: readonly string[];
  readonly secret?: readonly string[];
  readonly detach?: boolean;
}

const id = {
  kind: "tuple",
  parameters: [{
    brief: "The run's id, or the beginning of it",
    parse: text,
    placeholder: "RUN",
    async proposeCompletions(this: DroverContext, partial: string): Promise<readonly string[]> {
      const { proposeRuns } = await import("../completion/runs.ts");
      return proposeRuns(this, partial);
    },
  }],
} as const;

const flags = { ...stateFlags, ...outputFlags } as const;

const list = buildCommand<RunsListFlags, [], DroverContext>({
  docs: { brief: "List runs" },
  parameters: {
    flags: {
      ...flags,
      all: { kind: "boolean", optional: true, brief: "Also those that have ended", withNegated: false },
    },
    aliases: { ...outputAliases, a: "all" },
  },
  loader: async () => (await import("../actions/runs.ts")).listRuns,
});

const show = buildCommand<RunsFlags, [string], DroverContext>({
  docs: { brief: "Show a run and its steps" },
  parameters: { flags, aliases: outputAliases, positional: id },
  loader: async () => (await import("../actions/runs.ts")).showRun,
});

const logs = buildCommand<RunsLogsFlags, [string], DroverContext>({
  docs: { brief: "Print what a run logged" },
  parameters: {
    flags: {
      ...flags,
      follow: { kind: "boolean", optional: true, brief: "Go on as the run does", withNegated: false },
    },
    aliases: { ...outputAliases, f: "follow" },
    positional: id,
  },
  loader: async () => (await import("../actions/runs.ts")).runLogs,
});

const watch = buildCommand<RunsFlags, [string], DroverContext>({
  docs: { brief: "Watch a run until it ends, and leave as it does" },
  parameters: { flags, aliases: outputAliases, positional: id },
  loader: async () => (await import("../actions/runs.ts")).watchRun,
});

const cancel = buildCommand<RunsFlags, [string], DroverContext>({
  docs: { brief: "Cancel a run, and wait until it has ended; it can be resumed" },
  parameters: { flags, aliases: outputAliases, positional: id },
  loader: async () => (await import("../actions/runs.ts")).cancelRun,
});

const resume = buildCommand<RunsResumeFlags, [string], DroverContext>({
  docs: { brief: "Go on with a run that was cancelled or interrupted" },
  parameters: {
    flags: {
      ...flags,
      ...promptFlags,
      assume: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "STEP=done|not-done",
        brief: "What became of a step that nothing can find out",
      },
      allow: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "GRANT",
        brief: "Grant more permissions",
      },
      secret: secretFlag,
      detach: { kind: "boolean", optional: true, brief: "Leave it running", withNegated: false },
    },
    aliases: { ...outputAliases, d: "detach" },
    positional: id,
  },
  loader: async () => (await import("../actions/runs.ts")).resumeRun,
});

const abandon = buildCommand<RunsFlags, [string], DroverContext>({
  docs: { brief: "Give a run up: undo what it kept for its resume" },
  parameters: { flags, aliases: outputAliases, positional: id },
  loader: async () => (await import("../actions/runs.ts")).abandonRun,
});

/** `drover runs`. */
export const runsRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: { list, show, logs, watch, cancel, resume, abandon } satisfies Record<
    string,
    Command<DroverContext>
  >,
  docs: { brief: "List, watch, cancel and resume runs" },
});
