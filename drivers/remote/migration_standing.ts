/**
 * How a domain stands on one of the two hosts of a migration.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { domainStateOf } from "../../protocol/words/domain_state.ts";
import { askTogether, lookAgain } from "./act.ts";
import { domainNamed } from "./domain.ts";
import { isAtWork } from "./domain_job.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";

/** How a domain stands on a host. */
export type Standing =
  /** There is no such domain. */
  | { readonly is: "absent" }
  /** It is defined and does not run. `reason` says why it stopped. */
  | { readonly is: "off"; readonly reason: string }
  /** It runs, or somebody has suspended it. `arrived`: it came by a migration. */
  | { readonly is: "running"; readonly arrived: boolean }
  /** A migration has stopped it: it was handed over, or it waits to be taken over. */
  | { readonly is: "between" }
  /** A post-copy migration goes on or has failed: half of it is on either host. */
  | { readonly is: "split"; readonly failed: boolean };

/** How a domain stands on the host that it comes from, and whether that host is at work on it. */
export type SourceStanding = Standing & { readonly atWork: boolean };

/** Reasons why a domain is paused by a migration that has not ended. Source: libvirt, virDomainPausedReason. */
const between: ReadonlySet<string> = new Set(["migration", "starting-up"]);

/**
 * How a domain stands, by a line to its host. Whether the host is at work on it is not asked: about a guest that waits for its
 * memory libvirt answers that only when it has come. Source: libvirt, the mask of its job "migration in".
 */
export async function standingOf(line: Line, domain: RemoteObject): Promise<Standing> {
  try {
    const { dom } = await line.call("domainLookupByUuid", { uuid: domain.id });
    const live = dom.id >= 0;
    const state = await line.call("domainGetState", { dom, flags: 0 });
    const { state: word, reason } = domainStateOf({ ...state, live });
    if (!live) return { is: "off", reason };
    if (reason === "postcopy" || reason === "postcopy-failed") {
      return { is: "split", failed: reason === "postcopy-failed" };
    }
    if (word === "paused" && between.has(reason)) return { is: "between" };
    return { is: "running", arrived: reason === "migrated" || reason === "user" };
  } catch (error) {
    if (isVirtError(error, "not-found")) return { is: "absent" };
    throw error;
  }
}

/**
 * A fresh look at the domain from one of the two sides; the objects there follow it.
 *
 * @throws {VirtError} `unreachable`
 */
export function lookFrom(job: RemoteJob, domain: RemoteObject): Promise<Standing> {
  return look(job, domain, (line) => standingOf(line, domain));
}

/**
 * A fresh look at the domain from where it comes.
 *
 * @throws {VirtError} `unreachable`
 */
export function lookFromSource(job: RemoteJob): Promise<SourceStanding> {
  const { object } = job;
  return look(job, object, async (line) => {
    // Before it is looked at: what is at work no more then does not move it on.
    const atWork = await isAtWork(line, object);
    return { ...await standingOf(line, object), atWork };
  });
}

async function look<T>(
  job: RemoteJob,
  domain: RemoteObject,
  ask: (line: Line) => Promise<T>,
): Promise<T> {
  const standing = await askTogether(job, "look how it stands", ask, {
    doing: "look after",
    target: domain,
  });
  await lookAgain(job, [domainNamed({ name: domain.name, uuid: domain.id })]);
  return standing;
}
