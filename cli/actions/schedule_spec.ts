/**
 * Schedules as somebody gave them: checked, with what is wrong in the words of the one who gave them.
 *
 * @module
 */
import { type ScheduleSpec, scheduleSpec } from "../../automation/schedule/schedule.ts";
import { type SourcePlace, VirtError } from "../../model/error.ts";
import { formatIssue, schemaIssues } from "../../model/schema_issue.ts";

/** What is told where something is wrong. */
export interface SpecOptions {
  /** Which schedule it is. */
  readonly what: string;
  /** Where what a path leads to stands. @default nowhere */
  readonly placeOf?: (path: readonly (string | number)[]) => SourcePlace;
}

/**
 * A schedule with its defaults.
 *
 * @throws {VirtError} `invalid-argument` with what is wrong, and where.
 */
export function checkSpec(value: unknown, { what, placeOf }: SpecOptions): ScheduleSpec {
  const trigger = strayTrigger(value);
  const issues = trigger === undefined ? undefined : [trigger];
  const parsed = scheduleSpec.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first, ...others] = issues ?? schemaIssues(parsed.error);
  throw new VirtError(
    "invalid-argument",
    `Cannot make ${what}: ${first === undefined ? "it is no schedule" : formatIssue(first)}`,
    {
      hint: others.length > 0
        ? `Also: ${others.slice(0, 4).map(formatIssue).join("; ")}`
        : "See docs/schedules.md for what there may be",
      ...(placeOf === undefined || first === undefined ? {} : { at: placeOf(first.path) }),
    },
  );
}

const triggerKeys = ["cron", "calendar", "every", "at", "event"] as const;

/** A trigger that is none of the kinds, or several of them. No schema says that well. */
function strayTrigger(
  value: unknown,
): { readonly path: readonly (string | number)[]; readonly message: string } | undefined {
  if (
    typeof value !== "object" || value === null || !("triggers" in value) || !Array.isArray(value.triggers)
  ) {
    return undefined;
  }
  const stray = value.triggers.findIndex((trigger: unknown) =>
    typeof trigger !== "object" || trigger === null ||
    triggerKeys.filter((key) => Object.hasOwn(trigger, key)).length !== 1
  );
  if (stray < 0) return undefined;
  return { path: ["triggers", stray], message: `a trigger has one of ${triggerKeys.join(", ")}` };
}
