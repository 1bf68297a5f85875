/**
 * What the journal keeps of schedules: the rows, as plain data. Times are milliseconds since 1970.
 *
 * @module
 */
import type { FiringView, Hook, NoticeKind, ScheduleSpec } from "../schedule/description.ts";

/** Whether a schedule fires. One that is removed is kept for its history. */
export type ScheduleRecordState = "active" | "paused" | "ended" | "removed";

/** One schedule. */
export interface ScheduleRecord {
  readonly id: string;
  readonly spec: ScheduleSpec;
  readonly state: ScheduleRecordState;
  readonly principal: string;
  readonly createdAt: number;
  readonly changedAt?: number;
  readonly pausedAt?: number;
  /** Due times up to here have been seen to. */
  readonly through: number;
  /** The first due time after `through`. */
  readonly next?: number;
}

/** One firing. */
export interface FiringRecord extends Omit<FiringView, "schedule"> {
  /** The schedule's id. */
  readonly schedule: string;
  /** The schedule's name, as it was. */
  readonly name: string;
  /** No two firings of a schedule have the same. */
  readonly identity: string;
  /** Makes good what was missed: it waits for its turn whatever the schedule says of overlaps. */
  readonly catchUp?: boolean;
  /** By hand, and beside whatever is under way. */
  readonly force?: boolean;
  /** Of one by events: which of the schedule's triggers. */
  readonly trigger?: number;
  /** When its present attempt began. */
  readonly attemptAt?: number;
  /** Its present attempt takes too long, and is ended for that: why, in words. */
  readonly timedOut?: string;
}

/** What may be asked of firings. */
export interface FiringFilter {
  /** A schedule's id. */
  readonly schedule?: string;
  readonly states?: readonly FiringRecord["state"][];
  /** Newest first; how many at most. */
  readonly limit?: number;
  /** Only firings that are older than this one; none where it is not there any more. */
  readonly before?: string;
}

/** Whether a webhook has heard. */
export type NoticeState = "open" | "delivered" | "given-up";

/** One message to one webhook. */
export interface NoticeRecord {
  /** The same for whoever says the same twice. */
  readonly id: string;
  readonly firing: string;
  readonly kind: NoticeKind;
  readonly hook: Hook;
  readonly body: string;
  readonly state: NoticeState;
  readonly attempts: number;
  readonly notBefore: number;
  readonly createdAt: number;
  readonly endedAt?: number;
  /** Why the last attempt failed. */
  readonly reason?: string;
}

/** The tables of schedules. Reads see every write before them, durable or not. */
export interface ScheduleStore {
  /** Adds a schedule, or writes it anew. */
  setSchedule(schedule: ScheduleRecord): void;
  /** All of them, in the order in which they were made. */
  schedules(): Promise<readonly ScheduleRecord[]>;

  /** Adds a firing, unless its schedule has one of that identity; or writes it anew. */
  setFiring(firing: FiringRecord): void;
  firing(id: string): Promise<FiringRecord | undefined>;
  /** The one of an identity. */
  firingAs(schedule: string, identity: string): Promise<FiringRecord | undefined>;
  /** Newest first. */
  firings(filter?: FiringFilter): Promise<readonly FiringRecord[]>;
  /** How many there are. */
  countFirings(
    filter: Pick<FiringFilter, "schedule" | "states"> & { readonly cause?: string; readonly since?: number },
  ): Promise<number>;

  /** Adds a notice, unless there is one of that id that has ended; or writes it anew. */
  setNotice(notice: NoticeRecord): void;
  /** Those that are still to be delivered, in the order of their times; so many at most. */
  openNotices(limit: number): Promise<readonly NoticeRecord[]>;
  /** Those of a firing, oldest first. */
  notices(firing: string): Promise<readonly NoticeRecord[]>;
}
