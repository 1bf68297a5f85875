/**
 * Backups of domains' disks.
 *
 * A backup runs at the host whether anybody waits for it or not. Whoever waits looks how far it is, and takes it back where he
 * does not want it any more.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { jobOperations, jobTypes } from "../../protocol/words/domain.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverMap, Reconciled } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { attributeOf } from "../xml_span.ts";
import { XmlEditor } from "../xml_edit.ts";
import { actTogether, askTogether, lookAgain } from "./act.ts";
import type { Line } from "./line.ts";
import { domainOf } from "./moment.ts";
import { ifThere } from "./named_list.ts";
import { asks } from "./object_call.ts";
import type { RemoteJob } from "./object.ts";
import { type Parameters, plainParameters } from "./parameters.ts";
import type { WireDomain } from "./wire.ts";

type BackupInput = In<"domain.backUp">;

/** Source: libvirt, VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL. */
const reuseExternal = 1;
/** The last job that ended, which is told more than once. Source: libvirt, virDomainGetJobStatsFlags. */
const lastJob = 1 | 2;

/** How long until the next look at a backup, in milliseconds: the longer it takes the less it matters. */
const firstLookMs = 100;
const longestLookMs = 2000;

function typeOf(word: typeof jobTypes[number]): number {
  return jobTypes.indexOf(word);
}

/** The document that is sent. */
function documentOf({ xml, incremental }: BackupInput): XmlEditor {
  const editor = new XmlEditor(xml ?? "<domainbackup></domainbackup>");
  if (editor.root.name !== "domainbackup") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the backup: found <${editor.root.name}>, expected <domainbackup>`,
    );
  }
  if (incremental !== undefined) editor.put(["incremental"], { text: incremental });
  return editor;
}

async function begin(job: RemoteJob, input: BackupInput): Promise<void> {
  const checkpoint = input.checkpoint === undefined
    ? undefined
    : new XmlEditor("<domaincheckpoint></domaincheckpoint>").put(["name"], { text: input.checkpoint }).text;
  const dom = domainOf(job);
  const backupXml = documentOf(input).text;
  await actTogether(job, "domainBackupBegin", async (line) => {
    // The host would wait for the other one to end, and so nobody could tell later whose is running.
    if (isBackup(await jobReport(line, dom, 0))) throw alreadyBackedUp(job);
    const flags = input.reuseFiles ? reuseExternal : 0;
    await line.call("domainBackupBegin", { dom, backupXml, checkpointXml: checkpoint, flags });
  }, { doing: "back up" });
}

function alreadyBackedUp({ object: { label } }: RemoteJob): VirtError {
  return new VirtError("in-use", `Cannot back up ${label}: a backup of it is running`, {
    target: label,
    hint: "Wait for its end, or end it with domain.abortJob",
  });
}

/** What the far side says of a job. */
interface JobReport {
  readonly type: number;
  readonly facts: Parameters;
}

async function jobReport(line: Line, dom: WireDomain, flags: number): Promise<JobReport> {
  try {
    const { type, params } = await line.call("domainGetJobStats", { dom, flags });
    return { type, facts: plainParameters(params) };
  } catch (error) {
    // A daemon that died while it began a backup holds the domain for one that it does not know any more.
    if (!isVirtError(error) || !/backup job data missing/.test(error.message)) throw error;
    throw new VirtError("outcome-unknown", "the host has stopped half way through the begin of a backup", {
      hint: "Destroy the domain, or end the job with virsh domjobabort",
      cause: error,
    });
  }
}

function isBackup({ facts }: JobReport): boolean {
  return facts["operation"] === jobOperations.indexOf("backup");
}

/** What the far side does with a domain, and where that is nothing, what it did last. */
interface Standing {
  readonly now: JobReport;
  readonly last: JobReport | undefined;
}

const idle: JobReport = { type: typeOf("none"), facts: {} };

/** How far a backup is, or how it has ended. A domain that does not run any more still tells what ended last. */
async function standing(
  line: Line,
  { dom, live }: { readonly dom: WireDomain; readonly live: boolean },
): Promise<Standing> {
  const now = live ? await jobReport(line, dom, 0) : idle;
  return { now, last: now.type === typeOf("none") ? await lastReport(line, dom) : undefined };
}

async function lastReport(line: Line, dom: WireDomain): Promise<JobReport | undefined> {
  try {
    return await jobReport(line, dom, lastJob);
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
    throw error;
  }
}

async function backUp(job: RemoteJob, input: BackupInput): Promise<Out<"domain.backUp">> {
  if (attributeOf(documentOf(input).root, "mode") === "pull") {
    throw new VirtError(
      "invalid-argument",
      `Cannot wait for a backup of ${job.object.label}: one that others read ends only when it is told to`,
      { hint: "Begin it with domain.beginBackup, and end it with domain.abortJob" },
    );
  }
  await begin(job, input);
  job.allow(["query", "suspend", "modify", "abort"]);
  try {
    return await waitForEnd(job);
  } catch (error) {
    if (job.signal.aborted) await takeBack(job);
    throw error;
  }
}

async function waitForEnd(job: RemoteJob): Promise<Out<"domain.backUp">> {
  const dom = domainOf(job);
  for (let pauseMs = firstLookMs;; pauseMs = Math.min(longestLookMs, pauseMs * 1.5)) {
    const { now, last } = await askTogether(
      job,
      "see how far it is",
      (line) => standing(line, { dom, live: true }),
      { doing: "follow the backup of", offline: false },
    );
    if (last !== undefined) return answerOf(job, last);
    const total = Number(now.facts["disk_total"] ?? 0);
    if (total > 0) job.progress(Math.min(1, Number(now.facts["disk_processed"] ?? 0) / total));
    await job.hop("wait for the backup", (signal) => sleep(job.clock, pauseMs, signal), { acts: false });
  }
}

/** What became of a backup that has ended. */
function answerOf({ object: { label } }: RemoteJob, { type, facts }: JobReport): Out<"domain.backUp"> {
  if (type === typeOf("completed")) return { bytes: Number(facts["disk_total"] ?? 0) };
  if (type === typeOf("cancelled")) {
    throw new VirtError("cancelled", `Cannot back up ${label}: somebody has aborted it`, { target: label });
  }
  const untold = type === typeOf("failed")
    ? "it has failed at the host"
    : "the host does not tell how it has ended";
  const why = facts["errmsg"] ?? untold;
  throw new VirtError("operation-failed", `Cannot back up ${label}: ${why}`, { target: label });
}

/** Ends a backup that nobody waits for any more; what it has written is removed by the host. */
async function takeBack(job: RemoteJob): Promise<void> {
  await actTogether(job, "end the backup", async (line) => {
    const dom = domainOf(job);
    if (isBackup(await jobReport(line, dom, 0))) await line.call("domainAbortJob", { dom });
  }, { doing: "end the backup of", givesBack: true, offline: true });
}

/** What a look tells of a backup that may have been begun. */
async function lookAfter<T>(
  job: RemoteJob,
  { input, whileItRuns, value }: {
    readonly input: BackupInput;
    readonly whileItRuns: Reconciled<T>;
    readonly value: (last: JobReport) => T;
  },
): Promise<Reconciled<T>> {
  await lookAgain(job);
  const dom = domainOf(job);
  const live = job.object.live !== undefined;
  const { now, last, checkpoint } = await askTogether(job, "look at the backup", async (line) => ({
    ...await standing(line, { dom, live }),
    checkpoint: input.checkpoint === undefined
      ? undefined
      : await ifThere(line.call("domainCheckpointLookupByName", { dom, name: input.checkpoint, flags: 0 })),
  }));
  if (isBackup(now)) return whileItRuns;
  if (input.checkpoint !== undefined && checkpoint === undefined) return { kind: "not-done" };
  if (last === undefined || !isBackup(last)) return { kind: "not-done" };
  if (last.type !== typeOf("completed")) return { kind: "not-done" };
  if (input.checkpoint !== undefined) return { kind: "done", value: value(last) };
  return { kind: "unknown", reason: "a backup has ended, and nothing tells whether it was this one" };
}

export const backups = {
  "domain.backUp": {
    run: backUp,
    reconcile: (job: RemoteJob, input) =>
      lookAfter<Out<"domain.backUp">>(job, {
        input,
        whileItRuns: { kind: "unknown", reason: "a backup of the domain is still running" },
        value: ({ facts }) => ({ bytes: Number(facts["disk_total"] ?? 0) }),
      }),
  },
  "domain.beginBackup": {
    run: async (job: RemoteJob, input) => {
      await begin(job, input);
      return {};
    },
    reconcile: (job: RemoteJob, input) =>
      lookAfter<Out<"domain.beginBackup">>(job, {
        input,
        whileItRuns: { kind: "done", value: {} },
        value: () => ({}),
      }),
  },
  "domain.backupXml": asks("show the backup of", async (line, { job }) => {
    return (await line.call("domainBackupGetXmlDesc", { dom: domainOf(job), flags: 0 })).xml;
  }),
} satisfies DriverMap;
