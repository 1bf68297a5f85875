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
export type {
  Domain,
  Host,
  HostInterface,
  Network,
  NodeDevice,
  Pool,
  Secret,
  Snapshot,
  Volume,
} from "./handles.ts";
export type { Handle, ObjectHandle } from "./handle.ts";
export type { CallOptions, MakeOptions, Temporary } from "./call_options.ts";
export type { DuringOptions, SnapshotEntry } from "./domain_snapshots.ts";
export type {
  DomainEvent,
  DomainEventType,
  DomainInfo,
  DomainState,
  DomainWaits,
  IpOptions,
} from "./domain_until.ts";
export type { MigrateInput, Shutdown, ShutdownOptions } from "./domain.ts";
export type { WaitOptions } from "./until.ts";
export type { Files } from "./files.ts";
export type { Log, LogFields, ProgressFunction, StepFunction } from "./log.ts";
export type { SleepFunction, SleepOptions } from "./wait.ts";
export type { HostsContext, RecipeDefinition, RunContext, RunTools } from "./recipe.ts";
export { Lease } from "./lease.ts";
export { Fleet, type ForEachOptions, type RollingOptions } from "./fleet.ts";
export { type Failure, FleetError, type FleetReport } from "./fleet_error.ts";
export type { Amount } from "./amount.ts";
