/**
 * Whose turn it is: firings that wait, in the order in which they came, with those that run before all of them.
 *
 * @module
 */
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";

/** What a line is made with. */
export interface LineOptions {
  readonly schedules: ReadonlyMap<string, ScheduleRecord>;
  readonly now: number;
  /** How many may run at once. */
  readonly places: number;
}

/** What is to be done with a firing that waits. `until`: milliseconds since 1970, `Infinity` where another one's end counts. */
export type Turn =
  | { readonly kind: "begin" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "end"; readonly state: "skipped" | "failed"; readonly reason: string };

/** Who is before others of the same schedule. */
interface Before {
  /** Runs, or is between two attempts. */
  busy: string | undefined;
  /** Waits for the first attempt. */
  queued: string | undefined;
}

const wait: Turn = { kind: "wait", until: Infinity };

/** A line of firings. */
export class Line {
  readonly #options: LineOptions;
  readonly #before = new Map<string, Before>();
  #places: number;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#places = options.places;
  }

  /** Somebody runs. */
  runs({ id, schedule }: FiringRecord): void {
    this.#places--;
    this.#beforeIn(schedule).busy ??= id;
  }

  /** What is to be done with the next one that waits. */
  turnOf(firing: FiringRecord, schedule: ScheduleRecord): Turn {
    const { now } = this.#options;
    const before = this.#beforeIn(firing.schedule);
    const begun = firing.attempt > 0;
    if (schedule.state === "removed") {
      return begun
        ? {
          kind: "end",
          state: "failed",
          reason: `${firing.reason ?? "it failed"}; its schedule was removed`,
        }
        : { kind: "end", state: "skipped", reason: "its schedule was removed" };
    }
    if (schedule.state === "paused" && firing.cause !== "by-hand") return wait;
    const { notBefore = 0 } = firing;
    if (notBefore > now) {
      if (begun) before.busy ??= firing.id;
      else before.queued ??= firing.id;
      return { kind: "wait", until: notBefore };
    }
    const turn = this.#turn(firing, { schedule, before });
    if (turn.kind === "begin") {
      if (this.#places > 0) {
        this.runs(firing);
        return turn;
      }
    }
    if (turn.kind !== "end") {
      if (begun) before.busy ??= firing.id;
      else before.queued ??= firing.id;
      return wait;
    }
    return turn;
  }

  #turn(
    { attempt, force, catchUp, cause }: FiringRecord,
    { schedule: { spec: { overlap } }, before: { busy, queued } }: {
      readonly schedule: ScheduleRecord;
      readonly before: Before;
    },
  ): Turn {
    const other = busy ?? (cause === "by-hand" ? undefined : queued);
    if (attempt > 0 || force === true || overlap === "allow" || other === undefined) return { kind: "begin" };
    // What happens meanwhile belongs to the one that waits: no time tells again that a guest has stopped.
    if (catchUp === true || cause === "event") return wait;
    if (overlap === "skip") {
      return { kind: "end", state: "skipped", reason: `another firing was under way: ${other}` };
    }
    if (queued !== undefined) {
      return { kind: "end", state: "skipped", reason: `another firing was waiting for its turn: ${queued}` };
    }
    return wait;
  }

  #beforeIn(schedule: string): Before {
    let before = this.#before.get(schedule);
    if (before === undefined) this.#before.set(schedule, before = { busy: undefined, queued: undefined });
    return before;
  }
}
