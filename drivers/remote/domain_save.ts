/**
 * Domains: memory saved to the host, and brought back.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { dumpFormats } from "../../protocol/words/domain.ts";
import type { DriverConnection, DriverMap, Job, SlotClaim } from "../../runtime/driver.ts";
import { canonicalUuid, identify } from "../definition.ts";
import type { In, Nothing, Out } from "../operation_types.ts";
import { act, ask, askTogether, lookAgain } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { domainNamed, type DomainStatus, domOf, isUp, needRunning, stateOf, statusOf } from "./domain.ts";
import { xmlFlags } from "./domain_affect.ts";
import { isAtWork, jobStateOf } from "./domain_job.ts";
import type { Line } from "./line.ts";
import { actLong } from "./long_act.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { asks, does, done } from "./object_call.ts";
import { byState, type Verdict } from "./reconcile.ts";
import { notFound } from "./refusal.ts";
import { sameText } from "./same_text.ts";
import { wireDomain } from "./wire.ts";

/** Source: libvirt, virDomainSaveRestoreFlags. */
const saveFlags = { bypassCache: 1 << 0, running: 1 << 1, paused: 1 << 2 } as const;

/** Source: libvirt, virDomainCoreDumpFlags. */
const dumpFlags = {
  crash: 1 << 0,
  live: 1 << 1,
  bypassCache: 1 << 2,
  reset: 1 << 3,
  memoryOnly: 1 << 4,
} as const;

/** What a job lets others do while it writes a guest's memory: look, suspend, and stop it. */
const meanwhile = ["query", "suspend", "abort"] as const;

function afterwards(paused: boolean | undefined): number {
  if (paused === undefined) return 0;
  return paused ? saveFlags.paused : saveFlags.running;
}

async function managedSave(job: RemoteJob, input: In<"domain.managedSave">): Promise<DomainStatus> {
  needRunning(job.object, "save");
  job.allow(meanwhile);
  const flags = afterwards(input.paused) | (input.bypassCache ? saveFlags.bypassCache : 0);
  const dom = domOf(job);
  await actLong(job, "domainManagedSave", (line) => line.call("domainManagedSave", { dom, flags }), {
    doing: "save",
  });
  return statusOf(job.object);
}

async function save(job: RemoteJob, { path, paused, bypassCache }: In<"domain.save">): Promise<DomainStatus> {
  needRunning(job.object, "save");
  job.allow(meanwhile);
  const flags = afterwards(paused) | (bypassCache ? saveFlags.bypassCache : 0);
  const args = { dom: domOf(job), to: path, dxml: undefined, flags };
  await actLong(job, "domainSaveFlags", (line) => line.call("domainSaveFlags", args), { doing: "save" });
  return statusOf(job.object);
}

/** What a look after a save has to say while it goes on. */
const atWork = { unknown: "the host still writes its memory" } as const;

/** Whether a domain stopped because it was saved. */
function isSaved({ live, facts }: RemoteObject): boolean {
  return live === undefined && facts.state?.reason === "saved";
}

/** Whether a guest runs that was to be restored: one whose memory was still being read when its host was interrupted does not. */
function isRestored(domain: RemoteObject): Verdict {
  const { state, reason } = domain.facts.state ?? {};
  if (domain.live !== undefined && state === "paused" && reason === "migration") {
    return { unknown: "the host was interrupted while it read its memory; destroy it and restore it again" };
  }
  return isUp(domain);
}

async function hasManagedSave(line: Line, domain: RemoteObject): Promise<boolean> {
  return (await line.call("domainHasManagedSaveImage", { dom: wireDomain(domain), flags: 0 })).result === 1;
}

/** Whether a file holds the memory of a domain. */
async function isImageOf(line: Line, { id }: RemoteObject, path: string): Promise<boolean> {
  try {
    const { xml } = await line.call("domainSaveImageGetXmlDesc", { file: path, flags: 0 });
    return canonicalUuid(identify(xml).uuid ?? "") === id;
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return false;
    throw error;
  }
}

async function dump(job: RemoteJob, input: In<"domain.dump">): Promise<DomainStatus> {
  const { object } = job;
  needRunning(object, "dump");
  job.allow(meanwhile);
  const dom = domOf(job);
  const pauses = input.afterwards === "is-paused" && stateOf(object) === "running";
  if (pauses) await act(job, "domainSuspend", { dom }, { doing: "suspend" });
  const flags = (input.afterwards === "crashes" ? dumpFlags.crash : 0) |
    (input.afterwards === "resets" ? dumpFlags.reset : 0) | (input.live ? dumpFlags.live : 0) |
    (input.memoryOnly ? dumpFlags.memoryOnly : 0) | (input.bypassCache ? dumpFlags.bypassCache : 0);
  const dumpformat = dumpFormats.indexOf(input.format);
  try {
    await actLong(
      job,
      "domainCoreDump",
      (line) =>
        input.format === "raw"
          ? line.call("domainCoreDump", { dom, to: input.path, flags })
          : line.call("domainCoreDumpWithFormat", { dom, to: input.path, dumpformat, flags }),
      { doing: "dump" },
    );
  } catch (error) {
    if (pauses && stateOf(object) === "paused") await goOn(job);
    throw error;
  }
  return statusOf(object);
}

/** What was paused for a dump that came to nothing goes on. The error that led here is the one that counts. */
async function goOn(job: RemoteJob): Promise<void> {
  try {
    await act(job, "domainResume", { dom: domOf(job) }, { doing: "resume", givesBack: true, offline: true });
  } catch {
    // See above.
  }
}

/** The name and the UUID of the domain whose memory a file holds. */
async function imageOf(job: Job, path: string): Promise<Identity<"domain">> {
  const { xml } = await ask(job, "domainSaveImageGetXmlDesc", { file: path, flags: 0 }, {
    doing: "read the saved domain in",
    target: { label: `"${path}"` },
  });
  const { name = "", uuid = "" } = identify(xml);
  return domainNamed({ name, uuid: canonicalUuid(uuid) ?? uuid });
}

async function restore(job: RemoteJob, { path, paused }: In<"domain.restore">): Promise<ObjectRef<"domain">> {
  const image = await imageOf(job, path);
  await actLong(
    job,
    "domainRestoreFlags",
    (line) => line.call("domainRestoreFlags", { from: path, dxml: undefined, flags: afterwards(paused) }),
    {
      doing: "restore",
      target: { label: `domain "${image.name}"` },
      also: () => [image],
      stoppable: false,
    },
  );
  return refTo(job, image);
}

function refTo(job: RemoteJob, { id, name }: Identity<"domain">): ObjectRef<"domain"> {
  const domain = connectionOf(job).table.byId("domain", id);
  if (domain === undefined) throw notFound("domain", name);
  return job.ref(domain, "domain");
}

/** Whoever reads or writes one file at a time. */
function claimPath(connection: DriverConnection, { path }: { readonly path: string }): readonly SlotClaim[] {
  return [{ object: connection.self, as: "use" }, { objectClass: "domain", name: `file:${path}` }];
}

async function savedXml(job: Job, { path }: In<"domain.savedXml">): Promise<string> {
  const { xml } = await ask(job, "domainSaveImageGetXmlDesc", { file: path, flags: 0 }, {
    doing: "read the saved domain in",
    target: { label: `"${path}"` },
  });
  return xml;
}

async function defineSaved(job: Job, { path, xml }: In<"domain.defineSaved">): Promise<Nothing> {
  await act(job, "domainSaveImageDefineXml", { file: path, dxml: xml, flags: 0 }, {
    doing: "change the definition in",
    target: { label: `"${path}"` },
  });
  return {};
}

/** What a domain does after a look. */
const value = ({ object }: RemoteJob): Out<"domain.save"> => statusOf(object);

export const domainSave = {
  "domain.managedSave": {
    run: managedSave,
    reconcile: byState<"domain.managedSave">({
      done: (job) =>
        askTogether(job, "look after its image", async (line) => {
          if (await isAtWork(line, job.object)) return atWork;
          return job.object.live === undefined && await hasManagedSave(line, job.object);
        }),
      value,
    }),
  },
  "domain.removeManagedSave": does<"domain.removeManagedSave">({
    doing: "remove the saved image of",
    act: (line, { object }) =>
      done(line.call("domainManagedSaveRemove", { dom: wireDomain(object), flags: 0 })),
    isSo: async (line, { object }) => !await hasManagedSave(line, object),
    answer: {},
  }),
  "domain.managedSaveXml": asks<"domain.managedSaveXml">(
    "read the saved definition of",
    async (line, { object, input }) => {
      const flags = input.secure ? xmlFlags.secure : 0;
      return (await line.call("domainManagedSaveGetXmlDesc", { dom: wireDomain(object), flags })).xml;
    },
  ),
  "domain.defineManagedSave": does<"domain.defineManagedSave">({
    doing: "change the saved definition of",
    act: (line, { object, input }) =>
      done(line.call("domainManagedSaveDefineXml", { dom: wireDomain(object), dxml: input.xml, flags: 0 })),
    isSo: async (line, { object, input }) => {
      const dom = wireDomain(object);
      const { xml } = await line.call("domainManagedSaveGetXmlDesc", { dom, flags: xmlFlags.secure });
      return sameText(xml, input.xml, object.id);
    },
    answer: {},
  }),
  "domain.save": {
    run: save,
    reconcile: byState<"domain.save">({
      done: (job, { path }) =>
        askTogether(job, "look after its image", async (line) => {
          const { object } = job;
          if (await isAtWork(line, object)) return atWork;
          // A transient domain is gone with its guest, and so is the reason why; a daemon that began anew has forgotten it.
          const forgotten = object.phase === "removed" || object.facts.state?.reason === "unknown";
          return isSaved(object) ||
            (object.live === undefined && forgotten && await isImageOf(line, object, path));
        }),
      value,
    }),
  },
  "domain.restore": {
    run: restore,
    about: claimPath,
    reconcile: async (job: RemoteJob, { path }) => {
      const image = await imageOf(job, path);
      await lookAgain(job, [image]);
      const domain = connectionOf(job).table.byId("domain", image.id);
      const verdict = domain !== undefined && isRestored(domain);
      if (domain === undefined || verdict === false) return { kind: "not-done" };
      if (verdict !== true) return { kind: "unknown", reason: verdict.unknown };
      return { kind: "done", value: job.ref(domain, "domain") };
    },
  },
  "domain.savedXml": { run: savedXml },
  "domain.defineSaved": {
    run: defineSaved,
    about: claimPath,
    reconcile: async (job: RemoteJob, { path, xml }) => {
      const now = await savedXml(job, { path });
      return sameText(now, xml, job.newId) ? { kind: "done", value: {} } : { kind: "not-done" };
    },
  },
  "domain.dump": {
    run: dump,
    reconcile: byState<"domain.dump">({
      done: (job, { afterwards }) =>
        askTogether(job, "look after its dump", async (line) => {
          const { object } = job;
          if (await isAtWork(line, object)) return atWork;
          if (afterwards === "crashes" && object.live === undefined) {
            return object.facts.state?.reason === "crashed";
          }
          const { type, operation } = await jobStateOf(line, object, { completed: true, keep: true });
          if (type === "completed" && operation === "dump") return true;
          return { unknown: "whether the host has written all of the dump cannot be seen" };
        }),
      value,
    }),
  },
} satisfies DriverMap;
