/**
 * `drover schedule …`: looking at schedules, and steering them.
 *
 * @module
 */
import {
  type FiringState,
  firingStates,
  type FiringView,
  scheduleName,
} from "../../automation/schedule/schedule.ts";
import { VirtError } from "../../model/error.ts";
import type { Control } from "../../runtime/control/control.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type {
  ScheduleDeadFlags,
  ScheduleFlags,
  ScheduleHistoryFlags,
  ScheduleRunFlags,
  ScheduleShowFlags,
} from "../commands/schedule.ts";
import type { DroverContext } from "../context.ts";
import { printList, printOne } from "../output/format.ts";
import { plain } from "../output/plain.ts";
import { stateDirectory } from "../settings.ts";
import { formatMoment } from "../units.ts";
import { firingShape, noteNotServed, printSchedules, scheduleShape, zonedMoment } from "./schedule_view.ts";

/** The kernel that knows the schedules. */
export function openSchedules(
  { io, openControl }: DroverContext,
  flags: Pick<ScheduleFlags, "stateDir">,
): Promise<Control> {
  return openControl({ io, stateDirectory: stateDirectory(io, flags.stateDir) });
}

/**
 * A schedule's name, as the command line gives it.
 *
 * @throws {VirtError} `invalid-argument` where nothing can be called so.
 */
function named(text: string): string {
  const read = scheduleName.safeParse(text);
  if (read.success) return read.data;
  throw new VirtError(
    "invalid-argument",
    `Cannot look for a schedule "${text.slice(0, 64)}": ${read.error.issues[0]?.message ?? "it is no name"}`,
    { hint: "List schedules with: drover schedule list" },
  );
}

/** Whether people read the answer. */
function forPeople({ output = "table" }: ScheduleFlags): boolean {
  return output === "table" || output === "wide";
}

/** `schedule list`. */
export async function listSchedules(this: DroverContext, flags: ScheduleFlags): Promise<void> {
  await using control = await openSchedules(this, flags);
  const { schedules, served } = await control.request("schedules.list", {});
  await printSchedules(schedules, { io: this.io, format: flags.output ?? "table", several: true });
  noteNotServed(this.io, { served, format: flags.output });
}

/** `schedule show`. */
export async function showSchedule(
  this: DroverContext,
  flags: ScheduleShowFlags,
  name: string,
): Promise<void> {
  const { io } = this;
  await using control = await openSchedules(this, flags);
  const { schedule, upcoming, served } = await control.request("schedules.show", {
    name: named(name),
    upcoming: Math.min(flags.times ?? 5, 100),
  });
  if (!forPeople(flags)) {
    return await printOne(schedule, scheduleShape, { io, format: flags.output ?? "json" });
  }
  await printOne(schedule, scheduleShape, { io, format: "wide" });
  if (upcoming.length > 0) {
    io.stdout.write(`\n${upcoming.map((at) => `next  ${zonedMoment(at, schedule.triggers)}\n`).join("")}`);
  }
  noteNotServed(io, { served, format: flags.output });
}

/** `schedule pause`. */
export async function pauseSchedule(this: DroverContext, flags: ScheduleFlags, name: string): Promise<void> {
  await using control = await openSchedules(this, flags);
  const schedule = await control.request("schedules.pause", { name: named(name) });
  if (!forPeople(flags)) {
    return await printOne(schedule, scheduleShape, { io: this.io, format: flags.output ?? "json" });
  }
  this.io.stdout.write(
    plain(
      `schedule ${schedule.name}  ${schedule.state}; resume with: drover schedule resume ${schedule.name}`,
    ) + "\n",
  );
}

/** `schedule resume`. */
export async function resumeSchedule(this: DroverContext, flags: ScheduleFlags, name: string): Promise<void> {
  await using control = await openSchedules(this, flags);
  const { schedule, served } = await control.request("schedules.resume", { name: named(name) });
  if (!forPeople(flags)) {
    return await printOne(schedule, scheduleShape, { io: this.io, format: flags.output ?? "json" });
  }
  const next = schedule.next === undefined ? "" : `, next ${formatMoment(schedule.next)}`;
  this.io.stdout.write(`${plain(`schedule ${schedule.name}  ${schedule.state}${next}`)}\n`);
  noteNotServed(this.io, { served, format: flags.output });
}

/** `schedule remove`. */
export async function removeSchedule(this: DroverContext, flags: ScheduleFlags, name: string): Promise<void> {
  await using control = await openSchedules(this, flags);
  const schedule = await control.request("schedules.remove", { name: named(name) });
  if (!forPeople(flags)) {
    return await printOne(schedule, scheduleShape, { io: this.io, format: flags.output ?? "json" });
  }
  this.io.stdout.write(`${plain(`schedule ${schedule.name}  removed`)}\n`);
}

/** `schedule run-now`. */
export async function runScheduleNow(
  this: DroverContext,
  flags: ScheduleRunFlags,
  name: string,
): Promise<void> {
  await using control = await openSchedules(this, flags);
  const { firing, served } = await control.request("schedules.run-now", {
    name: named(name),
    force: flags.force ?? false,
    ...(flags.key === undefined ? {} : { key: flags.key }),
  });
  await printFired(this, flags, { firing, served });
}

/** Says what was fired, and where to look for it. */
async function printFired(
  { io }: DroverContext,
  flags: ScheduleFlags,
  { firing, served }: { readonly firing: FiringView; readonly served: boolean },
): Promise<void> {
  if (!forPeople(flags)) return await printOne(firing, firingShape, { io, format: flags.output ?? "json" });
  const run = firing.runs.at(-1);
  const look = run === undefined
    ? `see it with: drover schedule history ${firing.schedule}`
    : `watch it with: drover runs watch ${run}`;
  io.stdout.write(`${plain(`firing ${firing.id} of ${firing.schedule}  ${firing.state}; ${look}`)}\n`);
  noteNotServed(io, { served, format: flags.output });
}

/** `schedule history`. */
export async function scheduleHistory(
  this: DroverContext,
  flags: ScheduleHistoryFlags,
  name?: string,
): Promise<void> {
  await printHistory(this, flags, { name, states: statesFrom(flags.state ?? []) });
}

/** `schedule dead list`. */
export async function listDead(
  this: DroverContext,
  flags: ScheduleDeadFlags,
  name?: string,
): Promise<void> {
  await printHistory(this, flags, { name, states: ["dead"] });
}

async function printHistory(
  context: DroverContext,
  flags: ScheduleHistoryFlags | ScheduleDeadFlags,
  { name, states }: { readonly name: string | undefined; readonly states: readonly FiringState[] },
): Promise<void> {
  await using control = await openSchedules(context, flags);
  const firings = await control.request("schedules.history", {
    limit: Math.min(flags.limit ?? 100, 1000),
    ...(name === undefined ? {} : { schedule: named(name) }),
    ...(states.length === 0 ? {} : { states: [...states] }),
    ...("before" in flags && flags.before !== undefined ? { before: flags.before } : {}),
  });
  await printList(firings, { ...firingShape, kind: "firing.list" }, {
    io: context.io,
    format: flags.output ?? "table",
  });
}

function statesFrom(given: readonly string[]): readonly FiringState[] {
  return given.flatMap((text) => text.split(",")).map((text) => {
    const state = firingStates.find((each) => each === text);
    if (state !== undefined) return state;
    const near = nearest(text, firingStates);
    throw new VirtError("invalid-argument", `Cannot use "${text}" for --state: no firing is ever that`, {
      hint: near === undefined ? `It is one of ${firingStates.join(", ")}` : `Did you mean ${near}?`,
    });
  });
}

/** The dead letter that an id, or the beginning of one, means; another id as it is, for the kernel to judge. */
async function deadNamed(control: Control, id: string): Promise<string> {
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot look for a dead letter "${id.slice(0, 64)}": that is no id`,
      {
        hint: "List them with: drover schedule dead list",
      },
    );
  }
  const dead = await control.request("schedules.history", { states: ["dead"], limit: 1000 });
  const [only, second] = dead.filter((firing) => firing.id.startsWith(id));
  if (only === undefined || dead.some((firing) => firing.id === id)) return id;
  if (second !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `More than one dead letter begins with "${id}": "${only.id}" and "${second.id}"`,
      { hint: "List them with: drover schedule dead list" },
    );
  }
  return only.id;
}

/** `schedule dead retry`. */
export async function retryDead(this: DroverContext, flags: ScheduleFlags, id: string): Promise<void> {
  await using control = await openSchedules(this, flags);
  const answer = await control.request("schedules.again", { id: await deadNamed(control, id) });
  await printFired(this, flags, answer);
}

/** `schedule dead drop`. */
export async function dropDead(this: DroverContext, flags: ScheduleFlags, id: string): Promise<void> {
  await using control = await openSchedules(this, flags);
  const firing = await control.request("schedules.drop", { id: await deadNamed(control, id) });
  if (!forPeople(flags)) {
    return await printOne(firing, firingShape, { io: this.io, format: flags.output ?? "json" });
  }
  this.io.stdout.write(
    `${plain(`firing ${firing.id} of ${firing.schedule}  ${firing.state}; it is no dead letter any more`)}\n`,
  );
}
