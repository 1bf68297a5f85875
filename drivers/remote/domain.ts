/**
 * What the driver's functions share about domains: checks and answers.
 *
 * @module
 */
import type { Out } from "../operation_types.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import type { Verdict } from "./reconcile.ts";
import { wrongState } from "./refusal.ts";
import { type WireDomain, wireDomain } from "./wire.ts";
import type { DomainState } from "../../protocol/words/domain_state.ts";

/** What life-cycle operations answer. */
export type DomainStatus = Out<"domain.start">;

/** The state of a domain, as it was when it was last looked at. */
export function stateOf({ live, facts }: RemoteObject): DomainState {
  const state = facts.state?.state;
  if (live === undefined) return state === "crashed" ? state : "shutoff";
  return state ?? "running";
}

/** What life-cycle operations answer. */
export function statusOf(domain: RemoteObject): DomainStatus {
  return { state: stateOf(domain), phase: domain.phase, generation: domain.generation };
}

/**
 * Whether a guest runs, for who has to find out what came of a start. While the host still starts it nobody can tell: a guest
 * that is on its way up has a number already, and a daemon that begins anew gives up what its predecessor had not finished.
 */
export function isUp({ live, facts }: RemoteObject): Verdict {
  if (live === undefined) return false;
  const { state, reason } = facts.state ?? {};
  return state === "shutoff" || reason === "starting-up" ? { unknown: "the host still starts it" } : true;
}

/** The job's domain for the wire. */
export function domOf({ object }: RemoteJob): WireDomain {
  return wireDomain(object);
}

/** A domain that the far side has named, to be looked at. */
export function domainNamed(
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Identity<"domain"> {
  return { objectClass: "domain", id: uuid, name };
}

/**
 * Refuses what only goes with a domain that runs.
 *
 * @throws {VirtError} `wrong-state`
 */
export function needRunning(domain: RemoteObject, doing: string): void {
  domain.refuseWhileStarting(doing);
  if (domain.live !== undefined) return;
  throw wrongState(domain, {
    doing,
    found: "it is not running",
    hint: `Start it first: drover domain start ${domain.name}`,
  });
}
