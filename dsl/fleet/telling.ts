/**
 * What is said in the log of the members of a fleet.
 *
 * @module
 */
import { type Handle, objectsOf } from "../handle.ts";
import type { Session } from "../session.ts";
import { namesIn } from "./names_text.ts";
import type { ResumeList } from "./report.ts";
import { isUnreachable } from "./tally.ts";

/** The longest message of a log line. */
const longest = 65_536;

/** How much of a list one log line carries, in characters of JSON; the journal keeps 16 Ki. */
const partSize = 12_000;

/** Says that a member failed, and has the run not end as if nothing had. */
export function countFailure(member: Handle, error: unknown): void {
  const { session } = objectsOf(member);
  session.countFailure({ unreachable: isUnreachable(error) });
  const why = error instanceof Error ? error.message : String(error);
  session.say({ t: "log", level: "warn", message: `${member}: ${why}`.slice(0, longest) });
}

/**
 * Says who is left when it ends early, with the whole list beside, in as many lines as that takes: nobody stays out of
 * service without being named.
 */
export function tellLeft(session: Session, list: ResumeList): void {
  const { done, failed, unknown, notBegun, drained } = list;
  const names = namesIn([...done, ...failed, ...unknown, ...notBegun]);
  const summary = [
    `${done.length} done`,
    `${failed.length} failed`,
    unknown.length === 0 ? "" : `in the middle or not known: ${names(unknown)}`,
    notBegun.length === 0 ? "" : `not begun: ${names(notBegun)}`,
    drained.length === 0 ? "" : `out of service: ${names(drained)}`,
  ];
  const message = `Left by the update: ${summary.filter((part) => part !== "").join("; ")}`;
  const parts = partsOf(list);
  for (const [index, left] of parts.entries()) {
    const text = index === 0 ? message : `Left by the update, part ${index + 1} of ${parts.length}`;
    session.say({ t: "log", level: "warn", message: text.slice(0, longest), fields: { left } });
  }
}

/** A list in parts that are not too large for the record: those out of service first, those done last. */
function partsOf(list: ResumeList): readonly Partial<ResumeList>[] {
  const parts: Partial<Record<keyof ResumeList, unknown[]>>[] = [{}];
  let size = 0;
  for (const key of ["drained", "unknown", "failed", "notBegun", "done"] as const) {
    for (const member of list[key]) {
      const length = JSON.stringify(member).length + 1;
      if (size + length > partSize) {
        parts.push({});
        size = 0;
      }
      size += length;
      const part = parts.at(-1);
      if (part !== undefined) (part[key] ??= []).push(member);
    }
  }
  // What was put in under a key came from the list under that key.
  return parts as readonly Partial<ResumeList>[];
}
