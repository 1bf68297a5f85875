/**
 * What those who fetch images work through: a part of a job.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";
import type { Job } from "../../runtime/driver.ts";

/** A part of a job: nothing here acts on a hypervisor. */
export interface Steps {
  readonly clock: Clock;
  /** Leaves the process and comes back. Names that end in "file" take the machine's time, not the kernel's. */
  hop<T>(where: string, fn: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** How much has passed of how much; `total` where that is known. */
  passed(bytes: number, total: number | undefined): void;
}

/** How much passes between two words about it, in bytes. */
const reportBytes = 4 * 1024 ** 2;

/** The part of a job that fetches. */
export function stepsOf(job: Job): Steps {
  let next = 0;
  return {
    clock: job.clock,
    hop: (where, fn) => job.hop(where, (signal) => fn(signal), { acts: false, offline: true }),
    passed(bytes, total): void {
      if (bytes < next && bytes + reportBytes > next) return;
      next = bytes + reportBytes;
      const known = total === undefined || total === 0 ? undefined : Math.min(1, bytes / total);
      job.progress(known ?? 0, `${bytes}${total === undefined ? "" : ` of ${total}`} bytes fetched`);
    },
  };
}
