/**
 * `drover events`, and virsh's `event`, `net-event`, `pool-event`, `nodedev-event` and `secret-event`.
 *
 * @module
 */
import { buildCommand, type Command, type FlagParametersForType } from "@stricli/core";
import type { EventClass } from "../../model/event.ts";
import type { DroverContext } from "../context.ts";
import {
  outputAliases,
  type OutputFlags,
  outputFlags,
  type PromptFlags,
  promptFlags,
  type StateFlags,
  stateFlags,
  text,
} from "../flags.ts";

/** Flags of commands that tell events. */
interface ListeningFlags extends StateFlags, OutputFlags, PromptFlags {
  readonly connect?: string;
}

/** Flags of `drover events`. */
export interface EventsFlags extends ListeningFlags {
  readonly on?: EventClassWord;
  readonly name?: string;
  readonly type?: readonly string[];
  readonly count?: number;
  readonly within?: number;
}

/** Flags of virsh's commands. */
export interface VirshEventFlags extends ListeningFlags {
  readonly event?: readonly string[];
  readonly all?: boolean;
  readonly loop?: boolean;
  readonly timeout?: number;
  readonly timestamp?: boolean;
  readonly list?: boolean;
}

/** The classes that events are told of, as words of the command line. */
const eventClasses = {
  "domain": "domain",
  "network": "network",
  "pool": "pool",
  "node-device": "nodeDevice",
  "secret": "secret",
} as const satisfies Readonly<Record<string, EventClass>>;

/** Such a word. */
export type EventClassWord = keyof typeof eventClasses;

/** The class that a word means. */
export function eventClass(word: EventClassWord): EventClass {
  return eventClasses[word];
}

const listeningFlags = {
  ...stateFlags,
  ...outputFlags,
  connect: { kind: "parsed", parse: text, optional: true, placeholder: "URI", brief: "Connection" },
  ...promptFlags,
} as const;

const aliases = { c: "connect", ...outputAliases } as const;

async function milliseconds(input: string): Promise<number> {
  const { parseNumber } = await import("../units.ts");
  return parseNumber("withinMs", input);
}

/** virsh has seconds where nothing else is said. */
async function seconds(input: string): Promise<number> {
  const { parseNumber } = await import("../units.ts");
  return 1000 * parseNumber("timeoutS", input);
}

function count(input: string): number {
  if (/^[1-9]\d{0,8}$/.test(input)) return Number(input);
  throw new Error("it is not a whole number above 0");
}

/** `drover events`. */
export const eventsCommand: Command<DroverContext> = buildCommand<EventsFlags, [], DroverContext>({
  docs: {
    brief: "Tell what happens on a connection, as it happens",
    fullDescription:
      "Tell what happens on a connection, as it happens, whoever did it: one line per event, with -o ndjson\n" +
      "one JSON document per line. Ctrl-C ends it, as --count and --within do.\n" +
      "A resync says that events may have been missed: look again at what matters.\n" +
      "In virsh: event, net-event, pool-event, nodedev-event, secret-event; these names are understood too.",
  },
  parameters: {
    flags: {
      ...listeningFlags,
      on: {
        kind: "enum",
        values: ["domain", "network", "pool", "node-device", "secret"],
        optional: true,
        brief: "Only of objects of this class",
      },
      name: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "GLOB",
        brief: "Only of objects with such names: web-*",
      },
      type: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "WORD",
        brief: "Only such events: started, job, lifecycle, block-job, …",
      },
      count: {
        kind: "parsed",
        parse: count,
        optional: true,
        placeholder: "NUMBER",
        brief: "End after so many",
      },
      within: {
        kind: "parsed",
        parse: milliseconds,
        optional: true,
        placeholder: "TIME",
        brief: "End after this time; with 124 if nothing has happened",
      },
    },
    aliases,
  },
  loader: async () => (await import("../actions/events.ts")).tellEvents,
});

/** A class of objects as virsh's command about its events has it. */
interface VirshEvents {
  readonly objectClass: EventClass;
  /** virsh's flag for the object. */
  readonly flag: string;
}

const virshEvents: Readonly<Record<string, VirshEvents>> = {
  "event": { objectClass: "domain", flag: "domain" },
  "net-event": { objectClass: "network", flag: "network" },
  "pool-event": { objectClass: "pool", flag: "pool" },
  "nodedev-event": { objectClass: "nodeDevice", flag: "device" },
  "secret-event": { objectClass: "secret", flag: "secret" },
};

/** Flags, of which one has another name in each command. */
type NamedFlags = VirshEventFlags & Readonly<Record<string, unknown>>;

const virshFlags = {
  ...listeningFlags,
  event: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "NAME",
    brief: "Which events: lifecycle, block-job, …; all of them where not given",
  },
  all: { kind: "boolean", optional: true, brief: "All events, as without --event", withNegated: false },
  loop: { kind: "boolean", optional: true, brief: "Go on after the first one", withNegated: false },
  timeout: {
    kind: "parsed",
    parse: seconds,
    optional: true,
    placeholder: "SECONDS",
    brief: "End after this time",
  },
  timestamp: { kind: "boolean", optional: true, brief: "Times are told anyway", withNegated: false },
  list: { kind: "boolean", optional: true, brief: "List the names of events", withNegated: false },
} as const;

function virshCommand({ objectClass, flag }: VirshEvents): Command<DroverContext> {
  const named = {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "NAME",
    brief: "Only of this one",
  };
  return buildCommand<NamedFlags, [string?], DroverContext>({
    docs: {
      brief: "Tell events as virsh does: the first one, or with --loop all",
      fullDescription:
        "Tell events as virsh does: the first one, or with --loop all. See also: drover events.",
    },
    parameters: {
      // A flag whose name is made here has no place in the types.
      flags: { ...virshFlags, [flag]: named } as unknown as FlagParametersForType<NamedFlags, DroverContext>,
      aliases,
      positional: {
        kind: "tuple",
        parameters: [{ brief: "Only of this one", parse: text, placeholder: "NAME", optional: true }],
      },
    },
    loader: async () => {
      const { tellVirshEvents } = await import("../actions/events.ts");
      return function (this: DroverContext, flags: NamedFlags, name?: string): Promise<void> {
        const byFlag = flags[flag];
        const wanted = name ?? (typeof byFlag === "string" ? byFlag : undefined);
        return tellVirshEvents(this, flags, { objectClass, name: wanted });
      };
    },
  });
}

/** virsh's commands, by their names. */
export const virshEventCommands: Readonly<Record<string, Command<DroverContext>>> = Object.fromEntries(
  Object.entries(virshEvents).map(([name, about]) => [name, virshCommand(about)]),
);
