/**
 * What the driver's functions share about domains: checks and answers.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { TestJob, TestObject } from "./object.ts";
import type { Guest } from "./world/record.ts";

/** A job on a domain. */
export type DomainJob = TestJob<"domain">;

/** A domain. */
export type DomainObject = TestObject<"domain">;

/** What life-cycle operations answer. */
export type DomainStatus = OutputOf<Operations["domain.start"]>;

/** The state of a domain. */
export function stateOf({ live }: DomainObject): DomainStatus["state"] {
  return live?.state ?? "shutoff";
}

/** What life-cycle operations answer. */
export function statusOf(domain: DomainObject): DomainStatus {
  return { state: stateOf(domain), phase: domain.phase, generation: domain.generation };
}

/**
 * The domain's guest.
 *
 * @throws {VirtError} `wrong-state` where it does not run.
 */
export function needGuest(domain: DomainObject, doing: string): Guest {
  if (domain.live !== undefined) return domain.live;
  throw wrongState(domain, {
    doing,
    found: "it is not running",
    hint: `Start it first: drover domain start ${domain.name}`,
  });
}

/** The error for something that does not go in the state in which an object is. libvirt: code 55. */
export function wrongState(
  object: { readonly label: string },
  { doing, found, hint }: { readonly doing: string; readonly found: string; readonly hint?: string },
): VirtError {
  return new VirtError("wrong-state", `Cannot ${doing} ${object.label}: ${found}`, {
    target: object.label,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The error for something that is not there. */
export function notFound(label: string, name: string): VirtError {
  return new VirtError("not-found", `Cannot find ${label} "${name}": it does not exist`, {
    target: `${label} "${name}"`,
  });
}

/** The error for a value that does not fit. */
export function badValue(object: { readonly label: string }, message: string): VirtError {
  return new VirtError("invalid-argument", message, { target: object.label });
}
