/**
 * `drover schedule …`: its flags. What it does is loaded when it is needed.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type Command, type RouteMap } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import {
  outputAliases,
  type OutputFlags,
  outputFlags,
  secretFlag,
  type StateFlags,
  stateFlags,
  text,
} from "../flags.ts";

/** Flags of commands that print something of a schedule. */
export interface ScheduleFlags extends StateFlags, OutputFlags {}

/** When a schedule fires, as flags have it. */
export interface TriggerFlags {
  readonly cron?: readonly string[];
  readonly calendar?: readonly string[];
  readonly every?: readonly string[];
  readonly at?: readonly string[];
  readonly timeZone?: string;
  readonly onEvent?: readonly string[];
  readonly eventsOf?: string;
  readonly debounce?: string;
  readonly eventAs?: string;
  readonly mostPerHour?: number;
  readonly resync?: boolean;
}

/** What a schedule runs, as flags have it. */
export interface WorkFlags {
  readonly recipe?: string;
  readonly playbook?: string;
  readonly connect?: readonly string[];
  readonly input?: readonly string[];
  readonly inputFile?: string;
  readonly inventory?: readonly string[];
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly extraVars?: readonly string[];
  readonly forks?: number;
  readonly check?: boolean;
  readonly secret?: readonly string[];
  readonly sandbox?: "best" | "strict";
}

/** How a schedule deals with what goes wrong, as flags have it. */
export interface PolicyFlags {
  readonly overlap?: "skip" | "queue-one" | "allow";
  readonly missed?: "skip" | "run-once" | "run-all";
  readonly missedMost?: number;
  readonly missedWithin?: string;
  readonly jitter?: string;
  readonly timeout?: string;
  readonly retries?: number;
  readonly backoff?: string;
  readonly noResume?: boolean;
  readonly notify?: readonly string[];
  readonly notifyOn?: readonly string[];
  readonly notifySecretFile?: string;
  readonly notifySecretEnv?: string;
}

/** Flags of `schedule add`. */
export interface ScheduleAddFlags extends ScheduleFlags, TriggerFlags, WorkFlags, PolicyFlags {
  readonly file?: string;
  readonly allow?: readonly string[];
  readonly policy?: string;
  readonly replace?: boolean;
}

/** Flags of `schedule show`. */
export interface ScheduleShowFlags extends ScheduleFlags {
  readonly times?: number;
}

/** Flags of `schedule run-now`. */
export interface ScheduleRunFlags extends ScheduleFlags {
  readonly key?: string;
  readonly force?: boolean;
}

/** Flags of `schedule history`. */
export interface ScheduleHistoryFlags extends ScheduleFlags {
  readonly state?: readonly string[];
  readonly limit?: number;
  readonly before?: string;
}

/** Flags of `schedule dead list`. */
export interface ScheduleDeadFlags extends ScheduleFlags {
  readonly limit?: number;
}

/** Flags of `schedule preview`. */
export interface SchedulePreviewFlags extends OutputFlags {
  readonly timeZone?: string;
  readonly times?: number;
  readonly from?: string;
}

function count(given: string): number {
  if (!/^\d{1,4}$/.test(given) || Number(given) < 1) {
    throw new RangeError("a whole number from 1 on is needed");
  }
  return Number(given);
}

function noneOrMore(given: string): number {
  if (!/^\d{1,4}$/.test(given)) throw new RangeError("a whole number from 0 on is needed");
  return Number(given);
}

const many = { kind: "parsed", parse: text, variadic: true, optional: true } as const;
const one = { kind: "parsed", parse: text, optional: true } as const;
const number = { kind: "parsed", parse: count, optional: true } as const;
const yes = { kind: "boolean", optional: true, withNegated: false } as const;

const flags = { ...stateFlags, ...outputFlags } as const;

const triggerFlags = {
  cron: { ...many, placeholder: "RULE", brief: "Fire at the times of a cron rule: '30 2 * * MON-FRI'" },
  calendar: { ...many, placeholder: "RULE", brief: "Fire at the times of systemd's kind: 'Mon..Fri 02:30'" },
  every: { ...many, placeholder: "DURATION", brief: "Fire every so often, counted from now: 15m, 6h, 2d" },
  at: { ...many, placeholder: "TIME", brief: "Fire once: 2026-12-01T04:00:00Z, '2026-12-01 04:00'" },
  timeZone: { ...one, placeholder: "ZONE", brief: "Whose clocks the times are by; UTC where not said" },
  onEvent: { ...many, placeholder: "[CLASS:]TYPE,…[@GLOB]", brief: "Fire on events: domain:crashed@web-*" },
  eventsOf: { ...one, placeholder: "URI", brief: "Connection of the events; that of -c where not said" },
  debounce: { ...one, placeholder: "DURATION", brief: "Events within this time are one firing; 1s" },
  eventAs: { ...one, placeholder: "NAME", brief: "Input or variable that the event is given in" },
  mostPerHour: { ...number, placeholder: "N", brief: "Firings by events within an hour at most; 60" },
  resync: { ...yes, brief: "Fire too when events may have been missed" },
} as const;

const workFlags = {
  recipe: { ...one, placeholder: "FILE", brief: "The recipe to run" },
  playbook: { ...one, placeholder: "FILE", brief: "The playbook to run" },
  connect: { ...many, placeholder: "[NAME=]URI", brief: "Connection, once per host that the recipe names" },
  input: { ...many, placeholder: "NAME=VALUE", brief: "An input of the recipe; value as text, or as JSON" },
  inputFile: { ...one, placeholder: "FILE", brief: "Inputs from a JSON or YAML file" },
  inventory: { ...many, placeholder: "FILE|DIR|URI|a,b", brief: "Inventory of the playbook" },
  limit: { ...one, placeholder: "PATTERN", brief: "Only hosts that this pattern means too" },
  tags: { ...many, placeholder: "TAGS", brief: "Only tasks with one of these tags" },
  skipTags: { ...many, placeholder: "TAGS", brief: "No tasks with one of these tags" },
  extraVars: { ...many, placeholder: "NAME=VALUE|@FILE", brief: "Variables above all others" },
  forks: { ...number, placeholder: "N", brief: "Hosts at a time; 5 where not said" },
  check: { ...yes, brief: "Have the playbook change nothing, and say what would change" },
  secret: { ...secretFlag, brief: "Where a secret comes from: env:, file:, command:, secret:, named:" },
  sandbox: {
    kind: "enum",
    values: ["best", "strict"],
    optional: true,
    brief: "strict refuses to run with less than the best isolation",
  },
} as const;

const policyFlags = {
  overlap: {
    kind: "enum",
    values: ["skip", "queue-one", "allow"],
    optional: true,
    brief: "Where one is under way when the next is due; skip",
  },
  missed: {
    kind: "enum",
    values: ["skip", "run-once", "run-all"],
    optional: true,
    brief: "Times at which no daemon was there; run-once",
  },
  missedMost: { ...number, placeholder: "N", brief: "Of run-all: how many at most, the latest; 10" },
  missedWithin: { ...one, placeholder: "DURATION", brief: "How long ago a missed time may be" },
  jitter: { ...one, placeholder: "DURATION", brief: "Start up to so much later, by chance; 0s" },
  timeout: { ...one, placeholder: "DURATION", brief: "Cancel a run that takes longer" },
  retries: {
    kind: "parsed",
    parse: noneOrMore,
    optional: true,
    placeholder: "N",
    brief: "Try again so often where it failed; 0",
  },
  backoff: { ...one, placeholder: "DURATION[..MOST]", brief: "Pause before trying again, doubling; 30s..1h" },
  noResume: { ...yes, brief: "Do not take up again what the daemon's end interrupted" },
  notify: { ...many, placeholder: "URL", brief: "A webhook that is told" },
  notifyOn: {
    ...many,
    placeholder: "KIND",
    brief: "Of what: start, success, retry, failure, dead, missed, skipped; failure and dead",
  },
  notifySecretFile: { ...one, placeholder: "FILE", brief: "Sign what is told with the secret in this file" },
  notifySecretEnv: { ...one, placeholder: "NAME", brief: "The same, from the daemon's environment" },
} as const;

/** Names of schedules, for completions. */
async function names(context: DroverContext, partial: string): Promise<readonly string[]> {
  const { proposeSchedules } = await import("../completion/schedules.ts");
  return proposeSchedules(context, partial);
}

const nameParameter = {
  brief: "The schedule's name",
  parse: text,
  placeholder: "NAME",
  proposeCompletions(this: DroverContext, partial: string): Promise<readonly string[]> {
    return names(this, partial);
  },
} as const;

const name = { kind: "tuple", parameters: [nameParameter] } as const;
const nameOrAll = { kind: "tuple", parameters: [{ ...nameParameter, optional: true }] } as const;

const letter = {
  kind: "tuple",
  parameters: [{
    brief: "The dead letter's id, or the beginning of it",
    parse: text,
    placeholder: "ID",
    async proposeCompletions(this: DroverContext, partial: string): Promise<readonly string[]> {
      const { proposeDead } = await import("../completion/schedules.ts");
      return proposeDead(this, partial);
    },
  }],
} as const;

const add = buildCommand<ScheduleAddFlags, [string?], DroverContext>({
  docs: {
    brief: "Make a schedule, or several from a file",
    customUsage: [
      "NAME --recipe FILE|--playbook FILE --cron RULE|--calendar RULE|--every DURATION|--at TIME|--on-event EVENT ...",
      "--file FILE [NAME]",
    ],
    fullDescription:
      "Make a schedule: what runs, when, and with which grants. What says when can be given several\n" +
      "times. From a file: --file schedules.yml, in the form of\n" +
      "`drover schedule show NAME -o yaml`. It fires while `drover daemon` serves the state directory.",
  },
  parameters: {
    flags: {
      ...flags,
      file: { ...one, placeholder: "FILE", brief: "Schedules from a YAML or JSON file" },
      ...triggerFlags,
      ...workFlags,
      ...policyFlags,
      allow: { ...many, placeholder: "GRANT", brief: "Grant permissions: CLASS:VERB[,VERB][@GLOB], or all" },
      policy: { ...one, placeholder: "FILE", brief: "Grants from a policy file" },
      replace: { ...yes, brief: "Take the place of the schedule of that name" },
    },
    aliases: { ...outputAliases, c: "connect", i: "input", t: "tags", e: "extraVars", f: "file" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The schedule's name", parse: text, placeholder: "NAME", optional: true }],
    },
  },
  loader: async () => (await import("../actions/schedule_add.ts")).addSchedule,
});

const list = buildCommand<ScheduleFlags, [], DroverContext>({
  docs: { brief: "List schedules, their next times and how the last firing ended" },
  parameters: { flags, aliases: outputAliases },
  loader: async () => (await import("../actions/schedule.ts")).listSchedules,
});

const show = buildCommand<ScheduleShowFlags, [string], DroverContext>({
  docs: { brief: "Show a schedule and its next times" },
  parameters: {
    flags: { ...flags, times: { ...number, placeholder: "N", brief: "How many next times; 5" } },
    aliases: { ...outputAliases, n: "times" },
    positional: name,
  },
  loader: async () => (await import("../actions/schedule.ts")).showSchedule,
});

const pause = buildCommand<ScheduleFlags, [string], DroverContext>({
  docs: { brief: "Have a schedule fire no more until it is resumed; what runs goes on" },
  parameters: { flags, aliases: outputAliases, positional: name },
  loader: async () => (await import("../actions/schedule.ts")).pauseSchedule,
});

const resume = buildCommand<ScheduleFlags, [string], DroverContext>({
  docs: { brief: "Have a paused schedule fire again from now on" },
  parameters: { flags, aliases: outputAliases, positional: name },
  loader: async () => (await import("../actions/schedule.ts")).resumeSchedule,
});

const remove = buildCommand<ScheduleFlags, [string], DroverContext>({
  docs: { brief: "Take a schedule away; what runs goes on, its history stays for a while" },
  parameters: { flags, aliases: outputAliases, positional: name },
  loader: async () => (await import("../actions/schedule.ts")).removeSchedule,
});

const runNow = buildCommand<ScheduleRunFlags, [string], DroverContext>({
  docs: { brief: "Fire a schedule now, also a paused one" },
  parameters: {
    flags: {
      ...flags,
      key: { ...one, placeholder: "KEY", brief: "Asking again with the same key finds the same firing" },
      force: { ...yes, brief: "Also where another firing is under way" },
    },
    aliases: outputAliases,
    positional: name,
  },
  loader: async () => (await import("../actions/schedule.ts")).runScheduleNow,
});

const history = buildCommand<ScheduleHistoryFlags, [string?], DroverContext>({
  docs: { brief: "List what became of firings, newest first" },
  parameters: {
    flags: {
      ...flags,
      state: {
        ...many,
        placeholder: "STATE",
        brief: "Only waiting, running, done, failed, skipped, missed or dead ones",
      },
      limit: { ...number, placeholder: "N", brief: "How many at most; 100" },
      before: { ...one, placeholder: "ID", brief: "Only those older than this firing" },
    },
    aliases: { ...outputAliases, n: "limit" },
    positional: nameOrAll,
  },
  loader: async () => (await import("../actions/schedule.ts")).scheduleHistory,
});

const deadList = buildCommand<ScheduleDeadFlags, [string?], DroverContext>({
  docs: { brief: "List dead letters: firings that failed for good, and wait for a person" },
  parameters: {
    flags: { ...flags, limit: { ...number, placeholder: "N", brief: "How many at most; 100" } },
    aliases: { ...outputAliases, n: "limit" },
    positional: nameOrAll,
  },
  loader: async () => (await import("../actions/schedule.ts")).listDead,
});

const deadRetry = buildCommand<ScheduleFlags, [string], DroverContext>({
  docs: { brief: "Fire a dead letter anew, with the same events" },
  parameters: { flags, aliases: outputAliases, positional: letter },
  loader: async () => (await import("../actions/schedule.ts")).retryDead,
});

const deadDrop = buildCommand<ScheduleFlags, [string], DroverContext>({
  docs: { brief: "Take a dead letter off the list; it stays in the history" },
  parameters: { flags, aliases: outputAliases, positional: letter },
  loader: async () => (await import("../actions/schedule.ts")).dropDead,
});

const preview = buildCommand<SchedulePreviewFlags, [string], DroverContext>({
  docs: {
    brief: "Show the next times of a rule, with their offsets from UTC",
    fullDescription:
      "Show the next times of a cron rule, a calendar expression, a duration (15m) or a time.\n" +
      "Times that are special where clocks are put forward or back say so.",
  },
  parameters: {
    flags: {
      ...outputFlags,
      timeZone: triggerFlags.timeZone,
      times: { ...number, placeholder: "N", brief: "How many; 10" },
      from: { ...one, placeholder: "TIME", brief: "Begin after this time; now" },
    },
    aliases: { ...outputAliases, n: "times" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The rule, in quotes", parse: text, placeholder: "RULE" }],
    },
  },
  loader: async () => (await import("../actions/schedule_preview.ts")).previewTimes,
});

/** `drover schedule`. */
export const scheduleRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: {
    add,
    list,
    show,
    pause,
    resume,
    remove,
    "run-now": runNow,
    history,
    dead: buildRouteMap<string, DroverContext>({
      routes: { list: deadList, retry: deadRetry, drop: deadDrop },
      docs: { brief: "List, retry and drop firings that failed for good" },
    }),
    preview,
  } satisfies Record<string, Command<DroverContext> | RouteMap<DroverContext>>,
  docs: { brief: "Run recipes and playbooks by the clock and on events" },
});
