/**
 * Firing when something happens on a host.
 *
 * Events that come while a firing waits belong to it, so that none is lost and none fires twice; how often a schedule
 * fires by events is bounded, since what it does may be what it is triggered by.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { Glob, GrantAuthority, parseAllGrants } from "../../runtime/permission/mod.ts";
import { sightUse } from "../../runtime/permission/uses.ts";
import type { EventTrigger } from "../../runtime/schedule/description.ts";
import type { HeardEvent } from "./event_sources.ts";
import type { Ledger } from "./ledger.ts";

/** How many events a firing keeps; further ones are counted. */
export const keptEvents = 100;

/** What the bound on firings by events counts over, in milliseconds. */
const rateMs = 60 * 60 * 1000;

/** What is worked with. */
export interface EventTriggerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly epoch: number;
  /** Since when schedules are served, in milliseconds since 1970. */
  readonly since: number;
}

type KeptEvent = NonNullable<FiringRecord["events"]>[number];

/** The URIs whose events a schedule waits for. */
export function eventUris({ state, spec }: ScheduleRecord): readonly string[] {
  if (state !== "active") return [];
  return spec.triggers.flatMap((trigger) => "event" in trigger ? [trigger.event.uri] : []);
}

/** Whether an event may set off any of these schedules; what it really does is for {@linkcode hearEvent} to find out. */
export function mayConcern(
  { uri, event: { type, object } }: HeardEvent,
  schedules: readonly ScheduleRecord[],
): boolean {
  return schedules.some(({ spec }) =>
    spec.triggers.some((trigger) => {
      if (!("event" in trigger) || trigger.event.uri !== uri) return false;
      const { types, objectClass = object.$ref } = trigger.event;
      return type === "resync" ||
        (objectClass === object.$ref && (types.length === 0 || types.includes(type)));
    })
  );
}

/** Puts on record what an event sets off. Whether anything is other than before. */
export async function hearEvent(heard: HeardEvent, options: EventTriggerOptions): Promise<boolean> {
  let changed = false;
  for (const schedule of await options.store.schedules()) {
    if (schedule.state !== "active") continue;
    for (const [index, trigger] of schedule.spec.triggers.entries()) {
      if (!("event" in trigger) || !concerns(trigger, { heard, schedule, since: options.since })) continue;
      changed = true;
      if (heard.event.type === "resync" && !trigger.resync) await missed(schedule, { heard, options });
      else await fire(schedule, { heard, trigger, index, options });
    }
  }
  return changed;
}

function concerns(
  { event: { uri, objectClass, object, types } }: EventTrigger,
  { heard, schedule, since }: {
    readonly heard: HeardEvent;
    readonly schedule: ScheduleRecord;
    readonly since: number;
  },
): boolean {
  if (heard.uri !== uri) return false;
  const { type, object: subject, detail } = heard.event;
  if (type === "resync") {
    // A schedule for which listening began only just has missed nothing.
    return detail !== "listening" || (schedule.changedAt ?? schedule.createdAt) < since;
  }
  if (objectClass !== undefined && objectClass !== subject.$ref) return false;
  if (types.length > 0 && !types.includes(type)) return false;
  if (object !== undefined && !Glob.parse(object).matches(subject.name)) return false;
  return maySee(heard, schedule);
}

/** A schedule hears of what its grants let it see. */
function maySee({ event, connection, uri }: HeardEvent, { spec, principal }: ScheduleRecord): boolean {
  const { work } = spec;
  const names = work.kind === "recipe"
    ? Object.entries(work.hosts).flatMap(([name, each]) => each === uri ? [name] : [])
    : [];
  const authority = new GrantAuthority({
    grants: parseAllGrants(spec.grants),
    clock: { now: () => event.at },
    caller: { principal },
    uris: new Map((names.length === 0 ? ["host"] : names).map((name) => [name, uri])),
  });
  return (names.length === 0 ? ["host"] : names).some((name) =>
    authority.sees(sightUse(event.object, { operation: "events", when: "listed", name, connection }))
  );
}

async function missed(
  schedule: ScheduleRecord,
  { heard: { uri, event }, options: { ledger, epoch } }: {
    readonly heard: HeardEvent;
    readonly options: EventTriggerOptions;
  },
): Promise<void> {
  await ledger.notFired(schedule, {
    identity: `resync:${epoch}:${uri}:${event.at}:${event.sequence}`,
    cause: "event",
    state: "missed",
    due: event.at,
    reason: event.detail === "listening"
      ? `what happened on ${uri} before it was listened to is not known`
      : `events of ${uri} may have been missed while its link was broken`,
  });
}

async function fire(
  schedule: ScheduleRecord,
  { heard, trigger, index, options: { store, clock, ledger, epoch } }: {
    readonly heard: HeardEvent;
    readonly trigger: EventTrigger;
    readonly index: number;
    readonly options: EventTriggerOptions;
  },
): Promise<void> {
  const kept = keptOf(heard);
  const identity =
    `event:${index}:${epoch}:${heard.connection.host}:${kept.type}:${heard.event.sequence}:${kept.at}`;
  const waiting = (await store.firings({ schedule: schedule.id, states: ["waiting"] }))
    .find((each) => each.trigger === index && each.attempt === 0 && each.cause === "event");
  if (waiting !== undefined) {
    const { events = [] } = waiting;
    ledger.change(schedule, waiting, {
      through: kept.at,
      count: (waiting.count ?? 1) + 1,
      ...(events.length < keptEvents ? { events: [...events, kept] } : {}),
    });
    return;
  }
  const fired = await store.countFirings({
    ...{ schedule: schedule.id, cause: "event", since: clock.now() - rateMs },
    states: ["waiting", "running", "done", "failed", "dead"],
  });
  if (fired >= trigger.mostPerHour) {
    await ledger.notFired(schedule, {
      ...{ identity, cause: "event", state: "skipped", due: kept.at },
      reason: `it has fired ${trigger.mostPerHour} times by events within an hour; does it set itself off?`,
    });
    return;
  }
  await ledger.add(schedule, {
    ...{ identity, cause: "event", due: kept.at, trigger: index },
    events: [kept],
    notBefore: clock.now() + trigger.debounce,
  });
}

function keptOf({ uri, event: { at, type, object, detail } }: HeardEvent): KeptEvent {
  return {
    at,
    uri,
    type,
    object: { class: object.$ref, id: object.id, name: object.name },
    ...(detail === undefined ? {} : { detail }),
  };
}
