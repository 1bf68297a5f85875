/**
 * Live completions of schedules and of dead letters. Silent about every error.
 *
 * @module
 */
import type { DroverContext } from "../context.ts";
import { stateDirectory } from "../settings.ts";

/** Names of schedules. */
export async function proposeSchedules(context: DroverContext, partial: string): Promise<readonly string[]> {
  try {
    await using control = await open(context);
    const { schedules } = await control.request("schedules.list", {});
    return schedules.map(({ name }) => name).filter((name) => name.startsWith(partial));
  } catch {
    return [];
  }
}

/** Ids of dead letters. */
export async function proposeDead(context: DroverContext, partial: string): Promise<readonly string[]> {
  try {
    await using control = await open(context);
    const dead = await control.request("schedules.history", { states: ["dead"] });
    return dead.map(({ id }) => id).filter((id) => id.startsWith(partial));
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
