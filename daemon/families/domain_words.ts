/**
 * Words of domains as libvirt's numbers.
 *
 * @module
 */
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";

type DomainState = OutputOf<Operations["domain.info"]>["state"];

/** A state's number, and the reasons for it in the order of their numbers. */
interface StateNumbers {
  readonly state: number;
  readonly reasons: readonly string[];
}

/** Source: libvirt, virDomainState, virDomain*Reason. */
const states: Readonly<Record<DomainState, StateNumbers>> = {
  running: {
    state: 1,
    reasons: [
      ...["unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused", "migration-canceled"],
      ...["save-canceled", "wakeup", "crashed", "postcopy", "postcopy-failed"],
    ],
  },
  blocked: { state: 2, reasons: ["unknown"] },
  paused: {
    state: 3,
    reasons: [
      ...["unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from-snapshot"],
      ...["shutting-down", "snapshot", "crashed", "starting-up", "postcopy", "postcopy-failed", "api-error"],
    ],
  },
  shutdown: { state: 4, reasons: ["unknown", "user"] },
  shutoff: {
    state: 5,
    reasons: [
      ...["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
      "daemon",
    ],
  },
  crashed: { state: 6, reasons: ["unknown", "panicked"] },
  pmsuspended: { state: 7, reasons: ["unknown"] },
};

/** The numbers of a domain's state and of the reason for it; 0 for a reason that libvirt does not have. */
export function stateNumbers(
  { state, reason }: { readonly state: DomainState; readonly reason: string },
): { readonly state: number; readonly reason: number } {
  const { state: number, reasons } = states[state];
  return { state: number, reason: Math.max(0, reasons.indexOf(reason)) };
}

/** The number of the reason for a state that is given by its number. */
export function reasonNumber(state: number, reason: string): number {
  const found = Object.values(states).find(({ state: number }) => number === state);
  return Math.max(0, found?.reasons.indexOf(reason) ?? 0);
}
