/**
 * How a domain stands on one of the two hosts of a migration.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { askTogether, lookAgain } from "./act.ts";
import { domainNamed } from "./domain.ts";
import { isAtWork } from "./domain_job.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { domainStateOf } from "./words.ts";

/** How a domain stands on a host. */
export type Standing =
  /** There is no such domain. */
  | { readonly is: "absent" }
  /** It is defined and does not run. `reason` says why it stopped. */
  | { readonly is: "off"; readonly reason: string }
  /** It runs, or somebody has suspended it. `arrived`: it came by a migration. */
  | { readonly is: "running"; readonly arrived: boolean; readonly atWork: boolean }
  /** A migration has stopped it: it was handed over, or it waits to be taken over. */
  | { readonly is: "between"; readonly atWork: boolean }
  /** A post-copy migration goes on or has failed: half of it is on either host. */
  | { readonly is: "split"; readonly failed: boolean };

/** Reasons why a domain is paused by a migration that has not ended. Source: libvirt, virDomainPausedReason. */
const between: ReadonlySet<string> = new Set(["migration", "starting-up"]);

/** How a domain stands, by a line to its host. */
export async function standingOf(line: Line, domain: RemoteObject): Promise<Standing> {
  try {
    const { dom } = await line.call("domainLookupByUuid", { uuid: domain.id });
    const live = dom.id >= 0;
    const [state, atWork] = await Promise.all([
      line.call("domainGetState", { dom, flags: 0 }),
      live ? isAtWork(line, domain) : false,
    ]);
    const { state: word, reason } = domainStateOf({ ...state, live });
    if (!live) return { is: "off", reason };
    if (reason === "postcopy" || reason === "postcopy-failed") {
      return { is: "split", failed: reason === "postcopy-failed" };
    }
    if (word === "paused" && between.has(reason)) return { is: "between", atWork };
    return { is: "running", arrived: reason === "migrated" || reason === "user", atWork };
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
export async function lookFrom(job: RemoteJob, domain: RemoteObject): Promise<Standing> {
  const standing = await askTogether(job, "look how it stands", (line) => standingOf(line, domain), {
    doing: "look after",
    target: domain,
  });
  await lookAgain(job, [domainNamed({ name: domain.name, uuid: domain.id })]);
  return standing;
}
