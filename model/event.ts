/**
 * What happened to an object, as recipes, the command line and remote clients hear of it.
 *
 * @module
 */
import type { ObjectRef } from "./object.ts";

/** Life-cycle events by class. Names are libvirt's, in lower case. */
export const lifecycleEvents = {
  domain: [
    "defined",
    "undefined",
    "started",
    "suspended",
    "resumed",
    "stopped",
    "shutdown",
    "pmsuspended",
    "crashed",
  ],
  network: ["defined", "undefined", "started", "stopped"],
  pool: ["defined", "undefined", "started", "stopped", "created", "deleted", "refreshed"],
  nodeDevice: ["created", "deleted", "defined", "undefined", "updated"],
  secret: ["defined", "undefined", "value-changed"],
} as const;

/** What else happens to a domain, as a hypervisor tells it. Names are libvirt's. */
export const domainIncidents = [
  "reboot",
  "rtc-change",
  "watchdog",
  "io-error",
  "control-error",
  "graphics",
  "pmsuspend",
  "pmwakeup",
  "block-threshold",
  "memory-failure",
] as const;

/** The classes that have events. */
export type EventClass = keyof typeof lifecycleEvents;

/**
 * One event. Sequence numbers grow by one per connection; a `resync` tells a subscriber that events may have
 * been missed and cached state must be read again.
 */
export interface VirtEvent {
  readonly sequence: number;
  /** Milliseconds since 1970 by the kernel's clock. */
  readonly at: number;
  readonly object: ObjectRef;
  /**
   * A life-cycle word of {@linkcode lifecycleEvents}, one of {@linkcode domainIncidents}, `changed`, `agent`, `job`, or
   * `resync`.
   */
  readonly type: string;
  readonly detail?: string;
}
