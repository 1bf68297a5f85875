/**
 * What happens, in words: each at the place of its number. A number that is not in a list is newer than the list.
 *
 * @module
 */

/** An event of a life, and in each the reasons for it. */
export interface LifeWord {
  readonly type: string;
  readonly details: readonly string[];
}

/** The number of an event of a life; negative where it is none. */
export function lifeNumber(life: readonly LifeWord[], type: string): number {
  return life.findIndex((word) => word.type === type);
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

/** Source: libvirt, virConnectDomainEventBlockJobStatus. */
export const blockJobStates: readonly string[] = ["completed", "failed", "canceled", "ready"];

/** Source: libvirt, virDomainMemoryFailureActionType. */
export const memoryFailureActions: readonly string[] = ["ignore", "inject", "fatal", "reset"];

/** How a guest's agent stands. Source: libvirt, virConnectDomainEventAgentLifecycleState. */
export const agentStates = ["unknown", "connected", "disconnected"] as const;

function bare(type: string): LifeWord {
  return { type, details: [] };
}
