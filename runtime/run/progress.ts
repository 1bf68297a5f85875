/**
 * How far calls are, told to the recipe that asked: not more often than is of use, and always the last word.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Outbox } from "./outbox.ts";

/** How often a call's progress is delivered at most, in milliseconds. */
const intervalMs = 500;

/** Deliveries that may wait before progress is held back: it is of no use late. */
const backlogLimit = 256;

/** How far a call is. */
export interface Progress {
  /** From 0 to 1. */
  readonly fraction: number;
  readonly detail?: string;
}

/** What is known of one call. */
interface Reported {
  /** What has not been told. */
  latest: Progress | undefined;
  pause: Disposable | undefined;
}

/** The progress of one run's calls. */
export class RunProgress {
  readonly #clock: Clock;
  readonly #outbox: Outbox;
  readonly #steps = new Map<number, Reported>();

  constructor({ clock, outbox }: { readonly clock: Clock; readonly outbox: Outbox }) {
    this.#clock = clock;
    this.#outbox = outbox;
  }

  /** A call tells how far it is. */
  report(step: number, progress: Progress): void {
    let known = this.#steps.get(step);
    if (known === undefined) {
      known = { latest: undefined, pause: undefined };
      this.#steps.set(step, known);
    }
    known.latest = progress;
    if (known.pause === undefined) this.#tell(step, known);
  }

  /** A call has ended: what is left to say goes before its answer. */
  end(step: number): void {
    const known = this.#steps.get(step);
    if (known === undefined) return;
    this.#steps.delete(step);
    known.pause?.[Symbol.dispose]();
    if (known.latest !== undefined) this.#deliver(step, known.latest);
  }

  /** Nothing more is told. */
  stop(): void {
    for (const { pause } of this.#steps.values()) pause?.[Symbol.dispose]();
    this.#steps.clear();
  }

  #tell(step: number, known: Reported): void {
    if (known.latest !== undefined && this.#outbox.waiting < backlogLimit) {
      this.#deliver(step, known.latest);
      known.latest = undefined;
    }
    known.pause = this.#clock.after(intervalMs, () => {
      known.pause = undefined;
      if (known.latest !== undefined) this.#tell(step, known);
    });
  }

  #deliver(step: number, { fraction, detail }: Progress): void {
    this.#outbox.deliver(
      { t: "progress", step, fraction, ...(detail === undefined ? {} : { detail }) },
      { durable: false },
    );
  }
}
