/**
 * `drover schedule preview`.
 *
 * @module
 */
import {
  describeRule,
  type PreviewedTime,
  previewRule,
  readMoment,
  timeZoneNamed,
} from "../../automation/schedule/calendar/mod.ts";
import type { CalendarRule } from "../../automation/schedule/schedule.ts";
import { VirtError } from "../../model/error.ts";
import type { SchedulePreviewFlags } from "../commands/schedule.ts";
import type { DroverContext } from "../context.ts";
import { printList, type Shape } from "../output/format.ts";
import { plain } from "../output/plain.ts";
import { durationMs, isDuration } from "./schedule_time.ts";
import { defaultTimeZone } from "./schedule_trigger.ts";

const notes: Readonly<Record<NonNullable<PreviewedTime["note"]>, string>> = {
  "made-up": "the clock is put forward over it: made up for at once",
  "first": "this time comes twice: the first",
  "second": "this time comes twice: the second",
};

/** A time as programs read it. */
interface ShownTime {
  readonly at: string;
  readonly local: string;
  readonly note?: PreviewedTime["note"];
}

const shape: Shape<ShownTime> = {
  kind: "schedule.preview",
  columns: [
    { header: "Local time", value: ({ local }) => local.slice(0, 19).replace("T", " ") },
    { header: "Offset", value: ({ local }) => /[+-]\d\d:\d\d(?=\[)/.exec(local)?.[0] ?? "" },
    { header: "Day", value: ({ local }) => weekday(local) },
    { header: "UTC", value: ({ at }) => at },
    { header: "Note", value: ({ note }) => note === undefined ? "" : notes[note] },
  ],
  name: ({ at }) => at,
};

function weekday(local: string): string {
  return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][
    Temporal.PlainDate.from(local.slice(0, 10)).dayOfWeek - 1
  ] ?? "";
}

/** Shows the next times of a rule. */
export async function previewTimes(
  this: DroverContext,
  flags: SchedulePreviewFlags,
  text: string,
): Promise<void> {
  const { io } = this;
  const timeZone = timeZoneNamed(flags.timeZone ?? defaultTimeZone);
  const from = flags.from === undefined
    ? Math.floor(Date.now() / 1000) * 1000
    : readMoment(flags.from, { timeZone });
  const count = flags.times ?? 10;
  const format = flags.output ?? "table";
  const { title, times } = read(text, { timeZone, from, count });
  if (format === "table" || format === "wide") io.stderr.write(`${plain(title)}\n`);
  await printList(
    times.map(({ at, local, note }): ShownTime => ({
      at: new Date(at).toISOString().replace(".000Z", "Z"),
      local,
      ...(note === undefined ? {} : { note }),
    })),
    shape,
    { io, format },
  );
  if (times.length < count && (format === "table" || format === "wide")) {
    io.stderr.write(times.length === 0 ? "note: it is due no more\n" : "note: then it is due no more\n");
  }
}

interface Asked {
  readonly timeZone: string;
  readonly from: number;
  readonly count: number;
}

interface Previewed {
  readonly title: string;
  readonly times: readonly PreviewedTime[];
}

/** What a text is meant as follows from how it is written; each kind of rule looks like itself alone. */
function read(text: string, { timeZone, from, count }: Asked): Previewed {
  const zoned = (at: number): PreviewedTime => ({
    at,
    local: Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toString(),
  });
  if (isDuration(text)) {
    const every = durationMs(text, "every");
    if (every < 1000) {
      throw new VirtError(
        "invalid-argument",
        `Cannot use "${text}" as interval: it is shorter than a second`,
        {
          hint: "Write for instance 15m",
        },
      );
    }
    const times = Array.from({ length: count }, (_, index) => zoned(from + (index + 1) * every));
    return { title: `every ${text.trim()}, counted from now`, times };
  }
  if (/^\s*\d{4}-?\d\d-?\d\dT/.test(text)) {
    const at = readMoment(text, { timeZone });
    return { title: `once, ${timeZone}`, times: at > from ? [zoned(at)] : [] };
  }
  const rule: CalendarRule = looksLikeCron(text) ? { cron: text, timeZone } : { calendar: text, timeZone };
  return { title: describeRule(rule), times: previewRule(rule, { from, count }) };
}

/** Five words or more, or a name that begins with @; calendar expressions have four at most, or a colon or dots. */
function looksLikeCron(text: string): boolean {
  const words = text.trim().split(/\s+/);
  if (text.trim().startsWith("@")) return true;
  if (text.includes(":") || text.includes("..") || text.includes("~")) return false;
  return words.length >= 4 || words.every((word) => /^[\d*/,?LW-]+$/.test(word)) && words.length > 1;
}
