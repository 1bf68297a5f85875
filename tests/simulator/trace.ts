/**
 * What happened in a simulation, in order, for people and for comparison.
 *
 * @module
 */

/** A trace. Lines are made only where somebody keeps them. */
export class Trace {
  readonly lines: string[] | undefined;
  readonly #now: () => number;
  readonly #start: number;

  constructor(now: () => number, { keep }: { readonly keep: boolean }) {
    this.#now = now;
    this.#start = now();
    this.lines = keep ? [] : undefined;
  }

  /** Adds a line: who, and what. */
  add(who: string, what: () => string): void {
    if (this.lines === undefined) return;
    const at = ((this.#now() - this.#start) / 1000).toFixed(3).padStart(10);
    this.lines.push(`${at} s  ${who.padEnd(14)} ${what()}`);
  }
}
