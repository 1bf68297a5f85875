/**
 * Schedules: their description, and what is done with them. The words stand in `runtime/schedule/`, where the control
 * socket has them too.
 *
 * @module
 */
export type {
  AddOptions,
  HistoryFilter,
  Maker,
  RunNowOptions,
  Schedules,
} from "../../runtime/schedule/contract.ts";
export {
  firing,
  firingCauses,
  type FiringState,
  firingStates,
  type FiringView,
  type Hook,
  missedPolicies,
  type NoticeKind,
  noticeKinds,
  overlaps,
  type ScheduledWork,
  scheduledWork,
  type ScheduleInput,
  scheduleName,
  type ScheduleSpec,
  scheduleSpec,
  scheduleStates,
  type ScheduleView,
  scheduleView,
  type SecretSource,
  type TimeTrigger,
  type Trigger,
  trigger,
} from "../../runtime/schedule/description.ts";
export { scheduleMethods } from "../../runtime/schedule/methods.ts";

/**
 * When a rule is due next: the first due time after an instant, both in milliseconds since 1970; `undefined` where there
 * is none. The same rule and instant have the same answer always.
 *
 * The rule is a trigger's own: `{ cron, timeZone }` or `{ calendar, timeZone }`.
 */
export type NextAfter = (rule: CalendarRule, instant: number) => number | undefined;

/** A rule of time in the words of a calendar. */
export type CalendarRule =
  | { readonly cron: string; readonly timeZone: string }
  | { readonly calendar: string; readonly timeZone: string };
