/**
 * When a schedule fires: from flags, and for people.
 *
 * @module
 */
import { checkRule, describeRule, readMoment } from "../../automation/schedule/calendar/mod.ts";
import type { ScheduleInput, Trigger } from "../../automation/schedule/schedule.ts";
import { VirtError } from "../../model/error.ts";
import { domainIncidents, lifecycleEvents } from "../../model/event.ts";
import { objectClasses } from "../../model/object.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { TriggerFlags } from "../commands/schedule.ts";
import { formatDuration } from "../units.ts";
import { kebab } from "../words.ts";
import { durationMs } from "./schedule_time.ts";

type TriggerInput = ScheduleInput["triggers"][number];

/** Time zone of rules where nobody names one. */
export const defaultTimeZone = "UTC";

/** Flags that are of use with events only. */
const eventFlags = ["eventsOf", "debounce", "eventAs", "mostPerHour", "resync"] as const;

/**
 * The triggers that flags name.
 *
 * @param uri the connection whose events are meant where no flag says so
 * @throws {VirtError} `invalid-argument` where a rule cannot be used, or there is none.
 */
export function triggersFrom(flags: TriggerFlags, uri: string): readonly TriggerInput[] {
  const { timeZone = defaultTimeZone } = flags;
  const rules = [
    ...(flags.cron ?? []).map((cron) => ({ cron, timeZone })),
    ...(flags.calendar ?? []).map((calendar) => ({ calendar, timeZone })),
  ];
  for (const rule of rules) checkRule(rule);
  const triggers: readonly TriggerInput[] = [
    ...rules,
    ...(flags.every ?? []).map((every) => ({ every: durationMs(every, "every") })),
    ...(flags.at ?? []).map((at) => ({ at: readMoment(at, { timeZone }) })),
    ...(flags.onEvent ?? []).map((text) => eventTrigger(text, { flags, uri })),
  ];
  if (triggers.length === 0) {
    throw new VirtError("invalid-argument", "Cannot make a schedule that never fires", {
      hint:
        "Say when: --cron '30 2 * * *', --calendar 'Mon..Fri 02:30', --every 15m, --at TIME or --on-event EVENT",
    });
  }
  const stray = eventFlags.find((flag) => flags[flag] !== undefined);
  if (stray !== undefined && (flags.onEvent ?? []).length === 0) {
    throw new VirtError("invalid-argument", `Cannot use --${kebab(stray)} without --on-event`, {
      hint: "Name the events: --on-event domain:crashed@web-*",
    });
  }
  return triggers;
}

/** Classes by the words of the command line. */
const classWords: ReadonlyMap<string, keyof typeof lifecycleEvents> = new Map(
  (Object.keys(lifecycleEvents) as (keyof typeof lifecycleEvents)[]).map((name) => [kebab(name), name]),
);

function eventTrigger(
  text: string,
  { flags, uri }: { readonly flags: TriggerFlags; readonly uri: string },
): TriggerInput {
  const at = text.indexOf("@");
  const what = at < 0 ? text : text.slice(0, at);
  const object = at < 0 ? undefined : text.slice(at + 1);
  const colon = what.indexOf(":");
  const classWord = colon < 0 ? classWords.has(what) ? what : undefined : what.slice(0, colon);
  const typeText = colon < 0 ? classWords.has(what) ? "*" : what : what.slice(colon + 1);
  const objectClass = classWord === undefined ? undefined : classWords.get(classWord);
  if (classWord !== undefined && objectClass === undefined) {
    throw eventFault(text, {
      column: 1,
      found: `"${classWord}" has no events`,
      near: nearest(classWord, classWords.keys()),
      known: [...classWords.keys()],
    });
  }
  if (object === "") throw eventFault(text, { column: at + 2, found: "the name behind @ is missing" });
  const types = typeText === "*" ? [] : typeText.split(",");
  const known = typesOf(objectClass);
  let column = colon + 2;
  for (const type of types) {
    if (!known.includes(type)) {
      throw eventFault(text, {
        column,
        found: type === ""
          ? "the kind of event is missing"
          : `no event "${type}" happens to ${
            objectClass === undefined ? "anything" : `a ${objectClasses[objectClass].label}`
          }`,
        near: nearest(type.replaceAll("-", "_"), known.map((each) => each.replaceAll("-", "_")))
          ?.replaceAll("_", "-"),
        known,
      });
    }
    column += type.length + 1;
  }
  const { eventsOf, debounce, eventAs, mostPerHour, resync } = flags;
  return {
    event: {
      uri: eventsOf ?? uri,
      types,
      ...(objectClass === undefined ? {} : { objectClass }),
      ...(object === undefined ? {} : { object }),
    },
    ...(debounce === undefined ? {} : { debounce: durationMs(debounce, "debounce") }),
    ...(eventAs === undefined ? {} : { as: eventAs }),
    ...(mostPerHour === undefined ? {} : { mostPerHour }),
    ...(resync === undefined ? {} : { resync }),
  };
}

function typesOf(objectClass: keyof typeof lifecycleEvents | undefined): readonly string[] {
  const classes = objectClass === undefined ? [...classWords.values()] : [objectClass];
  const lives = classes.flatMap((each): readonly string[] => lifecycleEvents[each]);
  const incidents = classes.includes("domain") ? [...domainIncidents, "agent", "job"] : [];
  return [...new Set([...lives, ...incidents, "changed"])];
}

function eventFault(
  text: string,
  { column, found, near, known = [] }: {
    readonly column: number;
    readonly found: string;
    readonly near?: string | undefined;
    readonly known?: readonly string[];
  },
): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot use "${text}" for --on-event: at column ${column}, ${found}`,
    {
      hint: near !== undefined
        ? `Did you mean ${near}?`
        : known.length > 0
        ? `It is one of ${known.join(", ")}`
        : "Write for instance domain:stopped,crashed@web-*",
      at: { line: 1, column },
    },
  );
}

/** A rule in one line, also where this machine's time zones lack its own. */
function describedRule(rule: Extract<Trigger, { readonly timeZone: string }>): string {
  try {
    return describeRule(rule);
  } catch {
    return `${"cron" in rule ? `cron ${rule.cron}` : `calendar ${rule.calendar}`} ${rule.timeZone}`;
  }
}

/** A trigger in one line. */
export function describeTrigger(trigger: Trigger): string {
  if ("cron" in trigger || "calendar" in trigger) return describedRule(trigger);
  if ("every" in trigger) return `every ${formatDuration(trigger.every)}`;
  if ("at" in trigger) return `at ${new Date(trigger.at).toISOString().replace(".000Z", "Z")}`;
  const { uri, objectClass, object, types } = trigger.event;
  const what = `${objectClass === undefined ? "" : `${kebab(objectClass)}:`}${
    types.length === 0 ? "*" : types.join(",")
  }${object === undefined ? "" : `@${object}`}`;
  return `on ${what} of ${uri}`;
}
