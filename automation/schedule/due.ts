/**
 * When a schedule is due.
 *
 * @module
 */
import type { NextAfter, ScheduleSpec, TimeTrigger, Trigger } from "./schedule.ts";

/** How many due times are counted before it is enough to know that there are many. */
export const countLimit = 1000;

/** What is looked through for the latest due times first, in milliseconds; then eight times as much, and so on. */
const firstReachMs = 60_000;

/** Due times between two instants. */
export interface PassedDues {
  /** The earliest of them. */
  readonly first: number;
  /** The latest ones, oldest first, as many as asked for. */
  readonly latest: readonly number[];
  /** How many there are; {@linkcode countLimit} where there are as many or more. */
  readonly count: number;
}

/** Whether a trigger goes by time. */
export function isTimeTrigger(trigger: Trigger): trigger is TimeTrigger {
  return !("event" in trigger);
}

/** The first due time after an instant, in milliseconds since 1970, by whichever trigger; `undefined` where there is none. */
export function nextDue(
  { triggers }: Pick<ScheduleSpec, "triggers">,
  { after, nextAfter }: { readonly after: number; readonly nextAfter: NextAfter },
): number | undefined {
  const dues = triggers.filter(isTimeTrigger).flatMap((trigger) =>
    nextOf(trigger, { after, nextAfter }) ?? []
  );
  return dues.length === 0 ? undefined : Math.min(...dues);
}

function nextOf(
  trigger: TimeTrigger,
  { after, nextAfter }: { readonly after: number; readonly nextAfter: NextAfter },
): number | undefined {
  if ("at" in trigger) return trigger.at > after ? trigger.at : undefined;
  if (!("every" in trigger)) return nextAfter(trigger, after);
  const { every, from = 0 } = trigger;
  return from + Math.max(0, Math.floor((after - from) / every) + 1) * every;
}

/** The due times after one instant and up to another, which is included; `undefined` where there are none. */
export function passedDues(
  spec: Pick<ScheduleSpec, "triggers">,
  { after, until, most, nextAfter }: {
    readonly after: number;
    readonly until: number;
    /** How many of the latest ones are wanted. */
    readonly most: number;
    readonly nextAfter: NextAfter;
  },
): PassedDues | undefined {
  const between = (from: number, limit: number): readonly number[] => {
    const dues: number[] = [];
    let due = nextDue(spec, { after: from, nextAfter });
    while (due !== undefined && due <= until && dues.length < limit) {
      dues.push(due);
      due = nextDue(spec, { after: due, nextAfter });
    }
    return dues;
  };
  const dues = between(after, countLimit);
  const [first] = dues;
  if (first === undefined) return undefined;
  if (dues.length < countLimit) return { first, latest: dues.slice(-most), count: dues.length };
  // There is no way back in time: the latest ones are found from later and later behind.
  for (let reach = firstReachMs;; reach *= 8) {
    const from = Math.max(after, until - reach);
    const found = between(from, Infinity);
    if (found.length >= most || from === after) {
      return { first, latest: found.slice(-most), count: countLimit };
    }
  }
}
