/**
 * The fields of a cron rule: what may stand in each, and what is said where something else does.
 *
 * @module
 */

/** A field of a cron rule. */
export interface CronField {
  /** What people call it. */
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Words for its values, from `low` on. */
  readonly words?: readonly string[];
  /** What may stand there beside numbers, words, ranges and steps. */
  readonly special?: RegExp;
  /** What is said about what is nearly right. */
  readonly hints?: readonly { readonly like: RegExp; readonly hint: string }[];
}

/** Names of the months, as rules have them. */
export const monthWords = [
  "JAN",
  "FEB",
  "MAR",
  "APR",
  "MAY",
  "JUN",
  "JUL",
  "AUG",
  "SEP",
  "OCT",
  "NOV",
  "DEC",
] as const;

/** Names of the days of the week, as cron rules have them: Sunday is 0. */
export const weekdayWords = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

const weekday = `(?:[0-7]|${weekdayWords.join("|")})`;

/** The fields of a rule with seconds; one without begins at the second of them. */
export const cronFields: readonly CronField[] = [
  { name: "second", low: 0, high: 59 },
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  {
    name: "day of the month",
    low: 1,
    high: 31,
    special: /^(?:L|LW|(?:0?[1-9]|[12]\d|3[01])W)$/i,
    hints: [
      {
        like: /^L-?\d/i,
        hint: "Write L for the last day; the third last one is *-*~03 in a calendar expression",
      },
      {
        like: /W/i,
        hint: "Write 15W for the working day next to the 15th, LW for the last one of the month",
      },
    ],
  },
  { name: "month", low: 1, high: 12, words: monthWords },
  {
    name: "day of the week",
    low: 0,
    high: 7,
    words: weekdayWords,
    special: new RegExp(`^${weekday}(?:#[1-5]|#?L)$`, "i"),
    hints: [
      {
        like: /#/,
        hint: "Write MON#1 for the first Monday of the month, up to MON#5, or MON#L for the last",
      },
      { like: /^L$/i, hint: "Write FRIL or 5L for the last Friday of the month" },
    ],
  },
];

/** What is wrong with a part of a field. */
export interface FieldFault {
  /** Where in the field it begins, from 0. */
  readonly offset: number;
  readonly found: string;
  readonly hint: string;
}

/** The first thing in a field that may not stand there. */
export function faultInField(text: string, field: CronField): FieldFault | undefined {
  const joins = field.name === "day of the week" && text.startsWith("+") ? 1 : 0;
  let offset = joins;
  const items = text.slice(joins).split(",");
  if (items.length > 1 && items.some((item) => item.toUpperCase() === "LW")) {
    return { offset, found: `"${text}" has LW in a list`, hint: "Make a schedule of its own for LW" };
  }
  for (const item of items) {
    const fault = faultInItem(item, field);
    if (fault !== undefined) return { ...fault, offset };
    offset += item.length + 1;
  }
  return undefined;
}

function faultInItem(item: string, field: CronField): Omit<FieldFault, "offset"> | undefined {
  const { name, low, high } = field;
  const values = `${name === "day of the week" ? "0 to 7 (both ends are Sunday)" : `${low} to ${high}`}${
    field.words === undefined ? "" : `, or ${field.words[0] ?? ""} to ${field.words.at(-1) ?? ""}`
  }`;
  if (item === "") {
    return {
      found: `a value for the ${name} is missing`,
      hint: `Write ${values}, or *; lists have no spaces`,
    };
  }
  if (field.special?.test(item) === true) return undefined;
  const almost = field.hints?.find(({ like }) => like.test(item));
  if (almost !== undefined) return { found: `"${item}" is no ${name}`, hint: almost.hint };
  const [, base = "", step] = /^([^/]*)(?:\/(.*))?$/s.exec(item) ?? [];
  if (step !== undefined && (!/^\d{1,4}$/.test(step) || Number(step) < 1 || Number(step) > high)) {
    return {
      found: `"${item}" has "${step}" as its step for the ${name}`,
      hint: `Steps are 1 to ${high}: */${Math.min(15, high)}`,
    };
  }
  if (base === "*" || base === "?") return undefined;
  const [first = "", last, ...more] = base.split("-");
  if (more.length > 0) {
    return { found: `"${item}" is no range`, hint: `Write ${low}-${high}, or a list with commas` };
  }
  for (const end of last === undefined ? [first] : [first, last]) {
    if (valueOf(end, field) !== undefined) continue;
    return { found: `"${end === "" ? item : end}" is no ${name}`, hint: hintFor(end, { field, values }) };
  }
  const from = valueOf(first, field) ?? low;
  const to = last === undefined ? undefined : valueOf(last, field);
  if (to !== undefined && from > to) {
    const wrapped = `${first}-${name === "day of the week" ? "SAT" : high},${
      name === "day of the week" ? "SUN" : low
    }-${last ?? ""}`;
    return {
      found: `"${item}" ends before it begins`,
      hint: `Write it as two ranges: ${wrapped}${step === undefined ? "" : ", each with its step"}`,
    };
  }
  if (step !== undefined && to === undefined) {
    return {
      found: `"${item}" has a step, and no range that it goes through`,
      hint: `Write ${first}-${high}/${step}`,
    };
  }
  return undefined;
}

function valueOf(text: string, { low, high, words = [] }: CronField): number | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const value = Number(text);
    return value >= low && value <= high ? value : undefined;
  }
  const word = words.indexOf(text.toUpperCase());
  return word < 0 ? undefined : word + low;
}

function hintFor(
  end: string,
  { field, values }: { readonly field: CronField; readonly values: string },
): string {
  const short = field.words?.find((word) => end.toUpperCase().startsWith(word));
  if (short !== undefined && /^[A-Za-z]+$/.test(end)) return `Write ${short}`;
  return `It is ${values}`;
}
