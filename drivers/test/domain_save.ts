/**
 * Domains: memory saved to the host, and brought back.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Job, Observation, SlotClaim } from "../../runtime/driver.ts";
import { act, inspect, undo } from "./act.ts";
import { type Activity, asActivity } from "./activity.ts";
import { connectionOf } from "./connection.ts";
import { identify } from "../definition.ts";
import { readDomain, withoutSecrets } from "./documents.ts";
import {
  type DomainJob,
  type DomainStatus,
  needGuest,
  notFound,
  stateOf,
  statusOf,
  wrongState,
} from "./domain.ts";
import type { In, Nothing } from "./operation_types.ts";
import { domainByState, refresh } from "./reconcile.ts";
import type { FileRecord } from "./world/record.ts";

/** What is done with a guest's memory while it stands still. */
type Write = (job: DomainJob, activity: Activity) => Promise<void>;

/** Pauses a guest, does something with its memory, and lets it go on where that fails. */
async function whilePaused(
  job: DomainJob,
  { reason, write }: { readonly reason: string; readonly write: Write },
): Promise<void> {
  const { object } = job;
  const { id } = object;
  const wasRunning = stateOf(object) === "running";
  job.allow(["query", "suspend", "abort"]);
  await asActivity(job, async (job, activity) => {
    if (wasRunning) await act(job, "domain.pause", { input: { id, reason }, abort: activity.signal });
    try {
      activity.progress(0.1);
      await write(job, activity);
      activity.progress(1);
    } catch (error) {
      // Whoever suspended it meanwhile wants it to stay so.
      if (wasRunning && object.live?.reason === reason) {
        await undo(job, "domain.continue", { input: { id, reason: "save-canceled" }, because: error });
      }
      throw error;
    }
  });
}

/** Ends a guest whose memory is in an image; the image goes where that fails or is aborted. */
async function endSaved(
  job: DomainJob,
  { activity, dropImage }: {
    readonly activity: Activity;
    readonly dropImage: (job: DomainJob, because: unknown) => Promise<void>;
  },
): Promise<void> {
  const { object } = job;
  try {
    activity.signal.throwIfAborted();
    await act(job, "domain.kill", { input: { id: object.id, reason: "saved" }, abort: activity.signal });
  } catch (error) {
    if (object.live !== undefined) await dropImage(job, error);
    throw error;
  }
}

async function managedSave(job: DomainJob, { paused }: In<"domain.managedSave">): Promise<DomainStatus> {
  const { object } = job;
  const stays = paused ?? needGuest(object, "save").state === "paused";
  needGuest(object, "save");
  if (!object.persistent) {
    throw wrongState(object, { doing: "save", found: "it is transient; save it to a file" });
  }
  const { id } = object;
  await whilePaused(job, {
    reason: "saving",
    write: async (job, activity) => {
      await act(job, "domain.write-managed-save", { input: { id, paused: stays }, abort: activity.signal });
      await endSaved(job, {
        activity,
        dropImage: (job, because) => undo(job, "domain.remove-managed-save", { input: { id }, because }),
      });
    },
  });
  return statusOf(object);
}

async function removeManagedSave(job: DomainJob): Promise<Nothing> {
  const { object } = job;
  if (object.facts.record.managedSave !== undefined) {
    await act(job, "domain.remove-managed-save", { input: { id: object.id } });
  }
  return {};
}

function needManagedSave({ object }: DomainJob): { readonly xml: string } {
  const { managedSave } = object.facts.record;
  if (managedSave !== undefined) return managedSave;
  throw new VirtError("not-found", `Cannot find a managed save image of ${object.label}: it has none`, {
    target: object.label,
  });
}

async function defineManagedSave(job: DomainJob, { xml }: In<"domain.defineManagedSave">): Promise<Nothing> {
  needManagedSave(job);
  await act(job, "domain.rewrite-managed-save", { input: { id: job.object.id, xml: sameDomain(job, xml) } });
  return {};
}

/** A definition that must be of the domain that was saved. */
function sameDomain({ object, newId }: DomainJob, xml: string): string {
  const definition = readDomain(xml, { newId: identify(xml).uuid ?? object.id ?? newId });
  if (definition.uuid !== object.id) {
    throw new VirtError(
      "invalid-argument",
      `Cannot change the saved definition of ${object.label}: the UUID differs`,
    );
  }
  return definition.xml;
}

async function save(job: DomainJob, { path, paused }: In<"domain.save">): Promise<DomainStatus> {
  const { object } = job;
  const { state } = needGuest(object, "save");
  const { id } = object;
  await whilePaused(job, {
    reason: "saving",
    write: async (job, activity) => {
      await act(job, "domain.write-memory", {
        input: { id, path, kind: "saved-guest", paused: paused ?? state === "paused" },
        abort: activity.signal,
      });
      await endSaved(job, {
        activity,
        dropImage: (job, because) => undo(job, "file.remove", { input: { id: path }, because }),
      });
    },
  });
  return statusOf(object);
}

async function dump(job: DomainJob, { path, afterwards }: In<"domain.dump">): Promise<DomainStatus> {
  const { object } = job;
  const { state } = needGuest(object, "dump");
  const { id } = object;
  const reason = "dump";
  await whilePaused(job, {
    reason,
    write: (job, { signal }) =>
      act(job, "domain.write-memory", {
        input: { id, path, kind: "dump", paused: state === "paused" },
        abort: signal,
      }),
  });
  if (afterwards === "crashes") await act(job, "domain.kill", { input: { id, reason: "crashed" } });
  else if (afterwards === "resets") await act(job, "domain.reset", { input: { id } });
  else if (afterwards === "goes-on" && object.live?.reason === reason) {
    await act(job, "domain.continue", { input: { id, reason: "unpaused" } });
  }
  return statusOf(object);
}

/** A file with a saved guest. */
async function readSaved(job: Job, path: string): Promise<FileRecord> {
  const change = await inspect(job, "host.look", { input: { id: path, kind: "file" } });
  if (change.kind !== "file" || change.record === undefined) throw notFound("saved domain", path);
  if (change.record.kind !== "saved-guest") {
    throw new VirtError("operation-failed", `Cannot restore from "${path}": it is not a saved domain`);
  }
  return change.record;
}

async function restore(job: Job, { path, paused }: In<"domain.restore">): Promise<ObjectRef<"domain">> {
  const { table } = connectionOf(job);
  const saved = await readSaved(job, path);
  const { name, uuid, xml } = readDomain(saved.xml, job);
  const present = table.byId("domain", uuid);
  if (present !== undefined && present.phase !== "inactive") {
    throw wrongState(present, { doing: "restore", found: "it is already running" });
  }
  await act(job, "domain.spawn", { input: { id: uuid, name, xml } });
  try {
    const stays = paused ?? saved.paused;
    await act(job, stays ? "domain.pause" : "domain.continue", { input: { id: uuid, reason: "restored" } });
  } catch (error) {
    await undo(job, "domain.kill", { input: { id: uuid, reason: "failed" }, because: error });
    throw error;
  }
  const domain = table.byId("domain", uuid);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

async function savedXml(job: Job, { path }: In<"domain.savedXml">): Promise<string> {
  return withoutSecrets((await readSaved(job, path)).xml);
}

async function defineSaved(job: Job, { path, xml }: In<"domain.defineSaved">): Promise<Nothing> {
  const saved = await readSaved(job, path);
  const definition = readDomain(xml, { newId: saved.domain });
  if (definition.uuid !== saved.domain) {
    throw new VirtError("invalid-argument", `Cannot change the definition in "${path}": the UUID differs`);
  }
  await act(job, "file.rewrite-saved", { input: { id: path, xml: definition.xml } });
  return {};
}

/** Whoever reads or writes one file at a time. */
function claimPath(connection: DriverConnection, { path }: { readonly path: string }): readonly SlotClaim[] {
  return [{ object: connection.self, as: "use" }, { objectClass: "domain", name: `file:${path}` }];
}

/** Takes back what a save left that did not come to its end: the image, and the pause. */
async function undoSave(job: DomainJob, remove: (job: DomainJob) => Promise<void>): Promise<void> {
  const { object } = job;
  // An image beside a running guest would bring back memory that its disks have left behind.
  if (object.live === undefined) return;
  await remove(job);
  if (object.live.reason !== "saving") return;
  await act(job, "domain.continue", { input: { id: object.id, reason: "save-canceled" }, offline: true });
}

/** Files written later have a greater revision than the domain had before. */
function seen({ object }: DomainJob): Observation {
  return { revision: object.facts.record.revision };
}

async function writtenSince(
  job: Job,
  { path, before }: { readonly path: string; readonly before: Observation },
): Promise<boolean> {
  const change = await inspect(job, "host.look", { input: { id: path, kind: "file" }, offline: true });
  return change.record !== undefined && change.revision > Number(before["revision"] ?? 0);
}

const value = ({ object }: DomainJob): DomainStatus => statusOf(object);

export const domainSave = {
  "domain.managedSave": {
    run: managedSave,
    reconcile: domainByState<"domain.managedSave">({
      done: ({ object }) => object.live === undefined && object.facts.record.managedSave !== undefined,
      value,
      giveBack: (job) =>
        undoSave(job, async () => {
          if (job.object.facts.record.managedSave === undefined) return;
          await act(job, "domain.remove-managed-save", { input: { id: job.object.id }, offline: true });
        }),
    }),
  },
  "domain.removeManagedSave": {
    run: removeManagedSave,
    reconcile: domainByState<"domain.removeManagedSave">({
      done: ({ object }) => object.facts.record.managedSave === undefined,
      value: () => ({}),
    }),
  },
  "domain.managedSaveXml": {
    run: (job, { secure }) =>
      Promise.try(() => secure ? needManagedSave(job).xml : withoutSecrets(needManagedSave(job).xml)),
  },
  "domain.defineManagedSave": {
    run: defineManagedSave,
    reconcile: domainByState<"domain.defineManagedSave">({
      done: (job, { xml }) => job.object.facts.record.managedSave?.xml === sameDomain(job, xml),
      value: () => ({}),
    }),
  },
  "domain.save": {
    run: save,
    observe: seen,
    reconcile: async (job: DomainJob, { path }, before) => {
      await refresh(job, [{ kind: "domain", id: job.object.id }]);
      const written = await writtenSince(job, { path, before });
      if (job.object.live === undefined && written) return { kind: "done", value: value(job) };
      await undoSave(job, async () => {
        if (written) await act(job, "file.remove", { input: { id: path }, offline: true });
      });
      return { kind: "not-done" };
    },
  },
  "domain.restore": {
    run: restore,
    about: claimPath,
    reconcile: async (job, { path }) => {
      const { table } = connectionOf(job);
      const { uuid } = readDomain((await readSaved(job, path)).xml, job);
      await refresh(job, [{ kind: "domain", id: uuid }]);
      const domain = table.byId("domain", uuid);
      if (domain?.live === undefined) return { kind: "not-done" };
      if (domain.live.reason !== "starting-up") return { kind: "done", value: job.ref(domain, "domain") };
      await act(job, "domain.kill", { input: { id: uuid, reason: "failed" }, offline: true });
      return { kind: "not-done" };
    },
  },
  "domain.savedXml": { run: savedXml },
  "domain.defineSaved": {
    run: defineSaved,
    about: claimPath,
    reconcile: async (job, { path, xml }) => {
      const saved = await readSaved(job, path);
      const wanted = readDomain(xml, { newId: saved.domain }).xml;
      return saved.xml === wanted ? { kind: "done", value: {} } : { kind: "not-done" };
    },
  },
  "domain.dump": {
    run: dump,
    observe: seen,
    reconcile: async (job: DomainJob, { path, afterwards }, before) => {
      const { object } = job;
      await refresh(job, [{ kind: "domain", id: object.id }]);
      if (object.live?.reason === "dump" && afterwards !== "is-paused") {
        await act(job, "domain.continue", { input: { id: object.id, reason: "unpaused" }, offline: true });
      }
      return await writtenSince(job, { path, before })
        ? { kind: "done", value: value(job) }
        : { kind: "not-done" };
    },
  },
} satisfies DriverMap;
