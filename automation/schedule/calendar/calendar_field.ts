/**
 * The parts of a calendar expression: lists of values, ranges and repetitions (systemd.time, "Calendar Events").
 *
 * @module
 */

/** A part of an expression, such as its hours. */
export interface CalendarField {
  /** What people call it. */
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** Years beyond are no years that schedules are made for. */
export const calendarYears: CalendarField = { name: "year", low: 1970, high: 2199 };

/** What is wrong with a part. */
export class FieldError extends Error {
  /** Where in the part it is, from 0. */
  readonly offset: number;
  /** What to write instead. */
  readonly hint: string;

  /** Says what is wrong, where, and what to write instead. */
  constructor(message: string, { offset, hint }: { readonly offset: number; readonly hint: string }) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

/**
 * The values that a part means, in order.
 *
 * @param convert what a number stands for, where that is not itself: two digits of a year
 * @throws {FieldError} where it means none.
 */
export function readField(
  text: string,
  field: CalendarField,
  convert: (written: string) => number = Number,
): readonly number[] {
  const { name, low, high } = field;
  const values = new Set<number>();
  let offset = 0;
  for (const item of text.split(",")) {
    const at = offset;
    offset += item.length + 1;
    const [, first = "", last, step] = /^(\*|\d{1,4})(?:\.\.(\d{1,4}))?(?:\/(\d{1,4}))?$/.exec(item) ?? [];
    if (first === "" || (first === "*" && last !== undefined)) {
      throw new FieldError(
        item === "" ? `a value for the ${name} is missing` : `"${item}" is no ${name}`,
        { offset: at, hint: `Write *, ${low}..${high}, lists with commas, or repetitions such as ${low}/5` },
      );
    }
    const from = first === "*" ? low : convert(first);
    const to = last === undefined ? undefined : convert(last);
    for (const [value, written] of [[from, first], [to ?? from, last ?? first]] as const) {
      if (value < low || value > high) {
        throw new FieldError(`"${written}" is no ${name}`, { offset: at, hint: `It is ${low} to ${high}` });
      }
    }
    if (to !== undefined && to < from) {
      throw new FieldError(`"${item}" ends before it begins`, {
        offset: at,
        hint: `Write it as two ranges: ${first}..${high},${low}..${last ?? ""}`,
      });
    }
    if (step !== undefined && (Number(step) < 1 || Number(step) > high)) {
      throw new FieldError(`"${item}" has "${step}" as its step`, {
        offset: at,
        hint: `Steps are 1 to ${high}`,
      });
    }
    const end = to ?? (first === "*" || step !== undefined ? high : from);
    for (let value = from; value <= end; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/**
 * Values as a part has them: `*`, and ranges where three or more follow each other.
 *
 * @example
 * ```ts
 * import { formatField } from "./calendar_field.ts";
 * formatField([1, 2, 3, 7], { name: "day", low: 1, high: 31 }); // "1..3,7"
 * ```
 */
export function formatField(values: readonly number[], { low, high }: CalendarField): string {
  if (values.length === high - low + 1) return "*";
  const pad = (value: number): string => String(value).padStart(2, "0");
  const parts: string[] = [];
  for (let at = 0; at < values.length;) {
    const first = values[at] ?? low;
    let length = 1;
    while (values[at + length] === first + length) length++;
    if (length < 3) length = 1;
    parts.push(length === 1 ? pad(first) : `${pad(first)}..${pad(first + length - 1)}`);
    at += length;
  }
  return parts.join(",");
}
