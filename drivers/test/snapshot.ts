/**
 * Snapshots of domains.
 *
 * What is outside goes first: a snapshot's data is dropped from each image, then its metadata file is removed, and only
 * then does the tree in memory change. A delete that fails leaves name, tree and counts as they were, and can be tried
 * again.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Job, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { act, undo } from "./act.ts";
import { type Activity, asActivity } from "./activity.ts";
import { claimParent } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { withoutSecrets } from "./documents.ts";
import {
  type DomainJob,
  type DomainObject,
  type DomainStatus,
  notFound,
  stateOf,
  statusOf,
  wrongState,
} from "./domain.ts";
import type { TestObject } from "./object.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState, refresh } from "./reconcile.ts";
import { readSnapshot, type SnapshotRequest, snapshotXml } from "./snapshot_definition.ts";
import type { SnapshotRecord } from "./world/record.ts";

type SnapshotObject = TestObject<"snapshot">;
type Entry = Out<"snapshot.info">;

/** The snapshot that a call was made on; the job is on its domain. */
function targetOf(job: Job): SnapshotObject {
  const { target, object } = job;
  const snapshot = target ?? object;
  const found = snapshot.parent === undefined
    ? undefined
    : connectionOf(job).table.byId("snapshot", snapshot.id, snapshot.parent);
  if (found === undefined) throw notFound("domain snapshot", snapshot.name);
  return found;
}

/** The domain of a snapshot. */
function domainOf(job: Job, snapshot: SnapshotObject): DomainObject {
  const domain = connectionOf(job).table.byId("domain", snapshot.parent ?? "");
  if (domain === undefined) throw notFound("domain", snapshot.parent ?? "");
  return domain;
}

const states: readonly Entry["state"][] = [
  "running",
  "paused",
  "shutoff",
  "crashed",
  "blocked",
  "pmsuspended",
  "disk-snapshot",
];

function locationOf({ memory, disks }: SnapshotRecord): Entry["location"] {
  const places = [memory, ...disks.map(({ snapshot }) => snapshot)];
  if (places.includes("external")) return "external";
  return places.includes("internal") ? "internal" : "none";
}

function entryOf(job: Job, { snapshot, domain }: { snapshot: SnapshotObject; domain: DomainObject }): Entry {
  const { record } = snapshot.facts;
  const tree = connectionOf(job).table.snapshots(domain.id);
  return {
    snapshot: job.ref(snapshot, "snapshot"),
    state: states.find((state) => state === record.state) ?? "shutoff",
    ...(record.parent === undefined ? {} : { parent: record.parent }),
    children: tree.childrenOf(record.name).length,
    current: domain.facts.record.currentSnapshot === record.name,
    createdAt: record.createdS * 1000,
    ...(record.description === undefined ? {} : { description: record.description }),
    location: locationOf(record),
  };
}

/** The snapshots of a domain by their names. */
function entriesOf(job: Job, { domain, names }: { domain: DomainObject; names: readonly string[] }): Entry[] {
  const { table } = connectionOf(job);
  return names.flatMap((name) => {
    const snapshot = table.byId("snapshot", name, domain.id);
    return snapshot === undefined ? [] : [entryOf(job, { snapshot, domain })];
  });
}

function list(job: DomainJob, { name, ...filter }: In<"snapshot.list">): Entry[] {
  const glob = name === undefined ? undefined : Glob.parse(name);
  const names = connectionOf(job).table.snapshots(job.object.id).matching(filter);
  if (names === undefined) throw notFound("domain snapshot", filter.from ?? "");
  return entriesOf(job, { domain: job.object, names: names.filter((each) => glob?.matches(each) ?? true) });
}

function lookUp(job: DomainJob, name: string | undefined): ObjectRef<"snapshot"> {
  const snapshot = name === undefined
    ? undefined
    : connectionOf(job).table.byId("snapshot", name, job.object.id);
  if (snapshot !== undefined) return job.ref(snapshot, "snapshot");
  if (name !== undefined) throw notFound("domain snapshot", name);
  throw new VirtError("not-found", `Cannot find the current snapshot of ${job.object.label}: it has none`, {
    target: job.object.label,
  });
}

function parent(job: Job): ObjectRef<"snapshot"> {
  const snapshot = targetOf(job);
  const { parent: name } = snapshot.facts.record;
  const found = name === undefined
    ? undefined
    : connectionOf(job).table.byId("snapshot", name, snapshot.parent);
  if (found !== undefined) return job.ref(found, "snapshot");
  throw new VirtError("not-found", `Cannot find the parent of ${snapshot.label}: it has none`, {
    target: snapshot.label,
  });
}

function children(job: Job, { descendants }: In<"snapshot.children">): Entry[] {
  const snapshot = targetOf(job);
  const domain = domainOf(job, snapshot);
  const tree = connectionOf(job).table.snapshots(domain.id);
  return entriesOf(job, {
    domain,
    names: descendants ? tree.descendantsOf(snapshot.id) : tree.childrenOf(snapshot.id),
  });
}

async function create(job: DomainJob, input: In<"snapshot.create">): Promise<ObjectRef<"snapshot">> {
  const { object } = job;
  const { table } = connectionOf(job);
  if (table.checkpoints(object.id).size > 0) {
    throw new VirtError("unsupported", "cannot create snapshot while checkpoint exists", {
      target: object.label,
      remoteCode: "VIR_ERR_OPERATION_UNSUPPORTED",
    });
  }
  const request = readSnapshot(job, input);
  const known = table.byId("snapshot", request.name, object.id);
  if (known !== undefined && !input.redefine) {
    throw new VirtError(
      "already-exists",
      `Cannot take snapshot "${request.name}" of ${object.label}: one of that name exists`,
      {
        target: object.label,
      },
    );
  }
  if (
    request.parent !== undefined && (!table.snapshots(object.id).has(request.parent) || isUnder(job, request))
  ) {
    throw new VirtError(
      "invalid-argument",
      `Cannot take snapshot "${request.name}" of ${object.label}: "${request.parent}" cannot be its parent`,
      { target: object.label },
    );
  }
  if (input.halt && !object.persistent) {
    throw wrongState(object, { doing: "halt", found: "it is transient, so its snapshots would be lost" });
  }
  if (input.redefine || object.live === undefined) await act(job, "snapshot.create", { input: request });
  else await asActivity(job, (job, activity) => takeLive(job, { input, request, activity }));
  return lookUp(job, request.name);
}

/** Whether the parent that a redefinition names is under the snapshot itself. */
function isUnder(job: DomainJob, { name, parent }: SnapshotRequest): boolean {
  const tree = connectionOf(job).table.snapshots(job.object.id);
  return parent === name ||
    (parent !== undefined && tree.has(name) && tree.descendantsOf(name).includes(parent));
}

/** A running guest stands still while its memory is written; a failure lets it go on. */
async function takeLive(
  job: DomainJob,
  { input, request, activity }: {
    readonly input: In<"snapshot.create">;
    readonly request: SnapshotRequest;
    readonly activity: Activity;
  },
): Promise<void> {
  const { object } = job;
  const { id } = object;
  const running = stateOf(object) === "running";
  if (input.quiesce && running) await act(job, "agent.freeze", { input: { id } });
  try {
    if (request.memory !== "no" && running) {
      await act(job, "domain.pause", { input: { id, reason: "snapshot" }, abort: activity.signal });
      job.allow(["query", "suspend", "abort"]);
    }
    await act(job, "snapshot.create", { input: request, abort: activity.signal });
  } catch (error) {
    // Whoever suspended it meanwhile wants it to stay so.
    if (object.live?.reason === "snapshot") {
      await undo(job, "domain.continue", { input: { id, reason: "unpaused" }, because: error });
    }
    if (input.quiesce && object.live !== undefined) {
      await undo(job, "agent.thaw", { input: { id }, because: error });
    }
    throw error;
  }
  if (input.halt) await act(job, "domain.kill", { input: { id, reason: "from-snapshot" } });
  else if (object.live?.reason === "snapshot") {
    await act(job, "domain.continue", { input: { id, reason: "unpaused" } });
  }
  if (input.quiesce && object.live !== undefined) await act(job, "agent.thaw", { input: { id } });
}

/** Ends what a snapshot has begun whose link broke: the guest does not stand still any longer. */
async function endTaking(
  job: DomainJob,
  { halt, thaw }: { readonly halt: boolean; readonly thaw: boolean },
): Promise<void> {
  const { object } = job;
  const { id, live } = object;
  if (live === undefined) return;
  if (halt) {
    await act(job, "domain.kill", { input: { id, reason: "from-snapshot" }, offline: true });
    return;
  }
  if (live.reason === "snapshot") {
    await act(job, "domain.continue", { input: { id, reason: "unpaused" }, offline: true });
  }
  if (thaw && live.frozen.length > 0) await act(job, "agent.thaw", { input: { id }, offline: true });
}

async function revert(job: DomainJob, { running, paused }: In<"snapshot.revert">): Promise<DomainStatus> {
  const { object } = job;
  const snapshot = targetOf(job);
  const { record } = snapshot.facts;
  if (running && paused) {
    throw new VirtError(
      "invalid-argument",
      `Cannot revert ${object.label}: running and paused exclude each other`,
    );
  }
  if (
    record.deleting === true ||
    record.data.length < record.disks.filter(({ snapshot }) => snapshot !== "no").length
  ) {
    throw wrongState(snapshot, {
      doing: "revert to",
      found: "a delete of it has begun",
      hint: "Delete it to the end",
    });
  }
  if (!object.persistent && !running && !paused && record.state !== "running" && record.state !== "paused") {
    throw wrongState(object, {
      doing: "revert",
      found: "it is transient and would be gone: the snapshot was taken while it was off",
      hint: "Ask for it to run or to be paused then",
    });
  }
  if (record.domainXml === "") {
    throw wrongState(snapshot, { doing: "revert to", found: "it does not say what the domain was" });
  }
  const hadMemory = record.memory !== "no" && (record.state === "running" || record.state === "paused");
  const state = running ? "running" : paused ? "paused" : hadMemory ? record.state : undefined;
  await act(job, "snapshot.revert", {
    input: {
      id: `${object.id}/${record.name}`,
      ...(state === "running" || state === "paused" ? { state } : {}),
    },
  });
  return statusOf(object);
}

/** The snapshots that a delete concerns, in the order in which they go: children before their parents. */
function doomed(
  job: Job,
  { snapshot, input }: { snapshot: SnapshotObject; input: In<"snapshot.delete"> },
): string[] {
  const tree = connectionOf(job).table.snapshots(snapshot.parent ?? "");
  const under = input.children || input.childrenOnly ? tree.descendantsOf(snapshot.id) : [];
  return input.childrenOnly ? [...under] : [...under, snapshot.id];
}

async function remove(job: DomainJob, input: In<"snapshot.delete">): Promise<Nothing> {
  if (input.children && input.childrenOnly) {
    throw new VirtError(
      "invalid-argument",
      "Cannot delete a snapshot: children and childrenOnly exclude each other",
    );
  }
  const names = doomed(job, { snapshot: targetOf(job), input });
  for (const [index, name] of names.entries()) {
    await removeOne(job, { name, metadataOnly: input.metadataOnly });
    job.progress((index + 1) / names.length);
  }
  return {};
}

/** One snapshot: its data image by image, each of which can fail, and at last its metadata. */
async function removeOne(
  job: DomainJob,
  { name, metadataOnly }: { readonly name: string; readonly metadataOnly: boolean },
): Promise<void> {
  const { table } = connectionOf(job);
  const { id: domain } = job.object;
  const id = `${domain}/${name}`;
  const data = table.byId("snapshot", name, domain)?.facts.record.data ?? [];
  if (!metadataOnly && data.length > 0) {
    if (data.length > 1) await act(job, "snapshot.begin-delete", { input: { id } });
    for (const disk of data) await act(job, "snapshot.discard-data", { input: { id, disk } });
  }
  await act(job, "snapshot.forget", { input: { id } });
}

function claimDomain(
  connection: DriverConnection,
  _input: unknown,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  return claimParent(connection, "domain", target);
}

export const snapshots = {
  "snapshot.create": {
    run: create,
    reconcile: async (job: DomainJob, input) => {
      const { name, id } = readSnapshot(job, input);
      await refresh(job, [{ kind: "domain", id: job.object.id }, { kind: "snapshot", id }]);
      const exists = connectionOf(job).table.byId("snapshot", name, job.object.id) !== undefined;
      await endTaking(job, { halt: exists && input.halt, thaw: input.quiesce });
      return exists ? { kind: "done", value: lookUp(job, name) } : { kind: "not-done" };
    },
  },
  "snapshot.list": { run: (job, input) => Promise.try(list, job, input) },
  "snapshot.lookup": { run: (job, { name }) => Promise.try(lookUp, job, name) },
  "snapshot.current": {
    run: (job: DomainJob) => Promise.try(lookUp, job, job.object.facts.record.currentSnapshot),
  },
  "snapshot.xml": {
    run: (job: Job, { secure }) =>
      Promise.try(() => {
        const snapshot = targetOf(job);
        const xml = snapshotXml(snapshot.facts.record);
        return secure ? xml : withoutSecrets(xml);
      }),
  },
  "snapshot.info": {
    run: (job: Job) =>
      Promise.try(() => {
        const snapshot = targetOf(job);
        return entryOf(job, { snapshot, domain: domainOf(job, snapshot) });
      }),
  },
  "snapshot.parent": { run: (job) => Promise.try(parent, job) },
  "snapshot.children": { run: (job, input) => Promise.try(children, job, input) },
  "snapshot.revert": {
    run: revert,
    about: claimDomain,
    observe: ({ object }: DomainJob) => ({
      revision: object.facts.record.revision,
      current: object.facts.record.currentSnapshot ?? null,
    }),
    reconcile: domainByState<"snapshot.revert">({
      done: (job, _input, before) =>
        job.object.facts.record.currentSnapshot === targetOf(job).name &&
        job.object.facts.record.revision !== before["revision"],
      value: ({ object }) => statusOf(object),
    }),
  },
  "snapshot.delete": {
    run: remove,
    about: claimDomain,
    observe: (job: DomainJob, input) => ({ names: doomed(job, { snapshot: targetOf(job), input }) }),
    reconcile: async (job: DomainJob, _input, before) => {
      const named: unknown = before["names"];
      const names = Array.isArray(named) ? named.map(String) : [];
      const { table } = connectionOf(job);
      const { id } = job.object;
      const family = table.snapshots(id).names();
      await refresh(job, [
        { kind: "domain", id },
        ...[...new Set([...names, ...family])].map((name) => ({
          kind: "snapshot" as const,
          id: `${id}/${name}`,
        })),
      ]);
      return names.every((name) => !table.snapshots(id).has(name))
        ? { kind: "done", value: {} }
        : { kind: "not-done" };
    },
  },
} satisfies DriverMap;
