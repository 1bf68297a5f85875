/**
 * What the parts of a run share.
 *
 * @module
 */
import type { HostName, LostHost } from "../../model/channel.ts";
import type { Authority, Caller } from "../call.ts";
import type { DriverConnection } from "../driver.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";
import type { RunFeed } from "./feed.ts";
import type { RunSecrets } from "../secret/run_secrets.ts";
import type { Outbox } from "./outbox.ts";

/** What is ready when a recipe may start. */
export interface PreparedRun {
  /** The connections as the recipe is told of them. */
  readonly hosts: readonly HostName[];
  /** Connections that could not be opened, where the recipe goes on without. */
  readonly lost?: readonly LostHost[];
  readonly connections: ReadonlyMap<string, DriverConnection>;
  readonly authority: Authority;
  readonly input: unknown;
}

/** What the parts of a run work with. */
export interface RunContext {
  readonly run: string;
  readonly caller: Caller;
  readonly kernel: Kernel;
  readonly store: Store;
  readonly feed: Pick<RunFeed, "publish">;
  readonly outbox: Outbox;
  readonly connections: ReadonlyMap<string, DriverConnection>;
  readonly authority: Authority;
  readonly secrets: RunSecrets;
}
