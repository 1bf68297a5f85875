/**
 * `drover jobs …`: who holds what, who waits for whom.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import { outputAliases, type OutputFlags, outputFlags, type StateFlags, stateFlags, text } from "../flags.ts";

/** Flags of `drover jobs …`. */
export interface JobsFlags extends StateFlags, OutputFlags {}

/** Flags of `jobs accept`. */
export interface JobsAcceptFlags extends JobsFlags {
  readonly as: "done" | "not-done";
}

const flags = { ...stateFlags, ...outputFlags } as const;

const key = {
  kind: "tuple",
  parameters: [{
    brief: "The object's key, or its name where that is unique",
    parse: text,
    placeholder: "KEY",
    async proposeCompletions(this: DroverContext, partial: string): Promise<readonly string[]> {
      const { proposeKeys } = await import("../completion/runs.ts");
      return proposeKeys(this, partial);
    },
  }],
} as const;

const list = buildCommand<JobsFlags, [], DroverContext>({
  docs: { brief: "List who holds which object, since when, doing what, and who waits" },
  parameters: { flags, aliases: outputAliases },
  loader: async () => (await import("../actions/jobs.ts")).listJobs,
});

const watch = buildCommand<JobsFlags, [], DroverContext>({
  docs: { brief: "The same, again whenever it changes" },
  parameters: { flags, aliases: outputAliases },
  loader: async () => (await import("../actions/jobs.ts")).watchJobs,
});

const cancel = buildCommand<JobsFlags, [string], DroverContext>({
  docs: { brief: "Cancel what holds an object" },
  parameters: { flags, aliases: outputAliases, positional: key },
  loader: async () => (await import("../actions/jobs.ts")).cancelJob,
});

const accept = buildCommand<JobsAcceptFlags, [string], DroverContext>({
  docs: {
    brief: "Say what became of an operation whose outcome is unknown",
    fullDescription: "Say what became of an operation whose outcome is unknown.\n" +
      "Until then every write on its object is refused. Look at the hypervisor first.",
  },
  parameters: {
    flags: { ...flags, as: { kind: "enum", values: ["done", "not-done"], brief: "What you saw" } },
    aliases: outputAliases,
    positional: key,
  },
  loader: async () => (await import("../actions/jobs.ts")).acceptJob,
});

/** `drover jobs`. */
export const jobsRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: { list, watch, cancel, accept },
  docs: { brief: "See who holds what and who waits, cancel, settle unknown outcomes" },
});
