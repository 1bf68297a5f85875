/**
 * The operation registry: everything that can be done, declared once.
 *
 * @module
 */
import type { ObjectClass } from "../object.ts";
import type { Operation } from "../operation.ts";
import * as backup from "./backup.ts";
import * as connection from "./connection.ts";
import * as domain from "./domain.ts";
import * as domainBlockJob from "./domain_block_job.ts";
import * as domainChannel from "./domain_channel.ts";
import * as domainConsole from "./domain_console.ts";
import * as domainDevice from "./domain_device.ts";
import * as domainDiagnosis from "./domain_diagnosis.ts";
import * as domainGuest from "./domain_guest.ts";
import * as domainLifeCycle from "./domain_life_cycle.ts";
import * as domainResource from "./domain_resource.ts";
import * as domainSave from "./domain_save.ts";
import * as domainStats from "./domain_stats.ts";
import * as filterBinding from "./filter_binding.ts";
import * as image from "./image.ts";
import * as hostInterface from "./interface.ts";
import * as migration from "./migration.ts";
import * as network from "./network.ts";
import * as networkFilter from "./network_filter.ts";
import * as networkPort from "./network_port.ts";
import * as nodeDevice from "./node_device.ts";
import * as plan from "./plan.ts";
import * as pool from "./pool.ts";
import * as secret from "./secret.ts";
import * as snapshot from "./snapshot.ts";
import * as volume from "./volume.ts";

/** The exports of a module that are operations, keyed by the operation's name. */
type ByName<M> = {
  readonly [
    K in keyof M as M[K] extends { readonly name: infer N extends string; readonly effect: string } ? N
      : never
  ]: M[K];
};

/** Every operation by its name. */
export interface Operations
  extends
    ByName<typeof backup>,
    ByName<typeof connection>,
    ByName<typeof domain>,
    ByName<typeof domainBlockJob>,
    ByName<typeof domainChannel>,
    ByName<typeof domainConsole>,
    ByName<typeof domainDevice>,
    ByName<typeof domainDiagnosis>,
    ByName<typeof domainGuest>,
    ByName<typeof domainLifeCycle>,
    ByName<typeof domainResource>,
    ByName<typeof domainSave>,
    ByName<typeof domainStats>,
    ByName<typeof filterBinding>,
    ByName<typeof image>,
    ByName<typeof hostInterface>,
    ByName<typeof migration>,
    ByName<typeof network>,
    ByName<typeof networkFilter>,
    ByName<typeof networkPort>,
    ByName<typeof nodeDevice>,
    ByName<typeof plan>,
    ByName<typeof pool>,
    ByName<typeof secret>,
    ByName<typeof snapshot>,
    ByName<typeof volume> {}

/** The name of an operation. */
export type OperationName = keyof Operations;

/** The operations that the handles of a class offer, by method name. */
export type OperationsOn<C extends ObjectClass> = {
  readonly [
    N in OperationName as Operations[N] extends { readonly on: C; readonly as: infer As extends string } ? As
      : never
  ]: Operations[N];
};

function isOperation(value: unknown): value is Operation {
  return typeof value === "object" && value !== null && "permission" in value && "effect" in value;
}

function collect(...modules: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, Operation> {
  const found = new Map<string, Operation>();
  for (const value of modules.flatMap((module) => Object.values(module))) {
    if (!isOperation(value)) continue;
    if (found.has(value.name)) throw new TypeError(`Operation "${value.name}" is declared twice`);
    found.set(value.name, value);
  }
  return found;
}

/** Every operation, by name. */
export const operations: ReadonlyMap<string, Operation> = collect(
  connection,
  domain,
  domainLifeCycle,
  domainSave,
  domainResource,
  domainDevice,
  domainBlockJob,
  domainConsole,
  domainChannel,
  domainDiagnosis,
  domainGuest,
  domainStats,
  migration,
  snapshot,
  backup,
  network,
  networkPort,
  plan,
  pool,
  volume,
  image,
  hostInterface,
  nodeDevice,
  secret,
  networkFilter,
  filterBinding,
);
