/**
 * Moving a domain to another simulated host, peer to peer.
 *
 * The order of steps leaves exactly one domain running, the right one, wherever either side dies:
 *
 * 1. `prepare` there: a guest waits, and does not run.
 * 2. `transfer` here, as often as it takes: the guest runs here.
 * 3. `hand-over` here: the guest stands still. From now on nobody runs it.
 * 4. `finish` there: this one step decides. Before it the guest goes on here, after it there.
 * 5. `confirm` here: the guest that stands still ends.
 *
 * Where the answer to `finish` is lost, neither side is touched until somebody has looked there.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverMap, HopOptions, Job, Reconciled } from "../../runtime/driver.ts";
import { act, isBrokenLink, isDoubt } from "./act.ts";
import { type Activity, asActivity } from "./activity.ts";
import { connectionOf } from "./connection.ts";
import { identify } from "../definition.ts";
import { readDomain } from "./documents.ts";
import { type DomainJob, type DomainObject, notFound, wrongState } from "./domain.ts";
import type { In } from "./operation_types.ts";
import { refresh } from "./reconcile.ts";
import type { EffectInput, EffectName, EffectResult } from "./world/effects.ts";
import type { WorldReply } from "./world/hypervisor.ts";
import type { DomainRecord } from "./world/record.ts";

type Migrate = In<"domain.migrate">;

/** How many parts the memory is sent in. */
const parts = 4;

/** The job on the other side. */
function peerOf(job: DomainJob): Job {
  if (job.peer !== undefined) return job.peer;
  throw new VirtError("invalid-argument", `Cannot migrate ${job.object.label}: there is no other host`);
}

/**
 * Performs an effect on the other host, in a hop of this side's job: whether the domain here is still alive is looked
 * at again when the hop returns, unless it is `offline`.
 */
async function actThere<E extends EffectName>(
  job: DomainJob,
  effect: E,
  { input, onAnswer, ...options }: {
    readonly input: EffectInput<E>;
    /** It has happened there, whatever has become of the domain here. */
    readonly onAnswer?: () => void;
  } & HopOptions,
): Promise<EffectResult<E>> {
  const peer = peerOf(job);
  const there = connectionOf(peer);
  let reply: WorldReply<EffectResult<E>> | undefined;
  const take = ({ changes }: WorldReply<EffectResult<E>>): void => {
    there.table.absorb(changes, there.doerOf(peer));
    onAnswer?.();
  };
  try {
    reply = await job.hop(`${effect} there`, async (signal) => {
      reply = await there.link.request(effect, input, { token: job.token, signal, label: job.object.name });
      return reply;
    }, options);
    take(reply);
    return reply.result;
  } catch (error) {
    if (reply !== undefined && !isBrokenLink(error)) take(reply);
    throw error;
  }
}

/** A fresh look at the domain on the other host. */
async function lookThere(job: DomainJob): Promise<DomainRecord | undefined> {
  const peer = peerOf(job);
  const there = connectionOf(peer);
  const change = await job.hop("look there", async (signal) => {
    const { result } = await there.link.request(
      "host.look",
      { kind: "domain", id: job.object.id },
      { token: job.token, signal },
    );
    return result;
  }, { offline: true, acts: false });
  there.table.absorb([change], there.outsider);
  return change.kind === "domain" ? change.record : undefined;
}

/** The domain as it is known on the other host. */
function arrived(job: DomainJob): ObjectRef<"domain"> {
  const peer = peerOf(job);
  const domain = connectionOf(peer).table.byId("domain", job.object.id);
  if (domain === undefined) throw notFound("domain", job.object.name);
  return peer.ref(domain, "domain");
}

/** The definition on the other host. */
function definitionThere({ object }: DomainJob, { xml }: Migrate): string {
  if (xml === undefined) return object.live === undefined ? object.persistentConfig : object.config;
  const definition = readDomain(xml, { newId: object.id });
  if (definition.uuid !== object.id || definition.name !== object.name) {
    throw new VirtError(
      "invalid-argument",
      `Cannot migrate ${object.label}: the given definition is of another domain`,
      {
        target: object.label,
      },
    );
  }
  return definition.xml;
}

/** Whether the definition is kept on the other host. */
function keeps({ object }: DomainJob, { persistent }: Migrate): boolean {
  return persistent ?? object.persistent;
}

function check(job: DomainJob, input: Migrate): void {
  const { object } = job;
  const peer = peerOf(job);
  const here = connectionOf(job);
  const there = connectionOf(peer);
  if (here.host === there.host) {
    throw new VirtError(
      "invalid-argument",
      `Cannot migrate ${object.label}: both connections lead to the same host`,
      {
        target: object.label,
      },
    );
  }
  if (input.offline === (object.live !== undefined)) {
    throw wrongState(object, {
      doing: "migrate",
      found: input.offline ? "it is running, so it cannot go offline" : "it is not running",
      hint: input.offline ? "Migrate it live" : "Move its definition alone: offline",
    });
  }
  if (input.offline && !keeps(job, input)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot migrate ${object.label} offline without keeping its definition there`,
    );
  }
  if (object.live?.state === "crashed") {
    throw wrongState(object, { doing: "migrate", found: "it has crashed" });
  }
  const { size } = here.table.snapshots(object.id);
  if (size > 0 && input.undefineSource) {
    throw wrongState(object, { doing: "migrate", found: `it has ${size} snapshots` });
  }
  const present = there.table.byId("domain", object.id);
  if (present?.live !== undefined) {
    throw wrongState(object, { doing: "migrate", found: "it runs on the other host" });
  }
}

async function migrate(job: DomainJob, input: Migrate): Promise<ObjectRef<"domain">> {
  check(job, input);
  if (input.offline) return await migrateOffline(job, input);
  job.allow(["query", "suspend", "abort", "migration-op"]);
  await asActivity(job, (job, activity) => migrateLive(job, { input, activity }));
  return arrived(job);
}

async function migrateLive(
  job: DomainJob,
  { input, activity }: { readonly input: Migrate; readonly activity: Activity },
): Promise<void> {
  const { object } = job;
  const { id, name } = object;
  let decided = false;
  try {
    await actThere(job, "migration.prepare", { input: { id, name, xml: definitionThere(job, input) } });
    if (!input.live && object.live?.state === "running") {
      await act(job, "domain.pause", { input: { id, reason: "migration" }, abort: activity.signal });
    }
    for (let part = 1; part <= parts; part++) {
      await act(job, "migration.transfer", { input: { id, part }, abort: activity.signal });
      activity.signal.throwIfAborted();
      activity.progress(part / (parts + 1));
    }
    // From here on the guest's state is this job's alone.
    job.allow(["query"]);
    const paused = input.paused || object.live?.reason === "user";
    await act(job, "migration.hand-over", { input: { id } });
    await actThere(job, "migration.finish", {
      input: { id, paused, ...(keeps(job, input) ? { config: input.xml ?? object.persistentConfig } : {}) },
      onAnswer: () => {
        decided = true;
      },
    });
  } catch (error) {
    if (!decided) {
      // Where nobody knows whether it runs there, it must not run here before somebody has looked.
      if (!isDoubt(error)) await goOnHere(job);
      throw error;
    }
  }
  await endHere(job, input);
}

/**
 * It runs there, so the migration has succeeded whatever happens here. That the guest ends here is this job's own
 * doing; where that is refused it stands still, and nobody can let it go on.
 */
async function endHere(job: DomainJob, { undefineSource }: Migrate): Promise<void> {
  const { id } = job.object;
  try {
    await act(job, "migration.confirm", { input: { id, undefine: undefineSource }, offline: true });
    return;
  } catch (error) {
    if (isDoubt(error)) throw error;
  }
  try {
    await act(job, "domain.kill", { input: { id, reason: "migrated" }, givesBack: true, offline: true });
  } catch (error) {
    if (isDoubt(error)) throw error;
  }
}

/** Whether the migration has stopped the guest here, or handed it over. */
function isStopped({ live }: DomainObject): boolean {
  return live?.reason === "migration" || live?.handedOver === true;
}

/**
 * It was not to be, and it is certain that it does not run there: the guest that waits there is dropped, and the one here
 * goes on. The error that led here is the one that counts; what stays behind a broken link is found by the reconciliation.
 */
async function goOnHere(job: DomainJob): Promise<void> {
  const { object } = job;
  const { id } = object;
  const back = { givesBack: true, offline: true };
  try {
    await actThere(job, "migration.abandon", { input: { id }, ...back });
  } catch {
    // The one here goes on all the same: what waits there does not run.
  }
  if (!isStopped(object)) return;
  try {
    await act(job, "migration.take-back", { input: { id }, ...back });
  } catch {
    // It stands still until it is known where it runs.
  }
}

/** Only the definition goes. The domain is inactive by nature, so whether it lives is not asked. */
async function migrateOffline(job: DomainJob, input: Migrate): Promise<ObjectRef<"domain">> {
  const { object } = job;
  const xml = definitionThere(job, input);
  const { name = object.name } = identify(xml);
  await actThere(job, "domain.write-definition", { input: { id: object.id, name, xml }, offline: true });
  if (input.undefineSource) {
    await act(job, "domain.remove-definition", { input: { id: object.id }, offline: true });
  }
  return arrived(job);
}

/** Looks at both ends, and ends what was begun on the side where it cannot go on. */
async function reconcile(job: DomainJob, input: Migrate): Promise<Reconciled<ObjectRef<"domain">>> {
  const { object } = job;
  const { id } = object;
  const there = await lookThere(job);
  await refresh(job, [{ kind: "domain", id }]);
  if (input.offline) return await reconcileOffline(job, { input, there });
  const runsThere = there?.guest !== undefined && there.guest.incoming !== true;
  if (runsThere) {
    if (object.phase !== "removed" && (object.live !== undefined || input.undefineSource)) {
      await act(job, "migration.confirm", { input: { id, undefine: input.undefineSource }, offline: true });
    }
    return { kind: "done", value: arrived(job) };
  }
  if (there?.guest?.incoming === true) {
    await actThere(job, "migration.abandon", { input: { id }, offline: true });
  }
  if (isStopped(object)) await act(job, "migration.take-back", { input: { id }, offline: true });
  return { kind: "not-done" };
}

async function reconcileOffline(
  job: DomainJob,
  { input, there }: { readonly input: Migrate; readonly there: DomainRecord | undefined },
): Promise<Reconciled<ObjectRef<"domain">>> {
  if (there?.config !== definitionThere(job, input)) return { kind: "not-done" };
  if (input.undefineSource && (job.object as DomainObject).phase !== "removed") {
    await act(job, "domain.remove-definition", { input: { id: job.object.id }, offline: true });
  }
  return { kind: "done", value: arrived(job) };
}

export const migration = {
  "domain.migrate": { run: migrate, reconcile },
} satisfies DriverMap;
