/**
 * Schedules and firings, as they are shown.
 *
 * @module
 */
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { ScheduleStore } from "../../runtime/journal/schedule_record.ts";
import { latenessMs, timeText } from "./passed.ts";
import type { FiringView, ScheduleView } from "./schedule.ts";

/** A firing, as it is shown. */
export function firingView(record: FiringRecord): FiringView {
  const { id, name, cause, due, through, count, state, attempt, notBefore, startedAt, endedAt } = record;
  const { runs, reason, exit, principal, of, events } = record;
  return {
    ...{ id, schedule: name, cause, due, state, attempt, runs: [...runs] },
    ...(through === undefined ? {} : { through }),
    ...(count === undefined ? {} : { count }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(reason === undefined ? {} : { reason }),
    ...(exit === undefined ? {} : { exit }),
    ...(principal === undefined ? {} : { principal }),
    ...(of === undefined ? {} : { of }),
    ...(events === undefined ? {} : { events: [...events] }),
  };
}

/** A schedule, as it is shown. */
export async function scheduleShown(
  { id, spec, state, principal, createdAt, changedAt, pausedAt, next, through }: ScheduleRecord,
  { store, now, troubleOf }: {
    readonly store: ScheduleStore;
    readonly now: number;
    /** Why the events of a connection are not heard. */
    readonly troubleOf: (uri: string) => string | undefined;
  },
): Promise<ScheduleView> {
  const [last] = await store.firings({ schedule: id, limit: 1 });
  const troubles = spec.triggers.flatMap((trigger) => {
    const why = "event" in trigger && state === "active" ? troubleOf(trigger.event.uri) : undefined;
    return why === undefined || !("event" in trigger)
      ? []
      : [`events of ${trigger.event.uri} are not heard: ${why}`];
  });
  if (state === "active" && next !== undefined && through > now + latenessMs) {
    troubles.push(
      `the clock was set back: its times up to ${
        timeText(through)
      } have been seen to already; pause and resume it ` +
        "to have them count from now",
    );
  }
  return {
    ...spec,
    id,
    state: state === "removed" ? "ended" : state,
    principal,
    createdAt,
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(pausedAt === undefined ? {} : { pausedAt }),
    ...(next === undefined || state !== "active" ? {} : { next }),
    ...(last === undefined ? {} : { last: firingView(last) }),
    dead: await store.countFirings({ schedule: id, states: ["dead"] }),
    ...(troubles.length === 0 ? {} : { trouble: troubles.join("; ") }),
  };
}
