/**
 * A job on two hosts.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { RemoteConnection } from "./connection.ts";
import type { RemoteJob } from "./object.ts";

/** A migration's job: here, and on the other host. */
export type MigrationJob = RemoteJob & { readonly peer: RemoteJob };

/**
 * Both hosts have to be reached through a libvirtd.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function asMigration(job: RemoteJob): MigrationJob {
  if (isMigration(job)) return job;
  throw new VirtError(
    "invalid-argument",
    `Cannot migrate ${job.object.label}: the other host is not reached through a libvirtd`,
    { target: job.object.label },
  );
}

function isMigration(job: RemoteJob): job is MigrationJob {
  return job.peer?.connection instanceof RemoteConnection;
}
