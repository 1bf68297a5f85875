/**
 * States of domains and the reasons for them.
 *
 * @module
 */
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { placeOf } from "./place.ts";

/** A domain's state. */
export type DomainState = OutputOf<Operations["domain.info"]>["state"];

/** The states, and in each the reasons for it, at the places of their numbers. Source: libvirt, virDomainState, virDomain*Reason. */
const states: readonly {
  readonly state: DomainState | undefined;
  readonly reasons: readonly string[];
}[] = [
  { state: undefined, reasons: [] },
  {
    state: "running",
    reasons: [
      ...["unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused", "migration-canceled"],
      ...["save-canceled", "wakeup", "crashed", "postcopy", "postcopy-failed"],
    ],
  },
  { state: "blocked", reasons: ["unknown"] },
  {
    state: "paused",
    reasons: [
      ...["unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from-snapshot"],
      ...["shutting-down", "snapshot", "crashed", "starting-up", "postcopy", "postcopy-failed", "api-error"],
    ],
  },
  { state: "shutdown", reasons: ["unknown", "user"] },
  {
    state: "shutoff",
    reasons: [
      ...["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
      "daemon",
    ],
  },
  { state: "crashed", reasons: ["unknown", "panicked"] },
  { state: "pmsuspended", reasons: ["unknown"] },
];

/**
 * A domain's state and the reason for it, from their numbers. Hypervisors that cannot tell say "no state" of what runs; a
 * number that is not known here is newer.
 */
export function domainStateOf(
  { state, reason, live }: { readonly state: number; readonly reason: number; readonly live: boolean },
): { readonly state: DomainState; readonly reason: string } {
  const known = states[state];
  return {
    state: known?.state ?? (live ? "running" : "shutoff"),
    reason: known?.reasons[reason] ?? "unknown",
  };
}

/** The numbers of a domain's state and of the reason for it; 0 for a reason that libvirt does not have. */
export function stateNumbers(
  { state, reason }: { readonly state: DomainState; readonly reason: string },
): { readonly state: number; readonly reason: number } {
  const number = states.findIndex((known) => known.state === state);
  return { state: number, reason: reasonNumber(number, reason) };
}

/** The number of the reason for a state that is given by its number. */
export function reasonNumber(state: number, reason: string): number {
  return placeOf(states[state]?.reasons ?? [], reason);
}
