/**
 * What recipes are written with, inside and outside the sandbox.
 *
 * @module
 */
export { z } from "zod";
export { type ErrorCode, isVirtError, type SourcePlace, VirtError } from "../model/error.ts";
export { ObjectChanged, OutcomeUnknown } from "./error.ts";
export { type Duration, duration, durationText } from "./duration.ts";
export { Recipe, recipe } from "./recipe.ts";
export type { Domain, Host, Network, Pool, Snapshot, Volume } from "./handles.ts";
export { Lease } from "./lease.ts";
export { Fleet, type ForEachOptions, type RollingOptions } from "./fleet.ts";
export { type Failure, FleetError, type FleetReport } from "./fleet_error.ts";
export type { Amount } from "./amount.ts";
