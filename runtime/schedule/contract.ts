/**
 * Schedules, as the kernel's callers use them. What fulfils the contract is in `automation/schedule/`.
 *
 * @module
 */
import type { FiringState, FiringView, ScheduleInput, ScheduleView } from "./description.ts";

/** Who asks. */
export interface Maker {
  /** On whose behalf: `uid:1000`. A schedule's runs act for who made it. */
  readonly principal: string;
}

/** How a schedule is added. */
export interface AddOptions extends Maker {
  /** Takes the place of the one of that name: it keeps its history, and counts its times from now. @default false */
  readonly replace?: boolean;
}

/** How a schedule is fired by hand. */
export interface RunNowOptions extends Maker {
  /** Whoever asks twice with the same key finds the firing that there is. @default each asking is its own */
  readonly key?: string;
  /** Also where another firing is under way and the schedule allows one at a time. @default false */
  readonly force?: boolean;
}

/** Which firings to list. */
export interface HistoryFilter {
  /** A schedule's name. @default those of all */
  readonly schedule?: string;
  readonly states?: readonly FiringState[];
  /** Newest first; how many at most. @default 100 */
  readonly limit?: number;
  /** Only firings older than this one. */
  readonly before?: string;
}

/** The schedules of a state directory. */
export interface Schedules {
  /** Whether this kernel fires them; else they wait until `drover daemon` serves the state directory. */
  readonly served: boolean;
  /**
   * Makes a schedule. What it runs, its times and its grants are checked now.
   *
   * @throws {VirtError} `invalid-argument`; `not-found` where what it runs is not there; `already-exists`.
   */
  add(spec: ScheduleInput, options: AddOptions): Promise<ScheduleView>;
  /** By name. */
  list(): Promise<readonly ScheduleView[]>;
  /** @throws {VirtError} `not-found` */
  show(name: string): Promise<ScheduleView>;
  /**
   * Nothing of it begins any more; what runs goes on. Pausing what is paused changes nothing.
   *
   * @throws {VirtError} `not-found`
   */
  pause(name: string, maker: Maker): Promise<ScheduleView>;
  /**
   * It fires again, from now on; due times meanwhile are on record as skipped.
   *
   * @throws {VirtError} `not-found`
   */
  resume(name: string, maker: Maker): Promise<ScheduleView>;
  /**
   * Takes a schedule away; what runs goes on to its end, its history stays for a while.
   *
   * @throws {VirtError} `not-found`
   */
  remove(name: string, maker: Maker): Promise<ScheduleView>;
  /**
   * Fires it now, also where it is paused.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where it is under way and one at a time is allowed.
   */
  runNow(name: string, options: RunNowOptions): Promise<FiringView>;
  /**
   * What became of its firings, newest first.
   *
   * @throws {VirtError} `not-found` where there is, and was, no such schedule.
   */
  history(filter?: HistoryFilter): Promise<readonly FiringView[]>;
  /**
   * One firing.
   *
   * @throws {VirtError} `not-found`
   */
  firing(id: string): Promise<FiringView>;
  /**
   * Fires anew what failed, was missed or was skipped, with the same events; a dead letter is one no more.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where it is under way, was done, or its schedule is gone.
   */
  again(firing: string, maker: Maker): Promise<FiringView>;
  /**
   * Takes a dead letter off the list; it stays in the history as failed.
   *
   * @throws {VirtError} `not-found`; `wrong-state` where it is none.
   */
  drop(firing: string, maker: Maker): Promise<FiringView>;
  /** Its next due times after now, as many as asked for; fewer where it ends. Jitter is not in them. */
  upcoming(name: string, count: number): Promise<readonly number[]>;
}
