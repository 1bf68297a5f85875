/**
 * Short names for what operations take and answer.
 *
 * @module
 */
export type { In, Nothing, Out } from "../operation_types.ts";
