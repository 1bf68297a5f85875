/**
 * Moving domains to other hosts.
 *
 * Peer to peer and tunnelled, the source's libvirtd does it all in one call. Direct, Drover steers both, in libvirt's five
 * phases; the fourth one decides:
 *
 * 1. `begin` here: the domain is kept from changes that would be lost.
 * 2. `prepare` there: a guest waits, and does not run.
 * 3. `perform` here: its memory is sent; when that has ended the guest here stands still.
 * 4. `finish` there: it runs there from then on.
 * 5. `confirm` here: the guest that stands still ends.
 *
 * Each phase that fails is followed by those that take back what was begun. Where the answer of one is lost neither side is
 * touched before both have been looked at; that is in `migration_settlement.ts`.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { DriverMap, Reconciled } from "../../runtime/driver.ts";
import type { In } from "../operation_types.ts";
import { act, type ActOptions, actTogether, ask } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { domainNamed, domOf } from "./domain.ts";
import { Line } from "./line.ts";
import { actLong, never } from "./long_act.ts";
import { asMigration, type MigrationJob } from "./migration_job.ts";
import {
  destinationFlags,
  destinationUri,
  keepsDefinition,
  migrateFlags,
  migrationParameters,
  type MigrationPlan,
  migrationPlan,
} from "./migration_plan.ts";
import { migrationSettings } from "./migration_settings.ts";
import { arrived, endHere, settle } from "./migration_settlement.ts";
import { lookFrom } from "./migration_standing.ts";
import type { Identity, RemoteJob } from "./object.ts";
import { isDoubt, wrongState } from "./refusal.ts";

type Migrate = In<"domain.migrate">;

/** What a hypervisor can do. Source: libvirt, VIR_DRV_FEATURE_*. */
const features = { changeProtection: 7, offline: 12, parameters: 13 } as const;

/** Source: libvirt, virDomainState. */
const pausedState = 3;

async function supports(job: RemoteJob, feature: number): Promise<boolean> {
  return (await ask(job, "connectSupportsFeature", { feature })).supported === 1;
}

/** @throws {VirtError} where the domain, or the other host, is not fit for it. */
async function check(job: MigrationJob, input: Migrate): Promise<void> {
  const { object } = job;
  const doing = "migrate";
  if (
    job.connection.host === job.peer.connection.host && job.connection.driver === job.peer.connection.driver
  ) {
    throw new VirtError(
      "invalid-argument",
      `Cannot migrate ${object.label}: both connections lead to the same host`,
      { target: object.label },
    );
  }
  if (input.offline === (object.live !== undefined)) {
    throw wrongState(object, {
      doing,
      found: input.offline ? "it is running, so it cannot go offline" : "it is not running",
      hint: input.offline ? "Migrate it live" : "Move its definition alone: offline",
    });
  }
  if (input.offline && !keepsDefinition(object, input)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot migrate ${object.label} offline without keeping its definition there`,
      { target: object.label },
    );
  }
  if (!await supports(job, features.parameters) || !await supports(job.peer, features.parameters)) {
    throw new VirtError("unsupported", `Cannot migrate ${object.label}: one of the hosts does not know how`, {
      target: object.label,
    });
  }
  const there = await lookFrom(job.peer, object);
  if (input.resumePostCopy) {
    if (there.is === "split" && there.failed) return;
    throw wrongState(object, { doing, found: "none of it waits on the other host for the rest" });
  }
  if (there.is !== "absent" && there.is !== "off") {
    throw wrongState(object, { doing, found: "it runs on the other host" });
  }
}

async function migrate(job: MigrationJob, input: Migrate): Promise<ObjectRef<"domain">> {
  await check(job, input);
  const { object } = job;
  const dom = domOf(job);
  job.allow(["query", "suspend", "abort", "migration-op"]);
  if (input.maxDowntimeMs !== undefined && object.live !== undefined) {
    const downtime = BigInt(input.maxDowntimeMs);
    await act(job, "domainMigrateSetMaxDowntime", { dom, downtime, flags: 0 }, { doing: "migrate" });
  }
  if (input.via === "direct") await migrateDirect(job, input);
  else await migrateByPeers(job, input);
  return await arrived(job);
}

/** The source's libvirtd does it all. What it says of a failure is not believed before both sides were looked at. */
async function migrateByPeers(job: MigrationJob, input: Migrate): Promise<void> {
  const { object } = job;
  const { flags, parameters } = migrationPlan(object, input);
  const args = {
    dom: domOf(job),
    dconnuri: destinationUri(object, { input, there: connectionOf(job.peer) }),
    params: migrationParameters(parameters),
    cookieIn: nothing,
    flags,
  };
  await actLong(
    job,
    "migrate",
    (line) => line.call("domainMigratePerform3Params", args).catch(withDoubt),
    { doing: "migrate", hint: hintOf, offline: true },
  );
}

/** Two hosts whose link to each other broke may have done it although they say that it has failed. */
function withDoubt(error: unknown): never {
  if (!isVirtError(error) || error.remoteCode === undefined) throw error;
  throw new VirtError(error.code, error.message, {
    remoteCode: error.remoteCode,
    detail: { mayHaveActed: true },
    cause: error,
  });
}

const nothing = new Uint8Array();

/** Hypervisors refuse what may damage disks. */
function hintOf({ remoteCode }: VirtError): string | undefined {
  return remoteCode === "VIR_ERR_MIGRATE_UNSAFE"
    ? "Let its disks be cached by nobody, cache='none', or say that it is safe all the same: unsafe"
    : undefined;
}

/** The two ends of a migration that Drover steers: libvirt gives up a migration whose connection ends. */
interface Ends {
  readonly source: RpcConnection;
  readonly target: RpcConnection;
}

/** What goes from phase to phase. */
interface Voyage {
  readonly ends: Ends;
  readonly plan: MigrationPlan;
  readonly input: Migrate;
  readonly identity: Identity;
}

async function migrateDirect(job: MigrationJob, input: Migrate): Promise<void> {
  const { object } = job;
  await using source = await connect(job);
  await using target = await connect(job.peer);
  const protectedFlag = await supports(job, features.changeProtection) ? migrateFlags.changeProtection : 0;
  const plan = migrationPlan(object, input);
  const flags = plan.flags | protectedFlag;
  const identity = domainNamed({ name: object.name, uuid: object.id });
  await steer(job, { ends: { source, target }, plan: { ...plan, flags }, input, identity });
}

/** A connection for all phases. */
async function connect(job: RemoteJob): Promise<RpcConnection> {
  return await job.hop("connect", (signal) => connectionOf(job).apart(signal), {
    acts: false,
    offline: true,
  });
}

/** A phase on one of the two ends. It is brought to its end: a phase that is left half is worse than one too many. */
function phase<T>(
  job: RemoteJob,
  where: string,
  deed: (line: Line) => Promise<T>,
  { rpc, ...options }: ActOptions<T> & { readonly rpc: RpcConnection },
): Promise<T> {
  return actTogether(
    job,
    where,
    (line) => deed(new Line(rpc, { signal: never, askedAt: line.askedAt })),
    { doing: "migrate", ...options },
  );
}

/** Leads a migration through its phases. */
async function steer(job: MigrationJob, voyage: Voyage): Promise<void> {
  const { ends, input } = voyage;
  const dom = domOf(job);
  const { parameters } = voyage.plan;
  const begun = await phase(job, "begin", async (line) => {
    const params = migrationParameters(parameters);
    const { flags } = voyage.plan;
    const begun = await line.call("domainMigrateBegin3Params", { dom, params, flags });
    // Whoever suspended it just before wants it to stay so.
    const { state } = await line.call("domainGetState", { dom, flags: 0 });
    return { ...begun, paused: state === pausedState && !input.offline && !input.resumePostCopy };
  }, { rpc: ends.source, hint: hintOf });
  const flags = voyage.plan.flags | (begun.paused ? migrateFlags.paused : 0);
  const known = {
    ...voyage,
    plan: {
      flags,
      parameters: { ...parameters, destination_xml: begun.xml, destination_name: job.object.name },
    },
  };
  const prepared = await prepare(job, known, begun.cookieOut);
  const going = {
    ...known,
    plan: {
      flags,
      parameters: { ...known.plan.parameters, migrate_uri: prepared.uriOut ?? input.migrateUri },
    },
  };
  const sent = input.offline ? nothing : await perform(job, going, prepared.cookieOut);
  // From here on the guest's state is this job's alone.
  job.allow(["query"]);
  const finished = await finish(job, going, sent);
  await confirm(job, going, finished);
}

async function prepare(
  job: MigrationJob,
  voyage: Voyage,
  cookieIn: Uint8Array,
): Promise<{ readonly cookieOut: Uint8Array; readonly uriOut: string | undefined }> {
  const { ends, plan, identity, input } = voyage;
  const params = migrationParameters(plan.parameters);
  const flags = destinationFlags(plan.flags);
  try {
    job.signal.throwIfAborted();
    const prepared = await phase(
      job.peer,
      "prepare",
      (line) => line.call("domainMigratePrepare3Params", { params, cookieIn, flags }),
      { rpc: ends.target, also: () => [identity], target: job.object, offline: true },
    );
    if (prepared.uriOut === undefined && input.migrateUri === undefined && !input.offline) {
      await cancelThere(job, voyage);
      throw new VirtError(
        "protocol",
        `Cannot migrate ${job.object.label}: the other host did not say where to`,
      );
    }
    return prepared;
  } catch (error) {
    if (!isDoubt(error)) await cancelHere(job, voyage);
    throw error;
  }
}

async function perform(job: MigrationJob, voyage: Voyage, cookieIn: Uint8Array): Promise<Uint8Array> {
  const { ends, plan } = voyage;
  const params = migrationParameters(plan.parameters);
  const dom = domOf(job);
  try {
    job.signal.throwIfAborted();
  } catch (error) {
    await cancelThere(job, voyage);
    await cancelHere(job, voyage);
    throw error;
  }
  try {
    const { cookieOut } = await actLong(
      job,
      "perform",
      (line) =>
        line.call("domainMigratePerform3Params", {
          dom,
          dconnuri: undefined,
          params,
          cookieIn,
          flags: plan.flags,
        }),
      { on: ends.source, doing: "migrate", offline: true, hint: hintOf },
    );
    return cookieOut;
  } catch (error) {
    // The source has given up by itself; where nobody knows, the other side is not touched before both were looked at.
    if (!isDoubt(error)) await cancelThere(job, voyage);
    throw error;
  }
}

async function finish(job: MigrationJob, voyage: Voyage, cookieIn: Uint8Array): Promise<Uint8Array> {
  const { ends, plan, identity } = voyage;
  const params = migrationParameters(plan.parameters);
  const flags = destinationFlags(plan.flags);
  try {
    const { cookieOut } = await phase(
      job.peer,
      "finish",
      (line) => line.call("domainMigrateFinish3Params", { params, cookieIn, flags, cancelled: 0 }),
      // A cancel comes too late for a guest that has been sent: the shortest way out is forward.
      {
        rpc: ends.target,
        also: () => [identity],
        target: job.object,
        offline: true,
        givesBack: true,
        acts: true,
      },
    );
    return cookieOut;
  } catch (error) {
    if (!isDoubt(error)) await cancelHere(job, voyage);
    throw error;
  }
}

/** It runs there: the migration has succeeded, whatever happens here. */
async function confirm(job: MigrationJob, voyage: Voyage, cookieIn: Uint8Array): Promise<void> {
  const { ends, plan, input } = voyage;
  const params = migrationParameters(plan.parameters);
  const dom = domOf(job);
  try {
    await phase(
      job,
      "confirm",
      (line) =>
        line.call("domainMigrateConfirm3Params", { dom, params, cookieIn, flags: plan.flags, cancelled: 0 }),
      { rpc: ends.source, offline: true, givesBack: true },
    );
  } catch (error) {
    if (isDoubt(error)) throw error;
    await endHere(job, input);
  }
}

/** Drops the guest that waits there. The error that led here is the one that counts. */
async function cancelThere(job: MigrationJob, { ends, plan, identity }: Voyage): Promise<void> {
  const params = migrationParameters(plan.parameters);
  const flags = destinationFlags(plan.flags);
  await quietly(job, (job) =>
    phase(
      job.peer,
      "cancel there",
      (line) => line.call("domainMigrateFinish3Params", { params, cookieIn: nothing, flags, cancelled: 1 }),
      { rpc: ends.target, also: () => [identity], target: job.object, offline: true, givesBack: true },
    ));
}

/** Has the source go on. The error that led here is the one that counts. */
async function cancelHere(job: MigrationJob, { ends, plan }: Voyage): Promise<void> {
  const params = migrationParameters(plan.parameters);
  const dom = domOf(job);
  await quietly(job, (job) =>
    phase(
      job,
      "cancel here",
      (line) =>
        line.call("domainMigrateConfirm3Params", {
          dom,
          params,
          cookieIn: nothing,
          flags: plan.flags,
          cancelled: 1,
        }),
      { rpc: ends.source, offline: true, givesBack: true },
    ));
}

/** A finish that is told of a cancel always answers with an error; and what stays behind a broken link is found later. */
async function quietly(job: MigrationJob, deed: (job: MigrationJob) => Promise<unknown>): Promise<void> {
  try {
    await deed(job);
  } catch {
    // See above.
  }
}

async function conclude(
  job: MigrationJob,
  input: Migrate,
): Promise<Reconciled<ObjectRef<"domain">>> {
  const verdict = await settle(job, input);
  if (verdict === true) return { kind: "done", value: await arrived(job) };
  return verdict === false ? { kind: "not-done" } : { kind: "unknown", reason: verdict.unknown };
}

export const migration = {
  "domain.migrate": {
    run: (job: RemoteJob, input) => migrate(asMigration(job), input),
    reconcile: (job: RemoteJob, input) => conclude(asMigration(job), input),
  },
  ...migrationSettings,
} satisfies DriverMap;
