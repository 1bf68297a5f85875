/**
 * Names that follow from what they stand for, so that whoever comes to the same point twice, whatever has died in
 * between, finds what is there.
 *
 * @module
 */
import { sha256 } from "../../runtime/journal/json.ts";

/** What a firing by time is known by: its due time, whichever of the schedule's triggers it comes from. */
export function timeIdentity(due: number): string {
  return `time:${due}`;
}

/** The id of a firing. */
export function firingId(schedule: string, identity: string): string {
  return sha256(`firing\n${schedule}\n${identity}`).slice(0, 12);
}

/** The id of the run of an attempt. */
export function attemptRun(firing: string, attempt: number): string {
  return sha256(`scheduled run\n${firing}\n${attempt}`).slice(0, 16);
}

/** The id of a message to a webhook: its firing, what it says, and which of the webhooks. */
export function noticeId(
  firing: string,
  { kind, attempt, hook }: { readonly kind: string; readonly attempt: number; readonly hook: number },
): string {
  return sha256(`notice\n${firing}\n${kind}\n${attempt}\n${hook}`).slice(0, 24);
}

/** A number from 0 (included) to 1 (excluded) that a firing has always. */
export function shareOf(firing: string): number {
  return parseInt(sha256(`jitter\n${firing}`).slice(0, 12), 16) / 2 ** 48;
}
