/**
 * Cron rules: five fields, or six with seconds in front, as crontab has them, with `L`, `W`, `#` and names.
 *
 * @module
 */
import { Cron } from "croner";
import { cronFields, faultInField } from "./cron_field.ts";
import { checkLength, ruleFault, type RuleText } from "./fault.ts";
import { clockChanges, type WallTimes } from "./wall_times.ts";

/** Rules that have a name. */
const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** A word of a rule, and where it begins. */
interface Word {
  readonly text: string;
  readonly offset: number;
}

/** A cron rule, read. */
export interface CronTimes extends WallTimes {
  /** Seconds, minutes, hours, days of the month, months, days of the week, as they were written. */
  readonly fields: readonly string[];
}

/**
 * Reads a cron rule.
 *
 * @throws {VirtError} `invalid-argument` with the place where it is none, and where no day is ever meant by it.
 */
export function readCron(text: string): CronTimes {
  const rule: RuleText = { kind: "cron", text };
  checkLength(rule, "30 2 * * *");
  const written = [...text.matchAll(/\S+/g)].map((match): Word => ({ text: match[0], offset: match.index }));
  const words = named(written, rule);
  check(words, rule);
  const fields = words.map((word) => word.text);
  const [second = "0", minute = "*", hour = "*"] = fields.length === 6 ? fields : ["0", ...fields];
  const next = iterate(fields.join(" "), rule);
  if (next(0) === undefined) {
    throw ruleFault(rule, {
      offset: words.at(-3)?.offset ?? 0,
      found: `there is no day "${words.at(-3)?.text ?? ""}" in month "${words.at(-2)?.text ?? ""}"`,
      hint: "Such a day never comes. The last day of each month is L",
    });
  }
  return {
    next,
    ...clockChanges({ hour, finer: [minute, second] }),
    fields: fields.length === 6 ? fields : ["0", ...fields],
  };
}

/** The fields, also of a rule that was given by its name. */
function named(words: readonly Word[], rule: RuleText): readonly Word[] {
  const [first] = words;
  if (first?.text.startsWith("@") !== true) return words;
  const meant = nicknames[first.text.toLowerCase()];
  if (meant === undefined || words.length > 1) {
    throw ruleFault(rule, {
      offset: meant === undefined ? first.offset : words[1]?.offset ?? 0,
      found: meant === undefined
        ? `"${first.text.slice(0, 32)}" is the name of no rule`
        : `nothing may follow ${first.text}`,
      hint: first.text.toLowerCase() === "@reboot"
        ? "A schedule can begin with an event instead: drover schedule add --on-event"
        : `Names are ${Object.keys(nicknames).join(", ")}`,
    });
  }
  return meant.split(" ").map((text) => ({ text, offset: first.offset }));
}

function check(words: readonly Word[], rule: RuleText): void {
  if (words.length < 5 || words.length > 6) {
    throw ruleFault(rule, {
      offset: words.length < 5 ? rule.text.trimEnd().length : words[6]?.offset ?? 0,
      found: `it has ${words.length} ${
        words.length === 1 ? "field" : "fields"
      }, and needs 5, or 6 with seconds in front`,
      hint: /\.\.|^\d+:|-.*:/.test(rule.text)
        ? "This looks like a calendar expression, which is given with --calendar"
        : "They are minute, hour, day of the month, month, day of the week: 30 2 * * MON-FRI",
    });
  }
  const fields = cronFields.slice(-words.length);
  for (const [index, { text, offset }] of words.entries()) {
    const field = fields[index];
    const fault = field === undefined ? undefined : faultInField(text, field);
    if (fault !== undefined) throw ruleFault(rule, { ...fault, offset: offset + fault.offset });
  }
}

/** croner, by a clock that is never changed: what happens where one is, is decided in `zone.ts` for all rules alike. */
function iterate(pattern: string, rule: RuleText): WallTimes["next"] {
  let cron: Cron;
  try {
    cron = new Cron(pattern, { mode: "5-or-6-parts", utcOffset: 0, paused: true });
  } catch (error) {
    // Each field was looked at before: this is for what croner alone knows not to take.
    throw ruleFault(rule, {
      found: "it is no rule",
      hint: "They are minute, hour, day of the month, month, day of the week: 30 2 * * MON-FRI",
      cause: error,
    });
  }
  return (from) => cron.nextRun(new Date(from - 1000))?.getTime();
}
