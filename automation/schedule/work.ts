/**
 * From what a schedule runs to the run that is begun.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { FiringRecord } from "../../runtime/journal/schedule_record.ts";
import type { StartRun } from "../../runtime/run/manager.ts";
import type { PlaybookWork } from "../../runtime/schedule/description.ts";
import type { ScheduleSpec } from "./schedule.ts";

/** What a run is begun with, as far as it follows from what the schedule runs. */
export type PreparedWork = Pick<StartRun, "file" | "hosts" | "input" | "inputTexts">;

/** What is given beside what the schedule says. */
export interface PrepareOptions {
  /** Inputs, or variables of a playbook, that the firing adds. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What may be looked at meanwhile, and on whose behalf. */
  readonly grants: readonly string[];
  readonly principal: string;
  readonly sandbox: "best" | "strict";
  readonly signal: AbortSignal;
}

/**
 * Makes the recipe that carries a playbook out.
 *
 * @throws {VirtError} what is wrong with it, with its place.
 */
export type PreparePlaybook = (work: PlaybookWork, options: PrepareOptions) => Promise<PreparedWork>;

/** What a firing is begun with. */
export async function prepareWork(
  { work, grants, sandbox }: ScheduleSpec,
  { given, principal, signal, playbook }: Pick<PrepareOptions, "given" | "principal" | "signal"> & {
    readonly playbook: PreparePlaybook;
  },
): Promise<PreparedWork> {
  if (work.kind === "playbook") return await playbook(work, { given, grants, principal, sandbox, signal });
  await checkRecipe(work.file);
  const { file, hosts, input, inputTexts } = work;
  return { file, hosts, input: { ...input, ...given }, inputTexts };
}

/**
 * Refuses a recipe that is not there.
 *
 * @throws {VirtError} `not-found`
 */
export async function checkRecipe(file: string): Promise<void> {
  const found = await Deno.stat(file).catch(() => undefined);
  if (found?.isFile === true) return;
  throw new VirtError("not-found", `Cannot run "${file}": there is no such recipe`);
}

/** What a firing gives beside what its schedule says: its events, where the trigger names an input for them. */
export function givenBy(
  { triggers }: Pick<ScheduleSpec, "triggers">,
  { events, trigger, count }: Pick<FiringRecord, "events" | "trigger" | "count">,
): Readonly<Record<string, unknown>> {
  const [first] = events ?? [];
  const by = trigger === undefined ? undefined : triggers[trigger];
  if (first === undefined || by === undefined || !("event" in by) || by.as === undefined) return {};
  return { [by.as]: { ...first, count: count ?? 1, events } };
}
