/**
 * How far something is, as a bar.
 *
 * @module
 */
import { formatDuration, formatSize } from "../units.ts";

/** The bar's columns between its brackets. */
const barColumns = 24;

/** Below this share nothing is said of the time that is left: it would be made up. */
const leastKnown = 0.01;

/** `[##########--------------]  42%`. */
export function progressBar(fraction: number): string {
  const share = Math.min(1, Math.max(0, fraction));
  const full = Math.floor(share * barColumns);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `[${"#".repeat(full)}${"-".repeat(barColumns - full)}] ${percent}`;
}

/** Numbers of bytes in what a driver says of its progress, for people: `1048576 of 4194304 bytes`. */
export function detailText(detail: string): string {
  return detail.replace(
    /^(\d+) of (\d+) bytes$/,
    (_whole, done: string, all: string) => `${formatSize(Number(done))} of ${formatSize(Number(all))}`,
  );
}

/** Guesses how much longer something takes, from how it went so far. */
export class Estimate {
  #first: { readonly at: number; readonly fraction: number } | undefined;
  #last: { readonly at: number; readonly fraction: number } | undefined;

  /** It is so far at this moment, in milliseconds. What falls back, as one phase after another does, begins anew. */
  note(fraction: number, at: number): void {
    if (this.#last === undefined || fraction < this.#last.fraction) this.#first = { at, fraction };
    this.#last = { at, fraction };
  }

  /** `17.0s left`, or nothing where nobody can tell. */
  text(now: number): string {
    if (this.#first === undefined || this.#last === undefined) return "";
    const gained = this.#last.fraction - this.#first.fraction;
    if (gained < leastKnown || this.#last.fraction >= 1) return "";
    const leftMs = (1 - this.#last.fraction) / gained * (this.#last.at - this.#first.at) -
      (now - this.#last.at);
    return leftMs <= 0 ? "" : `${formatDuration(leftMs)} left`;
  }
}
