/**
 * Domains: the long jobs that run on them.
 *
 * @module
 */
import { type ErrorCode, isVirtError } from "../../model/error.ts";
import { jobOperations, jobTypes } from "../../protocol/words/domain.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { Out } from "../operation_types.ts";
import type { Line } from "./line.ts";
import { fractionOf } from "./long_act.ts";
import type { RemoteObject } from "./object.ts";
import { asks, does, done } from "./object_call.ts";
import { type Parameters, plainParameters } from "./parameters.ts";
import { nearest, wireDomain } from "./wire.ts";

/** Source: libvirt, virDomainGetJobStatsFlags. */
const completedFlag = 1 << 0;
const keepCompletedFlag = 1 << 1;

/** A job and its figures. */
export interface JobState {
  readonly type: typeof jobTypes[number];
  readonly operation: string | undefined;
  readonly statistics: Parameters;
}

/** The job that runs on a domain, or the last one that has ended. */
export async function jobStateOf(
  line: Line,
  domain: RemoteObject,
  { completed = false, keep = false }: { readonly completed?: boolean; readonly keep?: boolean } = {},
): Promise<JobState> {
  const dom = wireDomain(domain);
  const flags = (completed ? completedFlag : 0) | (keep ? keepCompletedFlag : 0);
  const found = await line.maybe("domainGetJobStats", { dom, flags });
  if (found === undefined) return completed ? nothing : await olderJobState(line, domain);
  const statistics = plainParameters(found.params);
  const { operation } = statistics;
  return {
    type: jobTypes[found.type] ?? "none",
    operation: typeof operation === "number" ? jobOperations[operation] ?? "unknown" : undefined,
    statistics,
  };
}

const nothing: JobState = { type: "none", operation: undefined, statistics: {} };

/** Hypervisors that keep fewer figures. */
async function olderJobState(line: Line, domain: RemoteObject): Promise<JobState> {
  const { type, ...figures } = await line.call("domainGetJobInfo", { dom: wireDomain(domain) });
  return {
    type: jobTypes[type] ?? "none",
    operation: undefined,
    statistics: {
      time_elapsed: nearest(figures.timeElapsed),
      time_remaining: nearest(figures.timeRemaining),
      data_total: nearest(figures.dataTotal),
      data_processed: nearest(figures.dataProcessed),
      data_remaining: nearest(figures.dataRemaining),
      memory_total: nearest(figures.memTotal),
      memory_processed: nearest(figures.memProcessed),
      memory_remaining: nearest(figures.memRemaining),
      disk_total: nearest(figures.fileTotal),
      disk_processed: nearest(figures.fileProcessed),
      disk_remaining: nearest(figures.fileRemaining),
    },
  };
}

/** Whether a job runs on a domain right now. */
export async function isAtWork(line: Line, domain: RemoteObject): Promise<boolean> {
  try {
    const { type } = await jobStateOf(line, domain);
    return type === "bounded" || type === "unbounded";
  } catch (error) {
    // What does not run, or is not there any more, has no job; a hypervisor without jobs has none either.
    if (isVirtError(error) && idle.has(error.code)) return false;
    throw error;
  }
}

const idle: ReadonlySet<ErrorCode> = new Set(["wrong-state", "not-found", "unsupported"]);

function shown({ type, operation, statistics }: JobState): Out<"domain.jobInfo"> {
  if (type === "none") return { type };
  const elapsedMs = statistics["time_elapsed"];
  const fraction = type === "completed" ? 1 : fractionOf(statistics);
  return {
    type,
    ...(operation === undefined ? {} : { operation }),
    ...(typeof elapsedMs === "number" ? { elapsedMs } : {}),
    ...(fraction === undefined ? {} : { fraction }),
    statistics,
  };
}

export const domainJobs = {
  "domain.jobInfo": asks<"domain.jobInfo">(
    "show the job on",
    async (line, { object, input }) => shown(await jobStateOf(line, object, input)),
  ),
  "domain.abortJob": does<"domain.abortJob">({
    doing: "abort the job on",
    act: (line, { object, input: { postCopy } }) => {
      const dom = wireDomain(object);
      // Not every libvirt knows the call with flags, whose only one this is: VIR_DOMAIN_ABORT_JOB_POSTCOPY.
      return done(
        postCopy ? line.call("domainAbortJobFlags", { dom, flags: 1 }) : line.call("domainAbortJob", { dom }),
      );
    },
    isSo: async (line, { object }) => !await isAtWork(line, object),
    answer: {},
  }),
} satisfies DriverMap;
