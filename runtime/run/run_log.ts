/**
 * What a recipe says about its run: log lines, progress, named steps.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import type { Clock } from "../clock.ts";
import { toText } from "../journal/json.ts";
import type { Store } from "../journal/store.ts";
import type { RunFeed } from "./feed.ts";

/** A line of a recipe's log. */
export type LogMessage = Extract<FromRecipe, { readonly t: "log" }>;

/** The most that the journal keeps of one line, in characters. */
const messageLimit = 8192;
const fieldsLimit = 16_384;

/** What a log is made with. */
export interface RunLogOptions {
  readonly run: string;
  readonly store: Store;
  readonly feed: Pick<RunFeed, "publish">;
  readonly clock: Clock;
  /** How many lines are on record already; a resume says them again. */
  readonly recorded: number;
}

/** The log of one run. */
export class RunLog {
  readonly #options: RunLogOptions;
  readonly #names = new Map<number, string>();
  #next = 0;

  constructor(options: RunLogOptions) {
    this.#options = options;
  }

  /** The sequence number of the next line. */
  get next(): number {
    return this.#next;
  }

  /** Takes a line, unless it was said before the resume. */
  line({ level, message, fields, within }: Omit<LogMessage, "t">): void {
    const { run, store, feed, clock, recorded } = this.#options;
    const sequence = this.#next++;
    if (sequence < recorded) return;
    const at = clock.now();
    const kept = fields === undefined || toText(fields).length > fieldsLimit ? undefined : fields;
    store.addLog({
      run,
      sequence,
      at,
      level,
      message: message.slice(0, messageLimit),
      ...(kept === undefined ? {} : { fields: kept }),
      ...(within === undefined ? {} : { within }),
    });
    feed.publish({ type: "log", at, level, message, ...(fields === undefined ? {} : { fields }) });
  }

  /** Says something about the run that its recipe did not say. */
  note(level: LogMessage["level"], message: string): void {
    const { run, store, feed, clock, recorded } = this.#options;
    const at = clock.now();
    this.#next = Math.max(this.#next, recorded);
    store.addLog({ run, sequence: this.#next++, at, level, message });
    feed.publish({ type: "log", at, level, message });
  }

  /** Tells those who watch how far the run is. */
  progress({ fraction, text }: Extract<FromRecipe, { readonly t: "progress" }>): void {
    const { feed, clock } = this.#options;
    feed.publish({ type: "progress", at: clock.now(), fraction, ...(text === undefined ? {} : { text }) });
  }

  /** A named step has begun. */
  beginStep({ step, name }: Extract<FromRecipe, { readonly t: "begin" }>): void {
    this.#names.set(step, name);
    const at = this.#options.clock.now();
    this.#options.feed.publish({ type: "step", at, step, name, state: "running" });
  }

  /** A named step has ended. */
  endStep({ step, ok, message }: Extract<FromRecipe, { readonly t: "end" }>): void {
    const name = this.#names.get(step);
    if (name === undefined) return;
    this.#names.delete(step);
    this.#options.feed.publish({
      type: "step",
      at: this.#options.clock.now(),
      step,
      name,
      state: ok ? "done" : "failed",
      ...(message === undefined ? {} : { message }),
    });
  }
}
