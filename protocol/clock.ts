/**
 * Time, as the one who opens a connection hands it in: days can be simulated.
 *
 * @module
 */

/** A source of time. */
export interface ConnectionClock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds, unless disposed before. */
  after(ms: number, action: () => void): Disposable;
}
