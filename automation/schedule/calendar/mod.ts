/**
 * Rules of time: cron, and calendar expressions as systemd has them, in the time zones of the world.
 *
 * @module
 */
export { readMoment } from "./moment.ts";
export { checkRule, describeRule, nextAfter, type PreviewedTime, previewRule, zoneOfRule } from "./rule.ts";
export { timeZoneNamed } from "./time_zone.ts";
