/**
 * Live completions of runs and of objects with jobs. Silent about every error.
 *
 * @module
 */
import type { DroverContext } from "../context.ts";
import { stateDirectory } from "../settings.ts";

/** Ids of runs. */
export async function proposeRuns(context: DroverContext, partial: string): Promise<readonly string[]> {
  try {
    await using control = await open(context);
    const runs = await control.request("runs.list", { all: true });
    return runs.map((run) => run.id).filter((id) => id.startsWith(partial));
  } catch {
    return [];
  }
}

/** Keys of objects that somebody holds, or whose state is uncertain. */
export async function proposeKeys(context: DroverContext, partial: string): Promise<readonly string[]> {
  try {
    await using control = await open(context);
    const slots = await control.request("jobs.list", {});
    return slots.map((slot) => slot.key).filter((key) => key.startsWith(partial));
  } catch {
    return [];
  }
}

function open(context: DroverContext): ReturnType<DroverContext["openControl"]> {
  return context.openControl({
    io: context.io,
    stateDirectory: stateDirectory(context.io, context.completing?.stateDir),
  });
}
