/**
 * Storage pools.
 *
 * While a pool starts or is built its definition stands still: a redefinition waits until that has ended, well or badly,
 * and whatever would take the pool apart is refused.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverMap, Implementation, Job } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act, undo } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import {
  checkedDefinition,
  lookUp,
  needPersistent,
  needRunning,
  readDefined,
  refTo,
  refuseRunning,
} from "./defined_object.ts";
import { poolTarget } from "../definition.ts";
import { notFound, wrongState } from "./domain.ts";
import type { Facts, LiveOf, TestJob, TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { findSources, poolType, poolXml } from "./pool_definition.ts";
import { byState } from "./reconcile.ts";
import type { VolumeRecord } from "./world/record.ts";

type PoolJob = TestJob<"pool">;
type PoolObject = TestObject<"pool">;
type Entry = Out<"pool.list">[number];

/** The volumes of a pool. */
export function volumesOf(job: Job, pool: string): readonly VolumeRecord[] {
  return [...connectionOf(job).table.all("volume")].filter(({ parent }) => parent === pool).map(({ facts }) =>
    facts.record
  );
}

/** A pool's sizes, in bytes. */
export function sizesOf(
  job: Job,
  pool: PoolObject,
): { capacity: number; allocation: number; available: number } {
  const { capacity } = pool.facts.record;
  const allocation = volumesOf(job, pool.id).reduce((sum, volume) => sum + volume.allocation, 0);
  return { capacity, allocation, available: capacity - allocation };
}

function stateOf({ phase }: PoolObject): Entry["state"] {
  return phase === "active" ? "running" : phase === "starting" ? "building" : "inactive";
}

function entryOf(job: Job, pool: PoolObject): Entry {
  return {
    pool: job.ref(pool, "pool"),
    state: stateOf(pool),
    persistent: pool.persistent,
    autostart: pool.facts.record.autostart,
  };
}

function list(job: Job, input: In<"pool.list">): Entry[] {
  const glob = input.name === undefined ? undefined : Glob.parse(input.name);
  const entries: Entry[] = [];
  for (const pool of connectionOf(job).table.all("pool")) {
    if (glob !== undefined && !glob.matches(pool.name)) continue;
    if (input.active !== undefined && input.active !== (pool.live !== undefined)) continue;
    if (input.persistent !== undefined && input.persistent !== pool.persistent) continue;
    if (input.autostart !== undefined && input.autostart !== pool.facts.record.autostart) continue;
    if (input.type !== undefined && input.type !== poolType(pool.config)) continue;
    entries.push(entryOf(job, pool));
  }
  return entries;
}

function find(job: Job, { name }: In<"pool.lookup">): ObjectRef<"pool"> {
  const { table } = connectionOf(job);
  const pool = lookUp(job, "pool", name) ??
    (name.startsWith("/")
      ? [...table.all("pool")].find(({ config }) => poolTarget(config) === name)
      : undefined);
  if (pool === undefined) throw notFound("storage pool", name);
  return job.ref(pool, "pool");
}

/** A definition that may be written: no other pool is at its target. */
function checked(
  job: Job,
  input: { readonly xml: string; readonly basedOn?: string | undefined },
): ReturnType<typeof checkedDefinition> {
  const definition = checkedDefinition(job, "pool", input);
  const target = poolTarget(definition.xml);
  for (const other of connectionOf(job).table.all("pool")) {
    if (target !== undefined && other.id !== definition.uuid && poolTarget(other.config) === target) {
      throw new VirtError(
        "already-exists",
        `Cannot define storage pool "${definition.name}": ${other.label} is at "${target}"`,
        { target: other.label },
      );
    }
  }
  return definition;
}

async function define(job: Job, input: In<"pool.define">): Promise<ObjectRef<"pool">> {
  const { uuid, name, xml, expected } = checked(job, input);
  await act(job, "pool.write-definition", {
    input: { id: uuid, name, xml, ...(expected === undefined ? {} : { expected }) },
  });
  return refTo(job, "pool", { id: uuid, name });
}

async function create(job: Job, { xml, build }: In<"pool.create">): Promise<ObjectRef<"pool">> {
  const { uuid: id, name, xml: text } = checked(job, { xml });
  const present = connectionOf(job).table.byId("pool", id);
  present?.refuseWhileStarting("create");
  if (present?.live !== undefined) {
    throw wrongState(present, { doing: "create", found: "it is already active" });
  }
  if (build) await act(job, "pool.build", { input: { id, name } });
  try {
    await act(job, "pool.start", { input: { id, name, xml: text } });
  } catch (error) {
    // A transient pool that does not start is no more, and neither is what was built for it.
    if (build && present === undefined && connectionOf(job).table.byId("pool", id)?.live === undefined) {
      await undo(job, "pool.remove-definition", { input: { id }, because: error });
    }
    throw error;
  }
  return refTo(job, "pool", { id, name });
}

/** Lets others read and redefine meanwhile; what they may not do they are told at once. */
async function whileStarting(job: PoolJob, run: (job: PoolJob) => Promise<void>): Promise<void> {
  const { object } = job;
  object.begin();
  job.allow(["query", "modify"]);
  try {
    await run(job);
  } finally {
    if (object.phase === "starting") object.goDown();
  }
}

async function build(job: PoolJob, { overwrite }: In<"pool.build">): Promise<Nothing> {
  const { object } = job;
  refuseRunning(object, "build");
  const { id, name } = object;
  const { built } = object.facts.record;
  await whileStarting(
    job,
    (job) =>
      act(job, "pool.build", { input: { id, name, ...(overwrite === undefined ? {} : { overwrite }) } }),
  );
  // Also where it was built before, so that its record has not changed.
  if (built) job.emit("created");
  return {};
}

async function start(job: PoolJob, input: In<"pool.start">): Promise<Nothing> {
  const { object } = job;
  refuseRunning(object, "start");
  const { id, name, config } = object;
  await whileStarting(job, async (job) => {
    if (input.build) await act(job, "pool.build", { input: { id, name } });
    await act(job, "pool.start", { input: { id, name, xml: config } });
    try {
      await act(job, "pool.scan", { input: { id } });
    } catch (error) {
      if (object.live !== undefined) await undo(job, "pool.stop", { input: { id }, because: error });
      throw error;
    }
  });
  return {};
}

async function destroy(job: PoolJob): Promise<Nothing> {
  needRunning(job.object, "stop");
  await act(job, "pool.stop", { input: { id: job.object.id } });
  return {};
}

async function demolish(job: PoolJob): Promise<Nothing> {
  const { object } = job;
  refuseRunning(object, "delete");
  const { built } = object.facts.record;
  await act(job, "pool.demolish", { input: { id: object.id } });
  if (!built) job.emit("deleted");
  return {};
}

async function undefine(job: PoolJob): Promise<Nothing> {
  refuseRunning(job.object, "undefine");
  await act(job, "pool.remove-definition", { input: { id: job.object.id } });
  return {};
}

async function discard(job: PoolJob): Promise<Nothing> {
  const { object } = job;
  object.refuseWhileStarting("discard");
  const { id } = object;
  if (object.live !== undefined) await act(job, "pool.stop", { input: { id } });
  if (object.phase === "inactive" && object.persistent) {
    await act(job, "pool.remove-definition", { input: { id } });
  }
  return {};
}

async function refresh(job: PoolJob): Promise<Nothing> {
  needRunning(job.object, "refresh");
  await act(job, "pool.scan", { input: { id: job.object.id } });
  job.emit("refreshed");
  return {};
}

async function setAutostart(job: PoolJob, { autostart }: In<"pool.setAutostart">): Promise<Nothing> {
  const { object } = job;
  needPersistent(object, "change the autostart of");
  if (object.facts.record.autostart !== autostart) {
    await act(job, "pool.set-autostart", { input: { id: object.id, autostart } });
  }
  return {};
}

function info(job: PoolJob): Out<"pool.info"> {
  const { object } = job;
  const { capacity, allocation, available } = sizesOf(job, object);
  const path = poolTarget(object.config);
  return {
    ...entryOf(job, object),
    type: poolType(object.config),
    ...(path === undefined ? {} : { path }),
    capacityBytes: capacity,
    allocationBytes: allocation,
    availableBytes: available,
    volumes: volumesOf(job, object.id).length,
  };
}

/** Operations whose outcome shows in the pool, and that answer nothing. */
type Plain =
  | "pool.start"
  | "pool.build"
  | "pool.destroy"
  | "pool.delete"
  | "pool.undefine"
  | "pool.discard"
  | "pool.refresh"
  | "pool.setAutostart";

function settled<N extends Plain>(
  done: (job: PoolJob, input: In<N>) => boolean,
): NonNullable<Implementation<N>["reconcile"]> {
  return byState<N, LiveOf<"pool">, Facts<"pool">>({ done, value: () => ({}) as Out<N> });
}

export const pools = {
  "pool.list": { run: (job, input) => Promise.try(list, job, input) },
  "pool.lookup": { run: (job, input) => Promise.try(find, job, input) },
  "pool.define": {
    run: define,
    about: (connection, { xml }) => claimDefinition(connection, "pool", xml),
    reconcile: byState<"pool.define", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "pool", id: readDefined(job, "pool", xml).uuid }],
      done: (job, { xml }) => {
        const { uuid, xml: text } = readDefined(job, "pool", xml);
        return connectionOf(job).table.byId("pool", uuid)?.persistentConfig === text;
      },
      value: (job, { xml }) => {
        const { uuid, name } = readDefined(job, "pool", xml);
        return refTo(job, "pool", { id: uuid, name });
      },
    }),
  },
  "pool.create": {
    run: create,
    about: (connection, { xml }) => claimDefinition(connection, "pool", xml),
    reconcile: byState<"pool.create", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "pool", id: readDefined(job, "pool", xml).uuid }],
      done: (job, { xml }) =>
        connectionOf(job).table.byId("pool", readDefined(job, "pool", xml).uuid)?.live !== undefined,
      value: (job, { xml }) => {
        const { uuid, name } = readDefined(job, "pool", xml);
        return refTo(job, "pool", { id: uuid, name });
      },
      giveBack: async (job, { xml }) => {
        const { uuid } = readDefined(job, "pool", xml);
        const pool = connectionOf(job).table.byId("pool", uuid);
        if (pool === undefined || pool.persistent) return;
        await act(job, "pool.remove-definition", { input: { id: uuid }, offline: true });
      },
    }),
  },
  "pool.build": { run: build, reconcile: settled<"pool.build">(({ object }) => object.facts.record.built) },
  "pool.start": { run: start, reconcile: settled<"pool.start">(({ object }) => object.live !== undefined) },
  "pool.destroy": {
    run: destroy,
    reconcile: settled<"pool.destroy">(({ object }) => object.live === undefined),
  },
  "pool.delete": {
    run: demolish,
    reconcile: settled<"pool.delete">(({ object }) => !object.facts.record.built),
  },
  "pool.undefine": {
    run: undefine,
    reconcile: settled<"pool.undefine">(({ object }) => object.phase === "removed" || !object.persistent),
  },
  "pool.discard": {
    run: discard,
    reconcile: settled<"pool.discard">(({ object }) => object.phase === "removed"),
  },
  // Reading twice does no harm, so one that may not have happened counts as not done.
  "pool.refresh": { run: refresh, reconcile: settled<"pool.refresh">(() => false) },
  "pool.xml": {
    run: (job: PoolJob, { inactive }) =>
      Promise.try(() => {
        const { object } = job;
        return inactive ? object.persistentConfig : poolXml(object.config, sizesOf(job, object));
      }),
  },
  "pool.info": { run: (job) => Promise.try(info, job) },
  "pool.setAutostart": {
    run: setAutostart,
    reconcile: settled<"pool.setAutostart">(({ object }, { autostart }) =>
      object.facts.record.autostart === autostart
    ),
  },
  "pool.findSources": { run: (_job, input) => Promise.try(findSources, input) },
} satisfies DriverMap;
