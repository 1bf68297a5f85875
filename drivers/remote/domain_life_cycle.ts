/**
 * Domains: starting and stopping.
 *
 * @module
 */
import { isVirtError, type VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { readDefinition } from "../definition.ts";
import type { In, Nothing } from "../operation_types.ts";
import { act } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { connectionOf } from "./connection.ts";
import { domainNamed, type DomainStatus, domOf, isUp, needRunning, stateOf, statusOf } from "./domain.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { type ByState, byState } from "./reconcile.ts";
import { notFound, wrongState } from "./refusal.ts";

/** Source: libvirt, virDomainCreateFlags. */
const startFlags = { paused: 1 << 0, forceBoot: 1 << 3 } as const;

/** How a guest is asked to shut down or to reboot. Source: libvirt, virDomainShutdownFlagValues. */
const askFlags = { acpi: 1 << 0, agent: 1 << 1, initctl: 1 << 2, signal: 1 << 3, paravirt: 1 << 4 } as const;

/** Everything that belongs to a domain but its disks. Source: libvirt, virDomainUndefineFlagsValues. */
const everythingOf = {
  managedSave: 1 << 0,
  snapshots: 1 << 1,
  nvram: 1 << 2,
  checkpoints: 1 << 4,
} as const;

async function start(job: RemoteJob, { paused, forceBoot }: In<"domain.start">): Promise<DomainStatus> {
  const { object } = job;
  if (object.phase !== "inactive") {
    throw wrongState(object, {
      doing: "start",
      found: object.phase === "active" ? "it is already running" : `it is ${object.phase}`,
    });
  }
  const flags = (paused ? startFlags.paused : 0) | (forceBoot ? startFlags.forceBoot : 0);
  const dom = domOf(job);
  object.begin();
  try {
    // Not every hypervisor knows the call with flags.
    if (flags === 0) await act(job, "domainCreate", { dom }, { doing: "start" });
    else await act(job, "domainCreateWithFlags", { dom, flags }, { doing: "start" });
    return statusOf(object);
  } finally {
    endStart(object);
  }
}

/** A start that did not get as far as a guest: the definition that waited takes over. */
function endStart(domain: RemoteObject): void {
  if (domain.phase === "starting") domain.goDown();
}

/** The definition under which a domain is made; it has a UUID, so that who resumes makes the same domain. */
function definitionOf(job: RemoteJob, xml: string): ReturnType<typeof readDefinition> {
  return readDefinition(xml, { root: "domain", newId: job.newId });
}

function refTo(
  job: RemoteJob,
  { uuid, name }: { readonly uuid: string; readonly name: string },
): ObjectRef<"domain"> {
  const domain = connectionOf(job).table.byId("domain", uuid);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

async function create(job: RemoteJob, { xml, paused }: In<"domain.create">): Promise<ObjectRef<"domain">> {
  const definition = definitionOf(job, xml);
  await act(job, "domainCreateXml", { xmlDesc: definition.xml, flags: paused ? startFlags.paused : 0 }, {
    doing: "create",
    target: { label: `domain "${definition.name}"` },
    also: ({ dom }) => [domainNamed(dom)],
  });
  return refTo(job, definition);
}

/** Before the slot is there: whether it runs is for the far side to say. */
async function kill(job: RemoteJob): Promise<void> {
  await act(job, "domainDestroy", { dom: domOf(job) }, { doing: "destroy", offline: true, urgent: true });
}

async function destroy(job: RemoteJob): Promise<DomainStatus> {
  // Between the kill and this job somebody may have started it again.
  if (job.object.live !== undefined) await kill(job);
  return statusOf(job.object);
}

/** What does not run need not be killed. */
async function killForDiscard(job: RemoteJob): Promise<void> {
  try {
    await kill(job);
  } catch (error) {
    if (!isVirtError(error, "wrong-state")) throw error;
  }
}

async function discard(job: RemoteJob): Promise<Nothing> {
  const { object } = job;
  if (object.live !== undefined) await killForDiscard(job);
  if (object.phase === "removed" || !object.persistent) return {};
  const { managedSave, snapshots, nvram, checkpoints } = everythingOf;
  const dom = domOf(job);
  // Each hypervisor knows other flags, and refuses what it does not know before it does anything.
  for (const flags of [managedSave | snapshots | nvram | checkpoints, managedSave | snapshots, managedSave]) {
    try {
      await act(job, "domainUndefineFlags", { dom, flags }, { doing: "discard", offline: true });
      return {};
    } catch (error) {
      if (!isVirtError(error, "invalid-argument") && !isVirtError(error, "unsupported")) throw error;
    }
  }
  await act(job, "domainUndefine", { dom }, { doing: "discard", offline: true });
  return {};
}

async function shutDown(job: RemoteJob, { mode }: In<"domain.shutdown">): Promise<DomainStatus> {
  const dom = domOf(job);
  needRunning(job.object, "shut down");
  if (mode === undefined) await act(job, "domainShutdown", { dom }, { doing: "shut down" });
  else await act(job, "domainShutdownFlags", { dom, flags: askFlags[mode] }, { doing: "shut down" });
  return statusOf(job.object);
}

async function reboot(job: RemoteJob, { mode }: In<"domain.reboot">): Promise<DomainStatus> {
  needRunning(job.object, "reboot");
  const flags = mode === undefined ? 0 : askFlags[mode];
  await act(job, "domainReboot", { dom: domOf(job), flags }, { doing: "reboot" });
  return statusOf(job.object);
}

async function reset(job: RemoteJob): Promise<DomainStatus> {
  needRunning(job.object, "reset");
  await act(job, "domainReset", { dom: domOf(job), flags: 0 }, { doing: "reset" });
  return statusOf(job.object);
}

async function suspend(job: RemoteJob): Promise<DomainStatus> {
  needRunning(job.object, "suspend");
  await act(job, "domainSuspend", { dom: domOf(job) }, { doing: "suspend" });
  return statusOf(job.object);
}

async function resume(job: RemoteJob): Promise<DomainStatus> {
  needRunning(job.object, "resume");
  const state = stateOf(job.object);
  // Hypervisors differ in what they say of resuming what runs.
  if (state === "running") {
    throw wrongState(job.object, { doing: "resume", found: "it is running, not paused" });
  }
  await act(job, "domainResume", { dom: domOf(job) }, { doing: "resume", hint: migratedHint });
  return statusOf(job.object);
}

/** A guest that was handed over must not run on both hosts. */
function migratedHint({ message }: VirtError): string | undefined {
  return message.includes("migrat")
    ? "Look whether it runs on the other host; destroy it here if it does"
    : undefined;
}

async function sleepGuest(job: RemoteJob): Promise<DomainStatus> {
  needRunning(job.object, "put to sleep");
  const dom = domOf(job);
  await act(job, "domainPmSuspendForDuration", { dom, target: 0, duration: 0n, flags: 0 }, {
    doing: "put to sleep",
  });
  return statusOf(job.object);
}

async function wakeUp(job: RemoteJob): Promise<DomainStatus> {
  needRunning(job.object, "wake up");
  await act(job, "domainPmWakeup", { dom: domOf(job), flags: 0 }, { doing: "wake up" });
  return statusOf(job.object);
}

async function injectNmi(job: RemoteJob): Promise<Nothing> {
  needRunning(job.object, "interrupt");
  await act(job, "domainInjectNmi", { dom: domOf(job), flags: 0 }, { doing: "interrupt" });
  return {};
}

/** Operations that answer what a domain does. */
type StatusOperation = `domain.${
  | "start"
  | "destroy"
  | "shutdown"
  | "suspend"
  | "resume"
  | "sleep"
  | "wakeUp"}`;

/** Finds out by what the domain does now. */
function byDomain<N extends StatusOperation>(
  done: (domain: RemoteObject) => ReturnType<ByState<N>["done"]>,
): ReturnType<typeof byState<N>> {
  return byState<N>({
    done: ({ object }) => done(object),
    value: ({ object }) => statusOf(object) as Awaited<ReturnType<ByState<N>["value"]>>,
  });
}

export const domainLifeCycle = {
  "domain.start": { run: start, reconcile: byDomain<"domain.start">(isUp) },
  "domain.create": {
    run: create,
    about: (connection, { xml }) => claimDefinition(connection, "domain", xml),
    reconcile: byState<"domain.create">({
      also: (job, { xml }) => [domainNamed(definitionOf(job, xml))],
      done: (job, { xml }) => {
        const domain = connectionOf(job).table.byId("domain", definitionOf(job, xml).uuid);
        return domain === undefined ? false : isUp(domain);
      },
      value: (job, { xml }) => refTo(job, definitionOf(job, xml)),
    }),
  },
  "domain.destroy": {
    run: destroy,
    kill,
    reconcile: byDomain<"domain.destroy">(({ live }) => live === undefined),
  },
  "domain.discard": {
    run: discard,
    kill: killForDiscard,
    reconcile: byState<"domain.discard">({
      done: ({ object }) => object.phase === "removed",
      value: () => ({}),
    }),
  },
  "domain.shutdown": {
    run: shutDown,
    reconcile: byDomain<"domain.shutdown">((domain) => {
      if (domain.live === undefined || stateOf(domain) === "shutdown") return true;
      return { unknown: "it still runs, and whether its guest has been asked cannot be seen" };
    }),
  },
  "domain.reboot": { run: reboot },
  "domain.reset": { run: reset },
  "domain.suspend": {
    run: suspend,
    reconcile: byDomain<"domain.suspend">((domain) => stateOf(domain) === "paused"),
  },
  "domain.resume": {
    run: resume,
    reconcile: byDomain<"domain.resume">((domain) => stateOf(domain) === "running"),
  },
  "domain.sleep": {
    run: sleepGuest,
    reconcile: byDomain<"domain.sleep">((domain) => stateOf(domain) === "pmsuspended"),
  },
  "domain.wakeUp": {
    run: wakeUp,
    reconcile: byDomain<"domain.wakeUp">((domain) => stateOf(domain) === "running"),
  },
  "domain.injectNmi": { run: injectNmi },
} satisfies DriverMap;
