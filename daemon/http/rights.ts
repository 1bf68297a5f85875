/**
 * What a token may do beside calling operations.
 *
 * @module
 */

/** What a token may do beside calling operations. Its own runs it may always see and cancel. */
export const rights = ["observe", "run", "manage"] as const;

/**
 * A right. `observe`: see all runs, schedules, jobs, the audit log and the metrics; `run`: start recipes and make schedules;
 * `manage`: cancel, resume and abandon the runs of others, steer their schedules, cancel jobs, accept outcomes.
 */
export type Right = typeof rights[number];
