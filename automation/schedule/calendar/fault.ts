/**
 * What is said about a rule that cannot be used: where in it, why, and what to write instead.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";

/** The kinds of rules of time. */
export type RuleKind = "cron" | "calendar" | "every" | "at";

/** A rule as it was written. */
export interface RuleText {
  readonly kind: RuleKind;
  readonly text: string;
}

/** What is wrong with a rule. */
export interface RuleFault {
  /** Where in the text it begins, from 0. @default no place of its own */
  readonly offset?: number;
  /** What was found, as the end of a sentence. */
  readonly found: string;
  /** What to write instead. */
  readonly hint: string;
  readonly cause?: unknown;
}

/** Longer rules are no rules. */
export const maxRuleLength = 256;

const kindNames: Readonly<Record<RuleKind, string>> = {
  cron: "cron rule",
  calendar: "calendar expression",
  every: "interval",
  at: "time",
};

/** The error for a rule that cannot be used; its place is line 1 and a column from 1. */
export function ruleFault({ kind, text }: RuleText, { offset, found, hint, cause }: RuleFault): VirtError {
  const column = offset === undefined ? undefined : offset + 1;
  const where = column === undefined || text.length > maxRuleLength ? "" : `at column ${column}, `;
  return new VirtError(
    "invalid-argument",
    `Cannot use ${kindNames[kind]} "${shown(text)}": ${where}${found}`,
    {
      hint,
      ...(column === undefined ? {} : { at: { line: 1, column } }),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** A text of a rule as messages have it. */
export function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/**
 * Refuses what is no rule at all, before anything looks at it more closely.
 *
 * @throws {VirtError} `invalid-argument` for an empty one, and one that is too long.
 */
export function checkLength(rule: RuleText, example: string): void {
  if (rule.text.trim() === "") {
    throw ruleFault(rule, { found: "it is empty", hint: `Write for instance ${example}` });
  }
  if (rule.text.length > maxRuleLength) {
    throw ruleFault(rule, {
      offset: maxRuleLength,
      found: `it has ${rule.text.length} characters, and ${maxRuleLength} are the most`,
      hint: "Make several schedules of it",
    });
  }
}
