/**
 * What answering works with.
 *
 * @module
 */
import type { Host } from "../../runtime/host.ts";
import type { Schedules } from "../../runtime/schedule/contract.ts";
import type { DaemonSettings } from "../settings.ts";
import type { ActingRequests } from "./acting.ts";
import type { HostEvents } from "./host_events.ts";
import type { HttpHosts } from "./hosts.ts";
import type { Route } from "./route.ts";
import type { RunEvents } from "./run_events.ts";

/** What answering works with. */
export interface Services {
  readonly host: Host;
  readonly settings: DaemonSettings;
  /** The project's version. */
  readonly version: string;
  readonly hosts: HttpHosts;
  /** What runs at which times. */
  readonly schedules: Schedules;
  readonly acting: ActingRequests;
  readonly runEvents: RunEvents;
  readonly hostEvents: HostEvents;
  /** Everything that can be asked. */
  readonly routes: readonly Route[];
  /** The metrics as Prometheus reads them. */
  readonly metrics: () => string;
}
