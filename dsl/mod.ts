/**
 * What recipes are written with, inside and outside the sandbox.
 *
 * @module
 */
export { z } from "zod";
export {
  type ErrorCode,
  isVirtError,
  type SourcePlace,
  VirtError,
  type VirtErrorOptions,
} from "../model/error.ts";
export type { ExitCode } from "../model/exit_code.ts";
export type { ObjectClass, ObjectRef } from "../model/object.ts";
export type { SecretDeclaration, SecretHandle } from "../model/secret.ts";
export type { OperationName } from "../model/operations/mod.ts";
export type {
  AnswerOf,
  Given,
  GivenTo,
  Made,
  MakingMethod,
  Method,
  MethodFor,
  MethodsOf,
  MethodWithInput,
  Received,
} from "./method.ts";
export type { Need, Needs } from "./need.ts";
export { ObjectChanged, OutcomeUnknown } from "./error.ts";
export { type Duration, duration, durationText } from "./duration.ts";
export { Recipe, recipe } from "./recipe.ts";
export { OpaqueSecret, type SecretNames, type SecretsFor } from "./opaque_secret.ts";
export type {
  Domain,
  Filter,
  FilterBinding,
  Host,
  HostInterface,
  Network,
  NetworkPort,
  NodeDevice,
  Pool,
  Secret,
  Snapshot,
  Volume,
} from "./handles.ts";
export type { Handle, ObjectHandle } from "./handle.ts";
export type { DomainHandle, MigrateInput, Shutdown, ShutdownOptions } from "./domain.ts";
export type { DomainAgent, ExecOptions, ExecResult, Frozen, GuestInfo } from "./agent.ts";
export type { Task } from "./task.ts";
export type {
  ConsoleDevice,
  ConsoleGaps,
  ConsoleMatch,
  ConsoleOpenOptions,
  DomainConsole,
  Pattern,
  SendOptions,
} from "./console.ts";
export type { HostHandle, TemporaryMakers } from "./host.ts";
export type { DownloadOptions, Transferred, UploadOptions, VolumeHandle } from "./volume.ts";
export {
  cloudInit,
  type CloudInitOptions,
  ignition,
  type Reading,
  type Seed,
  type SeedDocument,
} from "./first_boot/seed.ts";
export type { ImageOptions } from "./image/image_source.ts";
export type { ImageVolume } from "./image/image_volume.ts";
export type { SeedVolume } from "./first_boot/seed_volume.ts";
export type { PoolHandle, TemporaryVolumes } from "./pool.ts";
export type { CallOptions, CallProgress, MakeOptions, Temporary } from "./call_options.ts";
export type { DomainSnapshots, DuringOptions, SnapshotEntry } from "./domain_snapshots.ts";
export type {
  DomainEvent,
  DomainEventType,
  DomainInfo,
  DomainState,
  DomainWaits,
  IpOptions,
} from "./domain_until.ts";
export type { CloudInitStatus } from "./cloud_init.ts";
export type { WaitOptions } from "./until.ts";
export type { Files } from "./files.ts";
export type { Log, LogFields, ProgressFunction, StepFunction } from "./log.ts";
export type { SleepFunction, SleepOptions } from "./wait.ts";
export type {
  AnyHostsContext,
  ContextFor,
  HostNames,
  HostsContext,
  NoInput,
  NoSecrets,
  RecipeDefinition,
  RunContext,
  RunTools,
  SecretsContext,
  UnreachableHost,
} from "./recipe.ts";
export {
  type Desired,
  domain,
  network,
  pool,
  secret,
  type SecretValue,
  snapshot,
  volume,
} from "./ensure/desired.ts";
export type { Ensured } from "./ensure/ensure.ts";
export type { ApplyOptions } from "./ensure/apply.ts";
export { Plan } from "./ensure/plan.ts";
export type {
  DesiredBacking,
  DesiredByKind,
  DesiredDhcpHost,
  DesiredDisk,
  DesiredDomain,
  DesiredInterface,
  DesiredKernel,
  DesiredKind,
  DesiredNetwork,
  DesiredPool,
  DesiredSecret,
  DesiredSnapshot,
  DesiredVolume,
  DesiredVolumeSource,
  SizeText,
} from "../model/desired/mod.ts";
export type {
  Change,
  ChangeEffect,
  Pending,
  PlanAction,
  PlanData,
  PlannedCall,
  PlanStep,
  StepTarget,
} from "../model/plan.ts";
export { Lease } from "./lease.ts";
export { Fleet, type ForEachOptions, type StatsChoice } from "./fleet.ts";
export { type Apart, type ApartRule, labelsOf } from "./fleet/apart.ts";
export { batchesOf, type BatchesOptions } from "./fleet/batches.ts";
export type { Drain, TurnOutcome } from "./fleet/drain.ts";
export { emptied, type EmptiedOptions } from "./fleet/emptied.ts";
export {
  Evacuation,
  type EvacuationOptions,
  type MoveOptions,
  type PlacementOptions,
  planEvacuation,
  type PlannedMove,
  type Staying,
} from "./fleet/evacuation.ts";
export { FleetError } from "./fleet/fleet_error.ts";
export { type ListedMember, type MemberList, memberList } from "./fleet/only.ts";
export {
  type Failure,
  type FleetReport,
  type MemberFailure,
  type MemberName,
  type ResumeList,
  resumeList,
  type TurnPart,
} from "./fleet/report.ts";
export type { Rolling, RollingOptions, RollingProgress } from "./fleet/rolling.ts";
export type { Amount } from "./amount.ts";
