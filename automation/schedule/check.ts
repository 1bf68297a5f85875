/**
 * Whether a schedule can be what it says.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { formatGrant, Glob, parseAllGrants } from "../../runtime/permission/mod.ts";
import { parseSource } from "../../runtime/secret/source.ts";
import { parseUri } from "../../model/uri.ts";
import { isTimeTrigger, nextDue } from "./due.ts";
import { type NextAfter, type ScheduleInput, type ScheduleSpec, scheduleSpec } from "./schedule.ts";

/**
 * A schedule as it is kept: with its defaults, and with everything that counts from now said as a point in time.
 *
 * @throws {VirtError} `invalid-argument`, with what is wrong and where.
 */
export function checkedSpec(
  input: ScheduleInput,
  { now, nextAfter }: { readonly now: number; readonly nextAfter: NextAfter },
): ScheduleSpec {
  const read = scheduleSpec.safeParse(input);
  if (!read.success) {
    const [issue] = read.error.issues;
    const place = issue?.path.join(".") ?? "";
    throw new VirtError(
      "invalid-argument",
      `Cannot make a schedule: ${place === "" ? "" : `"${place}": `}${issue?.message ?? "it is not one"}`,
      { cause: read.error.message },
    );
  }
  const { data } = read;
  const spec: ScheduleSpec = {
    ...data,
    triggers: data.triggers.map((trigger) =>
      "every" in trigger ? { ...trigger, from: trigger.from ?? now } : trigger
    ),
    // What is granted for some time is granted from now on, not anew with each run.
    grants: parseAllGrants(data.grants, { now }).map(formatGrant),
  };
  for (const [name, source] of Object.entries(spec.secrets)) {
    if (parseSource(source, name).kind !== "prompt") continue;
    throw new VirtError(
      "invalid-argument",
      `Cannot make schedule "${spec.name}": nobody is there to be asked for the secret "${name}" when it fires`,
      { hint: "Name a source that needs nobody: env:NAME, file:/PATH, command:PROGRAM, named:NAME" },
    );
  }
  for (const trigger of spec.triggers) {
    if ("at" in trigger && trigger.at <= now) {
      throw new VirtError(
        "invalid-argument",
        `Cannot make schedule "${spec.name}": ${new Date(trigger.at).toISOString()} is over`,
        { hint: "Name a time that is still to come" },
      );
    }
    if (!("event" in trigger)) continue;
    parseUri(trigger.event.uri);
    if (trigger.event.object !== undefined) Glob.parse(trigger.event.object);
  }
  if (spec.triggers.every(isTimeTrigger) && nextDue(spec, { after: now, nextAfter }) === undefined) {
    throw new VirtError("invalid-argument", `Cannot make schedule "${spec.name}": it would never be due`, {
      hint: "Look at its times; days that no month has never come",
    });
  }
  return spec;
}
