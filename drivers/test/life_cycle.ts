/**
 * Which events a change of the outside world means.
 *
 * @module
 */
import type { TestClass } from "./object.ts";
import type { Guest, Records } from "./world/record.ts";

/** An event, before it is known of which object. */
export interface LifeCycleEvent {
  readonly type: string;
  readonly detail?: string;
}

/** A thing before and after a change; absent where it was not, or is no more. */
export interface Passage<C extends TestClass> {
  readonly before: Records[C] | undefined;
  readonly after: Records[C] | undefined;
  /** Why it is gone. */
  readonly why?: string | undefined;
}

/** The events of each class. */
export const lifeCycles: { readonly [C in TestClass]: (passage: Passage<C>) => readonly LifeCycleEvent[] } = {
  domain: ({ before, after, why }) => [
    ...definition(before, after),
    ...guest(before?.guest, { guest: after?.guest, stopped: after?.stopped ?? why }),
    ...(before?.config !== undefined && after?.config === undefined
      ? [{ type: "undefined", detail: "removed" }]
      : []),
    ...(before !== undefined && after !== undefined &&
        (before.autostart !== after.autostart || before.managedSave !== after.managedSave ||
          before.parameters !== after.parameters || before.currentSnapshot !== after.currentSnapshot)
      ? [{ type: "changed" }]
      : []),
  ],
  snapshot: ({ before, after }) =>
    before === undefined
      ? [{ type: "created" }]
      : after === undefined
      ? [{ type: "deleted" }]
      : [{ type: "changed" }],
  network: ({ before, after }) => [
    ...definition(before, after),
    ...running(before?.bridge, after?.bridge),
    ...gone(before, after),
  ],
  pool: ({ before, after }) => [
    ...definition(before, after),
    ...running(before?.started, after?.started),
    ...(before !== undefined && after !== undefined && before.built !== after.built
      ? [{ type: after.built ? "created" : "deleted" }]
      : []),
    ...gone(before, after),
  ],
  volume: ({ before, after }) =>
    before === undefined
      ? [{ type: "created" }]
      : after === undefined
      ? [{ type: "deleted" }]
      : [{ type: "changed" }],
  interface: ({ before, after }) => [
    ...definition(before, after),
    ...running(before?.up === true ? true : undefined, after?.up === true ? true : undefined),
    ...gone(before, after),
  ],
  nodeDevice: ({ before, after }) => [
    ...(before?.defined !== true && after?.defined === true ? [{ type: "defined" }] : []),
    ...(before?.present !== true && after?.present === true ? [{ type: "created" }] : []),
    ...(before?.present === true && after?.present !== true ? [{ type: "deleted" }] : []),
    ...(before?.defined === true && after?.defined !== true ? [{ type: "undefined" }] : []),
    ...(before !== undefined && after !== undefined && before.config !== after.config
      ? [{ type: "updated" }]
      : []),
  ],
  secret: ({ before, after }) => [
    ...definition(before, after),
    ...(after?.hasValue === true && before !== undefined && before.config === after.config
      ? [{ type: "value-changed" }]
      : []),
    ...gone(before, after),
  ],
};

/** Whether nothing has changed but what goes on in a guest: that is no change of the domain. */
export function isTalk(before: Records[TestClass], after: Records[TestClass]): boolean {
  return "guest" in before && "guest" in after && stillness(before) === stillness(after);
}

function stillness(record: Records[TestClass]): string {
  return JSON.stringify(record, (key, value: unknown) => quiet.has(key) ? undefined : value);
}

const quiet: ReadonlySet<string> = new Set(["revision", "consoles", "booting", "programs"]);

interface Defined {
  readonly name: string;
  readonly config?: string;
}

function definition(before: Defined | undefined, after: Defined | undefined): readonly LifeCycleEvent[] {
  if (after?.config === undefined) return [];
  if (before?.config === undefined) return [{ type: "defined", detail: "added" }];
  if (before.name !== after.name) return [{ type: "defined", detail: "renamed" }];
  return before.config === after.config ? [] : [{ type: "defined", detail: "updated" }];
}

function gone(before: Defined | undefined, after: Defined | undefined): readonly LifeCycleEvent[] {
  return before?.config !== undefined && after?.config === undefined ? [{ type: "undefined" }] : [];
}

function running(before: unknown, after: unknown): readonly LifeCycleEvent[] {
  if (before === undefined && after !== undefined) return [{ type: "started" }];
  return before !== undefined && after === undefined ? [{ type: "stopped" }] : [];
}

/** A guest counts as started when it has left its preparation, as libvirt tells it. */
function guest(
  before: Guest | undefined,
  { guest: after, stopped }: { readonly guest: Guest | undefined; readonly stopped: string | undefined },
): readonly LifeCycleEvent[] {
  if (after === undefined) {
    return before === undefined
      ? []
      : [{ type: "stopped", ...(stopped === undefined ? {} : { detail: stopped }) }];
  }
  const prepared = (guest: Guest | undefined): boolean =>
    guest !== undefined && guest.reason !== "starting-up";
  if (before !== undefined && before.id !== after.id) {
    return [
      { type: "stopped", ...(after.reason === "from-snapshot" ? { detail: after.reason } : {}) },
      { type: "started", detail: after.reason },
      ...(after.state === "running" ? [] : [{ type: stateEvents[after.state], detail: after.reason }]),
    ];
  }
  if (!prepared(after)) return [];
  if (
    before?.booting === true && after.booting !== true && before.state === after.state && prepared(before)
  ) {
    return [{ type: "agent", detail: "connected" }];
  }
  const started = prepared(before) ? [] : [{ type: "started", detail: after.reason }];
  const was = prepared(before) ? before?.state : "running";
  if (was === after.state) {
    return [...started, ...(before !== undefined && before.xml !== after.xml ? [{ type: "changed" }] : [])];
  }
  return [...started, { type: stateEvents[after.state], detail: after.reason }];
}

const stateEvents = {
  running: "resumed",
  paused: "suspended",
  pmsuspended: "pmsuspended",
  crashed: "crashed",
} as const;
