/**
 * Exclusive leases: a run holds objects for several operations.
 *
 * @module
 */
import type { SlotHold } from "./slots.ts";

/** Objects held by a run until it gives them back. */
export interface Lease {
  readonly id: string;
  readonly run: string;
  /** The keys of the objects. */
  readonly keys: readonly string[];
  /** Gives them back; twice does no harm. */
  release(): Promise<void>;
}

/** The leases that are held now. */
export class Leases {
  readonly #leases = new Map<string, Lease>();

  /** Keeps hold of slots in a run's name. */
  add(
    { id, run, holds }: { readonly id: string; readonly run: string; readonly holds: readonly SlotHold[] },
  ): Lease {
    const lease: Lease = {
      id,
      run,
      keys: holds.map(({ key }) => key),
      release: () => {
        if (this.#leases.delete(id)) { for (const hold of holds) hold.release(); }
        return Promise.resolve();
      },
    };
    this.#leases.set(id, lease);
    return lease;
  }

  /** Gives back everything that a run holds. */
  async releaseRun(run: string): Promise<void> {
    for (const lease of [...this.#leases.values()]) {
      if (lease.run === run) await lease.release();
    }
  }
}
