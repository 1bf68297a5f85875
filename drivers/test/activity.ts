/**
 * What long jobs tell of themselves, so that others can see how far they are and abort them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Job } from "../../runtime/driver.ts";
import type { TestConnection } from "./connection.ts";
import { connectionOf } from "./connection.ts";

/** A long job on an object. */
export interface Activity {
  readonly operation: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly signal: AbortSignal;
  readonly fraction: number;
  /** How far it is, from 0 to 1. */
  progress(fraction: number): void;
  /** Asks it to stop. */
  abort(): void;
}

const activities = new WeakMap<TestConnection, Map<string, Activity>>();

/** The long job on an object, where there is one. */
export function activityOn(job: Job): Activity | undefined {
  return activities.get(connectionOf(job))?.get(job.object.key);
}

/** Lets a long job be seen and aborted while it runs. */
export async function asActivity<J extends Job, T>(
  job: J,
  run: (job: J, activity: Activity) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let fraction = 0;
  const activity: Activity = {
    operation: job.operation,
    since: job.clock.now(),
    signal: controller.signal,
    get fraction(): number {
      return fraction;
    },
    progress: (now) => {
      fraction = now;
      job.progress(now);
    },
    abort: () =>
      controller.abort(
        new VirtError("cancelled", `${job.operation} of ${job.object.label} was aborted`, {
          target: job.object.label,
        }),
      ),
  };
  const connection = connectionOf(job);
  const known = activities.get(connection) ?? new Map<string, Activity>();
  activities.set(connection, known);
  known.set(job.object.key, activity);
  try {
    return await run(job, activity);
  } finally {
    known.delete(job.object.key);
  }
}
