/**
 * Where the kernel lets go of control. In production both points are straight through; the simulator takes them to
 * decide, from a seed, who goes next and what breaks.
 *
 * @module
 */

/** A hop about to leave. */
export interface HopInfo {
  readonly operation: string;
  readonly where: string;
  /** The key of the object. */
  readonly object: string;
  readonly acts: boolean;
}

/** What decides when hops leave and slots change hands. */
export interface Scheduler {
  /** Carries a hop out. May delay it, fail it before or after it acted, or never answer. */
  hop<T>(info: HopInfo, go: () => Promise<T>): Promise<T>;
  /** Hands a slot over. May delay it, never drop it. */
  handOver(grant: () => void): void;
}

/** Straight through. */
export const directScheduler: Scheduler = {
  hop: (_info, go) => go(),
  handOver: (grant) => grant(),
};
