/**
 * Domains: starting and stopping.
 *
 * @module
 */
import type { ParsedInputOf } from "../../model/operation.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverMap, Job } from "../../runtime/driver.ts";
import { act, undo } from "./act.ts";
import { claimDefinition, named } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { lifecycleAction } from "../definition.ts";
import { readDomain } from "./documents.ts";
import {
  type DomainJob,
  type DomainObject,
  type DomainStatus,
  needGuest,
  notFound,
  statusOf,
  wrongState,
} from "./domain.ts";
import { byState, domainByState } from "./reconcile.ts";

type In<N extends keyof Operations> = ParsedInputOf<Operations[N]>;

async function start(job: DomainJob, { paused, forceBoot }: In<"domain.start">): Promise<DomainStatus> {
  const { object } = job;
  if (object.phase !== "inactive") {
    throw wrongState(object, {
      doing: "start",
      found: object.phase === "active" ? "it is already running" : `it is ${object.phase}`,
    });
  }
  const { id, name } = object;
  const { managedSave } = object.facts.record;
  const saved = forceBoot ? undefined : managedSave;
  object.begin();
  try {
    await act(job, "domain.spawn", { input: { id, name, xml: saved?.xml ?? object.config, ...boots(job) } });
    const stays = paused || saved?.paused === true;
    await act(job, stays ? "domain.pause" : "domain.continue", {
      input: {
        id,
        reason: saved === undefined ? "booted" : "restored",
        ...(managedSave === undefined ? {} : { dropManagedSave: true }),
      },
    });
    return statusOf(object);
  } catch (error) {
    // Once it was let go it runs, and what it was restored from is gone: that it started is what will be found.
    if (object.live?.reason === "starting-up") {
      await undo(job, "domain.kill", { input: { id, reason: "failed" }, because: error });
    }
    throw error;
  } finally {
    endStart(object);
  }
}

/** How long guests take to boot. */
function boots(job: Job): { readonly bootMs?: number } {
  const { bootMs = 0 } = connectionOf(job).settings;
  return bootMs > 0 ? { bootMs } : {};
}

/** A start that did not get as far as a guest: the definition that waited takes over. */
function endStart(domain: DomainObject): void {
  if (domain.phase === "starting") domain.goDown();
}

/** Kills what a start has left behind that was never let go. */
async function killHalfStarted(job: DomainJob): Promise<void> {
  // By its id: where the object was removed meanwhile, what the spawn left behind is another one.
  if (connectionOf(job).table.byId("domain", job.object.id)?.live?.reason !== "starting-up") return;
  await act(job, "domain.kill", { input: { id: job.object.id, reason: "failed" }, offline: true });
}

/** Starts a domain whose object there may not be yet: its own job is on the name. */
async function create(job: Job, { xml, paused }: In<"domain.create">): Promise<ObjectRef<"domain">> {
  const { table } = connectionOf(job);
  const { name, uuid, xml: text } = readDomain(xml, job);
  const present = table.byId("domain", uuid);
  if (present !== undefined && (present.name !== name || present.phase !== "inactive")) {
    throw wrongState(present, {
      doing: "create",
      found: present.name === name ? "it is already running" : "its name differs",
    });
  }
  try {
    await act(job, "domain.spawn", { input: { id: uuid, name, xml: text, ...boots(job) } });
    await act(job, paused ? "domain.pause" : "domain.continue", { input: { id: uuid, reason: "booted" } });
  } catch (error) {
    if (table.byId("domain", uuid)?.live?.reason === "starting-up") {
      await undo(job, "domain.kill", { input: { id: uuid, reason: "failed" }, because: error });
    }
    throw error;
  }
  const domain = table.byId("domain", uuid);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

/** Before the slot is there: nothing that hangs can hold this up. */
async function kill(job: DomainJob): Promise<void> {
  const { object } = job;
  if (object.phase !== "starting") needGuest(object, "destroy");
  await killGuest(job);
}

async function killGuest(job: DomainJob): Promise<void> {
  await act(job, "domain.kill", { input: { id: job.object.id, reason: "destroyed" }, offline: true });
}

async function destroy(job: DomainJob): Promise<DomainStatus> {
  // Between the kill and this job somebody may have started it again.
  if (job.object.live !== undefined) await killGuest(job);
  return statusOf(job.object);
}

async function killForDiscard(job: DomainJob): Promise<void> {
  if (job.object.phase === "starting" || job.object.live !== undefined) await killGuest(job);
}

async function discard(job: DomainJob): Promise<Record<string, never>> {
  const { object } = job;
  if (object.live !== undefined) await killGuest(job);
  if (object.phase === "inactive" && object.persistent) {
    await act(job, "domain.remove-definition", { input: { id: object.id } });
  }
  return {};
}

async function shutDown(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const guest = needGuest(object, "shut down");
  if (guest.state !== "running") {
    throw wrongState(object, { doing: "shut down", found: `it is ${guest.state}` });
  }
  const connection = connectionOf(job);
  const { shutdownMs } = connection.settings;
  await act(job, "domain.press-power", { input: { id: object.id, later: shutdownMs > 0 } });
  if (shutdownMs > 0) {
    connection.guestLater("guest.power-off", { id: object.id, guestId: guest.id, afterMs: shutdownMs });
  }
  return statusOf(object);
}

async function reboot(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const { state } = needGuest(object, "reboot");
  if (state !== "running") throw wrongState(object, { doing: "reboot", found: `it is ${state}` });
  const action = lifecycleAction(object.config, "reboot");
  await act(job, "domain.reboot", {
    input: { id: object.id, action: action === "destroy" || action === "preserve" ? action : "restart" },
  });
  return statusOf(object);
}

async function reset(job: DomainJob): Promise<DomainStatus> {
  needGuest(job.object, "reset");
  await act(job, "domain.reset", { input: { id: job.object.id } });
  return statusOf(job.object);
}

async function suspend(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const { state, reason } = needGuest(object, "suspend");
  if (state === "pmsuspended" || state === "crashed") {
    throw wrongState(object, { doing: "suspend", found: `it is ${state}` });
  }
  // A guest that stands still for a while, for a snapshot say, is to stay so from now on.
  if (state !== "paused" || reason !== "user") {
    await act(job, "domain.pause", { input: { id: object.id, reason: "user" } });
  }
  return statusOf(object);
}

async function resume(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const { state, reason, handedOver } = needGuest(object, "resume");
  if (reason === "migration" || handedOver === true) {
    throw wrongState(object, {
      doing: "resume",
      found: "it has been handed over to another host, and must not run on both",
      hint: "Look whether it runs there; destroy it here if it does",
    });
  }
  if (state !== "paused") throw wrongState(object, { doing: "resume", found: `it is ${state}, not paused` });
  await act(job, "domain.continue", { input: { id: object.id, reason: "unpaused" } });
  return statusOf(object);
}

async function sleepGuest(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const { state } = needGuest(object, "put to sleep");
  if (state !== "running") throw wrongState(object, { doing: "put to sleep", found: `it is ${state}` });
  await act(job, "domain.sleep", { input: { id: object.id } });
  return statusOf(object);
}

async function wakeUp(job: DomainJob): Promise<DomainStatus> {
  const { object } = job;
  const { state } = needGuest(object, "wake up");
  if (state !== "pmsuspended") {
    throw wrongState(object, { doing: "wake up", found: `it is ${state}, not asleep` });
  }
  await act(job, "domain.wake", { input: { id: object.id } });
  return statusOf(object);
}

async function injectNmi(job: DomainJob): Promise<Record<string, never>> {
  needGuest(job.object, "interrupt");
  await act(job, "domain.signal", { input: { id: job.object.id, what: "nmi", values: [] } });
  return {};
}

const value = ({ object }: DomainJob): DomainStatus => statusOf(object);
const prepared = ({ object }: DomainJob): boolean =>
  object.live !== undefined && object.live.reason !== "starting-up";

export const domainLifeCycle = {
  "domain.start": {
    run: start,
    reconcile: domainByState<"domain.start">({ done: prepared, value, giveBack: killHalfStarted }),
  },
  "domain.create": {
    run: create,
    about: (connection, { xml }) => claimDefinition(connection, "domain", xml),
    reconcile: byState<"domain.create", unknown, unknown>({
      also: (job, { xml }) => [{ kind: "domain", id: readDomain(xml, job).uuid }],
      done: (job, { xml }) => {
        const live = connectionOf(job).table.byId("domain", readDomain(xml, job).uuid)?.live;
        return live !== undefined && live.reason !== "starting-up";
      },
      value: (job, { xml }) => {
        const { uuid, name } = readDomain(xml, job);
        const domain = named(job.connection, "domain", { uuid });
        if (domain === undefined) throw notFound("domain", name);
        return job.ref(domain, "domain");
      },
      giveBack: async (job, { xml }) => {
        const { uuid } = readDomain(xml, job);
        if (connectionOf(job).table.byId("domain", uuid)?.live?.reason !== "starting-up") return;
        await act(job, "domain.kill", { input: { id: uuid, reason: "failed" }, offline: true });
      },
    }),
  },
  "domain.destroy": {
    run: destroy,
    kill,
    reconcile: domainByState<"domain.destroy">({ done: ({ object }) => object.live === undefined, value }),
  },
  "domain.discard": {
    run: discard,
    kill: killForDiscard,
    reconcile: domainByState<"domain.discard">({
      done: ({ object }) => object.phase === "removed",
      value: () => ({}),
    }),
  },
  "domain.shutdown": {
    run: shutDown,
    reconcile: domainByState<"domain.shutdown">({
      done: ({ object }) => object.live === undefined || object.live.reason === "shutting-down",
      value,
    }),
  },
  "domain.reboot": { run: reboot },
  "domain.reset": { run: reset },
  "domain.suspend": {
    run: suspend,
    reconcile: domainByState<"domain.suspend">({
      done: ({ object }) => object.live?.state === "paused",
      value,
    }),
  },
  "domain.resume": {
    run: resume,
    reconcile: domainByState<"domain.resume">({
      done: ({ object }) => object.live?.state === "running",
      value,
    }),
  },
  "domain.sleep": {
    run: sleepGuest,
    reconcile: domainByState<"domain.sleep">({
      done: ({ object }) => object.live?.state === "pmsuspended",
      value,
    }),
  },
  "domain.wakeUp": {
    run: wakeUp,
    reconcile: domainByState<"domain.wakeUp">({
      done: ({ object }) => object.live?.state === "running",
      value,
    }),
  },
  "domain.injectNmi": { run: injectNmi },
} satisfies DriverMap;
