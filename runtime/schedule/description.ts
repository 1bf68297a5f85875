/**
 * Schedules as people give them and as they are shown: what runs, when, with which rights, and what became of it.
 *
 * Times are milliseconds since 1970. Durations are given in milliseconds or as texts such as `90s`, `10m`, `6h`, `1d`,
 * and shown in milliseconds.
 *
 * @module
 */
import { z } from "zod";
import { objectClasses } from "../../model/object.ts";
import type { ObjectClass } from "../../model/object.ts";
import { secretName } from "../../model/secret.ts";

const shortText = z.string().max(4096);
const path = z.string().min(1).max(4096);
const epochMs = z.number().nonnegative();
const connectionName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
const classNames = Object.keys(objectClasses) as [ObjectClass, ...ObjectClass[]];

/** Milliseconds of each unit that durations are written with. */
const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration: ten years, in milliseconds. */
const longestMs = 10 * 366 * unitMs.d;

/** A duration, in milliseconds or as a text with its unit. */
const duration = z.union([
  z.int().nonnegative(),
  z.string().regex(/^\d{1,13}(?:ms|s|m|h|d)$/, "a duration is a number with ms, s, m, h or d, such as 90s"),
]).transform(durationMs).pipe(z.number().nonnegative().max(longestMs));

function durationMs(given: number | string): number {
  if (typeof given === "number") return given;
  const [, count = "", unit = "ms"] = /^(\d+)(\w+)$/.exec(given) ?? [];
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}

/** How a schedule is called. */
export const scheduleName = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  "a name has up to 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit",
);

/** A recipe with what it is given. */
const recipeWork = z.strictObject({
  kind: z.literal("recipe"),
  /** The recipe's real path. */
  file: path,
  /** Connection URIs by the recipe's names for them. */
  hosts: z.record(connectionName, shortText),
  input: z.record(z.string(), z.unknown()).default({}),
  /** Inputs as texts, which go before `input`; the recipe's declaration says what they stand for. */
  inputTexts: z.record(z.string(), z.string()).default({}),
});

/** A playbook with what `drover play` would be given. Files are absolute paths. */
const playbookWork = z.strictObject({
  kind: z.literal("playbook"),
  file: path,
  /** Files, directories, lists of names with commas, or connection URIs. @default the domains of `uri` */
  inventory: z.array(shortText).max(64).default([]),
  /** The connection of hosts that name none. */
  uri: shortText,
  limit: shortText.optional(),
  tags: z.array(shortText).max(256).default([]),
  skipTags: z.array(shortText).max(256).default([]),
  startAt: shortText.optional(),
  /** `key=value`, JSON, or `@file`. */
  extraVars: z.array(z.string().max(1 << 16)).max(64).default([]),
  forks: z.int().positive().max(1000).default(5),
  check: z.boolean().default(false),
  diff: z.boolean().default(false),
});

/** What a schedule runs. */
export const scheduledWork = z.discriminatedUnion("kind", [recipeWork, playbookWork]);

/** At the times of a cron expression, by the clocks of a time zone. */
const cronTrigger = z.strictObject({
  cron: z.string().min(1).max(256),
  timeZone: z.string().min(1).max(64).default("UTC"),
});

/** At the times of a calendar expression, by the clocks of a time zone. */
const calendarTrigger = z.strictObject({
  calendar: z.string().min(1).max(256),
  timeZone: z.string().min(1).max(64).default("UTC"),
});

/** Every so often, counted from a moment; at least a second apart. */
const everyTrigger = z.strictObject({
  every: duration.pipe(z.number().min(1000)),
  /** @default when the schedule is made */
  from: epochMs.optional(),
});

/** Once. */
const atTrigger = z.strictObject({ at: epochMs });

/** When something happens on a host. */
export const eventTrigger = z.strictObject({
  event: z.strictObject({
    /** The connection's URI. */
    uri: shortText,
    /** What it happens to. @default every kind of object */
    objectClass: z.enum(classNames).optional(),
    /** A glob over names of objects. @default every object */
    object: z.string().min(1).max(1024).optional(),
    /** What happens: `stopped`, `crashed`. @default everything */
    types: z.array(z.string().min(1).max(64)).max(32).default([]),
  }),
  /** What comes within this time after the first event belongs to the same firing. */
  debounce: duration.default(1000),
  /** The input, or the playbook's variable, that the event is given in. @default none */
  as: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/).optional(),
  /** Firings by events within an hour, at most: a recipe may set off what it is triggered by. */
  mostPerHour: z.int().positive().max(3600).default(60),
  /** Whether it fires too when events may have been missed: at the daemon's start, after a link broke. */
  resync: z.boolean().default(false),
});

/** When a schedule fires. */
export const trigger = z.union([cronTrigger, calendarTrigger, everyTrigger, atTrigger, eventTrigger]);

/** Where a secret is read from at the moment when it is needed. The journal knows the place only. */
const secretSource = z.union([
  z.strictObject({ file: path }),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) }),
]);

/**
 * Of what people may be told. `failure`: it failed and is not tried again; `retry`: it failed and is; `dead`: it waits
 * for a person among the dead letters.
 */
export const noticeKinds = ["start", "success", "retry", "failure", "dead", "missed", "skipped"] as const;

/** A webhook that is told. */
const hook = z.strictObject({
  /** `http` or `https`, without user and password in it. */
  url: z.string().max(2048).refine(
    isHookUrl,
    "a webhook is an http or https address without user and password in it",
  ),
  on: z.array(z.enum(noticeKinds)).min(1).max(noticeKinds.length).default(["failure", "dead"]),
  /** What bodies are signed with. @default they are not signed */
  secret: secretSource.optional(),
  timeout: duration.pipe(z.number().min(100).max(5 * unitMs.m)).default(10_000),
});

function isHookUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

/**
 * What happens where a due time comes while a firing of the schedule is under way. What events set off waits for its turn
 * unless they may run beside each other.
 */
export const overlaps = ["skip", "queue-one", "allow"] as const;

/** What becomes of due times at which nobody could fire. */
export const missedPolicies = ["skip", "run-once", "run-all"] as const;

/** How often a firing that failed is tried again. */
const retries = z.strictObject({
  /** Attempts beside the first one. */
  most: z.int().nonnegative().max(100),
  /** Before the second attempt. */
  initial: duration.default(30_000),
  factor: z.number().min(1).max(10).default(2),
  /** No pause is longer. */
  longest: duration.default(unitMs.h),
});

/** A schedule, as people give it. */
export const scheduleSpec = z.strictObject({
  name: scheduleName,
  work: scheduledWork,
  triggers: z.array(trigger).min(1).max(32),
  overlap: z.enum(overlaps).default("skip"),
  missed: z.strictObject({
    policy: z.enum(missedPolicies).default("run-once"),
    /** Of `run-all`: how many, the latest ones. */
    most: z.int().positive().max(1000).default(10),
    /** How long ago a due time may be to be made good. @default a day for `run-all`, else however long */
    within: duration.optional(),
  }).prefault({}),
  /** It starts up to this much after a due time; each due time's share is always the same. */
  jitter: duration.default(0),
  /** A run that takes longer is cancelled. @default it may take as long as it does */
  timeout: duration.pipe(z.number().min(1000)).optional(),
  retries: retries.prefault({ most: 0 }),
  /** Whether a run that the daemon's end interrupted is taken up again where it was. */
  resume: z.boolean().default(true),
  notify: z.array(hook).max(16).default([]),
  /** What its runs may do, whatever their recipe asks for later. */
  grants: z.array(shortText).max(1024),
  /** Where the secrets of what it runs come from, by their names there; read anew for each run, and never kept. */
  secrets: z.record(z.string().regex(secretName), shortText).default({}),
  sandbox: z.enum(["best", "strict"]).default("best"),
});

/** A schedule, as people give it. */
export type ScheduleInput = z.input<typeof scheduleSpec>;

/** A schedule, as it was given, with its defaults. */
export type ScheduleSpec = z.output<typeof scheduleSpec>;

/** What a schedule runs. */
export type ScheduledWork = z.output<typeof scheduledWork>;

/** A playbook with what it is given. */
export type PlaybookWork = z.output<typeof playbookWork>;

/** When a schedule fires. */
export type Trigger = z.output<typeof trigger>;

/** When something happens on a host. */
export type EventTrigger = z.output<typeof eventTrigger>;

/** A trigger by time. */
export type TimeTrigger = Exclude<Trigger, EventTrigger>;

/** A webhook that is told. */
export type Hook = z.output<typeof hook>;

/** Of what people may be told. */
export type NoticeKind = typeof noticeKinds[number];

/** Where a secret is read from. */
export type SecretSource = z.output<typeof secretSource>;

/**
 * `waiting`: for its time, its turn or its next attempt. `missed`: nobody could fire then. `dead`: it will not be tried
 * again by itself, and waits for a person.
 */
export const firingStates = ["waiting", "running", "done", "failed", "skipped", "missed", "dead"] as const;

/** Where a firing is in its life. */
export type FiringState = typeof firingStates[number];

/** What made a schedule fire. */
export const firingCauses = ["time", "event", "by-hand"] as const;

/** One firing of a schedule, or due times in a row at which it did not fire. */
export const firing = z.object({
  id: shortText,
  /** The schedule's name. */
  schedule: shortText,
  cause: z.enum(firingCauses),
  /** When it was due, by its trigger. */
  due: epochMs,
  /** Of several due times or events in one row: the last of them, and how many there are, counted to 1000. */
  through: epochMs.optional(),
  count: z.int().positive().optional(),
  state: z.enum(firingStates),
  /** Counts from 1; 0 before the first. */
  attempt: z.int().nonnegative(),
  /** While waiting: not before then. */
  notBefore: epochMs.optional(),
  startedAt: epochMs.optional(),
  endedAt: epochMs.optional(),
  /** The runs of its attempts, the last one's last. */
  runs: z.array(shortText),
  /** Why it is as it is, where that is not plain. */
  reason: z.string().max(1 << 16).optional(),
  /** How `drover run` would have left. */
  exit: z.int().nonnegative().max(255).optional(),
  /** Who asked for it, of one by hand. */
  principal: shortText.optional(),
  /** Of one by hand: the dead letter that it takes up. */
  of: shortText.optional(),
  /** Of one by events: what happened, the first first, as far as it is kept. */
  events: z.array(z.object({
    at: epochMs,
    uri: shortText,
    type: shortText,
    object: z.object({ class: shortText, id: shortText, name: shortText }),
    detail: shortText.optional(),
  })).optional(),
});

/** One firing of a schedule, or due times in a row at which it did not fire. */
export type FiringView = z.output<typeof firing>;

/** Whether a schedule fires. `ended`: it has no due time any more. */
export const scheduleStates = ["active", "paused", "ended"] as const;

/** A schedule, as it is shown. */
export const scheduleView = z.object({
  ...scheduleSpec.shape,
  id: shortText,
  state: z.enum(scheduleStates),
  /** Who made it. */
  principal: shortText,
  createdAt: epochMs,
  changedAt: epochMs.optional(),
  pausedAt: epochMs.optional(),
  /** Its next due time, without jitter; absent where there is none, or it is paused. */
  next: epochMs.optional(),
  last: firing.optional(),
  /** How many of its firings wait for a person. */
  dead: z.int().nonnegative(),
  /** What keeps it from being fired, where something does: a connection whose events are not heard. */
  trouble: z.string().max(1 << 16).optional(),
});

/** A schedule, as it is shown. */
export type ScheduleView = z.output<typeof scheduleView>;
