/**
 * Schedules and firings for people and for programs.
 *
 * @module
 */
import { zoneOfRule } from "../../automation/schedule/calendar/mod.ts";
import type { FiringView, ScheduleView } from "../../automation/schedule/schedule.ts";
import type { Io } from "../io.ts";
import { type OutputFormat, printList, printOne, type Shape } from "../output/format.ts";
import { nearPath } from "../output/path.ts";
import { formatDuration, formatMoment } from "../units.ts";
import { describeTrigger } from "./schedule_trigger.ts";

/** How a schedule is shown. */
export const scheduleShape: Shape<ScheduleView> = {
  kind: "schedule",
  columns: [
    { header: "Name", value: ({ name }) => name },
    { header: "Runs", value: ({ work }) => nearPath(work.file) },
    { header: "When", value: ({ triggers }) => triggers.map(describeTrigger).join("; ") },
    { header: "State", value: ({ state, trouble }) => trouble === undefined ? state : `${state}, trouble` },
    { header: "Next", value: ({ next }) => next === undefined ? "" : formatMoment(next) },
    {
      header: "Last",
      value: ({ last }) => last === undefined ? "" : `${last.state} ${formatMoment(last.due)}`,
    },
    { header: "Dead", value: ({ dead }) => dead === 0 ? "" : String(dead) },
    { header: "For", value: ({ principal }) => principal, wide: true },
    { header: "On", value: ({ work }) => connectionsOf(work), wide: true },
    { header: "Overlap", value: ({ overlap }) => overlap, wide: true },
    { header: "Missed", value: ({ missed }) => missed.policy, wide: true },
    { header: "Jitter", value: ({ jitter }) => jitter === 0 ? "" : formatDuration(jitter), wide: true },
    {
      header: "Timeout",
      value: ({ timeout }) => timeout === undefined ? "" : formatDuration(timeout),
      wide: true,
    },
    { header: "Retries", value: ({ retries }) => String(retries.most), wide: true },
    { header: "Notifies", value: ({ notify }) => notify.map(({ url }) => url).join(" "), wide: true },
    { header: "Grants", value: ({ grants }) => grants.join(" "), wide: true },
    { header: "Trouble", value: ({ trouble }) => trouble ?? "", wide: true },
  ],
  name: ({ name }) => name,
};

function connectionsOf(work: ScheduleView["work"]): string {
  if (work.kind === "playbook") return work.uri;
  const entries = Object.entries(work.hosts);
  return entries.length === 1
    ? entries[0]?.[1] ?? ""
    : entries.map(([name, uri]) => `${name}=${uri}`).join(", ");
}

/** How a firing is shown. */
export const firingShape: Shape<FiringView> = {
  kind: "firing",
  columns: [
    { header: "Id", value: ({ id }) => id },
    { header: "Schedule", value: ({ schedule }) => schedule },
    { header: "Cause", value: ({ cause }) => cause },
    {
      header: "Due",
      value: ({ due, through, count = 1 }) =>
        formatMoment(due) + (through === undefined ? "" : ` to ${formatMoment(through)} (${count})`),
    },
    { header: "State", value: ({ state }) => state },
    { header: "Attempt", value: ({ attempt }) => attempt === 0 ? "" : String(attempt) },
    {
      header: "Took",
      value: ({ startedAt, endedAt }) =>
        startedAt === undefined ? "" : formatDuration((endedAt ?? Date.now()) - startedAt),
    },
    { header: "Run", value: ({ runs }) => runs.at(-1) ?? "" },
    { header: "Reason", value: ({ reason }) => reason ?? "" },
    { header: "Exit", value: ({ exit }) => exit === undefined ? "" : String(exit), wide: true },
    { header: "For", value: ({ principal }) => principal ?? "", wide: true },
    { header: "Of", value: ({ of }) => of ?? "", wide: true },
    {
      header: "Events",
      value: ({ events = [] }) => events.map(({ type, object }) => `${type} ${object.name}`).join(", "),
      wide: true,
    },
  ],
  name: ({ id }) => id,
};

/** A moment by the clocks of a schedule's time zone, or of this machine's where its rules have several or none. */
export function zonedMoment(at: number, triggers: ScheduleView["triggers"]): string {
  const zones = new Set(
    triggers.flatMap((trigger) => "cron" in trigger || "calendar" in trigger ? zonesOf(trigger) : []),
  );
  const [only = Temporal.Now.timeZoneId()] = zones.size === 1 ? zones : [];
  const moment = Temporal.Instant.fromEpochMilliseconds(Math.trunc(at)).toZonedDateTimeISO(only);
  const local = moment.toPlainDateTime().round("second").toString().replace("T", " ");
  return `${local} ${moment.offset} ${only}`;
}

/** The zone of a rule; none where this machine's time zones lack it. */
function zonesOf(rule: Parameters<typeof zoneOfRule>[0]): readonly string[] {
  try {
    return [zoneOfRule(rule)];
  } catch {
    return [];
  }
}

/** Where and how to print, and whether several may be meant. */
export interface ScheduleOutput {
  readonly io: Io;
  readonly format: OutputFormat;
  readonly several: boolean;
}

/** Prints schedules: one as one answer, unless several may be meant. */
export async function printSchedules(
  schedules: readonly ScheduleView[],
  { several, ...output }: ScheduleOutput,
): Promise<void> {
  const [only, ...others] = schedules;
  if (several || only === undefined || others.length > 0) {
    await printList(schedules, { ...scheduleShape, kind: "schedule.list" }, output);
  } else await printOne(only, scheduleShape, output);
}

/** Says where nobody fires schedules; programs are told by the exit code of what they ask for, not here. */
export function noteNotServed(
  io: Io,
  { served, format = "table" }: { readonly served: boolean; readonly format?: OutputFormat | undefined },
): void {
  if (served || (format !== "table" && format !== "wide")) return;
  io.stderr.write(
    "note: no daemon serves this state directory; schedules fire while one does: drover daemon\n",
  );
}
