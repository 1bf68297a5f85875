/**
 * libvirt's numbers for states, reasons and events, in words. A number that is not in a table is newer than this one.
 *
 * @module
 */
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";

/** A domain's state. */
export type DomainState = OutputOf<Operations["domain.info"]>["state"];

/** The states of domains, and in each the reasons for it. Source: libvirt, virDomainState, virDomain*Reason. */
const domainStates: readonly {
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
  { state: "blocked", reasons: [] },
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
  { state: "pmsuspended", reasons: [] },
];

/** A domain's state and the reason for it. Hypervisors that cannot tell say "no state" of what runs. */
export function domainStateOf(
  { state, reason, live }: { readonly state: number; readonly reason: number; readonly live: boolean },
): { readonly state: DomainState; readonly reason: string } {
  const known = domainStates[state];
  return {
    state: known?.state ?? (live ? "running" : "shutoff"),
    reason: known?.reasons[reason] ?? "unknown",
  };
}

/** An event of a life, and in each the reasons for it. */
export interface LifeWord {
  readonly type: string;
  readonly details: readonly string[];
}

/** Source: libvirt, virDomainEventType, virDomainEvent*DetailType. */
export const domainLife: readonly LifeWord[] = [
  { type: "defined", details: ["added", "updated", "renamed", "from-snapshot"] },
  { type: "undefined", details: ["removed", "renamed"] },
  { type: "started", details: ["booted", "migrated", "restored", "from-snapshot", "wakeup"] },
  {
    type: "suspended",
    details: [
      ...["paused", "migrated", "ioerror", "watchdog", "restored", "from-snapshot", "api-error", "postcopy"],
      "postcopy-failed",
    ],
  },
  { type: "resumed", details: ["unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed"] },
  {
    type: "stopped",
    details: ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
  },
  { type: "shutdown", details: ["finished", "guest", "host"] },
  { type: "pmsuspended", details: ["memory", "disk"] },
  { type: "crashed", details: ["panicked", "crashloaded"] },
];

/** Source: libvirt, virNetworkEventLifecycleType. */
export const networkLife: readonly LifeWord[] = ["defined", "undefined", "started", "stopped"].map(bare);

/** Source: libvirt, virStoragePoolEventLifecycleType. */
export const poolLife: readonly LifeWord[] = [
  ...["defined", "undefined", "started", "stopped", "created", "deleted"],
].map(bare);

/** Source: libvirt, virNodeDeviceEventLifecycleType. */
export const nodeDeviceLife: readonly LifeWord[] = ["created", "deleted", "defined", "undefined"].map(bare);

/** Source: libvirt, virSecretEventLifecycleType. */
export const secretLife: readonly LifeWord[] = ["defined", "undefined"].map(bare);

/** What a guest does when its watchdog fires. Source: libvirt, virDomainEventWatchdogAction. */
export const watchdogActions: readonly string[] = [
  ...["none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi"],
];

/** What becomes of a guest whose disk fails. Source: libvirt, virDomainEventIOErrorAction. */
export const ioErrorActions: readonly string[] = ["none", "pause", "report"];

/** What somebody does who looks at a screen. Source: libvirt, virDomainEventGraphicsPhase. */
export const graphicsPhases: readonly string[] = ["connect", "initialize", "disconnect"];

/** Source: libvirt, virDomainEventTrayChangeReason. */
export const trayMoves: readonly string[] = ["open", "close"];

/** Source: libvirt, virDomainBlockJobType. */
export const blockJobTypes: readonly string[] = [
  "unknown",
  "pull",
  "copy",
  "commit",
  "active-commit",
  "backup",
];

/** Source: libvirt, virConnectDomainEventBlockJobStatus. */
export const blockJobStates: readonly string[] = ["completed", "failed", "canceled", "ready"];

/** Source: libvirt, virDomainMemoryFailureActionType. */
export const memoryFailureActions: readonly string[] = ["ignore", "inject", "fatal", "reset"];

function bare(type: string): LifeWord {
  return { type, details: [] };
}
